// Baselines of the random numbers: the same generator, a block of four at a time.

import { philox } from "../../src/random.ts";
import type { Baseline } from "./baseline.ts";

const words = new Uint32Array(4);
const UNIT = 1 / 2 ** 24;

/** Calls `each` for every element with its two words of the block: an even lane's pair is its own and the next. */
export function eachPair(
  n: number,
  stream: number,
  control: Int32Array,
  each: (i: number, first: number, second: number) => void,
): void {
  const [low, high, step] = control as unknown as [number, number, number];
  for (let i = 0; i < n; i += 4) {
    philox(i >>> 2, stream, step, 0, low, high, words);
    each(i, words[0] as number, words[1] as number);
    each(i + 2, words[2] as number, words[3] as number);
  }
}

const unit = (word: number): number => (word >>> 8) * UNIT;

export const randomUniform: Baseline<"randomUniform"> = ({ n, low, high, stream, control, out }) => {
  const range = high - low;
  eachPair(n, stream, control, (i, first, second) => {
    out[i] = low + range * unit(first);
    out[i + 1] = low + range * unit(second); // behind the end nothing is written
  });
};

/** Box and Muller. */
export const radiusOf = (word: number): number => Math.sqrt(-2 * Math.log(((word >>> 1) + 1) / 2 ** 31));
export const angleOf = (word: number): number => ((word >>> 30) + (word << 2) / 2 ** 32) * (Math.PI / 2);

export const randomNormal: Baseline<"randomNormal"> = ({ n, mean, deviation, stream, control, out }) => {
  eachPair(n, stream, control, (i, first, second) => {
    const radius = deviation * radiusOf(first);
    const angle = angleOf(second);
    out[i] = mean + radius * Math.cos(angle);
    out[i + 1] = mean + radius * Math.sin(angle);
  });
};

const again = new Uint32Array(4);

export const randomTruncatedNormal: Baseline<"randomTruncatedNormal"> = (o) => {
  const { n, mean, deviation, stream, control, out } = o;
  const [low, high, step] = control as unknown as [number, number, number];
  const draw = (i: number, first: number, second: number): number => {
    const wave = (i & 1) === 0 ? Math.cos : Math.sin;
    let z = radiusOf(first) * wave(angleOf(second));
    for (let attempt = 1; z > 2 || z < -2; attempt++) {
      philox(i >>> 2, stream, step, attempt, low, high, again);
      const lane = i & 2;
      z = radiusOf(again[lane] as number) * wave(angleOf(again[lane + 1] as number));
    }
    return mean + deviation * z;
  };
  eachPair(n, stream, control, (i, first, second) => {
    out[i] = draw(i, first, second);
    out[i + 1] = draw(i + 1, first, second);
  });
};

export const dropout: Baseline<"dropout"> = ({ n, rate, stream, control, x, out }) => {
  const scale = 1 / (1 - rate);
  eachPair(n, stream, control, (i, first, second) => {
    out[i] = (x[i] as number) * scale * Number(unit(first) >= rate);
    out[i + 1] = (x[i + 1] as number) * scale * Number(unit(second) >= rate);
  });
};
