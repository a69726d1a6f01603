// A confusion matrix as SVG: a row for each true class, a column for each predicted one.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, isRecord } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { formatShape } from "../shape.ts";
import { short } from "../text.ts";
import { shaped } from "./sheet.ts";
import type { DrawnLabels, DrawOptions } from "./svg.ts";
import { contentTop, drawOptions, fitText, labelsOption, MARGIN, rect, svgDocument, text, textWidth } from "./svg.ts";

/** Options of `drawConfusionMatrix`. */
export interface DrawConfusionMatrixOptions extends DrawOptions {
  /** Names of the classes; by default those that the matrix has, otherwise 0, 1, 2, ... */
  readonly labels?: DrawnLabels;
}

const where = "drawConfusionMatrix";
const LABEL_MAX = 140;

/** Counts [true class, predicted class], or what has them with the names of the classes, as `confusionMatrix` gives them. */
export type DrawnConfusionMatrix =
  | Values
  | { readonly counts: readonly (readonly number[])[]; readonly classes: readonly string[] };

function requireCounts(matrix: Values): { data: ArrayLike<number>; classes: number } {
  const { data, shape } = shaped(where, "matrix", matrix, "a square matrix of counts");
  const [classes = 0, columns] = shape;
  if (shape.length !== 2 || classes !== columns)
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: matrix must be [classes, classes], got ${formatShape(shape)}.`,
    );
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw invalid(where, "matrix", "counts of at least 0", value);
  }
  return { data, classes };
}

/** A class's rows of cells, shaded by their share of the row. */
function cells(data: ArrayLike<number>, classes: number, left: number, top: number, side: number): string[] {
  const parts: string[] = [];
  for (let row = 0; row < classes; row++) {
    const values = Array.from({ length: classes }, (_, column) => data[row * classes + column] as number);
    const total = values.reduce((sum, value) => sum + value, 0);
    values.forEach((value, column) => {
      const share = total === 0 ? 0 : value / total;
      const [x, y] = [left + column * side, top + row * side];
      const right = row === column;
      const gap = side > 8 ? 1 : 0;
      // a faint ground first, so that empty cells are seen as cells
      const shade = Number((value === 0 ? 0.08 : 0.12 + 0.88 * share).toFixed(3));
      const color = value === 0 ? "lw-m" : right ? "lw-f0" : "lw-f1";
      parts.push(rect(x, y, side - gap, side - gap, color, ` fill-opacity="${shade}"`));
      const label = Number.isInteger(value) ? String(value) : short(value, 3);
      const size = Math.min(12, Math.floor((side - 4) / Math.max(1, label.length * 0.6)));
      if (value === 0 || size < 7) return;
      const ink = shade > 0.5 ? "lw-o" : "lw-t";
      parts.push(text(x + side / 2, y + side / 2 + size * 0.36, label, { anchor: "middle", size, color: ink }));
    });
  }
  return parts;
}

/**
 * A confusion matrix [true class, predicted class] as SVG: each cell shaded by its share of its row, right ones blue, wrong ones
 * orange. Throws `shape-mismatch` for what is not square, or another number of labels.
 */
export function drawConfusionMatrix(matrix: DrawnConfusionMatrix, options: DrawConfusionMatrixOptions = {}): string {
  const named = isRecord(matrix) && "counts" in matrix ? (matrix as { counts: Values; classes?: unknown }) : null;
  const { data, classes } = requireCounts(named ? named.counts : (matrix as Values));
  checkOptions(where, options, { ...drawOptions, labels: labelsOption });
  const { title } = options;
  const labels =
    options.labels ??
    (named ? labelsOption(named.classes, "matrix.classes", where) : Array.from({ length: classes }, (_, i) => i));
  if (labels.length !== classes) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: labels has ${labels.length} entries for ${classes} classes. They must be as many.`,
    );
  }
  const names = labels.map((label) => fitText(String(label), LABEL_MAX, 11));
  const widest = Math.max(...names.map((name) => textWidth(name, 11)));
  const left = MARGIN + 20 + widest + 8;
  const top = contentTop(title) + 4;
  const wished = Math.min(
    options.width ? (options.width - left - MARGIN) / classes : Number.POSITIVE_INFINITY,
    options.height ? (options.height - top - MARGIN - 60) / classes : Number.POSITIVE_INFINITY,
  );
  const side = Math.max(3, Number.isFinite(wished) ? wished : Math.max(10, Math.min(44, Math.floor(520 / classes))));
  const turned = widest > side - 4;
  const below = turned ? 14 + widest * 0.75 : 18;
  const [right, bottom] = [left + classes * side, top + classes * side];
  const width = options.width ?? Math.max(right + MARGIN + (turned ? widest * 0.2 : 0), 200);
  const height = options.height ?? bottom + below + 20 + MARGIN;
  // labels that would lie on each other are left out
  const stride = Math.max(1, Math.ceil(13 / side));
  const axes = names.flatMap((name, i) => {
    if (i % stride !== 0) return [];
    const middle = (i + 0.5) * side;
    const below = turned
      ? text(left + middle + 3, bottom + 14, name, { anchor: "end", size: 11, color: "lw-m", turn: -45 })
      : text(left + middle, bottom + 16, name, { anchor: "middle", size: 11, color: "lw-m" });
    return [text(left - 8, top + middle + 4, name, { anchor: "end", size: 11, color: "lw-m" }), below];
  });
  return svgDocument({ width, height, title }, `Confusion matrix of ${classes} classes`, [
    ...cells(data, classes, left, top, side),
    ...axes,
    text((left + right) / 2, bottom + below + 14, "predicted", { anchor: "middle" }),
    text(MARGIN + 8, (top + bottom) / 2, "true", { anchor: "middle", turn: -90 }),
  ]);
}
