// A freeing first-fit allocator over one linear memory. It hands out addresses and holds no bytes itself.

export const ALIGNMENT: number = 64;

export interface Allocator {
  /** Address of `bytes` free bytes, aligned to 64, or -1 where nothing below `limit` fits. */
  allocate(bytes: number): number;
  free(address: number): void;
  /** Raises the limit after the memory has grown. */
  extend(limit: number): void;
  /** Bytes handed out. */
  readonly used: number;
  /** Smallest limit under which `bytes` more would fit. */
  limitFor(bytes: number): number;
}

export function roundUp(bytes: number, alignment: number = ALIGNMENT): number {
  return Math.ceil(bytes / alignment) * alignment;
}

export function createAllocator(base: number, initialLimit: number): Allocator {
  let limit = initialLimit;
  let used = 0;
  // free gaps in address order: [address, bytes]; the last one reaches to the limit
  const gaps: [address: number, bytes: number][] = [[roundUp(base), limit - roundUp(base)]];
  const sizes = new Map<number, number>();

  const allocate = (bytes: number): number => {
    const size = Math.max(ALIGNMENT, roundUp(bytes));
    for (let i = 0; i < gaps.length; i++) {
      const gap = gaps[i] as [number, number];
      if (gap[1] < size) continue;
      const address = gap[0];
      if (gap[1] === size) gaps.splice(i, 1);
      else gaps[i] = [address + size, gap[1] - size];
      sizes.set(address, size);
      used += size;
      return address;
    }
    return -1;
  };

  const addGap = (address: number, bytes: number): void => {
    let i = gaps.findIndex((gap) => gap[0] > address);
    if (i < 0) i = gaps.length;
    gaps.splice(i, 0, [address, bytes]);
    // join with the neighbours on both sides
    for (let j = Math.max(1, i); j <= i + 1 && j < gaps.length; ) {
      const before = gaps[j - 1] as [number, number];
      const after = gaps[j] as [number, number];
      if (before[0] + before[1] === after[0]) {
        gaps.splice(j - 1, 2, [before[0], before[1] + after[1]]);
      } else {
        j++;
      }
    }
  };

  return {
    allocate,
    free(address) {
      const size = sizes.get(address);
      if (size === undefined) throw new RangeError(`free of ${address}, which is not allocated`);
      sizes.delete(address);
      used -= size;
      addGap(address, size);
    },
    extend(newLimit) {
      if (newLimit <= limit) return;
      const old = limit;
      limit = newLimit;
      addGap(old, newLimit - old);
    },
    limitFor(bytes) {
      const size = Math.max(ALIGNMENT, roundUp(bytes));
      const last = gaps.at(-1);
      const tail = last && last[0] + last[1] === limit ? last[1] : 0;
      return limit + size - tail;
    },
    get used() {
      return used;
    },
  };
}
