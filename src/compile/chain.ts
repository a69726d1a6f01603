// chain: neighbouring instructions over the same units become one, which runs them block by block, so that what one
// leaves for the next stays in the cache and memory is crossed once. What nobody else reads needs no place at all.

import { roundUp } from "../../bindings/allocator.ts";
import type { Blocked, ChainOf } from "../../bindings/engine.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import type { Buffer, LoweredOperand } from "../graph/op.ts";
import type { Listing, VirtualChain, VirtualInstruction } from "./lower.ts";
import { lifetimesOf } from "./plan.ts";

/** Elements of a block: a few of them beside each other are in the first cache, and a call is short against one. */
const g = globalThis as { BLOCK?: number };
/** What calling a kernel costs, in bytes that could have been moved meanwhile. */
const CALL_BYTES = 512;

/** How an instruction uses the elements of a buffer. */
interface Use {
  readonly name: string;
  readonly buffer: Buffer;
  readonly reads: boolean;
  readonly writes: boolean;
  /** Elements that the pointer moves by from unit to unit. */
  readonly move: number;
  /** Whether a unit touches no elements but the `move` that are its own. */
  readonly own: boolean;
}

/** An instruction that goes over `count` units, each by itself. */
interface Units {
  readonly instruction: VirtualInstruction;
  readonly size: string;
  readonly count: number;
  readonly uses: readonly Use[];
}

/** The units of an instruction; null where it is of another kind. */
export function unitsOf(instruction: VirtualInstruction): Units | null {
  const { kernel, operands } = instruction;
  const fields = fieldsOf(kernel);
  let size = fields.find(({ type, moves }) => type !== "pointer" && moves !== null)?.name;
  if (size === undefined) return null;
  const number = (name: string): number => operands[name] as number;
  // loops: the units are those of the outermost axis that is longer than 1
  const sizes = fields.map(({ name }) => name).filter((name) => /^d\d$/.test(name));
  const axis = Math.max(0, sizes.findIndex((name) => number(name) !== 1));
  const inner = sizes.slice(axis + 1);
  if (sizes.length > 0) size = sizes[axis] as string;
  const contiguous = inner.reduce((product, name) => product * number(name), 1);
  const uses = fields.flatMap(({ name, type, moves, reads, writes }): Use[] => {
    const buffer = operands[name] as Buffer | null;
    if (type !== "pointer" || !buffer) return [];
    let move = moves === null ? 0 : moves === "" ? 1 : number(moves);
    let reach = move - 1;
    if (sizes.length > 0) {
      const strided = moves !== "d";
      move = strided ? number(`${moves}${axis}`) : contiguous;
      reach = strided ? inner.reduce((sum, d) => sum + (number(d) - 1) * number(`${moves}${d[1]}`), 0) : move - 1;
    }
    return [{ name, buffer, reads, writes, move, own: reach < move }];
  });
  return { instruction, size, count: number(size), uses };
}

/** Whether the units of one are whole numbers of units of the other, and no block is longer than a few would be. */
function fits(steps: readonly Units[], next: Units): boolean {
  const units = Math.min(next.count, ...steps.map(({ count }) => count));
  const all = [...steps, next];
  if (units === 0 || all.some(({ count }) => count % units !== 0)) return false;
  if (Math.max(...all.flatMap(({ count, uses }) => uses.map(({ move }) => (move * count) / units))) > 4096) {
    return false;
  }
  // what is written in a chain is seen by each unit in the same elements
  const uses = all.flatMap((step) => step.uses.map((use) => ({ ...use, span: use.move * step.count })));
  return uses.every(
    ({ writes, buffer, span }) =>
      !writes || uses.every((other) => other.buffer !== buffer || (other.own && other.span === span)),
  );
}

/** Bytes that cross memory where each instruction stands alone, and where they are a chain. */
function traffic(steps: readonly Units[], isInside: (buffer: Buffer) => boolean): { apart: number; chained: number } {
  let apart = 0;
  let chained = 0;
  const read = new Set<Buffer>();
  const written = new Set<Buffer>();
  for (const { uses, count } of steps) {
    for (const { buffer, move, reads, writes } of uses) {
      const bytes = move * count * 4;
      if (reads) apart += bytes;
      if (writes) apart += bytes;
      if (isInside(buffer)) continue;
      if (reads && !read.has(buffer) && !written.has(buffer)) chained += bytes;
      if (writes && !written.has(buffer)) chained += bytes;
      if (reads) read.add(buffer);
      if (writes) written.add(buffer);
    }
  }
  return { apart, chained };
}

