// lower: ordered nodes -> instructions over buffers that have no address yet. Which operands an instruction
// reads and writes stands in the kernel's layout, so everything after this stage knows instructions only.

import type { Blocked, ChainOf } from "../../bindings/engine.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import { LanewiseError } from "../../bindings/errors.ts";
import type { KernelName } from "../../bindings/generated/kernels.ts";
import type { Tensor } from "../graph/graph.ts";
import type { Buffer, ControlSource, LoweredOperand } from "../graph/op.ts";
import type { Variable } from "../graph/variable.ts";
import { sizeOf } from "../shape.ts";
import type { Schedule } from "./schedule.ts";

export interface VirtualInstruction {
  readonly kernel: KernelName;
  readonly operands: Readonly<Record<string, LoweredOperand>>;
  /** Pointers that advance with n: instructions over neighbouring ranges may become one. */
  readonly advance?: readonly string[];
  /** The node it came from: "conv2d_1/conv2d". */
  readonly label: string;
  /** Why this kernel, where there was a choice. */
  readonly note?: string;
  /** Of the node it came from, where those are its work. */
  readonly multiplyAdds?: number;
}

/** Instructions that run block by block. */
export interface VirtualChain extends ChainOf<VirtualInstruction> {
  readonly label: string;
  /** Bytes that its steps move to and from memory where each stands alone, and as a chain. */
  readonly bytes: { readonly apart: number; readonly chained: number };
}

export interface Listing {
  readonly instructions: readonly (VirtualInstruction | VirtualChain)[];
  readonly buffers: readonly Buffer[];
  /** The buffer of each output of the program. */
  readonly outputs: readonly Buffer[];
  /** The buffers of inputs by name. */
  readonly inputs: ReadonlyMap<string, Buffer>;
  /** Variables in the order in which neighbours are wanted: effects first, as recorded. */
  readonly variables: readonly Variable[];
  /** Index of the first instruction that writes a variable. */
  readonly effectsFrom: number;
  /** Index after the last guard. */
  readonly guardsUntil: number;
  /** Variables that effects write. */
  readonly written: readonly Variable[];
}

/** 4 GiB of four-byte numbers; also keeps every size that an instruction counts within int32. */
const LENGTH_MAX = 2 ** 30;

