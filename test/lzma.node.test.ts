// The unpacker of the embedded kernels, against the packer.

import { unpackLzma } from "../bindings/lzma.ts";
import { assert, suite } from "./harness.ts";
import { integers } from "./values.ts";

// by a name that the compiler does not follow: the package gives its sources as its types
const packer: string = "lzma1";
const { compress } = (await import(packer)) as { compress(data: Uint8Array, mode: number): ArrayLike<number> };

/** Bytes with runs, repeats at all distances, and noise. */
function sample(n: number, seed: number): Uint8Array {
  const next = integers(seed);
  const bytes = new Uint8Array(n);
  for (let i = 0; i < n; ) {
    const kind = next() % 4;
    const length = Math.min(n - i, 1 + (next() % (kind === 0 ? 3 : 300)));
    const distance = 1 + (i > 0 ? next() % i : 0);
    const value = next() & 255;
    for (let j = 0; j < length; j++, i++) {
      if (kind < 2 || i === 0) bytes[i] = next() & 255;
      else bytes[i] = kind === 2 ? value : (bytes[i - distance] ?? 0);
    }
  }
  return bytes;
}

suite("lzma", (test) => {
  for (const n of [0, 1, 2, 3, 17, 255, 1000, 70_000, 300_000]) {
    test(`${n} bytes`, () => {
      const bytes = sample(n, n + 1);
      assert.equal(unpackLzma(Uint8Array.from(compress(bytes, 9))), bytes);
    });
  }
  test("the beginning alone", () => {
    const bytes = sample(5000, 6);
    const packed = Uint8Array.from(compress(bytes, 9));
    for (const wanted of [0, 1, 100, 2500, 4999, 5000, 6000]) {
      assert.equal(unpackLzma(packed, wanted), bytes.slice(0, wanted));
    }
    const half = packed.subarray(0, Math.ceil(packed.length * 0.8));
    assert.equal(unpackLzma(half, 2500), bytes.slice(0, 2500));
  });
  test("within a larger buffer", () => {
    const packed = Uint8Array.from(compress(sample(500, 5), 9));
    const larger = new Uint8Array(packed.length + 7);
    larger.set(packed, 7);
    assert.equal(unpackLzma(larger.subarray(7)), sample(500, 5));
  });
});
