// The generator against its published vectors, and shuffling.

import { permutation, philox, shuffleInto } from "../src/random.ts";
import * as streams from "../src/streams.ts";
import { assert, suite } from "./harness.ts";

suite("random, on the host", (test) => {
  test("Philox4x32-10 gives the words of Random123's kat_vectors", () => {
    const words = new Uint32Array(4);
    const hex = () => Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");
    philox(0, 0, 0, 0, 0, 0, words);
    assert.is(hex(), "6627e8d5 e169c58d bc57ac4c 9b00dbd8");
    philox(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, words);
    assert.is(hex(), "408f276d 41c83b0e a20bc7c6 6d5451fd");
    philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, words);
    assert.is(hex(), "d16cfe09 94fdcceb 5001e420 24126ea1");
  });

  test("no two of the library's streams are the same, nor next to those that are counted on", () => {
    const all: number[] = Object.values(streams);
    assert.is(new Set(all).size, all.length);
    for (const stream of all) assert.ok(Number.isInteger(stream) && stream >= 2 ** 30 && stream < 2 ** 31);
  });

  test("a permutation holds every index once and depends on seed, stream and step", () => {
    for (const n of [0, 1, 2, 3, 4, 5, 60, 1000]) {
      const order = permutation(n, 2 ** 53 - 1, 3, 4);
      assert.equal(
        Array.from(order).sort((a, b) => a - b),
        Array.from({ length: n }, (_, i) => i),
      );
    }
    const text = (seed: number, stream: number, step: number) => permutation(50, seed, stream, step).join();
    const all = [text(1, 2, 3), text(2, 2, 3), text(1 + 2 ** 32, 2, 3), text(1, 3, 3), text(1, 2, 4)];
    assert.is(new Set(all).size, all.length);
    assert.is(text(1, 2, 3), all[0]);
    const order = new Uint32Array(50).fill(9);
    shuffleInto(order, 1, 2, 3);
    assert.is(order.join(), all[0]);
  });

  test("all orders of four are equally likely", () => {
    const counts = new Map<string, number>();
    const order = new Uint32Array(4);
    const draws = 24000;
    for (let step = 0; step < draws; step++) {
      shuffleInto(order, 42, 0, step);
      counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
    }
    assert.is(counts.size, 24);
    let chiSquare = 0;
    for (const count of counts.values()) chiSquare += (count - draws / 24) ** 2 / (draws / 24);
    assert.ok(chiSquare < 60, `chi square ${chiSquare} with 23 degrees of freedom`); // 60: one in 40,000
  });
});
