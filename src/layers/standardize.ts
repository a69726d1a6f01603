// Layers that bring features to one scale by statistics of the training part, which are variables: they are saved with the
// model and are the same in training, evaluation and prediction.

import { LanewiseError } from "../../bindings/errors.ts";
import { anything, ascendingPair, checkOptions, invalid, isRecord, oneOf } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import type { Statistics } from "../data/statistics.ts";
import { takeStatistics } from "../data/statistics.ts";
import type { Tensor } from "../graph/graph.ts";
import { apply } from "../graph/graph.ts";
import type { Op } from "../graph/op.ts";
import { constantOp } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import type { Initializer } from "../initializers.ts";
import { reshape } from "../ops/broadcasting.ts";
import { batchNorm } from "../ops/norm.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sameShape, sizeOf } from "../shape.ts";
import { axesOrNull } from "./axes.ts";
import type { Layer, LayerOptions, WeightSpec } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** What statistics are taken of: x as `fit` takes it, or examples `{ x, ... }`. */
export type Adaptable = Values | { readonly x: Values };

/** A layer whose numbers are statistics of data. */
export interface AdaptableLayer extends Layer {
  /**
   * Takes the statistics of the training part, in float64; what was taken before is forgotten. Data that do not fit into
   * memory come batch by batch, from an (async) iterable or a function that makes one. Throws `non-finite` for NaN and
   * infinities, `shape-mismatch` where the shape is not that of the layer's input; nothing has changed then.
   */
  adapt(data: Adaptable | Iterable<Adaptable>): void;
  adapt(data: AsyncIterable<Adaptable> | (() => AsyncIterable<Adaptable> | Iterable<Adaptable>)): Promise<void>;
}

/** Options of `standardize`. */
export interface StandardizeOptions extends LayerOptions {
  /**
   * Axes whose every index has statistics of its own: -1 (default) for each feature or channel, several up to the last
   * (`[1, 2, 3]` for each number of an image), or null for one mean and one deviation of all numbers.
   */
  readonly axis?: number | readonly number[] | null;
  /** Known statistics in place of `adapt`, given together: a number, or one for each feature. */
  readonly mean?: number | Values;
  /** The population's variance. */
  readonly variance?: number | Values;
}

/** Options of `normalize`. */
export interface NormalizeOptions extends LayerOptions {
  /** As of `standardize`. */
  readonly axis?: number | readonly number[] | null;
  /** "zScore" (default): what `standardize` does; "minMax": the smallest and the largest value become those of `range`. */
  readonly method?: "zScore" | "minMax";
  /** Of "minMax", by default [0, 1]. */
  readonly range?: readonly [number, number];
}

/** What a layer keeps of the statistics: the value that becomes 0, and the square of what becomes 1. */
interface Kept {
  readonly count: number;
  readonly center: Float32Array;
  readonly square: Float32Array;
}

interface Recipe {
  readonly type: string;
  readonly options: LayerOptions & { readonly axis?: number | readonly number[] | null };
  /** Names of the variables that hold center and square. */
  readonly names: readonly [center: string, square: string];
  /** Added to what comes out. */
  readonly offset: number;
  readonly given: { readonly center: Values; readonly square: Values } | null;
  keep(statistics: Statistics): { center: ArrayLike<number>; square: ArrayLike<number> };
}

/**
 * (x - mean) / deviation for each feature, the deviation that of the population: sqrt(mean of (x - mean)^2), taken after
 * centring. `layer.adapt(x)` takes the statistics, of the training part alone, before the model is used. Features that are
 * constant there are divided by 1. Ng, Improving Deep Neural Networks, week 1, "Normalizing inputs".
 * The layer's use throws `not-ready` before `adapt` (or `load`).
 */
export function standardize(options: StandardizeOptions = {}): AdaptableLayer {
  const where = "standardize";
  checkOptions(where, options, { ...layerOptions, axis: axesOrNull, mean: anything, variance: anything });
  const { mean, variance } = options;
  if ((mean === undefined) !== (variance === undefined))
    throw invalid(where, mean === undefined ? "mean" : "variance", "given where the other is", undefined);
  const given = mean === undefined || variance === undefined ? null : { center: mean, square: variance };
  return zScoreLayer(where, options, given);
}

function zScoreLayer(type: string, options: Recipe["options"], given: Recipe["given"]): AdaptableLayer {
  const keep = ({ mean, variance }: Statistics) => ({ center: mean, square: variance });
  return makeAdaptable({ type, options, names: ["mean", "variance"], offset: 0, given, keep });
}

