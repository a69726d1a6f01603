// The unpacker of the embedded kernels, against the packer.

import { unpacker } from "../bindings/generated/binaries.ts";
import { bytesOfBase64, unpackLzma } from "../bindings/unpack.ts";
import { assert, suite } from "./harness.ts";
import { integers } from "./values.ts";

// by a name that the compiler does not follow: the package gives its sources as its types
const packer: string = "lzma1";
const { compress } = (await import(packer)) as { compress(data: Uint8Array, mode: number): ArrayLike<number> };

const module = await WebAssembly.compile(bytesOfBase64(unpacker));

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

suite("unpack", (test) => {
  for (const n of [0, 1, 2, 3, 17, 255, 1000, 70_000, 300_000]) {
    test(`${n} bytes`, async () => {
      const bytes = sample(n, n + 1);
      const packed = Uint8Array.from(compress(bytes, 9));
      const unpacked = await unpackLzma(module, packed, n);
      assert.equal(unpacked.bytes, bytes);
      assert.ok(unpacked.read <= packed.length, `${unpacked.read} of ${packed.length} bytes were read`);
    });
  }
  test("the beginning alone", async () => {
    const bytes = sample(5000, 6);
    const packed = Uint8Array.from(compress(bytes, 9));
    for (const size of [0, 1, 100, 2500, 4999, 5000]) {
      const { bytes: first, read } = await unpackLzma(module, packed, size);
      assert.equal(first, bytes.slice(0, size));
      const again = await unpackLzma(module, packed.subarray(0, read), size);
      assert.equal(again.bytes, first, `${read} bytes are enough for ${size}`);
    }
  });
  test("base64, all bytes", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    assert.equal(bytesOfBase64(Buffer.from(bytes).toString("base64")), bytes);
  });
});
