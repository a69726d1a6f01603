// Line plots: panels with axes, curves with gaps, a legend.

import { log } from "../math.ts";
import { short } from "../text.ts";
import type { Ticks } from "./numbers.ts";
import { coordinate, logTicks, niceTicks, rangeOf } from "./numbers.ts";
import { COLORS, line, text, textWidth } from "./svg.ts";

/** A curve; values that are not finite are gaps. */
export interface Series {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Index of the colour. */
  readonly color: number;
  readonly dashed?: boolean;
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  readonly xLabel: string;
  /** Of y. */
  readonly scale: "linear" | "log";
  /** Of x, "linear" by default. */
  readonly xScale?: "linear" | "log";
  /** Whether x is counted: ticks at whole numbers. */
  readonly whole: boolean;
}

interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** From values to pixels along one axis. */
export interface Axis {
  readonly ticks: Ticks;
  at(value: number): number;
}

export function axis(ticks: Ticks, from: number, to: number, scale: "linear" | "log" = "linear"): Axis {
  const place = scale === "log" ? log : (value: number) => value;
  const [low, high] = [place(ticks.low), place(ticks.high)];
  // differences of halves do not overflow where those of the values would
  const span = high / 2 - low / 2;
  return { ticks, at: (value) => from + ((place(value) / 2 - low / 2) / span) * (to - from) };
}

type Point = readonly [x: number, y: number];

/** Whether a value has a place on an axis. */
type Shown = (value: number) => boolean;

const shownOn =
  (scale: "linear" | "log"): Shown =>
  (value) =>
    Number.isFinite(value) && (scale === "linear" || value > 0);

/** Runs of points without a gap between them. */
function runsOf({ x, y }: Series, shownX: Shown, shown: Shown): Point[][] {
  const runs: Point[][] = [];
  let run: Point[] = [];
  for (let i = 0; i < y.length; i++) {
    const point: Point = [x[i] as number, y[i] as number];
    if (shownX(point[0]) && shown(point[1])) {
      if (run.length === 0) runs.push(run);
      run.push(point);
    } else run = [];
  }
  return runs;
}

/** Of many points in a column of pixels the first, the lowest, the highest and the last draw the same picture. */
function thinned(points: readonly Point[]): readonly Point[] {
  const kept: Point[] = [];
  for (let i = 0; i < points.length; ) {
    const column = Math.floor((points[i] as Point)[0]);
    let end = i;
    let [lowest, highest] = [i, i];
    for (; end < points.length && Math.floor((points[end] as Point)[0]) === column; end++) {
      if ((points[end] as Point)[1] < (points[lowest] as Point)[1]) lowest = end;
      if ((points[end] as Point)[1] > (points[highest] as Point)[1]) highest = end;
    }
    const indices = [...new Set([i, lowest, highest, end - 1])].sort((a, b) => a - b);
    kept.push(...indices.map((index) => points[index] as Point));
    i = end;
  }
  return kept;
}

const MARKERS_MAX = 25;

function curve(series: Series, x: Axis, y: Axis, shownX: Shown, shown: Shown): string[] {
  const color = series.color % COLORS;
  const marked = series.y.length <= MARKERS_MAX;
  const parts: string[] = [];
  const path: string[] = [];
  for (const run of runsOf(series, shownX, shown)) {
    const points = thinned(run.map(([px, py]) => [x.at(px), y.at(py)] as const));
    if (points.length > 1)
      path.push(points.map(([px, py], i) => `${i === 0 ? "M" : "L"}${coordinate(px)} ${coordinate(py)}`).join(""));
    if (marked || points.length === 1) {
      for (const [px, py] of points)
        parts.push(`<circle class="lw-f${color}" cx="${coordinate(px)}" cy="${coordinate(py)}" r="2.5"/>`);
    }
  }
  const dashes = series.dashed ? ` stroke-dasharray="6 4"` : "";
  if (path.length > 0)
    parts.unshift(
      `<path class="lw-s${color}" d="${path.join("")}" fill="none" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"${dashes}/>`,
    );
  return parts;
}