/**
 * Brings features to one scale by statistics of the training part: `method: "zScore"` (default) is what `standardize` does;
 * `"minMax"` is low + (x - minimum) (high - low) / (maximum - minimum), `range: [low, high]`, by default [0, 1]. Values
 * beyond those of the training part come out beyond the range; features that are constant there become low.
 * The layer's use throws `not-ready` before `layer.adapt(x)` (or `load`).
 */
export function normalize(options: NormalizeOptions = {}): AdaptableLayer {
  const where = "normalize";
  const method = oneOf("zScore", "minMax");
  checkOptions(where, options, { ...layerOptions, axis: axesOrNull, method, range: ascendingPair });
  if (options.method !== "minMax") {
    if (options.range) throw invalid(where, "range", 'left out without method: "minMax"', options.range);
    return zScoreLayer(where, options, null);
  }
  const [low, high] = options.range ?? [0, 1];
  return makeAdaptable({
    type: where,
    options,
    names: ["minimum", "squaredRange"],
    offset: low,
    given: null,
    keep: ({ minimum, maximum }) => ({
      center: minimum,
      square: maximum.map((most, i) => ((most - (minimum[i] as number)) / (high - low)) ** 2),
    }),
  });
}

function makeAdaptable({ type, options, names, offset, given, keep }: Recipe): AdaptableLayer {
  const { axis = -1 } = options;
  const [center, square] = names;
  let kept: Kept | null = given && readGiven(type, names, given);
  let variables: Readonly<Record<string, Variable>> | null = null;
  const where = (): string => (layer.state.name === null ? type : `${type} "${layer.state.name}"`);

  /** Shape of what has statistics: the last axes of an example; [] for one of all numbers. */
  const featuresOf = (shape: Shape): Shape => {
    if (axis === null) return [];
    const rank = shape.length;
    const list = (Array.isArray(axis) ? axis : [axis])
      .map((each) => (each < 0 ? each + rank : each))
      .sort((a, b) => a - b);
    const last = list.every((each, i) => each === rank - list.length + i);
    if (!last || (list[0] as number) < 1) {
      throw new LanewiseError(
        "shape-mismatch",
        `${where()}: axis must name the last axes of [batch, ..., features], up to all but the first; got axis ${JSON.stringify(axis)} for ${formatShape([null, ...shape.slice(1)])}.`,
      );
    }
    return shape.slice(list[0]);
  };

  const layer: Layer = makeLayer({
    type,
    options,
    build([shape = []]) {
      const features = featuresOf(shape);
      const size = sizeOf(features);
      for (const values of kept ? [kept.center, kept.square] : []) {
        if (values.length === size || (given && values.length === 1)) continue;
        throw new LanewiseError(
          "shape-mismatch",
          `${where()}: its statistics are of ${values.length} features, the input ${formatShape(shape)} has ${size}.`,
        );
      }
      return {
        [center]: statisticsSpec(features, kept?.center ?? 0),
        [square]: statisticsSpec(features, kept?.square ?? 1),
        count: statisticsSpec([], kept?.count ?? 0),
      };
    },
    call([input], weights, context) {
      variables = context.variables;
      (variables[center] as Variable).state.check ??= () => requireAdapted(where(), variables?.count as Variable);
      const x = input as Tensor;
      if (x.dtype !== "float32")
        throw new LanewiseError("dtype-mismatch", `${where()}: x must be float32, got ${x.dtype}.`);
      const size = sizeOf((variables[center] as Variable).shape);
      const flat = (tensor: Tensor): Tensor => reshape(tensor, [size]);
      const beta = offset === 0 ? undefined : constant(new Float32Array(size).fill(offset));
      const statistics = { mean: flat(weights[center] as Tensor), variance: flat(weights[square] as Tensor) };
      const out = batchNorm(reshape(x, [sizeOf(x.dims) / size, size]), statistics, {
        beta,
        epsilon: 0,
        ofBatch: false,
      });
      return reshape(out, x.dims);
    },
  });

  /** Reads one batch; the first settles the number of features. */
  const reader = () => {
    let taker: ReturnType<typeof takeStatistics> | null = null;
    let features: Shape = [];
    return {
      add(value: unknown): void {
        const at = `${where()}, adapt`;
        const { data, shape } = rowsOf(at, value, layer.inputShapes[0] ?? null);
        const own = featuresOf(shape);
        if (taker && !sameShape(features, own)) {
          throw new LanewiseError(
            "shape-mismatch",
            `${at}: a batch has features ${formatShape(own)}, the first had ${formatShape(features)}.`,
          );
        }
        features = own;
        taker ??= takeStatistics(sizeOf(own));
        taker.add(at, data);
      },
      finish(): void {
        if (!taker) throw new LanewiseError("empty-data", `${where()}, adapt: no data came.`);
        const statistics = taker.result();
        const { center: first, square: second } = keep(statistics);
        const next = { count: statistics.count, ...asFloats(where(), first, second) };
        if (variables) {
          (variables[center] as Variable).write(next.center);
          (variables[square] as Variable).write(next.square);
          (variables.count as Variable).write(Float32Array.of(next.count));
        }
        kept = next;
      },
    };
  };

  const adapt = (data: unknown): void | Promise<void> => {
    const { add, finish } = reader();
    const source: unknown = typeof data === "function" ? data() : data;
    if (isStream(source, Symbol.asyncIterator)) {
      return (async () => {
        for await (const batch of source as AsyncIterable<unknown>) add(batch);
        finish();
      })();
    }
    if (isStream(source, Symbol.iterator)) for (const batch of source as Iterable<unknown>) add(batch);
    else add(source);
    finish();
    return typeof data === "function" ? Promise.resolve() : undefined;
  };
  return Object.defineProperty(layer, "adapt", { value: adapt }) as AdaptableLayer;
}

