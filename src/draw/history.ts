// Curves of training as SVG: a panel for the loss and one for each metric, training beside validation; and curves of
// anything else.

import type { Checker } from "../check.ts";
import { checkOptions, invalid, isRecord, nonEmptyString, oneOf } from "../check.ts";
import type { History } from "../train/history.ts";
import { requireHistory } from "../train/history.ts";
import { historyPanels, metricsOption } from "./historyData.ts";
import type { LegendEntry, Panel, Series } from "./plot.ts";
import { drawPanel, legend } from "./plot.ts";
import type { DrawOptions } from "./svg.ts";
import { COLORS, contentTop, drawOptions, MARGIN, svgDocument } from "./svg.ts";

const scaleOption = oneOf("linear", "log");

/** Options of `drawHistory`. */
export interface DrawHistoryOptions extends DrawOptions {
  /** Names of the metrics to draw, by default all; val_ values go with them. */
  readonly metrics?: readonly string[];
  /** Of the values, by default "linear"; "log" leaves out what is not above 0. */
  readonly scale?: "linear" | "log";
}

const GAP = 28;

/** Panels in rows of at most two under a title and a legend. */
function drawPanels(
  panels: readonly Panel[],
  entries: readonly LegendEntry[],
  options: DrawOptions,
  label: string,
): string {
  const columns = Math.min(2, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const { title, width = columns === 1 ? 600 : 860 } = options;
  const top = contentTop(title);
  const key = legend(entries, MARGIN, top, width - 2 * MARGIN);
  const first = top + key.height + (key.height > 0 ? 6 : 0);
  const height = options.height ?? first + rows * (columns === 1 ? 300 : 270) + MARGIN;
  const each = {
    width: (width - 2 * MARGIN - (columns - 1) * GAP) / columns,
    height: (height - first - MARGIN + 10) / rows,
  };
  const drawn = panels.flatMap((panel, i) =>
    drawPanel(panel, {
      left: MARGIN + (i % columns) * (each.width + GAP),
      top: first + Math.floor(i / columns) * each.height,
      ...each,
    }),
  );
  return svgDocument({ width, height, title }, label, [...key.parts, ...drawn]);
}

/**
 * Loss and metrics over the epochs as SVG: a panel for each, training and validation in one. Values that are not finite are gaps.
 * Throws `invalid-argument` for what is not a history, or a metric that it has not.
 */
export function drawHistory(history: History, options: DrawHistoryOptions = {}): string {
  const where = "drawHistory";
  requireHistory(where, history);
  checkOptions(where, options, { ...drawOptions, metrics: metricsOption, scale: scaleOption });
  const { scale = "linear" } = options;
  const found = historyPanels(where, history, options.metrics);
  const panels = found.map(({ name, train, validation }): Panel => {
    const series: Series[] = [];
    if (train) series.push({ name: "training", x: history.epochs, y: train, color: 0 });
    if (validation) series.push({ name: "validation", x: history.epochs, y: validation, color: 1, dashed: true });
    return { title: name, series, xLabel: "epoch", scale, whole: true };
  });
  const entries: LegendEntry[] = [];
  if (found.some(({ train }) => train)) entries.push({ name: "training", color: 0 });
  if (found.some(({ validation }) => validation)) entries.push({ name: "validation", color: 1, mark: "dashed" });
  return drawPanels(panels, entries, options, "History of a training");
}

/** A curve: values at 0, 1, 2, ..., or at places of their own. */
export type Curve = ArrayLike<number> | { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> };

/** Options of `drawCurves`. */
export interface DrawCurvesOptions extends DrawOptions {
  /** By default "x" and "y". */
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** Of y, by default "linear"; "log" leaves out what is not above 0. */
  readonly scale?: "linear" | "log";
  /** Of x, likewise: for learning rates and hyperparameters. */
  readonly xScale?: "linear" | "log";
}

const isNumbers = (value: unknown): value is ArrayLike<number> =>
  (Array.isArray(value) && value.every((each) => typeof each === "number")) ||
  (ArrayBuffer.isView(value) && typeof (value as Float32Array)[0] === "number");

const curveOf: Checker<{ x: ArrayLike<number>; y: ArrayLike<number> }> = (value, name, where) => {
  if (isNumbers(value) && value.length > 0) return { x: Array.from(value, (_, i) => i), y: value };
  if (isRecord(value) && isNumbers(value.x) && isNumbers(value.y) && value.y.length > 0) {
    if (value.x.length === value.y.length) return { x: value.x, y: value.y };
  }
  throw invalid(where, name, "a non-empty array of numbers, or { x, y } of two that are as long", value);
};

/** The curves of an option or argument, checked; `where` is the function. */
export function namedCurves(where: string, curves: unknown): Series[] {
  if (!isRecord(curves) || Object.keys(curves).length === 0)
    throw invalid(where, "curves", "a record of arrays of numbers by name", curves);
  return Object.entries(curves).map(([name, value], color) => ({
    name,
    color,
    dashed: color >= COLORS, // where colours come again
    ...curveOf(value, `curves.${name}`, where),
  }));
}

/** One panel of named curves with a legend. */
export function drawSeries(series: readonly Series[], options: DrawCurvesOptions, label: string): string {
  const { xLabel = "x", yLabel = "y", scale = "linear", xScale = "linear" } = options;
  const whole = series.every(({ x }) => Array.from(x).every(Number.isInteger));
  const entries = series.map(
    ({ name, color, dashed }): LegendEntry => ({
      name,
      color,
      mark: dashed ? "dashed" : "line",
    }),
  );
  const panel: Panel = { title: yLabel, series, xLabel, scale, xScale, whole };
  return drawPanels([panel], series.length > 1 ? entries : [], options, label);
}

/**
 * Curves by name in one plot with a legend, as SVG: losses of several trainings, say. Values that are not finite are gaps.
 * Throws `invalid-argument` for what is not numbers.
 */
export function drawCurves(curves: Readonly<Record<string, Curve>>, options: DrawCurvesOptions = {}): string {
  const where = "drawCurves";
  const series = namedCurves(where, curves);
  checkOptions(where, options, {
    ...drawOptions,
    xLabel: nonEmptyString,
    yLabel: nonEmptyString,
    scale: scaleOption,
    xScale: scaleOption,
  });
  return drawSeries(series, options, series.map(({ name }) => name).join(", "));
}
