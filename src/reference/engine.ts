// The reference engine: the instructions of a program run by their twins, over float32 or float64 values.
// Loaded on demand: as oracle of the tests, for gradient checks, and where WebAssembly SIMD is missing.

import type { Chain, Engine, Floats, Instruction } from "../../bindings/engine.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import { twins } from "./twins.ts";

const BASE = 1024;
const BYTES_MAX = 2 ** 31;

type Step = () => boolean | void;

/** `precision` says what a float32 operand really holds. An address counts four bytes an element in both. */
export function openReference(precision: "float32" | "float64" = "float32"): Engine {
  let bytes = 1 << 16;
  let ints = new Int32Array(bytes / 4);
  let floats: Floats = precision === "float32" ? new Float32Array(ints.buffer) : new Float64Array(bytes / 4);
  const programs = new Map<number, Step[]>();
  let stopped = false;

  const bind = ({ kernel, operands }: Instruction): Step => {
    const bound: Record<string, unknown> = {};
    for (const { name, type, element, optional } of fieldsOf(kernel)) {
      const value = operands[name] ?? 0;
      if (type === "f32") bound[name] = precision === "float32" ? Math.fround(value) : value;
      else if (type !== "pointer") bound[name] = value;
      else if (value === 0 && optional) bound[name] = null;
      else bound[name] = (element === "f32" ? floats : ints).subarray(value / 4);
    }
    const twin = twins[kernel] as (operands: unknown) => boolean | void;
    return () => twin(bound);
  };

  let scratch = 0;
  const bindChain = ({ units, block, steps }: Chain): Step => {
    return () => {
      for (let first = 0; first < units; first += block) {
        const length = Math.min(block, units - first);
        for (const step of steps) {
          const operands: Record<string, number> = { ...step.operands, [step.size]: length * step.each };
          for (const [name, bytes] of Object.entries(step.moves))
            operands[name] = (operands[name] ?? 0) + bytes * first;
          for (const [name, offset] of Object.entries(step.slots)) operands[name] = scratch + offset;
          bind({ kernel: step.kernel, operands })();
        }
      }
    };
  };

  const self: Engine = {
    kernels: "reference",
    base: BASE,
    bytesMax: BYTES_MAX,
    get bytes() {
      return bytes;
    },
    grow(wanted) {
      if (wanted <= bytes) return true;
      if (wanted > BYTES_MAX) return false;
      const elements = Math.ceil(wanted / 4);
      try {
        const moreInts = new Int32Array(elements);
        const moreFloats = precision === "float32" ? new Float32Array(moreInts.buffer) : new Float64Array(elements);
        moreInts.set(ints);
        if (precision === "float64") moreFloats.set(floats);
        ints = moreInts;
        floats = moreFloats;
      } catch {
        return false;
      }
      bytes = elements * 4;
      return true;
    },
    float32: (address, length) => floats.subarray(address / 4, address / 4 + length),
    int32: (address, length) => ints.subarray(address / 4, address / 4 + length),
    complete: () => null,
    codeBytes: () => 16,
    encode(address, instructions) {
      let scratchBytes = 0;
      const steps = instructions.map((instruction) => {
        if (instruction.kernel !== "chain") return bind(instruction);
        scratchBytes = Math.max(scratchBytes, instruction.slotBytes);
        return bindChain(instruction);
      });
      programs.set(address, steps);
      return scratchBytes;
    },
    setScratch(address) {
      scratch = address;
    },
    get stopped() {
      return stopped;
    },
    staff: null,
    partsOf: () => 1,
    runPart: (address, index) => void self.run(address, index, index + 1),
    runAway: async (address, first, end) => self.run(address, first, end),
    run(address, first, end) {
      const steps = programs.get(address) as Step[];
      stopped = false;
      for (let i = first; i < end; i++) {
        stopped = (steps[i] as Step)() === true;
        if (stopped) return i + 1;
      }
      return end;
    },
  };
  return self;
}
