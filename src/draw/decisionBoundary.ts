// The regions in which a model of two features decides for each class, with the examples in them.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, fraction, integerWithin } from "../check.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import { labelsOf } from "../data/labelRows.ts";
import { exp } from "../math.ts";
import { requireSameCount, rowsOf } from "../metrics/rows.ts";
import type { Model } from "../model.ts";
import { formatShape } from "../shape.ts";
import { coreOf } from "../train/model.ts";
import type { Prediction } from "../train/predict.ts";
import { coordinate, niceTicks } from "./numbers.ts";
import type { Axis } from "./plot.ts";
import { axes, axis, labelWidth, legend } from "./plot.ts";
import type { Pixels } from "./png.ts";
import { pngUri } from "./png.ts";
import type { DrawnLabels, DrawOptions } from "./svg.ts";
import { COLORS, contentTop, drawOptions, image, labelsOption, MARGIN, paints, svgDocument, text } from "./svg.ts";

/** Options of `drawDecisionBoundary`. */
export interface DrawDecisionBoundaryOptions extends DrawOptions {
  /** Points of the grid along each axis, by default 100. */
  readonly resolution?: number;
  /** Of a model with one output: above which probability it decides for the class 1; by default 0.5. */
  readonly threshold?: number;
  /** Names of the classes; by default "class 0", "class 1", ... */
  readonly labels?: DrawnLabels;
}

const where = "drawDecisionBoundary";

interface Points {
  readonly data: NumericArray;
  readonly labels: Int32Array;
}

function pointsOf(given: unknown): Points {
  checkOptions(`${where}, data`, given, { x: (v) => v, y: (v) => v }, ["x", "y"]);
  const { x, y } = given as { x: Values; y: Values };
  const { data, shape } = flattenArray(`${where}: data.x`, x);
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: data.x has no examples.`);
  if ((shape && (shape.length !== 2 || shape[1] !== 2)) || data.length % 2 !== 0) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: data.x must be [examples, 2], got ${shape ? formatShape(shape) : `${data.length} numbers`}.`,
    );
  }
  const rows = rowsOf(where, "data.y", y);
  requireSameCount(where, rows, { name: "data.x", count: data.length / 2 });
  const labels = labelsOf(where, rows);
  return { data, labels };
}

/** What an axis spans: the points with a margin. */
function spanOf({ data }: Points, feature: 0 | 1): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = feature; i < data.length; i += 2) {
    const value = data[i] as number;
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [-1, 1];
  const margin = low === high ? Math.max(1, Math.abs(low)) * 0.5 : (high - low) * 0.08;
  return [low - margin, high + margin];
}

/** Steps of opacity: few, so that the regions look like a map with contours, and pack well. */
const LEVELS = 6;

/** Outputs as probabilities: those of a model whose loss takes logits go through their sigmoid or softmax first. */
function probabilitiesOf({ data, shape }: Prediction, fromLogits: boolean): Prediction {
  if (!fromLogits) return { data, shape };
  const classes = shape.at(-1) as number;
  const found = new Float32Array(data.length);
  for (let first = 0; first < data.length; first += classes) {
    const row = Array.from(data.subarray(first, first + classes));
    // the sigmoid is the softmax of a logit and 0
    const all = classes === 1 ? [...row, 0] : row;
    const highest = all.reduce((high, logit) => Math.max(high, logit));
    const total = all.reduce((sum, logit) => sum + exp(logit - highest), 0);
    row.forEach((logit, j) => {
      found[first + j] = exp(logit - highest) / total;
    });
  }
  return { data: found, shape };
}

/**
 * Class and sureness at each point of the grid as colours: a class takes LEVELS colours behind the transparent one, weaker
 * where another class is nearly as likely.
 */
function regions({ data, shape }: Prediction, resolution: number, threshold: number): Pixels {
  const classes = shape.at(-1) as number;
  const indices = new Uint8Array(resolution * resolution);
  for (let i = 0; i < indices.length; i++) {
    const row = Array.from(data.subarray(i * classes, (i + 1) * classes));
    let [winner, sureness] = [0, 0];
    if (classes === 1) {
      const value = row[0] as number;
      winner = value > threshold ? 1 : 0;
      sureness = winner === 1 ? (value - threshold) / (1 - threshold) : (threshold - value) / (threshold || 1);
    } else {
      for (let j = 1; j < classes; j++) if ((row[j] as number) > (row[winner] as number)) winner = j;
      const second = Math.max(...row.filter((_, j) => j !== winner));
      sureness = (row[winner] as number) - second;
    }
    if (row.some(Number.isNaN)) continue;
    const level = Math.min(LEVELS - 1, Math.floor(Math.min(1, Math.max(0, sureness)) * LEVELS));
    indices[i] = 1 + (winner % COLORS) * LEVELS + level;
  }
  const palette = new Uint8Array((1 + COLORS * LEVELS) * 4);
  paints.forEach((paint, color) => {
    for (let level = 0; level < LEVELS; level++)
      palette.set([...paint, 48 + level * 18], (1 + color * LEVELS + level) * 4);
  });
  return { width: resolution, height: resolution, data: indices, palette };
}

