// The published binaries are ordinary AssemblyScript modules: AssemblyScript's own loader opens them.

import { readFileSync } from "node:fs";
import { instantiate } from "@assemblyscript/loader";
import { assert, suite } from "./harness.ts";

suite("published binaries", (test) => {
  for (const name of ["base", "strict"]) {
    test(`${name}.wasm opens with @assemblyscript/loader`, async () => {
      const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536 });
      const { instance } = await instantiate(readFileSync(`dist/wasm/${name}.wasm`), { env: { memory } });
      const kernel = instance.exports[name === "base" ? "fill" : "gemm"];
      assert.type(kernel, "function");
    });
  }
  test("a kernel runs by its operands in memory", async () => {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536 });
    const { instance } = await instantiate(readFileSync("dist/wasm/base.wasm"), { env: { memory } });
    const [args, task, out] = [65536, 65600, 65664];
    const words = new DataView(memory.buffer);
    words.setInt32(args, 5, true); // n
    words.setFloat32(args + 4, 1.5, true); // value
    words.setInt32(args + 8, out, true);
    words.setInt32(task + 4, 1, true); // threads
    (instance.exports.fill as (args: number, task: number) => void)(args, task);
    assert.equal([...new Float32Array(memory.buffer, out, 6)], [1.5, 1.5, 1.5, 1.5, 1.5, 0]);
  });
});
