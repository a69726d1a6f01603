// The allocator against a naive model: a list of 64-byte cells, taken or free.

import type { Allocator } from "../bindings/allocator.ts";
import { ALIGNMENT, createAllocator, roundUp } from "../bindings/allocator.ts";
import { assert, suite } from "./harness.ts";
import { integers } from "./values.ts";

const BASE = 1000; // not aligned on purpose

/** First address where `bytes` fit below the limit, or -1; free cells are found one by one. */
function firstFit(taken: ReadonlySet<number>, bytes: number, limit: number): number {
  const cells = Math.max(1, Math.ceil(bytes / ALIGNMENT));
  let free = 0;
  for (let at = roundUp(BASE); at + ALIGNMENT <= limit; at += ALIGNMENT) {
    free = taken.has(at) ? 0 : free + 1;
    if (free === cells) return at - (cells - 1) * ALIGNMENT;
  }
  return -1;
}

const cellsOf = (address: number, bytes: number): number[] =>
  Array.from({ length: Math.max(1, Math.ceil(bytes / ALIGNMENT)) }, (_, i) => address + i * ALIGNMENT);

function randomSequence(seed: number): void {
  const next = integers(seed);
  let limit = BASE + 2000 + (next() % 3000);
  const allocator = createAllocator(BASE, limit);
  const taken = new Set<number>();
  const blocks: { address: number; bytes: number }[] = [];
  const check = (what: string) => assert.is(allocator.used, taken.size * ALIGNMENT, `seed ${seed}: used after ${what}`);

  for (let turn = 0; turn < 300; turn++) {
    const choice = next() % 10;
    if (choice < 6) {
      const bytes = next() % (next() % 8 === 0 ? 3000 : 300);
      const expected = firstFit(taken, bytes, limit);
      const address = allocator.allocate(bytes);
      assert.is(address, expected, `seed ${seed}, turn ${turn}: allocate(${bytes})`);
      if (address < 0) {
        const needed = allocator.limitFor(bytes);
        assert.is(firstFit(taken, bytes, needed - 1), -1, `seed ${seed}: a smaller limit than ${needed} would do`);
        assert.is.not(firstFit(taken, bytes, needed), -1, `seed ${seed}: limit ${needed} is too small`);
        check("a refusal");
        if (next() % 4) continue;
        limit = needed + (next() % 200);
        allocator.extend(limit);
        continue;
      }
      blocks.push({ address, bytes });
      for (const cell of cellsOf(address, bytes)) taken.add(cell);
      check("allocate");
    } else if (blocks.length > 0) {
      const [block] = blocks.splice(next() % blocks.length, 1);
      if (!block) continue;
      allocator.free(block.address);
      for (const cell of cellsOf(block.address, block.bytes)) taken.delete(cell);
      check("free");
    }
  }

  // everything given back is one gap again
  for (const { address } of blocks) allocator.free(address);
  assert.is(allocator.used, 0);
  const whole = Math.floor((limit - roundUp(BASE)) / ALIGNMENT) * ALIGNMENT;
  assert.is(allocator.allocate(whole), roundUp(BASE), `seed ${seed}: the gaps were not joined`);
}

const throws = (allocator: Allocator, address: number) => assert.throws(() => allocator.free(address), /not allocated/);

suite("allocator", (test) => {
  test("random sequences do what a naive model does", () => {
    for (let seed = 1; seed <= 40; seed++) randomSequence(seed);
  });

  test("nothing is wanted: addresses are still different", () => {
    const allocator = createAllocator(BASE, 4096);
    assert.is.not(allocator.allocate(0), allocator.allocate(0));
  });

  test("a wrong free is refused and changes nothing", () => {
    const allocator = createAllocator(BASE, 4096);
    const a = allocator.allocate(100);
    throws(allocator, a + ALIGNMENT);
    throws(allocator, 0);
    assert.is(allocator.used, 128);
    allocator.free(a);
    throws(allocator, a);
    assert.is(allocator.used, 0);
  });

  test("a limit is never lowered", () => {
    const allocator = createAllocator(1024, 4096);
    allocator.extend(2048);
    assert.is(allocator.allocate(3072), 1024);
    assert.is(allocator.allocate(1), -1);
  });
});
