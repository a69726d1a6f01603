// The most multiply-adds a second that one thread of this engine gives: four lanes at a time, registers only. The loop
// is compiled here with the compiler of the kernels, so that a figure relative to it compares like with like.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Sums that do not wait for each other: enough to hide the latency of a multiply and an add on two ports each. */
const CHAINS = 12;
const LANES = 4;
/** A few milliseconds: longer than the clock is coarse, shorter than a scheduler's turn. */
const ITERATIONS = 200_000;
const SAMPLES = 15;

export type RoofKind = "fused" | "separate";

const steps: Readonly<Record<RoofKind, (sum: string) => string>> = {
  fused: (sum) => `${sum} = f32x4.relaxed_madd(${sum}, factor, addend);`,
  separate: (sum) => `${sum} = f32x4.add(f32x4.mul(${sum}, factor), addend);`,
};

/** sum = sum * factor + addend in each chain, again and again; constants would be rebuilt in the loop, so they are parameters. */
function sourceOf(kind: RoofKind): string {
  const sums = Array.from({ length: CHAINS }, (_, i) => `s${i}`);
  return `
export function run(n: i32, a: f32, b: f32): f32 {
  const factor = f32x4.splat(a);
  const addend = f32x4.splat(b);
  ${sums.map((sum, i) => `let ${sum} = f32x4.splat(b * ${i}.0);`).join("\n  ")}
  for (let i = 0; i < n; i++) {
    ${sums.map(steps[kind]).join("\n    ")}
  }
  return f32x4.extract_lane(${sums.reduce((all, sum) => `f32x4.add(${all}, ${sum})`)}, 0);
}`;
}

/** Compiles the loop to a file: "fused" with relaxed SIMD, or "separate". */
export async function compileRoof(kind: RoofKind, path: string): Promise<void> {
  const { default: asc } = await import("assemblyscript/asc");
  const { error, stderr, binary } = await asc.compileString(sourceOf(kind), {
    optimizeLevel: 3,
    runtime: "stub",
    enable: ["simd", "relaxed-simd"],
  });
  if (error) throw new Error(stderr.toString(), { cause: error });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, binary as Uint8Array);
}

/** Multiply-adds a second of a compiled loop: the best of several runs, since nothing makes it faster than it can be. */
export async function measureRoof(path: string): Promise<number> {
  const { instance } = await WebAssembly.instantiate(readFileSync(path));
  const run = instance.exports.run as (iterations: number, factor: number, addend: number) => number;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) {
    const start = performance.now();
    const result = run(ITERATIONS, 0.5, 1); // converges to 2, far from numbers that are slow
    best = Math.min(best, performance.now() - start);
    if (!Number.isFinite(result)) throw new Error(`the roof's loop gave ${result}`);
  }
  return (ITERATIONS * CHAINS * LANES) / (best / 1000);
}
