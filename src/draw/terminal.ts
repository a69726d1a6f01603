// A history as text: a table, and curves of braille dots for a terminal.

import { checkOptions, integerWithin, positiveInteger } from "../check.ts";
import { isScore } from "../metrics/names.ts";
import { short, textTable } from "../text.ts";
import type { History } from "../train/history.ts";
import { requireHistory } from "../train/history.ts";
import type { HistoryPanel } from "./historyData.ts";
import { historyPanels, metricsOption } from "./historyData.ts";
import { rangeOf } from "./numbers.ts";

/** Options of `historyTable`. */
export interface HistoryTableOptions {
  /** Names of the columns, by default all; val_ values go with them. */
  readonly metrics?: readonly string[];
  /** Rows at most: of more epochs some are left out, but from three rows on not the first, the last and the best. By default all. */
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

/** Indices of at most `rows` of `count`, spread evenly from the first to the last; the best takes its neighbour's place. */
function chosenRows(count: number, rows: number, best: number): number[] {
  if (count <= rows) return Array.from({ length: count }, (_, i) => i);
  if (rows === 1) return [Math.max(0, best)];
  const chosen = Array.from({ length: rows }, (_, k) => Math.round((k * (count - 1)) / (rows - 1)));
  if (best < 0 || chosen.includes(best) || rows === 2) return chosen;
  let nearest = 1;
  for (let k = 2; k < rows - 1; k++)
    if (Math.abs((chosen[k] as number) - best) < Math.abs((chosen[nearest] as number) - best)) nearest = k;
  chosen[nearest] = best;
  return chosen;
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
  const rows = chosenRows(epochs.length, options.rows ?? epochs.length, best.at);
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

/** Draws from dot to dot; of a dotted line every third. */
interface Pen {
  to(x: number, y: number): void;
  /** The next dot begins a line. */
  lift(): void;
}

function createPen(canvas: Canvas, dotted: boolean): Pen {
  let last: readonly [number, number] | null = null;
  let drawn = 0;
  return {
    to(x, y) {
      const [fromX, fromY] = last ?? [x, y];
      const steps = Math.max(Math.abs(x - fromX), Math.abs(y - fromY));
      // the dot where the last line ended is there already
      for (let i = last ? 1 : 0; i <= steps; i++) {
        const share = steps === 0 ? 0 : i / steps;
        const at = [Math.round(fromX + (x - fromX) * share), Math.round(fromY + (y - fromY) * share)] as const;
        if (!dotted || drawn % 3 === 0) canvas.dot(...at);
        drawn++;
      }
      last = [x, y];
    },
    lift() {
      last = null;
      drawn = 0;
    },
  };
}

function trace(canvas: Canvas, values: readonly number[], low: number, high: number, dotted: boolean): void {
  const pen = createPen(canvas, dotted);
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      pen.lift();
      return;
    }
    // halves, so that no difference of large values overflows
    const share = high === low ? 0.5 : (value / 2 - low / 2) / (high / 2 - low / 2);
    const x = values.length === 1 ? 0 : (i / (values.length - 1)) * (canvas.width - 1);
    pen.to(Math.round(x), Math.round((1 - share) * (canvas.height - 1)));
  });
}

function chart(panel: HistoryPanel, epochs: readonly number[], width: number, height: number): string[] {
  const all = [...(panel.train ?? []), ...(panel.validation ?? [])];
  const [low, high] = rangeOf(all, Number.isFinite) ?? [0, 1];
  const labels = [high, low].map((value) => short(value, 3));
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

const sizes = { width: integerWithin(20, 1000), height: integerWithin(2, 1000) };

/**
 * Curves of a history as text, for a terminal: one of braille dots for each metric over the epochs, training drawn through, validation
 * dotted. Values that are not finite are gaps. Throws `invalid-argument` for what is not a history.
 */
export function historyChart(history: History, options: HistoryChartOptions = {}): string {
  const where = "historyChart";
  requireHistory(where, history);
  checkOptions(where, options, { ...sizes, metrics: metricsOption });
  const { width = 64, height = 8 } = options;
  const panels = historyPanels(where, history, options.metrics);
  return panels
    .flatMap((panel, i) => [...(i > 0 ? [""] : []), ...chart(panel, history.epochs, width, height)])
    .join("\n");
}
