// Variables: named numbers that outlive programs. Their values lie in a machine's memory once one has
// placed them, and in JavaScript (or nowhere yet, only described) before that.

import { LanewiseError } from "../../bindings/errors.ts";
import type { Machine, Storage } from "../../bindings/machine.ts";
import type { NumericArray, Values } from "../data/arrays.ts";
import { flattenArray, newArray } from "../data/arrays.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sizeOf } from "../shape.ts";

/** A description of initial values, computed by a kernel when the variable is placed. */
export type InitialValues =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "normal" | "truncatedNormal"; readonly mean: number; readonly deviation: number }
  | { readonly kind: "data"; readonly data: Float32Array };

export type VariableRole = "parameters" | "statistics" | "slots";

/** Numbers that outlive programs: weights, statistics, slots, or a variable of one's own. */
export interface Variable {
  readonly kind: "variable";
  /** "conv2d_1/kernel"; names are settled when a model takes the layer. */
  name: string;
  readonly shape: Shape;
  readonly dtype: "float32";
  readonly role: VariableRole;
  /** Variables of one group lie side by side in memory; by default the role. */
  readonly group: string;
  /** Whether an optimizer may change it. */
  trainable: boolean;
  /** A copy of the values. Throws `not-ready` while random initial values are not drawn yet (`await init()`). */
  read(): { data: Float32Array; shape: number[] };
  /** Replaces the values: a typed array, `{ data, shape }` or nested numbers of the variable's shape. */
  write(values: Values): void;
  /** Where its values are, for the machinery below. */
  readonly state: VariableState;
}

export interface VariableState {
  initial: InitialValues;
  /** Key of its random initial values: a seed and a stream. */
  seed: number;
  stream: number;
  machine: Machine | null;
  storage: Storage | null;
  /** Places it with its model's other variables, where a machine is open. */
  place: (() => void) | null;
  disposed: boolean;
  /** Throws where programs may not read it yet, such as statistics that were never taken. */
  check: (() => void) | null;
}

let changes = 0;

/** Counts up whenever a layer or a variable becomes trainable or frozen: programs made before may not fit. */
export function trainableChanges(): number {
  return changes;
}

export function noteTrainableChange(): void {
  changes++;
}

/** Gives memory back when a variable was collected: the block goes with the last of its storages. */
const collected: FinalizationRegistry<{ machine: Machine; storage: Storage }> = new FinalizationRegistry(
  ({ machine, storage }) => machine.release(storage),
);

export function createVariable(
  shape: Shape,
  initial: InitialValues,
  options: { name: string; role?: VariableRole; group?: string; trainable?: boolean },
): Variable {
  const state: VariableState = {
    initial,
    seed: 0,
    stream: 0,
    machine: null,
    storage: null,
    place: null,
    disposed: false,
    check: null,
  };
  const where = () => `variable "${self.name}"`;
  const alive = () => {
    if (state.disposed) throw new LanewiseError("disposed", `${where()} belongs to a disposed model.`);
    if (state.machine?.busy) {
      throw new LanewiseError("busy", `${where()}: ${state.machine.busy} is running. Await it, or use a callback.`);
    }
  };
  let trainable = options.trainable ?? true;
  const self: Variable = {
    kind: "variable",
    name: options.name,
    shape: [...shape],
    dtype: "float32",
    role: options.role ?? "parameters",
    group: options.group ?? options.role ?? "parameters",
    get trainable() {
      return trainable;
    },
    set trainable(value) {
      trainable = value;
      noteTrainableChange();
    },
    state,
    read() {
      alive();
      if (!state.storage) state.place?.();
      const data = newArray(where(), "float32", sizeOf(shape)) as Float32Array;
      if (state.machine && state.storage) data.set(state.machine.values(state.storage));
      else if (state.initial.kind === "data") data.set(state.initial.data);
      else if (state.initial.kind === "constant") data.fill(state.initial.value);
      else {
        throw new LanewiseError(
          "not-ready",
          `${where()}: its random initial values are not drawn yet. Call \`await init()\` before reading weights of a model that has not run.`,
        );
      }
      return { data, shape: [...shape] };
    },
    write(values) {
      alive();
      const data = checkedValues(where(), values, shape);
      if (state.machine && state.storage) state.machine.values(state.storage).set(data);
      else state.initial = { kind: "data", data: Float32Array.from(data) };
    },
  };
  return self;
}

/** Hands the values of a variable to a machine's storage; when the variable is collected the storage is released. */
export function adoptStorage(variable: Variable, machine: Machine, storage: Storage): void {
  variable.state.machine = machine;
  variable.state.storage = storage;
  collected.register(variable, { machine, storage }, storage);
}

/** Undoes adoptStorage. */
export function giveBackStorage(variable: Variable): void {
  const { machine, storage } = variable.state;
  if (!machine || !storage) return;
  collected.unregister(storage);
  machine.release(storage);
  variable.state.storage = null;
}

/** Gives the memory of a variable back at once. */
export function disposeVariable(variable: Variable): void {
  variable.state.disposed = true;
  giveBackStorage(variable);
}

function checkedValues(where: string, values: Values, shape: Shape): NumericArray {
  const { data, shape: given } = flattenArray(where, values);
  const fits =
    given === null
      ? data.length === sizeOf(shape)
      : given.length === shape.length && given.every((n, i) => n === shape[i]);
  if (!fits) {
    const came = given === null ? `${data.length} numbers` : formatShape(given);
    throw new LanewiseError("shape-mismatch", `${where}: values must have shape ${formatShape(shape)}, got ${came}.`);
  }
  return data;
}

export function isVariable(value: unknown): value is Variable {
  return typeof value === "object" && value !== null && (value as Variable).kind === "variable";
}
