// Programs in float64 on the reference engine, beside the default machine: for gradientCheck. Variables are inputs there, so
// that those of a model are only read.

import type { Machine } from "../../bindings/machine.ts";
import { createMachine } from "../../bindings/machine.ts";
import { compile, lowerAndPlan } from "../compile/compile.ts";
import type { Executable } from "../executable.ts";
import { createExecutable } from "../executable.ts";
import type { Tensor } from "../graph/graph.ts";
import type { InputAttributes, Watch } from "../graph/trace.ts";
import { createTrace, makeInput, withTrace } from "../graph/trace.ts";
import type { Variable } from "../graph/variable.ts";
import { vocabulary } from "../ops/vocabulary.ts";
import { sizeOf } from "../shape.ts";
import type { Slices } from "./queue.ts";
import { isShort, runSliced, runWhole } from "./queue.ts";

export async function openExactMachine(): Promise<Machine> {
  const { openReference } = await import("../reference/engine.ts");
  return createMachine(openReference("float64"));
}

export interface ExactProgram {
  readonly executable: Executable;
  /** Where an input is written; numbers of its own where the program does not read it. */
  input(name: string, length: number): Float64Array;
  output(index: number): Float64Array;
  /** Null where it is done. */
  run(): Promise<void> | null;
}

const variableName = (i: number): string => `variable ${i}`;

/** A function on symbols as a program without effects. Reads of `variables` are inputs, by `readVariables`. */
export function exactProgram(
  machine: Machine,
  variables: readonly Variable[],
  state: { step: number; epoch: number; seed: number },
  slices: Slices,
  body: () => readonly Tensor[],
  watch?: Watch,
): ExactProgram {
  const trace = createTrace(true, watch);
  for (const [i, { shape }] of variables.entries()) {
    const attributes: InputAttributes = { name: variableName(i), shape, dtype: "float32" };
    trace.versions.set(variables[i] as Variable, makeInput(attributes, false));
  }
  // what variables would become is left out; chains would be bound anew in each run
  const compiled = compile({ outputs: withTrace(trace, body), effects: [] }, vocabulary);
  const executable = createExecutable(machine, { ...compiled, ...lowerAndPlan(compiled.schedule, null) });
  executable.prepare(state);
  const unread = new Map<string, Float64Array>();
  return {
    executable,
    input(name, length) {
      const view = (executable.input(name) ?? unread.get(name)) as Float64Array | undefined;
      if (view) return view;
      const made = new Float64Array(length);
      unread.set(name, made);
      return made;
    },
    output: (index) => executable.output(index) as Float64Array,
    run() {
      if (isShort(executable)) {
        runWhole(executable, 0, executable.length);
        return null;
      }
      return runSliced(executable, "gradientCheck", slices, 0, executable.length, null).then(() => undefined);
    },
  };
}

/** Multiply-adds of one run, roughly: an element of a result counts as four. */
export function workOf({ executable }: ExactProgram): number {
  let work = 1;
  for (const { op, inputs, outputs, attributes } of executable.compiled.schedule.order) {
    const typesOf = (tensors: readonly Tensor[]) => tensors.map(({ dims, dtype }) => ({ shape: dims, dtype }));
    const elements = outputs.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
    work += 4 * elements + (op.multiplyAdds?.(typesOf(inputs), typesOf(outputs), attributes) ?? 0);
  }
  return work;
}

/** Writes what variables held into a program that takes them as inputs. */
export function writeVariables(
  program: ExactProgram,
  variables: readonly Variable[],
  values: ReadonlyMap<Variable, Float32Array>,
): void {
  for (const [i, variable] of variables.entries())
    program.executable.input(variableName(i))?.set(values.get(variable) as Float32Array);
}

/** Where a program reads the variable at a place of the list. */
export function variableView(program: ExactProgram, variables: readonly Variable[], variable: Variable): Float64Array {
  const i = variables.indexOf(variable);
  return program.input(variableName(i), sizeOf(variable.shape));
}
