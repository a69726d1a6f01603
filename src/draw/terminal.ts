// A history as text: a table, and curves of braille dots for a terminal.

import type { Checker } from "../check.ts";
import { checkOptions, invalid, positiveInteger } from "../check.ts";
import { isScore } from "../diagnosis/metricNames.ts";
import { textTable } from "../text.ts";
import type { History } from "../train/fit.ts";
import type { HistoryPanel } from "./historyData.ts";
import { historyPanels, metricsOption, requireHistory } from "./historyData.ts";
import { short } from "./numbers.ts";

/** Options of `historyTable`. */
export interface HistoryTableOptions {
  /** Names of the columns, by default all; val_ values go with them. */
  readonly metrics?: readonly string[];
  /** Rows at most: of more epochs some are left out, never the first, the last and the best. By default all. */
  readonly rows?: number;
}

/** Options of `historyChart`. */
export interface HistoryChartOptions {
  /** Characters, labels included; by default 64. */
  readonly width?: number;
  /** Lines of each curve, by default 8. */
  readonly height?: number;
  /** Names of the metrics to draw, by default all; val_ values go with them. */
  readonly metrics?: readonly string[];
}

const number = (value: number | undefined): string =>
  value === undefined
    ? ""
    : Number.isFinite(value) && Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4
      ? value.toFixed(4)
      : short(value);

/** The best epoch by what is watched for: the validation's loss, else the loss. */
function bestOf({ metrics }: History): { name: string; at: number } {
  const name = ["val_loss", "loss", ...Object.keys(metrics)].find((each) => metrics[each]) as string;
  const values = metrics[name] as readonly number[];
  const sign = isScore(name) ? -1 : 1;
  let at = -1;
  values.forEach((value, i) => {
    if (Number.isFinite(value) && (at < 0 || sign * value < sign * (values[at] as number))) at = i;
  });
  return { name, at };
}

/** Indices of at most `rows` of `count`, spread evenly, with those that must be there. */
function chosenRows(count: number, rows: number, must: readonly number[]): number[] {
  if (count <= rows) return Array.from({ length: count }, (_, i) => i);
  const chosen = new Set(must.filter((i) => i >= 0).slice(0, rows));
  for (let k = 0; k < rows && chosen.size < rows; k++)
    chosen.add(Math.round((k * (count - 1)) / Math.max(1, rows - 1)));
  return [...chosen].sort((a, b) => a - b);
}

/**
 * A history as a table of text: a row for each epoch, a column for loss, metrics and validation values. The epoch with the lowest
 * validation loss (loss, where there is none) is marked with a star. Throws `invalid-argument` for what is not a history.
 */
export function historyTable(history: History, options: HistoryTableOptions = {}): string {
  const where = "historyTable";
  requireHistory(where, history);
  checkOptions(where, options, { metrics: metricsOption, rows: positiveInteger });
  const { epochs, metrics } = history;
  const names = historyPanels(where, history, options.metrics).flatMap(({ name, train, validation }) => [
    ...(train ? [name] : []),
    ...(validation ? [`val_${name}`] : []),
  ]);
  const best = bestOf(history);
  const rows = chosenRows(epochs.length, options.rows ?? epochs.length, [0, epochs.length - 1, best.at]);
  const lines = textTable(
    [
      ["epoch", ...names, ""],
      ...rows.map((i) => [
        String(epochs[i]),
        ...names.map((name) => number(metrics[name]?.[i])),
        i === best.at ? "*" : "",
      ]),
    ],
    Array.from({ length: names.length + 1 }, (_, column) => column),
  );
  const star = best.at < 0 ? [] : [`* best ${best.name}`];
  return [...lines, ...star].join("\n");
}