/** Places of the buffers that live within a chain: slots of one block each, shared by those that are not alive together. */
function placeInside(steps: readonly Units[], isInside: (buffer: Buffer) => boolean): Map<Buffer, number> {
  const last = lastUses(steps);
  const slots = new Map<Buffer, number>();
  const holders: Buffer[] = [];
  steps.forEach(({ uses }, i) => {
    for (const { buffer, writes } of uses) {
      if (!writes || !isInside(buffer) || slots.has(buffer)) continue;
      const free = holders.findIndex((holder) => {
        const end = last.get(holder) as number;
        return end < i || (end === i && buffer.mayTake.includes(holder));
      });
      const slot = free < 0 ? holders.length : free;
      holders[slot] = buffer;
      slots.set(buffer, slot);
    }
  });
  return slots;
}

/** Index of the last step that uses a buffer. */
function lastUses(steps: readonly Units[]): Map<Buffer, number> {
  const last = new Map<Buffer, number>();
  steps.forEach(({ uses }, i) => {
    for (const { buffer } of uses) last.set(buffer, i);
  });
  return last;
}

/** Says of each result that leaves the chain which bytes it may take over: of what no later step reads. */
function settleTakeovers(steps: readonly Units[], isInside: (buffer: Buffer) => boolean): void {
  const last = lastUses(steps);
  steps.forEach((step, i) => {
    for (const { buffer: out, move, writes } of step.uses) {
      if (!writes || isInside(out)) continue;
      const span = move * step.count;
      const earlier = steps.flatMap(({ uses, count }) =>
        uses.flatMap(({ buffer, move, own }) =>
          own && move * count === span && buffer.length === out.length && (last.get(buffer) as number) < i
            ? [buffer]
            : [],
        ),
      );
      const direct = out.mayTake.filter((buffer) => (last.get(buffer) ?? i) <= i);
      out.mayTake.splice(0, out.mayTake.length, ...new Set([...direct, ...earlier]));
    }
  });
}

function chainOf(steps: readonly Units[], isInside: (buffer: Buffer) => boolean): VirtualChain | null {
  const { apart, chained } = traffic(steps, isInside);
  const units = Math.min(...steps.map(({ count }) => count));
  const widest = Math.max(...steps.flatMap(({ count, uses }) => uses.map(({ move }) => (move * count) / units)));
  const block = Math.max(1, Math.floor((g.BLOCK ?? 1024) / widest));
  const calls = steps.length * Math.ceil(units / block);
  if (units <= (globalThis as { MIN?: number }).MIN! || apart - chained <= calls * CALL_BYTES) return null;
  const slots = placeInside(steps, isInside);
  const slotBytes = roundUp(block * widest * 4);
  settleTakeovers(steps, isInside);
  return {
    kernel: "chain",
    label: steps.map(({ instruction }) => instruction.label).join(", "),
    units,
    block,
    slotBytes: slotBytes * new Set(slots.values()).size,
    bytes: { apart, chained },
    steps: steps.map(({ instruction, size, count, uses }) => {
      const each = count / units;
      const inside = uses.filter(({ buffer }) => slots.has(buffer));
      const outside = uses.filter(({ buffer, move }) => move > 0 && !slots.has(buffer));
      return {
        ...instruction,
        size,
        each,
        moves: Object.fromEntries(outside.map(({ name, move }) => [name, move * each * 4])),
        slots: Object.fromEntries(inside.map(({ name, buffer }) => [name, (slots.get(buffer) as number) * slotBytes])),
      };
    }),
  };
}

/** The same program with chains where they save more than they cost. */
export function chain(listing: Listing): Listing {
  const lifetimes = lifetimesOf(listing);
  const instructions: (VirtualInstruction | VirtualChain)[] = [];
  const indices: number[] = []; // old index -> new
  const old = listing.instructions as readonly VirtualInstruction[];
  let i = 0;
  while (i < old.length) {
    const steps: Units[] = [];
    for (let next = unitsOf(old[i] as VirtualInstruction); next && fits(steps, next); ) {
      steps.push(next);
      const following = old[i + steps.length];
      next = following ? unitsOf(following) : null;
    }
    const end = i + Math.max(1, steps.length);
    const isInside = (buffer: Buffer): boolean => {
      const life = lifetimes.get(buffer);
      return life !== undefined && life.first >= i && life.last < end;
    };
    const made = steps.length > 1 ? chainOf(steps, isInside) : null;
    for (let k = i; k < end; k++) {
      indices.push(instructions.length);
      if (!made) instructions.push(old[k] as VirtualInstruction);
    }
    if (made) instructions.push(made);
    i = end;
  }
  indices.push(instructions.length);
  return {
    ...listing,
    instructions,
    effectsFrom: indices[listing.effectsFrom] as number,
    guardsUntil: indices[listing.guardsUntil] as number,
  };
}
