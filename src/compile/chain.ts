// chain: neighbouring instructions over the same units become one, which runs them block by block, so that what one
// leaves for the next stays in the cache and memory is crossed once. What nobody else reads needs no place at all.

import { roundUp } from "../../bindings/allocator.ts";
import { fieldsOf } from "../../bindings/engine.ts";
import type { Buffer } from "../graph/op.ts";
import type { Listing, VirtualChain, VirtualInstruction } from "./lower.ts";
import { lifetimesOf } from "./plan.ts";

/** What decides whether a chain pays, and how it is cut. */
export interface Costs {
  /** What the instructions' operands must not fit in: a kernel that finds them in a cache loses nothing. */
  readonly cacheBytes: number;
  /** What calling a kernel once more costs, in bytes that could have been moved meanwhile. */
  readonly callBytes: number;
  /** What crosses memory for a block: so little that the next block is fetched ahead while this one is computed. */
  readonly blockBytes: number;
}

/**
 * Measured: up to twice the 32 MB of a large last-level cache a kernel alone is fed as fast as a chain; a call takes 20 ns, in
 * which kernels, computing meanwhile, get 2 kB more from memory than from the first cache.
 */
export const usualCosts: Costs = { cacheBytes: 64 << 20, callBytes: 2048, blockBytes: 10 << 10 };

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
  const fields = fieldsOf(instruction.kernel);
  const operands = instruction.operands as Readonly<Record<string, number>>;
  let size = fields.find(({ type, moves }) => type !== "pointer" && moves !== null)?.name;
  if (!size) return null;
  // loops: the units are those of the outermost axis that is longer than 1
  let axis = 0;
  let contiguous = 1;
  if (size === "d0") {
    while (operands[`d${axis}`] === 1 && operands[`d${axis + 1}`] !== undefined) axis++;
    size = `d${axis}`;
    for (let inner = axis + 1; operands[`d${inner}`] !== undefined; inner++)
      contiguous *= operands[`d${inner}`] as number;
  }
  const count = operands[size] as number;
  const uses = fields.flatMap(({ name, type, moves, reads, writes }): Use[] => {
    const buffer = instruction.operands[name] as Buffer | null;
    if (type !== "pointer" || !buffer) return [];
    // one element or, in loops, what lies behind an axis; a stride or a number of columns; nothing where all units share it
    const stated = operands[`${moves}${axis}`] ?? operands[`${moves}`] ?? 0;
    const move = moves === "" || moves === "d" ? contiguous : stated;
    return [{ name, buffer, reads, writes, move, whole: move * count === buffer.length }];
  });
  return { instruction, size, count, uses };
}

/** The chain of some steps; null where it costs more than it saves. */
function chainOf(steps: readonly Units[], isInside: (buffer: Buffer) => boolean, costs: Costs): VirtualChain | null {
  const units = Math.min(...steps.map(({ count }) => count));
  let apart = 0;
  let widest = 0; // bytes of a unit
  const last = new Map<Buffer, number>(); // the last step that uses a buffer
  const shared = new Set<Buffer>();
  steps.forEach(({ uses, count }, i) => {
    for (const { buffer, move, whole, reads, writes } of uses) {
      last.set(buffer, i);
      if (!whole) shared.add(buffer);
      apart += move * count * 4 * (Number(reads) + Number(writes));
      widest = Math.max(widest, (move * count * 4) / units);
    }
  });
  const buffers = [...last.keys()];
  const chained = bytesOf(buffers.filter((buffer) => !isInside(buffer)));
  const fitting = Math.floor(costs.blockBytes / Math.max(widest, chained / units));
  const block = fitting > LINE ? fitting - (fitting % LINE) : fitting;
  // alone they would share one place for what they leave for each other
  if (block === 0 || units <= block || chained + widest * units <= costs.cacheBytes) return null;
  if (apart - chained <= Math.ceil(units / block) * steps.length * costs.callBytes) return null;

  const holders: Buffer[] = []; // of the slots: what lives within the chain, now
  const slots = new Map<Buffer, number>();
  steps.forEach(({ uses }, i) => {
    for (const { buffer: out, writes } of uses) {
      if (!writes || slots.has(out)) continue;
      const mayTake = (buffer: Buffer): boolean => {
        const end = last.get(buffer) ?? i;
        return end < i || (end === i && out.mayTake.includes(buffer));
      };
      if (isInside(out)) {
        const free = holders.findIndex(mayTake);
        const slot = free < 0 ? holders.length : free;
        holders[slot] = out;
        slots.set(out, slot);
      } else {
        // also the bytes of what earlier steps read to its end
        const read = buffers.filter((buffer) => buffer.length === out.length && !shared.has(buffer));
        out.mayTake.push(...out.mayTake.splice(0).concat(read).filter(mayTake));
      }
    }
  });
  const slotBytes = roundUp(block * widest);
  return {
    kernel: "chain",
    label: "chain",
    units,
    block,
    slotBytes: slotBytes * holders.length,
    bytes: { apart, chained },
    steps: steps.map(({ instruction, size, count, uses }) => {
      const each = count / units;
      const inside = uses.filter(({ buffer }) => slots.has(buffer));
      const outside = uses.filter(({ buffer }) => !slots.has(buffer));
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

const bytesOf = (buffers: readonly Buffer[]): number => buffers.reduce((sum, { length }) => sum + length * 4, 0);

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
