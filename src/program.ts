// program(): a step of one's own, compiled from a function on symbolic tensors.

import { LanewiseError } from "../bindings/errors.ts";
import {
  anyFunction,
  bool,
  checkOptions,
  invalid,
  isRecord,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
  seedValue,
} from "./check.ts";
import { compile } from "./compile/compile.ts";
import type { Stage } from "./compile/explain.ts";
import { explain, stages } from "./compile/explain.ts";
import type { Values } from "./data/arrays.ts";
import { flattenArray, newArray } from "./data/arrays.ts";
import { requireIntegers } from "./data/feed.ts";
import type { Executable } from "./executable.ts";
import { atOnce, createExecutable } from "./executable.ts";
import type { Tensor } from "./graph/graph.ts";
import { isTensor } from "./graph/graph.ts";
import { createTrace, makeInput, toTensor, withTrace } from "./graph/trace.ts";
import type { Variable } from "./graph/variable.ts";
import { isVariable } from "./graph/variable.ts";
import { settleLooseLayers } from "./layers/layer.ts";
import { defaultMachine, requireIdle } from "./machine.ts";
import { vocabulary } from "./ops/vocabulary.ts";
import { formatShape, sizeOf } from "./shape.ts";

/** A shape (float32), or shape and type. `null` as the first size takes any batch size. */
export type InputSpec =
  | readonly (number | null)[]
  | { readonly shape: readonly (number | null)[]; readonly dtype?: "float32" | "int32" };

/** An output of a step, overwritten by its next call with the same sizes. */
export interface StepOutput {
  readonly data: Float32Array | Int32Array;
  readonly shape: number[];
}

type Result = Tensor | Variable;

/** Options of `program`. */
export interface ProgramOptions {
  /** Whether layers behave as in training (dropout, batch statistics). By default false. */
  readonly training?: boolean;
  /** Of dropout and of layers that belong to no model. By default 0. */
  readonly seed?: number;
}

/**
 * Runs one step. Outputs are overwritten by the next call with the same sizes and by nothing else.
 * `epoch` is what schedules are told. Throws `busy` while a step of a model is in flight, `shape-mismatch`,
 * `dtype-mismatch` or `invalid-argument` for inputs that do not fit, `non-finite` where a loss to be minimised
 * is not finite: then nothing has changed.
 */
export interface Step<I extends string, O extends string> {
  (inputs: Readonly<Record<I, Values>>, options?: { readonly epoch?: number }): Readonly<Record<O, StepOutput>>;
  /** The graph, plan or program of a batch size (1 by default), as text. */
  explain(stage: Stage, options?: { batchSize?: number }): string;
  /** Gives the program's memory back; variables stay. */
  dispose(): void;
}

interface Input {
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: "float32" | "int32";
  /** Elements of one example, or of the whole input where no size is free. */
  readonly elements: number;
}

function checkSignature(signature: unknown): Input[] {
  if (!isRecord(signature)) throw invalid("program", "signature", "an object of input shapes by name", signature);
  return Object.entries(signature).map(([name, spec]: [string, unknown]) => {
    const where = `program, input "${name}"`;
    const given = Array.isArray(spec) ? { shape: spec } : spec;
    checkOptions(where, given, { shape: (v) => v, dtype: (v) => v }, ["shape"]);
    const { shape, dtype = "float32" } = given as { shape: unknown; dtype?: unknown };
    const isSize = (n: unknown, axis: number) =>
      (n === null && axis === 0) || (Number.isInteger(n) && (n as number) >= 1 && (n as number) < 2 ** 31);
    if (!Array.isArray(shape) || !shape.every(isSize)) {
      throw invalid(where, "shape", "an array of positive integers, the first possibly null", shape);
    }
    if (dtype !== "float32" && dtype !== "int32") throw invalid(where, "dtype", '"float32" or "int32"', dtype);
    return { name, shape: [...shape], dtype, elements: sizeOf(shape.map((n: number | null) => n ?? 1)) };
  });
}

interface CompiledStep<O extends string> {
  readonly executable: Executable;
  readonly outputs: Readonly<Record<O, StepOutput>>;
  readonly order: readonly StepOutput[];
}

/**
 * Compiles a function on symbolic tensors into a step: forward, backward and updates together. Layers,
 * variables and optimizers are created outside the function.
 *
 * `signature` gives the shape of each input, float32 unless said otherwise; `null` as the first size means any
 * batch size, a program each, cached. The function returns a record of tensors (or nothing). Rejects with a
 * LanewiseError for a wrong signature, and with what the function throws.
 */
