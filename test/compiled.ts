// Compiles a function on symbols for a machine of the test's choice, beside the library's default machine.

import type { Engine } from "../bindings/engine.ts";
import type { Machine } from "../bindings/machine.ts";
import { createMachine } from "../bindings/machine.ts";
import type { Compiled } from "../src/compile/compile.ts";
import { compile } from "../src/compile/compile.ts";
import type { Executable } from "../src/executable.ts";
import { atOnce, createExecutable } from "../src/executable.ts";
import type { DType, Tensor } from "../src/graph/graph.ts";
import { createTrace, makeInput, withTrace } from "../src/graph/trace.ts";
import type { Variable } from "../src/graph/variable.ts";
import type { Layer } from "../src/layers/layer.ts";
import { settleLooseLayers } from "../src/layers/layer.ts";
import { vocabulary } from "../src/ops/vocabulary.ts";

export type Numbers = Float32Array | Float64Array | Int32Array;

export interface InputType {
  readonly shape: readonly number[];
  readonly dtype?: DType;
}

export interface TraceOptions {
  readonly training?: boolean;
  readonly seed?: number;
}

export interface Traced {
  readonly compiled: Compiled;
  /** Variables of layers that the function called, in the order of their first call. */
  readonly variables: readonly Variable[];
}

/** Every stage of compilation, without a machine. */
export function trace(
  inputs: Readonly<Record<string, InputType>>,
  body: (x: Readonly<Record<string, Tensor>>) => readonly Tensor[],
  { training = false, seed = 0 }: TraceOptions = {},
): Traced {
  const recorded = createTrace(training);
  const symbols = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = "float32" }]) => [
      name,
      makeInput({ name, shape, dtype }, false),
    ]),
  );
  const outputs = withTrace(recorded, () => {
    const results = body(symbols);
    settleLooseLayers(recorded.layers, seed);
    return results;
  });
  const variables = (recorded.layers as Layer[]).flatMap((layer) => layer.variables);
  return { compiled: compile({ outputs, effects: recorded.effects }, vocabulary), variables };
}

export interface Runnable extends Traced {
  readonly executable: Executable;
  /** Runs step number `step` (of random numbers); copies of the outputs. */
  run(values: Readonly<Record<string, ArrayLike<number>>>, step?: number): Numbers[];
  dispose(): void;
}

/** The function as a program on one machine. */
export function compileOn(
  machine: Machine,
  inputs: Readonly<Record<string, InputType>>,
  body: (x: Readonly<Record<string, Tensor>>) => readonly Tensor[],
  options: TraceOptions = {},
): Runnable {
  const traced = trace(inputs, body, options);
  const executable = createExecutable(machine, traced.compiled);
  const { seed = 0 } = options;
  executable.prepare({ step: 0, epoch: 0, seed });
  return {
    ...traced,
    executable,
    run(values, step = 0) {
      executable.prepare({ step, epoch: 0, seed });
      for (const name of Object.keys(inputs)) executable.input(name)?.set(values[name] as ArrayLike<number>);
      executable.run(0, executable.length);
      if (executable.stopped) throw new Error(`stopped: ${atOnce(executable.findNonFinite())}`);
      executable.commit();
      return traced.compiled.listing.outputs.map((_, i) => executable.output(i).slice());
    },
    dispose: () => executable.dispose(),
  };
}

/** A machine of its own for each engine. */
export const machinesOf = (engines: readonly Engine[]): Machine[] => engines.map(createMachine);
