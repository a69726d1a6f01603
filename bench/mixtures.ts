// Augmentation that is no kernel: examples mixed before they reach a step. Times of a batch, beside a loop over float32
// arrays that mixes as many numbers with fixed shares and draws nothing.

import { augment } from "../src/index.ts";
import { time } from "./harness.ts";
import { threeDigits } from "./table.ts";

export interface MixtureResult {
  readonly name: string;
  /** Seconds a batch. */
  readonly seconds: number;
  /** How many times faster than the loop. */
  readonly times: number;
}

const BATCH = 64;
const shapes: readonly (readonly number[])[] = [
  [28, 28, 1],
  [32, 32, 3],
  [224, 224, 3],
];

/** What is measured; it returns the first number that it computed. */
type Run = () => number;

function runsOf(shape: readonly number[]): Readonly<Record<string, Run>> {
  const [height, width, channels] = shape as [number, number, number];
  const size = height * width * channels;
  const images = Uint8Array.from({ length: BATCH * size }, (_, i) => i % 251);
  const x = { data: images, shape: [BATCH, ...shape] };
  const y = Uint8Array.from({ length: BATCH }, (_, i) => i % 10);
  const noise = { data: new Float32Array(2 * 4 * size).fill(1), shape: [2, 2 * height, 2 * width, channels] };
  const mixed = augment.mixup({ x, y }, { batchSize: BATCH, classes: 10 });
  const first = ({ data }: { data: ArrayLike<number> }): number => data[0] as number;
  return {
    mixup: () => first([...mixed(0)][0]?.x as { data: ArrayLike<number> }),
    "overlay by gain": () => first(augment.overlay(x, noise, { gain: [0.5, 2] })),
    "overlay by snr": () => first(augment.overlay(x, noise, { snr: [5, 20] })),
  };
}

/** The loop, over arrays as large. */
function baseline(numbers: number): Run {
  const [a, b] = [new Float32Array(numbers).fill(1), new Float32Array(numbers).fill(2)];
  return () => {
    const out = new Float32Array(numbers);
    for (let i = 0; i < numbers; i++) out[i] = 0.3 * (a[i] as number) + 0.7 * (b[i] as number);
    return out[0] as number;
  };
}

/** Seconds of a run, whose result is looked at. */
function secondsOf(name: string, run: Run, secondsMax: number): number {
  let last = Number.NaN;
  const { median } = time(() => {
    last = run();
  }, secondsMax);
  if (!Number.isFinite(last)) throw new Error(`${name}: the result is ${last}`);
  return median;
}

/** Measures the mixtures whose name holds one of the words, and prints a line for each. */
export function runMixtures(
  filter: readonly string[],
  secondsMax: number,
  print: (line: string) => void,
): MixtureResult[] {
  const results: MixtureResult[] = [];
  for (const shape of shapes) {
    const sizes = [BATCH, ...shape].join("x");
    const isWanted = (kind: string): boolean =>
      !filter.length || filter.some((word) => `augmentation ${kind} ${sizes}`.includes(word));
    const kinds = ["mixup", "overlay by gain", "overlay by snr"].filter(isWanted);
    if (kinds.length === 0) continue;
    if (results.length === 0) print("\nMixtures of examples, on the host");
    const runs = runsOf(shape);
    const plain = secondsOf("the loop", baseline(BATCH * shape.reduce((product, n) => product * n, 1)), secondsMax);
    for (const kind of kinds) {
      const name = `${kind} ${sizes}`;
      const seconds = secondsOf(name, runs[kind] as Run, secondsMax);
      results.push({ name, seconds, times: plain / seconds });
      print(
        `${name.padEnd(30)} ${`${threeDigits(seconds * 1e6)} us`.padStart(10)}   ${threeDigits(plain / seconds)} x the loop`,
      );
    }
  }
  return results;
}
