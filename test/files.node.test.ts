// Checkpoints in files: by path and by URL.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dense, init, LanewiseError, modelCheckpoint, sequential, sgd } from "../src/index.ts";
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

  test("modelCheckpoint puts whole files in place of others, and leaves nothing beside them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lanewise-"));
    try {
      const model = sequential([dense({ units: 1, kernelInitializer: "zeros" })], { inputShape: [1] });
      model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: "mse" });
      // the second epoch is the best: its target is nearest to what was learned
      const targets = [5, 1, 9];
      let epoch = 0;
      const data = () => [{ x: [[0]], y: [[targets[epoch++] as number]] }];
      const [best, every] = [join(folder, "best.safetensors"), join(folder, "every.safetensors")];
      writeFileSync(best, "what was there before");
      const states: string[] = [];
      const kept = modelCheckpoint({ monitor: "loss", path: best });
      await model.fit(data, {
        epochs: 3,
        callbacks: [
          kept,
          modelCheckpoint({ monitor: "loss", path: every, saveBestOnly: false }),
          modelCheckpoint({
            monitor: "loss",
            saveBestOnly: false,
            path: (epoch, { loss }) => join(folder, `${epoch} ${loss === undefined}`),
          }),
          { onEpochEnd: async () => void states.push((await model.save()).join()) },
        ],
      });
      assert.equal(readdirSync(folder).sort(), [
        "0 false",
        "1 false",
        "2 false",
        "best.safetensors",
        "every.safetensors",
      ]);
      assert.is(new Uint8Array(readFileSync(best)).join(), states[1]);
      assert.is(kept.best?.join(), states[1]);
      assert.is(new Uint8Array(readFileSync(every)).join(), states[2]);
      for (let i = 0; i < 3; i++) assert.is(new Uint8Array(readFileSync(join(folder, `${i} false`))).join(), states[i]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a file that cannot be written is an error that leaves what was there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lanewise-"));
    try {
      const model = sequential([dense({ units: 1 })], { inputShape: [1] });
      model.compile({ optimizer: sgd(), loss: "mse" });
      for (const path of [folder, join(folder, "none", "weights"), () => ""]) {
        const fit = model.fit({ x: [[1]], y: [[1]] }, { callbacks: modelCheckpoint({ monitor: "loss", path }) });
        const error = await fit.then(
          () => null,
          (thrown: unknown) => thrown,
        );
        assert.ok(error instanceof LanewiseError, String(error));
        assert.is(error.code, typeof path === "string" ? "bad-file" : "invalid-argument");
        assert.match(error.message, /^modelCheckpoint: .*path/);
      }
      assert.equal(readdirSync(folder), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