export function lower({ order, outputs }: Schedule): Listing {
  const instructions: VirtualInstruction[] = [];
  const buffers: Buffer[] = [];
  const byTensor = new Map<Tensor, Buffer>();
  const byVariable = new Map<Variable, Buffer>();
  const bySource = new Map<ControlSource, Buffer>();
  const inputs = new Map<string, Buffer>();

  const makeBuffer = (parts: Omit<Buffer, "id" | "mayTake">): Buffer => {
    if (!(parts.length <= LENGTH_MAX)) {
      throw new LanewiseError(
        "out-of-memory",
        `${parts.label}: ${parts.length} numbers are wanted, more than the ${LENGTH_MAX} that a WebAssembly memory can hold. Use a smaller batch or model.`,
      );
    }
    const buffer: Buffer = { id: buffers.length, mayTake: [], ...parts };
    buffers.push(buffer);
    return buffer;
  };
  const variableBuffer = (variable: Variable): Buffer => {
    let buffer = byVariable.get(variable);
    if (!buffer) {
      buffer = makeBuffer({
        label: variable.name,
        length: sizeOf(variable.shape),
        dtype: "float32",
        place: "variable",
        variable,
      });
      byVariable.set(variable, buffer);
    }
    return buffer;
  };
  const bufferOf = (tensor: Tensor): Buffer => byTensor.get(tensor) as Buffer;

  // variables are placed in the order of the effects, so that an optimizer finds neighbours
  for (const node of order) for (const variable of node.op.writes?.(node.attributes) ?? []) variableBuffer(variable);
  for (const node of order) if (node.op.source === "variable") variableBuffer(node.attributes as Variable);

  let effectsFrom = Number.POSITIVE_INFINITY;
  let guardsUntil = 0;
  for (const node of order) {
    const { op, attributes } = node;
    const label = node.scope ? `${node.scope}/${op.name}` : op.name;
    if (op.source === "variable") {
      byTensor.set(node.outputs[0] as Tensor, variableBuffer(attributes as Variable));
      continue;
    }
    if (op.source === "input") {
      const { name } = attributes as { name: string };
      const tensor = node.outputs[0] as Tensor;
      const buffer = makeBuffer({ label: name, length: sizeOf(tensor.dims), dtype: tensor.dtype, place: "data" });
      inputs.set(name, buffer);
      byTensor.set(tensor, buffer);
      continue;
    }
    if (op.source === "constant") {
      const { values } = attributes as { values: Float32Array | Int32Array };
      const dtype = values instanceof Int32Array ? "int32" : "float32";
      byTensor.set(
        node.outputs[0] as Tensor,
        makeBuffer({ label, length: values.length, dtype, place: "constant", values }),
      );
      continue;
    }
    if (op.view) {
      byTensor.set(node.outputs[0] as Tensor, bufferOf(node.inputs[0] as Tensor));
      continue;
    }
    const written = op.writes?.(attributes) ?? [];
    if (written.length > 0) effectsFrom = Math.min(effectsFrom, instructions.length);
    node.outputs.forEach((tensor, i) => {
      const variable = written[i];
      const buffer = variable
        ? variableBuffer(variable)
        : makeBuffer({ label, length: sizeOf(tensor.dims), dtype: tensor.dtype, place: "temporary" });
      byTensor.set(tensor, buffer);
    });
    if (op.inPlace && !written.length) {
      const output = bufferOf(node.outputs[0] as Tensor);
      for (const i of typeof op.inPlace === "function" ? op.inPlace(attributes) : op.inPlace) {
        const input = node.inputs[i] as Tensor;
        if (bufferOf(input).length === output.length) output.mayTake.push(bufferOf(input));
      }
    }
    const inputTypes = node.inputs.map((t) => ({ shape: t.dims, dtype: t.dtype }));
    const outputTypes = node.outputs.map((t) => ({ shape: t.dims, dtype: t.dtype }));
    const multiplyAdds = op.multiplyAdds?.(inputTypes, outputTypes, attributes);
    op.lower?.({
      attributes,
      inputs: node.inputs.map(bufferOf),
      inputTypes,
      outputs: node.outputs.map(bufferOf),
      outputTypes,
      emit(kernel, operands, { advance, note } = {}) {
        const why = { ...(advance && { advance }), ...(note && { note }), ...(multiplyAdds && { multiplyAdds }) };
        instructions.push({ kernel, operands: operands as Record<string, LoweredOperand>, label, ...why });
      },
      temporary: (length, dtype = "float32") =>
        makeBuffer({ label: `${label} temporary`, length, dtype, place: "temporary" }),
      control(source) {
        let buffer = bySource.get(source);
        if (!buffer) {
          buffer = makeBuffer({
            label: source.name,
            length: source.length,
            dtype: source.dtype,
            place: "control",
            source,
          });
          bySource.set(source, buffer);
        }
        return buffer;
      },
      constant(values) {
        const dtype = values instanceof Int32Array ? "int32" : "float32";
        return makeBuffer({ label: `${label} constant`, length: values.length, dtype, place: "constant", values });
      },
      markGradient(buffer, variable) {
        if (buffer.place === "temporary" && !buffer.gradientOf) buffer.gradientOf = variable;
      },
    });
    if (op.guard) guardsUntil = instructions.length;
  }
  return {
    instructions,
    buffers,
    outputs: outputs.map(bufferOf),
    inputs,
    variables: [...byVariable.keys()],
    effectsFrom: Math.min(effectsFrom, instructions.length),
    guardsUntil,
    written: [...new Set(order.flatMap(({ op, attributes }) => op.writes?.(attributes) ?? []))],
  };
}

/** The instruction itself, or the steps of a chain. */
export function stepsOf(instruction: VirtualInstruction | VirtualChain): readonly VirtualInstruction[] {
  return instruction.kernel === "chain" ? instruction.steps : [instruction];
}

/** The buffers that an instruction reads and writes, without those that live within a chain. */
export function accesses(instruction: VirtualInstruction | VirtualChain): { reads: Buffer[]; writes: Buffer[] } {
  const reads: Buffer[] = [];
  const writes: Buffer[] = [];
  for (const step of stepsOf(instruction)) {
    const { kernel, operands, slots }: VirtualInstruction & Partial<Blocked> = step;
    for (const field of fieldsOf(kernel)) {
      const operand = operands[field.name];
      if (operand === null || typeof operand !== "object" || slots?.[field.name] !== undefined) continue;
      if (field.reads) reads.push(operand);
      if (field.writes) writes.push(operand);
    }
  }
  return { reads, writes };
}
