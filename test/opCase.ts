// A record of an op or a layer: its inputs, the function, how far results may be from a float64 computation.
// checkOp compares forward and gradient of the same program on an engine and in float64, and the float64
// gradient with a difference quotient along one random direction an input.

import type { Machine } from "../bindings/machine.ts";
import type { Tensor } from "../src/graph/graph.ts";
import type { Variable } from "../src/graph/variable.ts";
import { disposeVariable } from "../src/graph/variable.ts";
import type { Layer } from "../src/layers/layer.ts";
import { gradients } from "../src/ops/gradients.ts";
import { mul } from "../src/ops/pointwise.ts";
import { sizeOf } from "../src/shape.ts";
import type { InputType, Numbers } from "./compiled.ts";
import { compileOn } from "./compiled.ts";
import { ulpOf } from "./kernelCase.ts";
import { integers, normal, uniform } from "./values.ts";

/** An input: its type and the numbers it holds. */
export interface CaseInput extends InputType {
  readonly values: Float32Array | Int32Array;
}

/** ULP of the expected value; or a sum of K products: (4 sqrt K + 4) 2^-24 times the largest product. */
export type OpTolerance = { readonly ulp: number } | { readonly sum: number };

export interface OpCase {
  /** The export that it tests: "matmul" of ops, "dense" of layers, ... */
  readonly of: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  /** The function; a record of a layer has `layer` in its place, called with the inputs. */
  readonly call?: (x: Readonly<Record<string, Tensor>>) => Tensor;
  readonly layer?: () => Layer;
  readonly training?: boolean;
  /** By default 0 ULP: the float32 rounding of the float64 result. */
  readonly tolerance?: OpTolerance;
  /** Summands of each entry of the gradient; by default those of the tolerance, or 1. */
  readonly gradientSum?: number;
  /** Inputs that have a gradient; by default all float32 ones. Empty for ops that stop gradients. */
  readonly differentiable?: readonly string[];
}

let seeds = 1;

/** Numbers uniform in [low, high), none of them near 0 where the range goes over it. */
export function real(shape: readonly number[], low = -2, high = 2): CaseInput {
  const values = uniform(sizeOf(shape), seeds++, low, high);
  if (low < 0 && high > 0)
    values.forEach((x, i) => {
      values[i] = x < 0 ? x * 0.95 + 0.05 * low : x * 0.95 + 0.05 * high;
    });
  return { shape, values };
}

/** Numbers of about a standard normal distribution. */
export function bell(shape: readonly number[]): CaseInput {
  return { shape, values: normal(sizeOf(shape), seeds++) };
}

/** The numbers given. */
export function given(shape: readonly number[], values: readonly number[]): CaseInput {
  return { shape, values: Float32Array.from(values) };
}

/** int32 values from 0 to below `end`. */
export function below(shape: readonly number[], end: number): CaseInput {
  const next = integers(seeds++);
  return { shape, dtype: "int32", values: Int32Array.from({ length: sizeOf(shape) }, () => next() % end) };
}

/** Rows that sum to 1. */
export function distributions(rows: number, columns: number): CaseInput {
  const values = uniform(rows * columns, seeds++, 0.1, 1);
  for (let r = 0; r < rows; r++) {
    const row = values.subarray(r * columns, (r + 1) * columns);
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((x, i) => {
      row[i] = x / sum;
    });
  }
  return { shape: [rows, columns], values };
}

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 0);

const sumError = (k: number): number => (4 * Math.sqrt(k) + 4) * 2 ** -24;

/** The function of a record with layers of its own. */
function functionOf({ call, layer, inputs }: OpCase): (x: Readonly<Record<string, Tensor>>) => Tensor {
  if (call) return call;
  const made = (layer as () => Layer)();
  const names = Object.keys(inputs);
  return (x) => made(names.length === 1 ? (x[names[0] as string] as Tensor) : names.map((name) => x[name] as Tensor));
}

/** The same numbers as results of an instruction: inputs of a program are never overwritten, results may be. */
function computed(x: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(x).map(([name, tensor]) => [name, tensor.dtype === "int32" ? tensor : mul(tensor, 1)]),
  );
}

type Values = Record<string, ArrayLike<number>>;

interface Prepared {
  readonly wanted: readonly string[];
  /** Inputs, and parameters of layers by name. */
  readonly start: Readonly<Record<string, Numbers>>;
  readonly upstream: Float32Array;
  forward(values: Values): Numbers;
  /** The same with inputs whose bytes the results may take over. */
  forwardInPlace(values: Values): Numbers;
  /** y, then the gradient with respect to each of `wanted`; bytes of the inputs may be taken over. */
  backward(values: Values): Numbers[];
  dispose(): void;
}