const constant = (values: Float32Array): Tensor =>
  apply(constantOp as Op<unknown>, [], { values, shape: [values.length] });

function statisticsSpec(shape: Shape, values: Float32Array | number): WeightSpec {
  const data = typeof values === "number" ? Float32Array.of(values) : values;
  const initializer: Initializer = {
    kind: "initializer",
    name: "statistics",
    values: () =>
      data.length === 1 ? { kind: "constant", value: data[0] as number } : { kind: "data", data: data.slice() },
  };
  return { shape, initializer, role: "statistics" };
}

/** Throws where the statistics were neither taken nor loaded: no examples are counted. */
function requireAdapted(where: string, { state }: Variable): void {
  const { machine, storage, initial } = state;
  const placed = machine && storage ? machine.values(storage)[0] : undefined;
  const count = placed ?? (initial.kind === "data" ? initial.data[0] : initial.kind === "constant" ? initial.value : 0);
  if ((count as number) > 0) return;
  throw new LanewiseError(
    "not-ready",
    `${where}: its statistics are not taken yet. Call layer.adapt(x) with the training part first, or load a model that has them.`,
  );
}

function isStream(value: unknown, symbol: symbol): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    symbol in value
  );
}

/** Numbers with their whole shape, from { x } as well. `known` is the shape of the layer's input, where it is built. */
function rowsOf(where: string, value: unknown, known: readonly (number | null)[] | null) {
  const x = isRecord(value) && "x" in value && !("data" in value) ? value.x : value;
  const { data, shape } = flattenArray(`${where}: x`, x);
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: x has no examples.`);
  const example = known?.slice(1) as readonly number[] | undefined;
  if (shape === null) {
    if (!example) {
      throw new LanewiseError(
        "not-ready",
        `${where}: the shape of x is not known. Give { data, shape } or nested numbers, or the model inputShape.`,
      );
    }
    const rows = data.length / sizeOf(example);
    if (Number.isInteger(rows)) return { data, shape: [rows, ...example] };
  } else if (shape.length > 0 && (!example || sameShape(shape.slice(1), example))) return { data, shape };
  const came = shape === null ? `${data.length} numbers` : formatShape(shape);
  throw new LanewiseError(
    "shape-mismatch",
    `${where}: x must have shape ${formatShape([null, ...(example ?? [])])}, got ${came}.`,
  );
}

/** Features whose spread is 0, or lost in float32, are divided by 1. */
const SQUARE_MIN = 2 ** -126;

function asFloats(where: string, center: ArrayLike<number>, square: ArrayLike<number>) {
  const floats = { center: Float32Array.from(center), square: Float32Array.from(square) };
  const bad = [...floats.center, ...floats.square].findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new LanewiseError(
      "non-finite",
      `${where}: the values of feature ${bad % center.length} are too large or too far apart for float32. Scale them before.`,
    );
  }
  return { center: floats.center, square: floats.square.map((value) => (value < SQUARE_MIN ? 1 : value)) };
}

function readGiven(where: string, names: readonly string[], given: NonNullable<Recipe["given"]>): Kept {
  const [center, square] = [given.center, given.square].map((values, i) => {
    const { data } = flattenArray(`${where}: ${names[i]}`, values);
    const ok =
      data.length > 0 &&
      Array.prototype.every.call(data, (value: number) => Number.isFinite(value) && (i === 0 || value >= 0));
    if (!ok)
      throw invalid(where, names[i] as string, i === 0 ? "finite numbers" : "finite numbers of at least 0", values);
    return data;
  });
  return { count: 1, ...asFloats(where, center as ArrayLike<number>, square as ArrayLike<number>) };
}
