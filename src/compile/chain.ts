// chain: neighbouring instructions over the same units become one, which runs them block by block, so that what one
// leaves for the next stays in the cache and memory is crossed once. What nobody else reads needs no place at all.

import { roundUp } from "../../bindings/allocator.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import type { Buffer } from "../graph/op.ts";
import type { Listing, VirtualChain, VirtualInstruction } from "./lower.ts";
import { lifetimesOf } from "./plan.ts";

/** What decides whether a chain pays, and how it is cut. */
export interface Costs {
  /** What all buffers of the instructions must not fit in: a kernel that finds its operands in a cache loses nothing. */
  readonly cacheBytes: number;
  /** What calling a kernel once more costs, in bytes that could have been moved meanwhile. */
  readonly callBytes: number;
  /** What crosses memory for a block: so little that the next block is fetched ahead while this one is computed. */
  readonly blockBytes: number;
}

/**
 * Measured: last-level caches hold up to 32 MB; a call takes 20 ns, in which kernels, computing meanwhile, get 2 kB more from
 * memory than from the first cache.
 */
export const usualCosts: Costs = { cacheBytes: 32 << 20, callBytes: 2048, blockBytes: 10 << 10 };

/** Units to whose multiples a block is cut, so that it ends with a cache line. */
const LINE = 16;

/** How an instruction uses the elements of a buffer. */
interface Use {
  readonly name: string;
  readonly buffer: Buffer;
  readonly reads: boolean;
  readonly writes: boolean;
  /** Elements that the pointer moves by from unit to unit. */
  readonly move: number;
  /** Whether the units share the whole buffer among them, so that each touches what is its own. */
  readonly whole: boolean;
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
  const axis = Math.max(
    0,
    sizes.findIndex((name) => number(name) !== 1),
  );
  const inner = sizes.slice(axis + 1);
  if (sizes.length > 0) size = sizes[axis] as string;
  const contiguous = inner.reduce((product, name) => product * number(name), 1);
  const count = number(size);
  const uses = fields.flatMap(({ name, type, moves, reads, writes }): Use[] => {
    const buffer = operands[name] as Buffer | null;
    if (type !== "pointer" || !buffer) return [];
    let move = 0; // shared by all units
    if (sizes.length > 0) move = moves === "d" ? contiguous : number(`${moves}${axis}`);
    else if (moves !== null) move = moves === "" ? 1 : number(moves);
    return [{ name, buffer, reads, writes, move, whole: move * count === buffer.length }];
  });
  return { instruction, size, count, uses };
}

/** Bytes that cross memory where each instruction stands alone, and where they are a chain. */
function traffic(steps: readonly Units[], isInside: (buffer: Buffer) => boolean): VirtualChain["bytes"] {
  let apart = 0;
  let chained = 0;
  const seen = new Set<Buffer>();
  const written = new Set<Buffer>();
  for (const { uses, count } of steps) {
    for (const { buffer, move, reads, writes } of uses) {
      const bytes = move * count * 4;
      apart += bytes * (Number(reads) + Number(writes));
      if (isInside(buffer)) continue;
      if (reads && !seen.has(buffer)) chained += bytes;
      if (writes && !written.has(buffer)) chained += bytes;
      seen.add(buffer);
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
    for (const { buffer: out, writes } of step.uses) {
      if (!writes || isInside(out)) continue;
      const earlier = steps.flatMap(({ uses }) =>
        uses.flatMap(({ buffer, whole }) =>
          whole && buffer.length === out.length && (last.get(buffer) as number) < i ? [buffer] : [],
        ),
      );
      const direct = out.mayTake.filter((buffer) => (last.get(buffer) ?? i) <= i);
      out.mayTake.splice(0, out.mayTake.length, ...new Set([...direct, ...earlier]));
    }
  });
}

/** The chain of some steps; null where it costs more than it saves. */
function chainOf(steps: readonly Units[], isInside: (buffer: Buffer) => boolean, costs: Costs): VirtualChain | null {
  const bytes = traffic(steps, isInside);
  const units = Math.min(...steps.map(({ count }) => count));
  const perUnit = (move: number, count: number): number => (move * count * 4) / units;
  const widest = Math.max(...steps.flatMap(({ count, uses }) => uses.map(({ move }) => perUnit(move, count))));
  const fitting = Math.floor(costs.blockBytes / Math.max(widest, bytes.chained / units));
  const block = fitting > LINE ? fitting - (fitting % LINE) : fitting;
  if (block === 0 || units <= block) return null;
  const buffers = new Map(steps.flatMap(({ uses }) => uses.map(({ buffer }) => [buffer, buffer.length * 4])));
  if (sum(buffers.values()) <= costs.cacheBytes) return null;
  // what all units share is read once a call
  const shared = sum(steps.flatMap(({ uses }) => uses.map(({ buffer, move }) => (move > 0 ? 0 : buffer.length * 4))));
  const calls = steps.length * costs.callBytes + shared;
  if (bytes.apart - bytes.chained <= Math.ceil(units / block) * calls) return null;
  const slots = placeInside(steps, isInside);
  const slotBytes = roundUp(block * widest);
  settleTakeovers(steps, isInside);
  return {
    kernel: "chain",
    label: steps.map(({ instruction }) => instruction.label).join(", "),
    units,
    block,
    slotBytes: slotBytes * new Set(slots.values()).size,
    bytes,
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

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, n) => total + n, 0);

/** Instructions from `first` on that can be the steps of one chain: none reads what is not there yet when its unit comes. */
function stepsFrom(instructions: Listing["instructions"], first: number): Units[] {
  const steps: Units[] = [];
  // how all steps together use a buffer
  const joint = new Map<Buffer, { whole: boolean; written: boolean }>();
  const joins = ({ buffer, whole, writes }: Use): boolean => {
    const before = joint.get(buffer) ?? { whole: true, written: false };
    const now = { whole: before.whole && whole, written: before.written || writes };
    joint.set(buffer, now);
    return now.whole || !now.written;
  };
  for (let i = first; i < instructions.length; i++) {
    const instruction = instructions[i] as VirtualInstruction | VirtualChain;
    const next = instruction.kernel === "chain" ? null : unitsOf(instruction);
    if (!next) break;
    const counts = [...steps.map(({ count }) => count), next.count];
    const units = Math.min(...counts);
    if (units === 0 || counts.some((count) => count % units !== 0)) break;
    if (!next.uses.every(joins)) break;
    steps.push(next);
  }
  return steps;
}

/** The same program with chains where they save more than they cost. */
export function chain(listing: Listing, costs: Costs = usualCosts): Listing {
  const lifetimes = lifetimesOf(listing);
  const instructions: (VirtualInstruction | VirtualChain)[] = [];
  const indices: number[] = []; // old index -> new
  for (let i = 0; i < listing.instructions.length; ) {
    const steps = stepsFrom(listing.instructions, i);
    const end = i + Math.max(1, steps.length);
    const isInside = (buffer: Buffer): boolean => {
      const life = lifetimes.get(buffer);
      return life !== undefined && life.first >= i && life.last < end;
    };
    const made = steps.length > 1 ? chainOf(steps, isInside, costs) : null;
    for (const instruction of listing.instructions.slice(i, end)) {
      indices.push(instructions.length);
      if (!made) instructions.push(instruction);
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
