// The published binaries are ordinary AssemblyScript modules: AssemblyScript's own loader opens them.

import { readFileSync } from "node:fs";
import { instantiate } from "@assemblyscript/loader";
import { assert, suite } from "./harness.ts";

suite("published binaries", (test) => {
  for (const name of ["base", "strict"]) {
    test(`${name}.wasm opens with @assemblyscript/loader`, async () => {
      const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536 });
      const { instance } = await instantiate(readFileSync(`dist/wasm/${name}.wasm`), { env: { memory } });
      const kernel = instance.exports[name === "base" ? "affine" : "gemm"];
      assert.type(kernel, "function");
    });
  }
  test("a kernel runs by its operands in memory", async () => {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536 });
    const { instance } = await instantiate(readFileSync("dist/wasm/base.wasm"), { env: { memory } });
    const [args, task, x, out] = [65536, 65600, 65664, 65728];
    const words = new DataView(memory.buffer);
    words.setInt32(args, 5, true); // n
    words.setFloat32(args + 4, 2, true); // alpha
    words.setFloat32(args + 8, 1.5, true); // beta
    words.setInt32(args + 12, x, true);
    words.setInt32(args + 16, out, true);
    words.setInt32(task + 4, 1, true); // threads
    new Float32Array(memory.buffer, x, 6).set([0, 1, 2, 3, 4, 5]);
    (instance.exports.affine as (args: number, task: number) => void)(args, task);
    assert.equal([...new Float32Array(memory.buffer, out, 6)], [1.5, 3.5, 5.5, 7.5, 9.5, 0]);
  });
});
