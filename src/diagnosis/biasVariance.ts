// Bias, variance and noise of a regression, by training many times on other examples of the same kind.

import { LanewiseError } from "../../bindings/errors.ts";
import {
  abortSignal,
  anyFunction,
  anything,
  checkOptions,
  invalid,
  isRecord,
  nonNegative,
  positiveInteger,
  seedValue,
} from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { flattenArray } from "../data/arrays.ts";
import type { Model } from "../model.ts";
import type { RandomNumbers } from "../randomNumbers.ts";
import { createRandom } from "../randomNumbers.ts";
import { SAMPLE_STREAM } from "../streams.ts";
import { short, textTable, withText } from "../text.ts";
import type { Arrays, Examples } from "../train/examples.ts";
import type { Prediction } from "../train/predict.ts";
import type { CreateModel } from "./fresh.ts";
import { examplePool, freshModel, requireCreate } from "./fresh.ts";

/** Options of `biasVariance`: `test`, and `data` or `sample`, must be given. */
export interface BiasVarianceOptions {
  /** Each training takes as many examples from these, with replacement (bootstrap). */
  readonly data?: Examples;
  /** Or: draws the examples of one training from what generates them. */
  readonly sample?: (random: RandomNumbers, repeat: number) => Examples;
  /** Where the models are compared: inputs that none was trained on, with the values observed there. */
  readonly test: { readonly x: Arrays; readonly y?: Values };
  /** The values without noise at test.x, where they are known. */
  readonly target?: Values;
  /** Variance of the noise; by default the mean of (test.y - target)^2 where both are given, otherwise 0. */
  readonly noise?: number;
  /** Trainings, by default 20. */
  readonly repeats?: number;
  /** By default 0. */
  readonly seed?: number;
  /** Of each training, by default 10. */
  readonly epochs?: number;
  /** By default 32. */
  readonly batchSize?: number;
  /** Ends it within a step; it rejects with signal.reason. */
  readonly signal?: AbortSignal;
}

/** What `biasVariance` resolves with: data, and a table as text. */
export interface BiasVariance {
  /** Mean of (mean prediction - target)^2. */
  readonly biasSquared: number;
  /** Mean of (prediction - mean prediction)^2. */
  readonly variance: number;
  readonly noise: number;
  /** The error of one training on new observations: biasSquared + variance + noise. */
  readonly meanSquaredError: number;
  /** For each value of the test set: the mean over the trainings, and their deviation. */
  readonly means: Float64Array;
  readonly deviations: Float64Array;
  toString(): string;
}

const where = "biasVariance";

function numbersOf(name: string, values: unknown): Float64Array {
  const { data } = flattenArray(`${where}: ${name}`, values);
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: ${name} is empty.`);
  const bad = data.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0) throw invalid(where, name, `finite numbers, but element ${bad} is not`, data[bad]);
  return Float64Array.from(data);
}

/** What the test set says: the values to compare with, and the noise that they do not hold. */
interface Truth {
  readonly values: Float64Array;
  /** Variance that is in the values already, and so in the bias that is computed from them. */
  readonly inside: number;
  readonly noise: number;
}

const meanSquare = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0) / a.length;

function truthOf(test: unknown, target: unknown, noise: number | undefined): Truth {
  if (!isRecord(test)) throw invalid(where, "test", "{ x, y }", test);
  checkOptions(`${where}, test`, test, { x: anything, y: anything }, ["x"]);
  const observed = test.y === undefined ? null : numbersOf("test.y", test.y);
  const known = target === undefined ? null : numbersOf("target", target);
  if (observed && known && observed.length !== known.length) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: target has ${known.length} values, test.y has ${observed.length}. They must be as many.`,
    );
  }
  if (known) return { values: known, inside: 0, noise: noise ?? (observed ? meanSquare(observed, known) : 0) };
  if (observed) return { values: observed, inside: noise ?? 0, noise: noise ?? 0 };
  throw new LanewiseError(
    "invalid-argument",
    `${where}: test.y or target must be given: the values that predictions are compared with.`,
  );
}

