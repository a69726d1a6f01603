// What an op is: its shape, its gradient and its lowering, side by side. Shared passes ask these questions
// and never an op's name.

import type { KernelName, Operands } from "../../bindings/generated/kernels.ts";
import type { Tensor, TensorType } from "./graph.ts";
import type { Variable } from "./variable.ts";

export interface Op<A = unknown> {
  readonly name: string;
  /** Types of the outputs; throws a LanewiseError where the inputs do not fit. */
  infer(inputs: readonly Tensor[], attributes: A): readonly TensorType[];
  /**
   * Gradients with respect to the inputs, null where none flows. Absent: the op stops gradients.
   */
  gradient?(context: GradientContext<A>): readonly (Tensor | null)[];
  /** Emits the instructions. Absent for views. */
  lower?(context: LowerContext<A>): void;
  /** Output 0 is input 0 under another shape: no instruction, no bytes. */
  readonly view?: true;
  /** Inputs whose bytes output 0 may take over when nobody needs them any more. */
  readonly inPlace?: readonly number[] | ((attributes: A) => readonly number[]);
  /** The variables that output i is the new version of; such a node is an effect. */
  writes?(attributes: A): readonly Variable[];
  /** Stands before all effects and may end the program there. */
  readonly guard?: true;
  /** A variable's value when the program starts. */
  readonly source?: "variable" | "input" | "constant";
  /** Multiply-adds for model.summary(), where it has any to speak of. */
  multiplyAdds?(inputs: readonly TensorType[], outputs: readonly TensorType[], attributes: A): number;
  /** Calls itself again on other inputs: when a recorded model is traced for a batch size. Absent: apply with the same attributes. */
  replay?(inputs: readonly Tensor[], attributes: A, options: ReplayOptions): readonly Tensor[];
  /** Text of the attributes for explain. */
  describe?(attributes: A): string;
}

export interface ReplayOptions {
  readonly training: boolean;
  /** The batch size in the place of the unknown one. */
  readonly batch: number;
}

export interface GradientContext<A> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: A;
  /** Gradients with respect to the outputs; null where none arrived. */
  readonly upstream: readonly (Tensor | null)[];
  /** Whether anybody wants the gradient of this input. */
  wanted(input: number): boolean;
}

/** Bytes that an instruction names, before they have an address. */
export interface Buffer {
  readonly id: number;
  readonly label: string;
  readonly length: number;
  readonly dtype: "float32" | "int32";
  /** Where it lives. `temporary` ends up in the activation arena. */
  readonly place: "variable" | "data" | "constant" | "control" | "temporary";
  readonly variable?: Variable;
  readonly values?: Float32Array | Int32Array;
  readonly source?: ControlSource;
  /** Buffers whose bytes this one may take over. */
  readonly mayTake: Buffer[];
  /** The gradient of this variable, on its way to an update: placed like its variable. */
  gradientOf?: Variable;
}

export interface StepState {
  /** Steps of this program's owner before this one. */
  readonly step: number;
  readonly epoch: number;
  readonly seed: number;
}

/** What changes from step to step: the host writes it into the control block before the step. */
export interface ControlSource {
  readonly name: string;
  readonly length: number;
  readonly dtype: "float32" | "int32";
  /** Called before each step, and again where a step that failed is run again. */
  write(view: Float32Array | Float64Array | Int32Array, state: StepState): void;
  /** Called after a step whose effects happened. */
  committed?(): void;
  /** Makes what takes back all that committed counts from now on. */
  remember?(): () => void;
  /** True once another source has taken its place: programs that use it must be lowered again. */
  stale?: boolean;
}

export type LoweredOperand = number | Buffer | null;
type Lowered<K extends KernelName> = Operands<Buffer, Buffer>[K];

export interface LowerContext<A> {
  readonly attributes: A;
  readonly inputs: readonly Buffer[];
  readonly inputTypes: readonly TensorType[];
  readonly outputs: readonly Buffer[];
  readonly outputTypes: readonly TensorType[];
  /**
   * Adds an instruction. `advance` names the pointers that move with its size `n`, where the same work on
   * neighbouring ranges may become one instruction; `note` is for explain: why this kernel.
   */
  emit<K extends KernelName>(
    kernel: K,
    operands: Lowered<K>,
    options?: { readonly advance?: readonly string[]; readonly note?: string },
  ): void;
  temporary(length: number, dtype?: "float32" | "int32"): Buffer;
  /** The control words of a source; one source has one place in a program. */
  control(source: ControlSource): Buffer;
  constant(values: Float32Array | Int32Array): Buffer;
  /** Says that a buffer is the gradient of a variable, so that neighbours can be updated by one instruction. */
  markGradient(buffer: Buffer, variable: Variable): void;
}