/** The grid in rows from the top: the second feature falls. */
function gridOf(x: readonly [number, number], y: readonly [number, number], resolution: number): Float32Array {
  const grid = new Float32Array(resolution * resolution * 2);
  for (let row = 0; row < resolution; row++) {
    for (let column = 0; column < resolution; column++) {
      const at = (row * resolution + column) * 2;
      grid[at] = x[0] + ((column + 0.5) / resolution) * (x[1] - x[0]);
      grid[at + 1] = y[1] - ((row + 0.5) / resolution) * (y[1] - y[0]);
    }
  }
  return grid;
}

/** The examples, a group for each class. */
function dotsOf({ data, labels }: Points, x: Axis, y: Axis): string[] {
  const groups = new Map<number, string[]>();
  labels.forEach((label, i) => {
    const [px, py] = [data[i * 2] as number, data[i * 2 + 1] as number];
    if (!Number.isFinite(px) || !Number.isFinite(py)) return;
    const dot = `<circle cx="${coordinate(x.at(px))}" cy="${coordinate(y.at(py))}" r="3.5"/>`;
    const group = groups.get(label);
    if (group) group.push(dot);
    else groups.set(label, [dot]);
  });
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([label, dots]) => `<g class="lw-f${label % COLORS}" stroke="#fff">${dots.join("")}</g>`);
}

/**
 * The regions in which a model of two features decides for each class, and the examples { x: [n, 2], y: labels } as points, as SVG. The
 * model is asked on a grid: stronger colours where it is surer. Models with one output decide by `threshold`, others for their largest
 * output; outputs are probabilities, or logits where the model is compiled with a loss of logits. Rejects with `shape-mismatch` for models or data of another form.
 */
export async function drawDecisionBoundary(
  model: Model,
  data: { readonly x: Values; readonly y: Values },
  options: DrawDecisionBoundaryOptions = {},
): Promise<string> {
  const core = coreOf(where, model);
  const points = pointsOf(data);
  const checkers = { ...drawOptions, resolution: integerWithin(2, 500), threshold: fraction, labels: labelsOption };
  checkOptions(where, options, checkers);
  const { resolution = 100, threshold = 0.5, title } = options;
  const { inputs } = core.network;
  if (inputs && (inputs.length !== 1 || formatShape(inputs[0]?.shape ?? []) !== "[2]")) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: model must take one input [null, 2], but it takes ${inputs.map(({ shape }) => formatShape([null, ...shape])).join(", ")}.`,
    );
  }
  const spans = [spanOf(points, 0), spanOf(points, 1)] as const;
  const grid = { data: gridOf(spans[0], spans[1], resolution), shape: [resolution * resolution, 2] };
  const prediction = await model.predict(grid, { batchSize: 1000 });
  if (!prediction.data || prediction.shape.length !== 2) {
    throw new LanewiseError("shape-mismatch", `${where}: model must have one output [null, classes].`);
  }
  const { width = 520, height = 460 } = options;
  const fromLogits = core.training?.heads[0]?.loss.fromLogits ?? false;
  const shown = regions(probabilitiesOf(prediction, fromLogits), resolution, threshold);
  const classes = points.labels.reduce(
    (most, label) => Math.max(most, label + 1),
    Math.max(2, prediction.shape[1] ?? 1),
  );
  const entries = Array.from({ length: Math.min(classes, 20) }, (_, i) => ({
    name: String(options.labels?.[i] ?? `class ${i}`),
    color: i,
    mark: "dot" as const,
  }));
  const key = legend(entries, MARGIN, contentTop(title), width - 2 * MARGIN);
  const top = contentTop(title) + key.height + 4;
  const [xTicks, yTicks] = spans.map(([low, high]) => niceTicks(low, high, 6, false)) as [
    ReturnType<typeof niceTicks>,
    ReturnType<typeof niceTicks>,
  ];
  const left = MARGIN + labelWidth(yTicks) + 8;
  const area = {
    left,
    top,
    width: Math.max(10, width - left - MARGIN),
    height: Math.max(10, height - top - MARGIN - 34),
  };
  const [xAxis, yAxis] = [axis(xTicks, left, left + area.width), axis(yTicks, top + area.height, top)];
  return svgDocument({ width, height, title }, "Decision boundary", [
    ...key.parts,
    ...axes(area, xAxis, yAxis),
    image(area.left, area.top, area.width, area.height, pngUri(shown), true),
    ...dotsOf(points, xAxis, yAxis),
    text(left + area.width, top + area.height + 34, "x₁ to the right, x₂ upwards", {
      anchor: "end",
      size: 11,
      color: "lw-m",
    }),
  ]);
}
