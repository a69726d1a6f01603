// Augmentation that is no kernel: examples mixed before they reach a step. Rows as in rows/augment.ts, times of a batch. The
// baseline is a loop over float32 arrays that does the same sums and draws nothing.

import { augment } from "../src/index.ts";
import { time } from "./harness.ts";
import { threeDigits } from "./table.ts";

const BATCH = 64;
const shapes = [
  [28, 28, 1],
  [32, 32, 3],
] as const;

function baseline(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = 0.3 * (a[i] as number) + 0.7 * (b[i] as number);
  return out;
}

function report(name: string, run: () => void, numbers: number): void {
  const [a, b] = [new Float32Array(numbers).fill(1), new Float32Array(numbers).fill(2)];
  const plain = time(() => baseline(a, b)).median;
  const { median } = time(run);
  const factor = threeDigits(plain / median);
  console.log(`${name.padEnd(26)} ${`${threeDigits(median * 1e6)} us`.padStart(10)}   x base ${factor}`);
}

for (const [height, width, channels] of shapes) {
  const size = height * width * channels;
  const shape = [BATCH, height, width, channels];
  const x = { data: Uint8Array.from({ length: BATCH * size }, (_, i) => i % 251), shape };
  const y = Uint8Array.from({ length: BATCH }, (_, i) => i % 10);
  const noise = { data: new Float32Array(8 * 4 * size).fill(1), shape: [8, 2 * height, 2 * width, channels] };
  const mixed = augment.mixup({ x, y }, { batchSize: BATCH, classes: 10 });
  const name = shape.join("x");
  report(`mixup ${name}`, () => [...mixed()], BATCH * size);
  report(`overlay, gain ${name}`, () => augment.overlay(x, noise, { gain: [0.5, 2] }), BATCH * size);
  report(`overlay, snr ${name}`, () => augment.overlay(x, noise, { snr: [5, 20] }), BATCH * size);
}
