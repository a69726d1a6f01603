// Random kernels: the words of the host, and the shape of the distributions.

import type { Engine } from "../bindings/engine.ts";
import type { KernelName } from "../bindings/generated/kernels.ts";
import { randomWords, seedHigh, seedLow } from "../src/random.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";

const SEED = 0x12_3456_789a;

/** What a random kernel writes for `n` elements. */
function draw(engine: Engine, kernel: KernelName, n: number, scalars: Record<string, number>, step = 0): Float32Array {
  const code = engine.base;
  const control = Math.ceil((code + engine.codeBytes([{ kernel }])) / 64) * 64;
  const out = control + 64;
  const scratch = Math.ceil((out + n * 4) / 64) * 64;
  const instruction = { kernel, operands: { n, stream: 0, control, out, ...scalars } };
  engine.grow(scratch + engine.encode(code, [instruction]));
  engine.encode(code, [instruction]);
  engine.setScratch(scratch);
  engine.int32(control, 4).set([seedLow(SEED), seedHigh(SEED), step, 0]);
  engine.run(code, 0, 1);
  return Float32Array.from(engine.float32(out, n));
}

/** Mean, deviation, least and greatest. */
function moments(values: Float32Array): [number, number, number, number] {
  let sum = 0;
  let squares = 0;
  let least = Infinity;
  let most = -Infinity;
  for (const x of values) {
    sum += x;
    squares += x * x;
    least = Math.min(least, x);
    most = Math.max(most, x);
  }
  const mean = sum / values.length;
  return [mean, Math.sqrt(squares / values.length - mean * mean), least, most];
}

for (const engine of await openEngines()) {
  suite(`random kernels, ${engine.kernels}`, (test) => {
    test("elements take the words that the host draws", () => {
      const values = draw(engine, "randomUniform", 1029, { low: 0, high: 2 ** 24, stream: 9 }, 3);
      const words = new Uint32Array(4);
      for (let i = 0; i < values.length; i++) {
        if (i % 4 === 0) randomWords(SEED, 9, 3, i / 4, words);
        assert.is(values[i], (words[i % 4] as number) >>> 8);
      }
    });

    test("uniform numbers fill [low, high) and never reach high", () => {
      const n = 200000;
      const [mean, deviation, least, most] = moments(draw(engine, "randomUniform", n, { low: -1, high: 3 }));
      assert.ok(Math.abs(mean - 1) < 5 * (4 / Math.sqrt(12 * n)));
      assert.ok(Math.abs(deviation - 4 / Math.sqrt(12)) < 0.01);
      assert.ok(least >= -1 && least < -0.999 && most > 2.999 && most < 3);
      // a range that holds few floats rounds up often
      const high = 1 + 2 ** -22;
      for (const [low, top] of [
        [1, high],
        [-high, -1],
        [-(2 ** -149), 0],
        [100, 100 + 2 ** -15],
      ] as const) {
        const [, , from, to] = moments(draw(engine, "randomUniform", 1000, { low, high: top }));
        assert.ok(from >= low && to < top, `${from} to ${to} in [${low}, ${top})`);
      }
    });

    test("normal numbers have the moments and tails of the normal distribution", () => {
      const n = 1 << 20;
      const values = draw(engine, "randomNormal", n, { mean: 0, deviation: 1 });
      const [mean, deviation] = moments(values);
      assert.ok(Math.abs(mean) < 5 / Math.sqrt(n));
      assert.ok(Math.abs(deviation - 1) < 5 / Math.sqrt(2 * n));
      // P(z > k) for k = 1, 2, 3, 4, on both sides
      [0.15865525, 0.02275013, 0.001349898, 0.000031671].forEach((p, k) => {
        for (const side of [1, -1]) {
          const beyond = values.reduce((count, z) => count + (side * z > k + 1 ? 1 : 0), 0);
          assert.ok(Math.abs(beyond - n * p) < 5 * Math.sqrt(n * p), `${beyond} beyond ${side * (k + 1)}`);
        }
      });
      let product = 0; // neighbours share a radius and must still be independent
      for (let i = 0; i < n; i += 2) product += (values[i] as number) * (values[i + 1] as number);
      assert.ok(Math.abs(product) < 5 * Math.sqrt(n / 2));
    });

    test("truncated normal numbers stay within two deviations", () => {
      const n = 200000;
      const [mean, deviation, least, most] = moments(
        draw(engine, "randomTruncatedNormal", n, { mean: 1, deviation: 0.5 }),
      );
      assert.ok(least >= 0 && most <= 2 && least < 0.001 && most > 1.999);
      assert.ok(Math.abs(mean - 1) < 5 * (0.44 / Math.sqrt(n)));
      assert.ok(Math.abs(deviation - 0.5 * 0.8796256610342398) < 0.003);
    });

    test("dropout keeps 1 - rate of the elements, in place too, and draws one mask for x and dy", () => {
      const n = 100001;
      const kernel = "dropout";
      const code = engine.base;
      const control = Math.ceil((code + engine.codeBytes([{ kernel }])) / 64) * 64;
      const x = control + 64;
      const out = x + Math.ceil(n / 16) * 64;
      const scratch = out + Math.ceil(n / 16) * 64;
      const apply = (from: number, to: number): Float32Array => {
        const instruction = { kernel, operands: { n, rate: 0.25, stream: 2, control, x: from, out: to } } as const;
        engine.grow(scratch + engine.encode(code, [instruction]));
        engine.encode(code, [instruction]);
        engine.setScratch(scratch);
        engine.int32(control, 4).set([seedLow(SEED), seedHigh(SEED), 1, 0]);
        engine.float32(from, n).fill(3);
        engine.run(code, 0, 1);
        return Float32Array.from(engine.float32(to, n));
      };
      const result = apply(x, out);
      const kept = result.reduce((count, value) => count + (value === 4 ? 1 : 0), 0);
      assert.ok(Math.abs(kept - 0.75 * n) < 5 * Math.sqrt(0.75 * 0.25 * n), `${kept} of ${n} kept`);
      assert.is(result.filter((value) => value !== 4 && value !== 0).length, 0);
      assert.is(apply(x, x).join(), result.join());
    });

    if (engine.kernels !== "reference") {
      test("normal numbers are the same bits in every engine", () => {
        const values = draw(engine, "randomNormal", 4096, { mean: 0, deviation: 1 });
        let hash = 0;
        for (const word of new Int32Array(values.buffer)) hash = (Math.imul(hash, 31) + word) | 0;
        assert.is(hash, -392082163);
      });
    }
  });
}
