// How initial values are drawn, and the initializers that need no options: what names in options stand for. The functions
// of the namespace `initializers` stand beside (distributions.ts); who gives names only does not load them.

import type { InitialValues } from "../graph/variable.ts";
import type { Shape } from "../shape.ts";
import { sizeOf } from "../shape.ts";

/** Initial values for a shape: what the functions of `initializers` return. */
export interface Initializer {
  readonly kind: "initializer";
  readonly name: string;
  values(shape: Shape): InitialValues;
}

/** What a variance is divided by: connections into a unit, out of it, or the mean of both. */
export type FanMode = "fanIn" | "fanOut" | "fanAvg";

/** Standard deviation of a standard normal distribution cut off at two. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

/**
 * Connections into and out of one unit, by Keras's rule: a dense kernel is [in, out], a convolution's
 * [height, width, in, out], where each counts once for every position of the window.
 */
function fansOf(shape: Shape): readonly [fanIn: number, fanOut: number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const [channelsIn, channelsOut] = shape.slice(-2) as [number, number];
  const positions = sizeOf(shape.slice(0, -2));
  return [positions * channelsIn, positions * channelsOut];
}

export const initializer = (name: string, values: (shape: Shape) => InitialValues): Initializer => ({
  kind: "initializer",
  name,
  values,
});

export interface Scaling {
  readonly scale: number;
  readonly mode: FanMode;
  readonly distribution: "normal" | "uniform" | "truncatedNormal";
}

/** Numbers of mean 0 and variance scale / fan. */
export function scaled(name: string, { scale, mode, distribution }: Scaling): Initializer {
  return initializer(name, (shape) => {
    const [fanIn, fanOut] = fansOf(shape);
    const fan = mode === "fanIn" ? fanIn : mode === "fanOut" ? fanOut : (fanIn + fanOut) / 2;
    const variance = scale / Math.max(1, fan);
    // the variance of uniform numbers in [-limit, limit) is limit^2 / 3
    if (distribution === "uniform") {
      const limit = Math.sqrt(3 * variance);
      return { kind: "uniform", low: -limit, high: limit };
    }
    const deviation = Math.sqrt(variance);
    if (distribution === "normal") return { kind: "normal", mean: 0, deviation };
    return { kind: "truncatedNormal", mean: 0, deviation: deviation / TRUNCATED_DEVIATION };
  });
}

export const constantly = (name: string, value: number): Initializer =>
  initializer(name, () => ({ kind: "constant", value }));

export const uniform = (name: string, low: number, high: number): Initializer =>
  initializer(name, () => ({ kind: "uniform", low, high }));

export const normal = (name: "randomNormal" | "truncatedNormal", mean: number, deviation: number): Initializer =>
  initializer(name, () => ({ kind: name === "randomNormal" ? "normal" : name, mean, deviation }));

/** What is drawn without options. */
export const usualDeviation = 0.05;
export const usualScaling: Scaling = { scale: 1, mode: "fanIn", distribution: "truncatedNormal" };

/** Initializers by name, with their default options. */
export type InitializerName =
  | "zeros"
  | "ones"
  | "randomNormal"
  | "randomUniform"
  | "truncatedNormal"
  | "varianceScaling"
  | "glorotUniform"
  | "glorotNormal"
  | "heUniform"
  | "heNormal"
  | "leCunUniform"
  | "leCunNormal";

/** What the names stand for. */
export const usual: Readonly<Record<InitializerName, Initializer>> = {
  zeros: constantly("zeros", 0),
  ones: constantly("ones", 1),
  randomNormal: normal("randomNormal", 0, usualDeviation),
  randomUniform: uniform("randomUniform", -usualDeviation, usualDeviation),
  truncatedNormal: normal("truncatedNormal", 0, usualDeviation),
  varianceScaling: scaled("varianceScaling", usualScaling),
  glorotUniform: scaled("glorotUniform", { scale: 1, mode: "fanAvg", distribution: "uniform" }),
  glorotNormal: scaled("glorotNormal", { scale: 1, mode: "fanAvg", distribution: "truncatedNormal" }),
  heUniform: scaled("heUniform", { scale: 2, mode: "fanIn", distribution: "uniform" }),
  heNormal: scaled("heNormal", { scale: 2, mode: "fanIn", distribution: "truncatedNormal" }),
  leCunUniform: scaled("leCunUniform", { scale: 1, mode: "fanIn", distribution: "uniform" }),
  leCunNormal: scaled("leCunNormal", { scale: 1, mode: "fanIn", distribution: "truncatedNormal" }),
};
