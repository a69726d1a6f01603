// The benchmark's output as text: a header, a line a row, and what the groups came to.

import type { Build } from "../bindings/variant.ts";
import { goals, groupNames, percentOf } from "./goals.ts";
import { median } from "./harness.ts";
import type { Result } from "./measure.ts";
import type { Row } from "./row.ts";
import { nameOf } from "./row.ts";

export interface Measured {
  readonly row: Row;
  readonly result: Result;
}

const prefixes = ["", "k", "M", "G", "T"];

/** Three digits and a prefix: 12.3 G. */
export function withPrefix(value: number, unit: string): string {
  let [scaled, i] = [value, 0];
  for (; scaled >= 999.5 && i < prefixes.length - 1; i++) scaled /= 1000;
  return `${threeDigits(scaled)} ${prefixes[i]}${unit}`;
}

export function threeDigits(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function duration(seconds: number): string {
  if (seconds >= 1) return `${threeDigits(seconds)} s`;
  if (seconds >= 1e-3) return `${threeDigits(seconds * 1e3)} ms`;
  return seconds >= 1e-6 ? `${threeDigits(seconds * 1e6)} us` : `${threeDigits(seconds * 1e9)} ns`;
}

const widths = [56, 9, 9, 14, 9, 9, 6, 0, 0] as const;

function line(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i] ?? 0))).join(" ");
}

export const columns: string = line(["kernel and shape", "time", "bytes", "rate", "x base", "x twin", "% roof", ""]);

/** Which of its group's goals a row misses. */
export function missed({ row, result }: Measured, build: Build): string[] {
  const goal = goals[row.group];
  const percent = percentOf(goal, build);
  const elements = elementsOf(row) / result.seconds;
  return [
    ...(percent !== undefined && result.percent < percent ? [`below ${percent} %`] : []),
    ...(goal.times !== undefined && (result.times ?? Infinity) < goal.times ? [`below ${goal.times} x`] : []),
    ...(goal.elements !== undefined && elements < goal.elements
      ? [`${withPrefix(elements, "/s")}, below ${withPrefix(goal.elements, "/s")}`]
      : []),
  ];
}

const elementsOf = (row: Row): number => row.scalars.n ?? 0;

export function rowLine(measured: Measured, build: Build): string {
  const { row, result } = measured;
  const { seconds, shared, bytes, times, twin, percent } = result;
  const rate = row.flops > 0 ? withPrefix(row.flops / seconds, "FLOP/s") : withPrefix(bytes / seconds, "B/s");
  return line([
    nameOf(row),
    duration(seconds),
    withPrefix(bytes, "B"),
    rate,
    times === undefined ? "-" : threeDigits(times),
    twin === undefined ? "-" : threeDigits(twin / seconds),
    percent.toFixed(1),
    shared === undefined ? "" : ` threads ${threeDigits(seconds / shared)} x `,
    ` ${missed(measured, build).join(", ")}`,
  ]).trimEnd();
}

/** A line a group: how many rows, worst and median percent of the roof, and how many are below the goal. */
export function summaryLines(all: readonly Measured[], build: Build): string[] {
  return groupNames.flatMap((group) => {
    const rows = all.filter(({ row }) => row.group === group);
    if (rows.length === 0) return [];
    const goal = goals[group];
    const percents = rows.map(({ result }) => result.percent);
    const times = rows.flatMap(({ result }) => result.times ?? []);
    const below = rows.filter((row) => missed(row, build).length > 0).length;
    const percent = percentOf(goal, build);
    const wanted = [
      ...(percent === undefined ? [] : [`${percent} %`]),
      ...(goal.times === undefined ? [] : [`${goal.times} x`]),
      ...(goal.elements === undefined ? [] : [withPrefix(goal.elements, "/s")]),
    ];
    return [
      [
        goal.title.padEnd(52),
        `${rows.length} rows`.padStart(8),
        `worst ${Math.min(...percents).toFixed(0)} %`.padStart(12),
        `median ${median(percents).toFixed(0)} %`.padStart(13),
        (times.length ? `worst ${threeDigits(Math.min(...times))} x` : "").padStart(13),
        wanted.length ? `  goal ${wanted.join(", ")}: ${below ? `${below} below` : "reached"}` : "",
      ].join(" "),
    ];
  });
}
