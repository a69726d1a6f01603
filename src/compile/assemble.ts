// assemble: instructions over buffers + places -> a program for a machine. Instructions that do the same to
// neighbouring ranges become one: an optimizer's update of all variables is a few passes, or a single one.

import { roundUp } from "../../bindings/allocator.ts";
import type { Share } from "../../bindings/engine.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import type { Program, Region, Storage, UnlinkedChain, UnlinkedInstruction } from "../../bindings/machine.ts";
import type { Buffer } from "../graph/op.ts";
import type { Variable } from "../graph/variable.ts";
import { sizeOf } from "../shape.ts";
import type { Listing, VirtualInstruction } from "./lower.ts";
import type { Plan } from "./plan.ts";
import type { ThreadCosts, WorkEstimate } from "./threads.ts";
import { sharesOf, together, usualThreadCosts, workOf } from "./threads.ts";

type Operand = number | Region | Storage | null;

const isPlace = (operand: Operand | undefined): operand is Region | Storage =>
  typeof operand === "object" && operand !== null;

const startOf = (place: Region | Storage): number => ("address" in place ? place.address : place.offset);
const areaOf = (place: Region | Storage): unknown => ("address" in place ? place.block : place.role);

interface Run {
  first: UnlinkedInstruction;
  last: UnlinkedInstruction;
  readonly advance: readonly string[];
  /** Where the merged instruction stands. */
  readonly index: number;
}

/** Whether b's ranges follow a's directly (up to the padding to 16 bytes), by the same distance for all of them. */
function follows(a: UnlinkedInstruction, b: UnlinkedInstruction, advance: readonly string[]): boolean {
  if (a.kernel !== b.kernel) return false;
  const distance = Math.ceil((a.operands.n as number) / 4) * 16;
  return fieldsOf(a.kernel).every(({ name }) => {
    const x = a.operands[name] ?? null;
    const y = b.operands[name] ?? null;
    if (name === "n") return true;
    if (!isPlace(x) || !isPlace(y)) return x === y;
    return areaOf(x) === areaOf(y) && startOf(y) - startOf(x) === (advance.includes(name) ? distance : 0);
  });
}

export interface Assembled extends Program {
  /** For each instruction, the indices of the listing's instructions it stands for. */
  readonly origins: readonly (readonly number[])[];
  /** Index of the first instruction that writes a variable. */
  readonly effectsFrom: number;
  /** Index after the last guard. */
  readonly guardsUntil: number;
}

/** Where variables lie: in a machine, or, for reading a program that no machine has, as one would place them. */
export type StorageOf = (variable: Variable) => Storage;

/** Each group of variables one behind the other in a block of its own, as a machine places fresh ones. */
export function storageOfGroups(variables: readonly Variable[]): StorageOf {
  const blocks = new Map<string, { block: NonNullable<Storage["block"]>; bytes: number }>();
  const storages = new Map<Variable, Storage>();
  for (const variable of variables) {
    let group = blocks.get(variable.group);
    if (!group) {
      group = { block: { address: 0, bytes: 0, live: 0 }, bytes: 0 };
      blocks.set(variable.group, group);
    }
    const length = sizeOf(variable.shape);
    storages.set(variable, { address: group.bytes, length, block: group.block });
    group.bytes += roundUp(length * 4, 16);
  }
  return (variable) => storages.get(variable) as Storage;
}

const storageInMachine: StorageOf = (variable) => variable.state.storage as Storage;

export function assemble(
  listing: Listing,
  { regions, arenas }: Plan,
  storageOf: StorageOf = storageInMachine,
  costs: ThreadCosts = usualThreadCosts,
): Assembled {
  // what lives within a chain has no place
  const place = (buffer: Buffer): Region | Storage | null =>
    buffer.variable ? storageOf(buffer.variable) : (regions.get(buffer) ?? null);
  const placed = <I extends VirtualInstruction>(instruction: I): I & UnlinkedInstruction => {
    const operands: Record<string, Operand> = {};
    for (const [name, operand] of Object.entries(instruction.operands)) {
      operands[name] = typeof operand === "object" && operand !== null ? place(operand) : (operand ?? null);
    }
    return { ...instruction, operands };
  };
  const instructions: (UnlinkedInstruction | UnlinkedChain)[] = [];
  const origins: number[][] = [];
  const works: WorkEstimate[] = [];
  let run: Run | null = null;
  let effectsFrom = Number.POSITIVE_INFINITY;
  let guardsUntil = 0;
  for (const [i, instruction] of listing.instructions.entries()) {
    const work = workOf(instruction, costs);
    if (i >= listing.effectsFrom) effectsFrom = Math.min(effectsFrom, instructions.length);
    if (i < listing.guardsUntil) guardsUntil = instructions.length + 1;
    if (instruction.kernel === "chain") {
      run = null;
      instructions.push({ ...instruction, steps: instruction.steps.map(placed) });
      origins.push([i]);
      works.push(work);
      continue;
    }
    const next = placed(instruction);
    const { advance } = instruction;
    const smaller = run ? Math.min((works[run.index] as WorkEstimate).nanoseconds, work.nanoseconds) : 0;
    if (run && advance && smaller <= costs.apart && follows(run.last, next, run.advance)) {
      const [name] = advance as [string];
      const distance = startOf(next.operands[name] as Storage) - startOf(run.first.operands[name] as Storage);
      const n = distance / 4 + (next.operands.n as number);
      instructions[run.index] = { kernel: next.kernel, operands: { ...run.first.operands, n } };
      (origins[run.index] as number[]).push(i);
      works[run.index] = together(works[run.index] as WorkEstimate, work);
      run.last = next;
      continue;
    }
    run = advance ? { first: next, last: next, advance, index: instructions.length } : null;
    instructions.push(next);
    origins.push([i]);
    works.push(work);
  }
  const shares = sharesOf(works, costs);
  const shared = instructions.map((instruction, i) => ({ ...instruction, share: shares[i] as Share }));
  return {
    instructions: shared,
    arenas,
    origins,
    effectsFrom: Math.min(effectsFrom, instructions.length),
    guardsUntil,
  };
}
