// Checkpoints in files: by path and by URL.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dense, init, sequential } from "../src/index.ts";
import { assert, suite } from "./harness.ts";

suite("files", (test) => {
  test("what save writes is read back by path and by file: URL", async () => {
    await init();
    const folder = mkdtempSync(join(tmpdir(), "lanewise-"));
    try {
      const path = join(folder, "weights.safetensors");
      const make = (seed: number) => sequential([dense({ units: 2 })], { inputShape: [3], seed });
      const weights = (model: ReturnType<typeof make>) => model.variables.map((each) => each.read().data.join());
      const saved = make(1);
      await saved.save(path);
      for (const source of [path, pathToFileURL(path)]) {
        const model = make(2);
        assert.not.equal(weights(model), weights(saved));
        await model.load(source);
        assert.equal(weights(model), weights(saved));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
