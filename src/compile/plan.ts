// plan: buffers with lifetimes -> places in arenas. Buffers that are not alive together share bytes.

import { roundUp } from "../../bindings/allocator.ts";
import type { ArenaRole, Region } from "../../bindings/machine.ts";
import type { Buffer } from "../graph/op.ts";
import type { Listing } from "./lower.ts";
import { accesses } from "./lower.ts";

export interface Lifetime {
  /** Index of the instruction that writes it first. */
  first: number;
  /** Index of the last instruction that needs it. */
  last: number;
}

export interface Plan {
  /** Place of every buffer that is not a variable. */
  readonly regions: ReadonlyMap<Buffer, Region>;
  readonly lifetimes: ReadonlyMap<Buffer, Lifetime>;
  /** Bytes of each arena. */
  readonly arenas: Readonly<Record<ArenaRole, number>>;
  /** Bytes that the activations would take if nothing were shared. */
  readonly bytesUnshared: number;
}

const ALIGN = 64;

/** First and last instruction of each temporary; outputs of the program live to its end. */
export function lifetimesOf(listing: Listing): Map<Buffer, Lifetime> {
  const lifetimes = new Map<Buffer, Lifetime>();
  listing.instructions.forEach((instruction, i) => {
    const { reads, writes } = accesses(instruction);
    for (const buffer of [...writes, ...reads]) {
      if (buffer.place !== "temporary") continue;
      const lifetime = lifetimes.get(buffer);
      if (lifetime) lifetime.last = i;
      else lifetimes.set(buffer, { first: i, last: i });
    }
  });
  for (const buffer of listing.outputs) {
    const lifetime = lifetimes.get(buffer);
    if (lifetime) lifetime.last = listing.instructions.length;
  }
  return lifetimes;
}

/** Buffers that take over the bytes of another are one owner: the map names each buffer's owner. */
function shareInPlace(listing: Listing, lifetimes: Map<Buffer, Lifetime>): Map<Buffer, Buffer> {
  const owners = new Map<Buffer, Buffer>();
  const ownerOf = (buffer: Buffer): Buffer => owners.get(buffer) ?? buffer;
  const ends = new Map<Buffer, number>(); // owner -> last use of anything in its bytes
  for (const [buffer, { last }] of lifetimes) ends.set(buffer, last);
  const byStart = [...lifetimes.entries()].sort((a, b) => a[1].first - b[1].first);
  for (const [buffer, { first, last }] of byStart) {
    for (const candidate of buffer.mayTake) {
      const owner = ownerOf(candidate);
      if (candidate.place !== "temporary" || listing.outputs.includes(candidate)) continue;
      // gradients lie among gradients: only what one becomes on its way to the update may lie where it lay
      if (owner.gradientOf !== buffer.gradientOf) continue;
      // the instruction that writes the buffer must be the last that reads the candidate's bytes
      if (ends.get(owner) !== first || lifetimes.get(candidate)?.last !== first) continue;
      owners.set(buffer, owner);
      ends.set(owner, last);
      break;
    }
  }
  return owners;
}

export function plan(listing: Listing): Plan {
  const regions = new Map<Buffer, Region>();
  const lifetimes = lifetimesOf(listing);
  const owners = shareInPlace(listing, lifetimes);

  // arenas in which everything lies side by side
  const bytes: Record<ArenaRole, number> = {
    activations: 0,
    gradients: 0,
    data: 0,
    constants: 0,
    control: 0,
    outputs: 0,
  };
  const append = (buffer: Buffer, role: ArenaRole, alignment: number): void => {
    const offset = roundUp(bytes[role], alignment);
    regions.set(buffer, { role, offset, length: buffer.length });
    bytes[role] = offset + buffer.length * 4;
  };
  const constants = new Map<string, Region>();
  for (const buffer of listing.buffers) {
    if (buffer.place === "data") append(buffer, "data", ALIGN);
    else if (buffer.place === "control") append(buffer, "control", 16);
    else if (buffer.place === "constant") {
      // equal small constants are kept once
      const key = buffer.length <= 16 && buffer.values ? `${buffer.dtype}:${buffer.values.join()}` : `#${buffer.id}`;
      const known = constants.get(key);
      if (known) regions.set(buffer, known);
      else {
        append(buffer, "constants", 16);
        constants.set(key, regions.get(buffer) as Region);
      }
    }
  }

  // gradients lie in the order of their variables and with the same gaps
  const gradients = new Map(
    listing.buffers
      .filter((b) => b.gradientOf && lifetimes.has(b) && !owners.has(b))
      .map((b) => [b.gradientOf, b] as const),
  );
  for (const variable of listing.variables) {
    const buffer = gradients.get(variable);
    if (buffer) append(buffer, "gradients", 16);
  }

  // the rest by size, largest first, each at the lowest offset free for its whole lifetime
  const spans = new Map<Buffer, Lifetime>();
  for (const [buffer, { first, last }] of lifetimes) {
    const owner = owners.get(buffer) ?? buffer;
    const span = spans.get(owner);
    if (span) {
      span.first = Math.min(span.first, first);
      span.last = Math.max(span.last, last);
    } else spans.set(owner, { first, last });
  }
  const placed: { offset: number; end: number; span: Lifetime }[] = [];
  const bySize = [...spans.keys()].filter((b) => !regions.has(b)).sort((a, b) => b.length - a.length || a.id - b.id);
  let bytesUnshared = 0;
  for (const buffer of bySize) {
    const span = spans.get(buffer) as Lifetime;
    const size = roundUp(Math.max(4, buffer.length * 4), ALIGN);
    bytesUnshared += size;
    const neighbours = placed.filter((p) => p.span.first <= span.last && span.first <= p.span.last);
    neighbours.sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const neighbour of neighbours) {
      if (offset + size <= neighbour.offset) break;
      offset = Math.max(offset, neighbour.end);
    }
    placed.push({ offset, end: offset + size, span });
    regions.set(buffer, { role: "activations", offset, length: buffer.length });
    bytes.activations = Math.max(bytes.activations, offset + size);
  }
  for (const [buffer, owner] of owners) {
    regions.set(buffer, { ...(regions.get(owner) as Region), length: buffer.length });
  }
  for (const buffer of lifetimes.keys()) {
    if (!regions.has(buffer)) append(buffer, "gradients", 16); // two gradients for one variable
  }
  return { regions, lifetimes, arenas: bytes, bytesUnshared };
}