export async function program<I extends string, O extends string = never>(
  signature: Readonly<Record<I, InputSpec>>,
  body: (inputs: Readonly<Record<I, Tensor>>) => Readonly<Record<O, Result>> | void,
  options: ProgramOptions = {},
): Promise<Step<I, O>> {
  const inputs = checkSignature(signature);
  anyFunction(body, "body", "program");
  checkOptions("program", options, { training: bool, seed: seedValue });
  const { training = false, seed = 0 } = options;
  const machine = await defaultMachine();
  await machine.engine.complete(); // a step compiles for sizes that come later, and does not wait

  const cache = new Map<string, CompiledStep<O>>();
  const state = { step: 0, epoch: 0, seed };
  let disposed = false;

  const traceFor = (
    batches: readonly number[],
  ): { names: string[]; outputs: Tensor[]; compiled: ReturnType<typeof compile> } => {
    const trace = createTrace(training);
    const symbols = Object.fromEntries(
      inputs.map((input, i) => {
        const shape = input.shape.map((n) => n ?? (batches[i] as number));
        return [input.name, makeInput({ name: input.name, shape, dtype: input.dtype }, false)];
      }),
    ) as Record<I, Tensor>;
    const results = withTrace(trace, () => {
      const returned: unknown = body(symbols);
      settleLooseLayers(trace.layers, seed);
      return namedResults(returned);
    });
    const outputs = results.map(([, tensor]) => tensor);
    return {
      names: results.map(([name]) => name),
      outputs,
      compiled: compile({ outputs, effects: trace.effects }, vocabulary),
    };
  };

  const compileFor = (batches: readonly number[]): CompiledStep<O> => {
    const { names, outputs, compiled } = traceFor(batches);
    const order = outputs.map((tensor) => ({
      data: newArray("program", tensor.dtype, sizeOf(tensor.dims)),
      shape: [...tensor.dims],
    }));
    const record = Object.fromEntries(names.map((name, i) => [name, order[i] as StepOutput])) as Record<O, StepOutput>;
    return { executable: createExecutable(machine, compiled), outputs: record, order };
  };

  const sizes = inputs.map(() => 0);
  const step = (values: Readonly<Record<I, Values>>, stepOptions?: { readonly epoch?: number }) => {
    if (disposed) throw new LanewiseError("disposed", "step: this program was disposed of.");
    requireIdle(machine, "step");
    if (stepOptions !== undefined) checkOptions("step", stepOptions, { epoch: nonNegativeInteger });
    const arrays = checkInputs(inputs, values, sizes);
    const key = sizes.join();
    let compiled = cache.get(key);
    if (!compiled) {
      compiled = compileFor(sizes);
      cache.set(key, compiled);
    }
    const { executable, outputs, order } = compiled;
    state.epoch = stepOptions?.epoch ?? 0;
    executable.prepare(state);
    for (let i = 0; i < inputs.length; i++) {
      const view = executable.input((inputs[i] as Input).name);
      const data = arrays[i] as NonNullable<(typeof arrays)[number]>;
      view?.set(data);
    }
    while (executable.run(0, executable.length) === 0 && executable.length > 0); // a thread was lost: again
    if (executable.stopped) {
      throw new LanewiseError(
        "non-finite",
        `step ${state.step}: the loss, or the norm of the gradients, is not finite; nothing was changed. The first tensor that is not finite is ${atOnce(executable.findNonFinite())}.`,
      );
    }
    executable.commit();
    state.step++;
    for (let i = 0; i < order.length; i++) (order[i] as { data: Float32Array }).data.set(executable.output(i));
    return outputs;
  };

  if (inputs.every(({ shape }) => shape[0] !== null)) cache.set(sizes.join(), compileFor(sizes));

  return Object.assign(step, {
    explain(stage: Stage, explainOptions: { batchSize?: number } = {}): string {
      oneOf(...stages)(stage, "stage", "step.explain");
      checkOptions("step.explain", explainOptions, { batchSize: positiveInteger });
      const batch = explainOptions.batchSize ?? 1;
      const batches = inputs.map(({ shape }) => (shape[0] === null ? batch : 0));
      return explain(cache.get(batches.join())?.executable.compiled ?? traceFor(batches).compiled, stage);
    },
    dispose() {
      requireIdle(machine, "step.dispose");
      disposed = true;
      for (const { executable } of cache.values()) executable.dispose();
      cache.clear();
    },
  });
}

function namedResults(returned: unknown): [name: string, tensor: Tensor][] {
  if (returned === undefined || returned === null) return [];
  if (typeof returned !== "object" || isTensor(returned) || isVariable(returned) || Array.isArray(returned)) {
    throw invalid("program", "what the function returns", "a record of tensors by name, e.g. { loss }", returned);
  }
  return Object.entries(returned).map(([name, value]) => {
    if (!isTensor(value) && !isVariable(value)) throw invalid("program", `output "${name}"`, "a tensor", value);
    return [name, toTensor("program", value, name)];
  });
}

/** Checks the inputs of a step and notes batch sizes; returns the numbers of each. */
function checkInputs(inputs: readonly Input[], values: unknown, sizes: number[]) {
  if (typeof values !== "object" || values === null)
    throw invalid("step", "inputs", "an object of arrays by name", values);
  const given = values as Readonly<Record<string, unknown>>;
  let known = 0;
  const arrays = inputs.map(({ name, shape, dtype, elements }, i) => {
    const where = `step, input "${name}"`;
    if (!Object.hasOwn(given, name)) throw new LanewiseError("invalid-argument", `${where} is missing.`);
    known++;
    const array = flattenArray(where, given[name]);
    const free = shape[0] === null;
    const batch = free ? (array.shape ? (array.shape[0] ?? 0) : array.data.length / elements) : 0;
    if (free && batch === 0) throw new LanewiseError("empty-data", `${where} is empty.`);
    const fits = array.shape
      ? array.shape.length === shape.length && shape.every((n, axis) => n === null || n === array.shape?.[axis])
      : array.data.length === elements * (free ? batch : 1) && Number.isInteger(batch);
    if (!fits) {
      const came = array.shape ? formatShape(array.shape) : `${array.data.length} numbers`;
      throw new LanewiseError("shape-mismatch", `${where}: expected shape ${formatShape(shape)}, got ${came}.`);
    }
    if (dtype === "int32") requireIntegers(where, array.data);
    sizes[i] = batch;
    return array.data;
  });
  if (Object.keys(given).length !== known) {
    const extra = Object.keys(given).find((name) => !inputs.some((input) => input.name === name));
    throw new LanewiseError(
      "invalid-argument",
      `step: there is no input "${extra}". Inputs: ${inputs.map(({ name }) => name).join(", ") || "none"}.`,
    );
  }
  return arrays;
}
