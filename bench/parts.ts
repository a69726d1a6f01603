// Where a training step's time goes: each of its instructions run by itself, on one thread and on two in turn. Run by parts.mjs.

import type { Loaded, Program } from "../bindings/machine.ts";
import { init } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { threeDigits } from "./table.ts";
import { stepOf } from "./training.ts";

const THREADS = [1, 2];
const ROUNDS = 6;
const STEPS = 150;
/** Until the engine has compiled all of it. */
const WARM = 50;
/** Of what an instruction took in a round, this share was shorter. */
const QUANTILE = 0.2;

const machine = await defaultMachine();
const { load, run } = machine;
let program: Program | null = null;
let times: number[][] | null = null;
Object.assign(machine, {
  load(next: Program): Loaded {
    program = next;
    return load(next);
  },
  run(loaded: Loaded, first: number, end: number): number {
    if (!times) return run(loaded, first, end);
    for (let i = first; i < end; i++) {
      const start = performance.now();
      run(loaded, i, i + 1);
      times[i] ??= [];
      times[i]?.push(performance.now() - start);
    }
    return end;
  },
});

const quantile = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(QUANTILE * values.length)] as number;

const name = process.argv[2] ?? "LeNet-5";
await init({ threads: 1 });
const step = await stepOf(name);
for (let i = 0; i < WARM; i++) step();
/** For each number of threads, and each instruction, the best of the rounds. */
const best: number[][] = THREADS.map(() => []);
for (let round = 0; round < ROUNDS; round++) {
  for (const [k, threads] of THREADS.entries()) {
    await init({ threads });
    step();
    times = [];
    for (let i = 0; i < STEPS; i++) step();
    const taken = times.map(quantile);
    times = null;
    best[k] = taken.map((milliseconds, i) => Math.min(milliseconds, best[k]?.[i] ?? Number.POSITIVE_INFINITY));
  }
}

const { instructions } = program as unknown as Program;
const line = (what: string, [one = 0, two = 0]: readonly number[]): void =>
  console.log(
    `${what.padEnd(28)} ${(one * 1000).toFixed(1).padStart(9)} us ${(two * 1000).toFixed(1).padStart(9)} us   ${threeDigits(one / two)} x`,
  );
console.log(`${name}: each instruction of a training step on one thread, on two, and how many times faster that is`);
instructions.forEach(({ kernel }, i) => {
  line(
    `${String(i).padStart(3)} ${kernel}`,
    best.map((each) => each[i] as number),
  );
});
line(
  "    all",
  best.map((each) => each.reduce((sum, value) => sum + value, 0)),
);