/** Dots of a braille character, from the upper left down: the bit of each. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

interface Canvas {
  readonly width: number;
  readonly height: number;
  dot(x: number, y: number): void;
  lines(): string[];
}

function createCanvas(columns: number, rows: number): Canvas {
  const cells = new Uint8Array(columns * rows);
  return {
    width: columns * 2,
    height: rows * 4,
    dot(x, y) {
      const at = (y >> 2) * columns + (x >> 1);
      cells[at] = (cells[at] as number) | (DOTS[y & 3]?.[(x & 1) as 0 | 1] as number);
    },
    lines: () =>
      Array.from({ length: rows }, (_, row) =>
        Array.from(cells.subarray(row * columns, (row + 1) * columns), (bits) =>
          bits === 0 ? " " : String.fromCharCode(0x2800 + bits),
        ).join(""),
      ),
  };
}

/** A line from dot to dot; every third column alone where it is dotted. */
function stroke(canvas: Canvas, from: readonly [number, number], to: readonly [number, number], dotted: boolean): void {
  const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
  for (let i = 0; i <= steps; i++) {
    const x = Math.round(from[0] + ((to[0] - from[0]) * i) / steps);
    const y = Math.round(from[1] + ((to[1] - from[1]) * i) / steps);
    if (!dotted || (x + y) % 3 === 0) canvas.dot(x, y);
  }
}

function trace(canvas: Canvas, values: readonly number[], low: number, high: number, dotted: boolean): void {
  const span = high - low;
  const at = (i: number): [number, number] => {
    const share = span === 0 ? 0.5 : ((values[i] as number) - low) / span;
    const x = values.length === 1 ? 0 : (i / (values.length - 1)) * (canvas.width - 1);
    return [Math.round(x), Math.round((1 - share) * (canvas.height - 1))];
  };
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    const before = i > 0 && Number.isFinite(values[i - 1]);
    if (before) stroke(canvas, at(i - 1), at(i), dotted);
    else canvas.dot(...at(i));
  });
}

function chart(panel: HistoryPanel, epochs: readonly number[], width: number, height: number): string[] {
  const all = [...(panel.train ?? []), ...(panel.validation ?? [])].filter(Number.isFinite);
  const [low, high] = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0, 1];
  const labels = [high, low].map((value) => short(value));
  const margin = Math.max(...labels.map((label) => label.length));
  const columns = Math.max(4, width - margin - 2);
  const canvas = createCanvas(columns, height);
  if (panel.validation) trace(canvas, panel.validation, low, high, panel.train !== null);
  if (panel.train) trace(canvas, panel.train, low, high, false);
  const keys = [
    ...(panel.train ? [`${panel.name} ⠤⠤`] : []),
    ...(panel.validation ? [`val_${panel.name} ${panel.train ? "⠄⠠" : "⠤⠤"}`] : []),
  ];
  const [first, last] = [String(epochs[0]), String(epochs.at(-1))];
  const pad = " ".repeat(margin);
  return [
    `${pad}  ${keys.join("   ")}`,
    ...canvas.lines().map((line, row) => {
      const label = row === 0 ? labels[0] : row === height - 1 ? labels[1] : "";
      return `${(label as string).padStart(margin)} ┤${line}`.trimEnd();
    }),
    `${pad} └${"─".repeat(columns)}`,
    `${pad}  ${epochs.length === 1 ? first : first + last.padStart(columns - first.length)}`,
  ];
}

const lineCount: Checker<number> = (value, name, where) => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 2 && value <= 1000) return value;
  throw invalid(where, name, "an integer from 2 to 1000", value);
};

const characterCount: Checker<number> = (value, name, where) => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 20 && value <= 1000) return value;
  throw invalid(where, name, "an integer from 20 to 1000", value);
};

/**
 * Curves of a history as text, for a terminal: one of braille dots for each metric over the epochs, training drawn through, validation
 * dotted. Values that are not finite are gaps. Throws `invalid-argument` for what is not a history.
 */
export function historyChart(history: History, options: HistoryChartOptions = {}): string {
  const where = "historyChart";
  requireHistory(where, history);
  checkOptions(where, options, { width: characterCount, height: lineCount, metrics: metricsOption });
  const { width = 64, height = 8 } = options;
  const panels = historyPanels(where, history, options.metrics);
  return panels
    .flatMap((panel, i) => [...(i > 0 ? [""] : []), ...chart(panel, history.epochs, width, height)])
    .join("\n");
}
