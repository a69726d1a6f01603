// What a meeting of two threads costs: a program of tiny instructions that two threads share, beside the same on one. Run by
// barrier.mjs.

import type { Instruction } from "../bindings/engine.ts";
import { compileBuild } from "../bindings/variant.ts";
import { openWasm } from "../bindings/wasm.ts";

const INSTRUCTIONS = 1000;
const ROUNDS = 200;
const TRIES = 10;

const engine = await openWasm(await compileBuild("strict", undefined, true), 1 << 20, 1 << 24);
await engine.complete(["fill"]);
const { staff } = engine;
if (!staff) throw new Error("there is no shared memory");
const code = Math.ceil(engine.base / 65536) * 65536;
const fill = (out: number): Instruction => ({
  kernel: "fill",
  operands: { n: 4, value: 1, out },
  share: { threads: 2, parts: 1 },
});
engine.grow(code + 65536 * 8);
const out = code + 65536 * 4;

/** The least nanoseconds of an instruction in several tries. */
function measure(): number {
  engine.encode(code, new Array<Instruction>(INSTRUCTIONS).fill(fill(out)));
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES; i++) {
    const start = performance.now();
    for (let round = 0; round < ROUNDS; round++) engine.run(code, 0, INSTRUCTIONS);
    least = Math.min(least, performance.now() - start);
  }
  return (least * 1e6) / (INSTRUCTIONS * ROUNDS);
}

const alone = measure();
staff.want(2);
await staff.start();
const together = measure();
console.log(`an instruction on one thread ${alone.toFixed(1)} ns, on ${staff.size} ${together.toFixed(1)} ns`);
console.log(`a meeting of ${staff.size} threads: ${(together - alone).toFixed(0)} ns`);
