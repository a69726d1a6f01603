// A learning curve over the size of the training set, as SVG.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, isRecord } from "../check.ts";
import type { LearningCurve, LearningCurvePoint } from "../diagnosis/learningCurve.ts";
import { drawSeries } from "./history.ts";
import type { Series } from "./plot.ts";
import type { DrawOptions } from "./svg.ts";
import { drawOptions } from "./svg.ts";

const where = "drawLearningCurve";

function requireCurve(curve: unknown): asserts curve is LearningCurve {
  const points: unknown = isRecord(curve) ? curve.points : null;
  const isPoint = (point: unknown): point is LearningCurvePoint =>
    isRecord(point) && [point.size, point.train, point.dev].every((each) => typeof each === "number");
  const isCurve = isRecord(curve) && typeof curve.error === "string" && typeof curve.target === "number";
  if (!isCurve || !Array.isArray(points) || !points.every(isPoint))
    throw invalid(where, "curve", "what learningCurve resolves with", curve);
  if (points.length === 0) throw new LanewiseError("empty-data", `${where}: curve has no points.`);
}

/**
 * Training and dev error over the number of training examples as SVG, and the wanted error where it is above 0.
 * Throws `invalid-argument` for what is no learning curve.
 */
export function drawLearningCurve(curve: LearningCurve, options: DrawOptions = {}): string {
  requireCurve(curve);
  checkOptions(where, options, drawOptions);
  const { points, error, target } = curve;
  const x = points.map(({ size }) => size);
  const series: Series[] = [
    { name: "training error", x, y: points.map(({ train }) => train), color: 0 },
    { name: "dev error", x, y: points.map(({ dev }) => dev), color: 1, dashed: true },
  ];
  if (target > 0) series.push({ name: "wanted", x, y: points.map(() => target), color: 2, dashed: true });
  return drawSeries(series, { ...options, xLabel: "training examples", yLabel: error }, "Learning curve");
}