/** Grid lines and labels of both axes; `area` is the plot alone. */
export function axes(area: Area, x: Axis, y: Axis): string[] {
  const bottom = area.top + area.height;
  const right = area.left + area.width;
  const parts: string[] = [];
  y.ticks.values.forEach((value, i) => {
    const at = y.at(value);
    parts.push(line(area.left, at, right, at, "lw-g"));
    parts.push(text(area.left - 8, at + 4, y.ticks.labels[i] as string, { anchor: "end", size: 11, color: "lw-m" }));
  });
  let free = Number.NEGATIVE_INFINITY;
  x.ticks.values.forEach((value, i) => {
    const label = x.ticks.labels[i] as string;
    const [at, half] = [x.at(value), textWidth(label, 11) / 2];
    parts.push(line(at, bottom, at, bottom + 4, "lw-a"));
    if (at - half < free) return; // it would lie on the one before
    free = at + half + 6;
    parts.push(text(at, bottom + 17, label, { anchor: "middle", size: 11, color: "lw-m" }));
  });
  parts.push(line(area.left, bottom, right, bottom, "lw-a"));
  return parts;
}

/** The widest label of an axis, in pixels. */
export const labelWidth = (ticks: Ticks): number => Math.max(...ticks.labels.map((label) => textWidth(label, 11)));

function xTicksOf({ xScale, whole }: Panel, range: readonly [number, number] | null, width: number): Ticks {
  const wanted = Math.max(2, Math.min(8, Math.round(width / 60)));
  const [first, last] = range ?? (xScale === "log" ? [1, 10] : [0, 1]);
  if (xScale === "log") return logTicks(first, last, wanted);
  if (first === last) return { low: first - 1, high: first + 1, values: [first], labels: [short(first)] };
  return niceTicks(first, last, wanted, false, whole);
}

/** A panel in a place of the drawing, its title and labels within it. */
export function drawPanel(panel: Panel, place: Area): string[] {
  const { series, scale, xScale = "linear" } = panel;
  const [shownX, shown] = [shownOn(xScale), shownOn(scale)];
  const height = Math.max(10, place.height - 64);
  const top = place.top + 24;
  const yRange = rangeOf(
    series.flatMap(({ y }) => Array.from(y)),
    shown,
  );
  const xRange = rangeOf(
    series.flatMap(({ x }) => Array.from(x)),
    shownX,
  );
  const [low, high] = yRange ?? [scale === "log" ? 1 : 0, 1];
  const wanted = Math.max(2, Math.min(6, Math.round(height / 45)));
  const yTicks = scale === "log" ? logTicks(low, high, wanted) : niceTicks(low, high, wanted, true);
  const left = place.left + labelWidth(yTicks) + 8;
  const width = Math.max(10, place.left + place.width - left);
  const x = axis(xTicksOf(panel, xRange, width), left + 4, left + width - 4, xScale);
  const y = axis(yTicks, top + height, top, scale);
  const area = { left, top, width, height };
  const parts = [
    text(left, place.top + 12, panel.title, { bold: true }),
    ...axes(area, x, y),
    text(left + width, top + height + 34, panel.xLabel, { anchor: "end", size: 11, color: "lw-m" }),
    ...series.flatMap((each) => curve(each, x, y, shownX, shown)),
  ];
  if (yRange === null || xRange === null)
    parts.push(text(left + width / 2, top + height / 2, "no finite value", { anchor: "middle", color: "lw-m" }));
  return parts;
}

/** What a legend says of one series. */
export interface LegendEntry {
  readonly name: string;
  readonly color: number;
  /** "line" by default. */
  readonly mark?: "line" | "dashed" | "dot";
}

const LEGEND_ROW = 20;

/** Entries in rows from (left, top); returns the height that they take. */
export function legend(
  entries: readonly LegendEntry[],
  left: number,
  top: number,
  width: number,
): { parts: string[]; height: number } {
  const parts: string[] = [];
  let [x, row] = [left, 0];
  for (const { name, color, mark = "line" } of entries) {
    const swatch = mark === "dot" ? 14 : 28;
    const wide = swatch + textWidth(name) + 18;
    if (x > left && x + wide > left + width) [x, row] = [left, row + 1];
    const y = top + row * LEGEND_ROW + 8;
    const index = color % COLORS;
    parts.push(
      mark === "dot"
        ? `<circle class="lw-f${index}" cx="${coordinate(x + 5)}" cy="${coordinate(y)}" r="4.5"/>`
        : line(
            x,
            y,
            x + 22,
            y,
            `lw-s${index}`,
            ` stroke-width="2"${mark === "dashed" ? ` stroke-dasharray="6 4"` : ""}`,
          ),
      text(x + swatch, y + 4, name),
    );
    x += wide;
  }
  return { parts, height: entries.length === 0 ? 0 : (row + 1) * LEGEND_ROW + 4 };
}