function decompose(predictions: readonly Float32Array[], { values, inside, noise }: Truth): BiasVariance {
  const repeats = predictions.length;
  const n = values.length;
  const means = new Float64Array(n);
  const deviations = new Float64Array(n);
  let [bias, variance, error] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const at = predictions.map((prediction) => prediction[i] as number);
    const mean = at.reduce((sum, value) => sum + value, 0) / repeats;
    const spread = at.reduce((sum, value) => sum + (value - mean) ** 2, 0) / repeats;
    means[i] = mean;
    deviations[i] = Math.sqrt(spread);
    bias += (mean - (values[i] as number)) ** 2 / n;
    variance += spread / n;
    error += at.reduce((sum, value) => sum + (value - (values[i] as number)) ** 2, 0) / repeats / n;
  }
  const parts = {
    biasSquared: bias - inside,
    variance,
    noise,
    meanSquaredError: error + noise - inside,
    means,
    deviations,
  };
  return withText(parts, () => {
    const { biasSquared, meanSquaredError } = parts;
    const rows = Object.entries({
      "bias squared": biasSquared,
      variance,
      noise,
      "mean squared error": meanSquaredError,
    });
    return textTable(
      rows.map(([name, value]) => [name, short(value)]),
      [1],
    ).join("\n");
  });
}

const checkers = {
  data: anything,
  sample: anyFunction,
  test: anything,
  target: anything,
  noise: nonNegative,
  repeats: positiveInteger,
  seed: seedValue,
  epochs: positiveInteger,
  batchSize: positiveInteger,
  signal: abortSignal,
};

/**
 * Trains `repeats` models on other examples of the same kind, and splits their mean squared error at the test inputs into
 * (mean prediction - target)^2 + the variance of the predictions + the variance of the noise (Geman, Bienenstock, Doursat 1992).
 * `target` holds the values without noise. Where only observed values are known the bias holds their noise, unless `noise` says how
 * much that is. Rejects with `shape-mismatch` where predictions and target are not as many.
 */
export async function biasVariance(
  create: CreateModel<Prediction>,
  options: BiasVarianceOptions,
): Promise<BiasVariance> {
  requireCreate(where, create);
  checkOptions(where, options, checkers, ["test"]);
  const { data, sample, test, repeats = 20, seed = 0, epochs = 10, batchSize = 32, signal } = options;
  if ((data === undefined) === (sample === undefined))
    throw new LanewiseError("invalid-argument", `${where}: give data or sample: one of them, not both.`);
  const truth = truthOf(test, options.target, options.noise);
  const given = { batchSize, ...(signal && { signal }) };
  const before = new WeakSet<object>();
  const predictions: Float32Array[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    signal?.throwIfAborted();
    const model = await freshModel(where, create, { seed: seed + repeat, repeat }, before);
    const random = createRandom(seed, SAMPLE_STREAM, repeat);
    const examples = sample ? sample(random, repeat) : bootstrap(model, data as Examples, random);
    if (repeat === 0) requireFits(await model.predict(test.x, given), truth);
    await model.fit(examples, { epochs, ...given });
    predictions.push((await model.predict(test.x, given)).data);
    model.dispose();
  }
  return decompose(predictions, truth);
}

/** As many examples as there are, drawn with replacement. */
function bootstrap(model: Model, data: Examples, random: RandomNumbers): Examples {
  const pool = examplePool(`${where}, data`, model, data);
  return pool.take(Uint32Array.from({ length: pool.count }, () => random.integer(pool.count)));
}

function requireFits(prediction: { readonly data?: Float32Array }, { values }: Truth): void {
  if (!prediction.data)
    throw new LanewiseError("unsupported", `${where}: models of several outputs are not supported.`);
  if (prediction.data.length === values.length) return;
  throw new LanewiseError(
    "shape-mismatch",
    `${where}: test.x gives ${prediction.data.length} predicted values, target (or test.y) has ${values.length}. They must be as many.`,
  );
}