/** Compiles a record for a machine: forward alone, and forward with gradients. */
function prepare(machine: Machine, record: OpCase): Prepared {
  const { inputs, training = false } = record;
  const body = functionOf(record);
  const options = { training, seed: 11 };
  const forward = compileOn(machine, inputs, (x) => [body(x)], options);
  const forwardInPlace = compileOn(machine, inputs, (x) => [body(computed(x))], options);
  const variables = new Map(forward.variables.map((variable) => [variable.name, variable]));
  const parameters = [...variables.values()].filter(({ role }) => role === "parameters");
  const outputType = forward.compiled.graph.outputs[0] as Tensor;
  const upstream = uniform(sizeOf(outputType.dims), 97, 0.5, 1.5).map((x, i) => (i % 3 === 1 ? -x : x));

  const differentiable =
    record.differentiable ?? Object.entries(inputs).flatMap(([name, { dtype }]) => (dtype === "int32" ? [] : [name]));
  const wanted = [...differentiable, ...parameters.map(({ name }) => name)];
  const xsOf = (x: Readonly<Record<string, Tensor>>): (Tensor | Variable)[] =>
    wanted.map((name) => x[name] ?? (variables.get(name) as Variable));
  const backward =
    outputType.dtype === "int32" || wanted.length === 0
      ? null
      : compileOn(
          machine,
          { ...inputs, "dy of the test": { shape: outputType.dims } },
          (x) => {
            const y = body(computed(x));
            return [y, ...gradients(y, xsOf(x), { upstream: x["dy of the test"] as Tensor })];
          },
          options,
        );

  const start: Record<string, Numbers> = Object.fromEntries(
    Object.entries(inputs).map(([name, { values }]) => [name, values]),
  );
  let seed = 1000;
  for (const [name, { role, shape }] of variables) {
    start[name] =
      role === "statistics" ? uniform(sizeOf(shape), seed++, 0.5, 1.5) : uniform(sizeOf(shape), seed++, -1, 1);
  }
  const write = (values: Values): void => {
    for (const [name, { state }] of variables) {
      if (state.storage) machine.values(state.storage).set(values[name] as ArrayLike<number>);
    }
  };
  return {
    wanted: backward ? wanted : [],
    start,
    upstream,
    forward(values) {
      write(values);
      return forward.run(values)[0] as Numbers;
    },
    forwardInPlace(values) {
      write(values);
      return forwardInPlace.run(values)[0] as Numbers;
    },
    backward(values) {
      write(values);
      return (backward as NonNullable<typeof backward>).run({ ...values, "dy of the test": upstream });
    },
    dispose() {
      forward.dispose();
      forwardInPlace.dispose();
      backward?.dispose();
      for (const variable of variables.values()) disposeVariable(variable);
    },
  };
}

/** Elements further off than allowed, at most three of them. */
function compare(what: string, got: Numbers, want: Numbers, allowed: (expected: number) => number): string[] {
  const problems: string[] = [];
  if (got.length !== want.length) return [`${what}: ${got.length} values, expected ${want.length}`];
  for (let i = 0; i < got.length && problems.length < 3; i++) {
    const g = got[i] as number;
    const w = want[i] as number;
    if (g === Math.fround(w) || (Number.isNaN(g) && Number.isNaN(w))) continue;
    const limit = allowed(w);
    if (Math.abs(g - w) <= limit) continue;
    problems.push(`${what}[${i}] is ${g}, expected ${w}: off by ${Math.abs(g - w)}, ${limit} allowed`);
  }
  return problems;
}

const STEP = 1e-5;

/** The float64 gradient against (f(x + h d) - f(x - h d)) / 2h for f = sum(y upstream), one direction d an input. */
function checkGradient(record: OpCase, exact: Prepared, found: readonly Numbers[]): string[] {
  return exact.wanted.flatMap((name, k) => {
    const x = exact.start[name] as Numbers;
    const direction = uniform(x.length, 500 + k, 0.5, 1).map((d, i) => (i % 2 ? -d : d));
    const along = (h: number): number => {
      const moved = Float64Array.from(x, (v, i) => v + h * (direction[i] as number));
      const y = exact.forward({ ...exact.start, [name]: moved });
      let sum = 0;
      y.forEach((v, i) => {
        sum += v * (exact.upstream[i] as number);
      });
      return sum;
    };
    const quotient = (along(STEP) - along(-STEP)) / (2 * STEP);
    let slope = 0;
    let scale = Math.abs(quotient);
    (found[k] as Numbers).forEach((g, i) => {
      slope += g * (direction[i] as number);
      scale += Math.abs(g * (direction[i] as number));
    });
    return Math.abs(slope - quotient) <= 1e-6 * scale + 1e-9
      ? []
      : [
          `${record.of} (${record.name}): gradient of ${name} along a direction is ${slope}, the difference quotient ${quotient}`,
        ];
  });
}

/** Problems found on a machine, none where the op is right. `oracle` is a machine in float64. */
export function checkOp(machine: Machine, oracle: Machine, record: OpCase, quotients: boolean): string[] {
  const what = `${machine.engine.kernels} ${record.of} (${record.name})`;
  const exact = prepare(oracle, record);
  const tested = prepare(machine, record);
  try {
    const { tolerance = { ulp: 0 } } = record;
    const product = Object.values(exact.start).reduce((p, values) => p * Math.max(1, largest(values)), 1);
    const allowed = (expected: number): number =>
      "ulp" in tolerance ? tolerance.ulp * ulpOf(expected) : sumError(tolerance.sum) * product;
    const problems = compare(`${what}: y`, tested.forward(exact.start), exact.forward(exact.start), allowed);
    const inPlace = tested.forwardInPlace(exact.start);
    problems.push(...compare(`${what}: y in place`, inPlace, exact.forward(exact.start), allowed));
    if (exact.wanted.length === 0) return problems;

    const [wantY, ...want] = exact.backward(exact.start) as [Numbers, ...Numbers[]];
    const [gotY, ...got] = tested.backward(exact.start) as [Numbers, ...Numbers[]];
    problems.push(...compare(`${what}: y beside gradients`, gotY, wantY, allowed));
    const k = record.gradientSum ?? ("sum" in tolerance ? tolerance.sum : 1);
    exact.wanted.forEach((name, i) => {
      const expected = want[i] as Numbers;
      const limit = sumError(k) * Math.max(largest(expected), largest(exact.upstream));
      problems.push(...compare(`${what}: gradient of ${name}`, got[i] as Numbers, expected, () => limit));
    });
    if (quotients) problems.push(...checkGradient(record, exact, want));
    return problems;
  } finally {
    exact.dispose();
    tested.dispose();
  }
}
