// What a twin is: the same instruction as a kernel of assembly/, in plain TypeScript, written for the reader.
// Arrays begin at the operand's address and may reach beyond what the instruction uses.

import type { Floats } from "../../bindings/engine.ts";
import type { KernelName, Operands } from "../../bindings/generated/kernels.ts";

/** Returns true where the program must end after this instruction. */
export type Twin<K extends KernelName> = (operands: Operands<Floats, Int32Array>[K]) => boolean | void;
