// What the comparison with other libraries rests on, without them: the models' counts, layouts, the processes, the table.

import { mkdirSync } from "node:fs";
import { differenceOf, ratioOf } from "../bench/peers/compare.ts";
import { readRowData, writeRowData } from "../bench/peers/data.ts";
import { channelsFirst, samePadding, transpose } from "../bench/peers/layout.ts";
import type { Placed, PlacedLayer, PlacedModel } from "../bench/peers/models.ts";
import { CLASSES, interpret, models, multiplyAdds, parameterCount, placeModel, rows } from "../bench/peers/models.ts";
import { startProcess } from "../bench/peers/process.ts";
import { formatRow } from "../bench/peers/table.ts";
import { assert, suite } from "./harness.ts";

const placed = new Map(models.map((model) => [model.name, placeModel(model)]));
const modelOf = (name: string) => placed.get(name) as PlacedModel;

suite("peers: models", (test) => {
  test("parameters", () => {
    const counts = [...placed].map(([name, model]) => `${name} ${parameterCount(model)}`);
    assert.equal(counts, [
      "MLP 784-128-10 101770",
      "MLP 784-512-512-10 669706",
      "MLP 64-32-10 2410",
      "LeNet-5 61706",
      "VGG-like 550570",
      "ResNet-8 78042",
    ]);
  });

  test("multiply-adds: forward, and all but the first layer's input gradient", () => {
    const first = 28 * 28 * 5 * 5 * 6;
    const forward = first + 10 * 10 * 5 * 5 * 6 * 16 + 400 * 120 + 120 * 84 + 84 * 10;
    assert.is(multiplyAdds(modelOf("LeNet-5"), "infer", 1), forward);
    assert.is(multiplyAdds(modelOf("LeNet-5"), "train", 64), 64 * (3 * forward - first));
    const [hidden, last] = [64 * 32, 32 * 10];
    assert.is(multiplyAdds(modelOf("MLP 64-32-10"), "train", 32), 32 * (2 * hidden + 3 * last));
  });

  test("shapes: strides halve, residuals join, ten classes", () => {
    const shapes: string[] = [];
    const note = (_: string, layer: { type: string; outputShape: readonly number[] }) => {
      shapes.push(`${layer.type} ${layer.outputShape.join("x")}`);
      return "";
    };
    const rules = {
      ...{ rescale: note, conv: note, batchNorm: note, relu: note, maxPool: note, globalAveragePool: note },
      ...{ flatten: note, dense: note, residual: note },
    };
    interpret(modelOf("ResNet-8").layers, "", rules);
    assert.equal(
      shapes.filter((text) => /residual|Pool|dense/.test(text)),
      ["residual 32x32x16", "residual 16x16x32", "residual 8x8x64", "globalAveragePool 64", `dense ${CLASSES}`],
    );
    assert.is(shapes.filter((text) => text.startsWith("conv")).length, 9);
  });

  test("each weight has a place of its own, and all places are used", () => {
    for (const model of placed.values()) {
      const used = new Uint8Array(model.weightCount);
      const visit = (layers: typeof model.layers): void => {
        for (const { weights, main, shortcut } of layers) {
          for (const { offset, shape } of Object.values(weights)) {
            for (let i = 0; i < shape.reduce((a, b) => a * b); i++) used[offset + i] = (used[offset + i] as number) + 1;
          }
          visit(main);
          visit(shortcut);
        }
      };
      visit(model.layers);
      assert.ok(
        used.every((times) => times === 1),
        model.name,
      );
    }
  });

  test("rows have names of their own", () => {
    assert.is(new Set(rows.map(({ name }) => name)).size, rows.length);
  });
});

suite("peers: data", (test) => {
  test("is read as it was written: kernels random, biases zero, scales one, classes in turn", () => {
    const model = modelOf("ResNet-8");
    mkdirSync(".cache", { recursive: true });
    const path = ".cache/peersRow.f32";
    writeRowData(path, model, 12);
    const { weight, x, labels } = readRowData(path, model, 12);
    const [conv, norm] = model.layers as [PlacedLayer, PlacedLayer];
    assert.ok(new Set(weight(conv.weights.kernel as Placed)).size > 100);
    assert.ok(weight(norm.weights.movingVariance as Placed).every((v) => v === 1));
    assert.ok(weight(norm.weights.beta as Placed).every((v) => v === 0));
    assert.ok(x.length === 12 * 32 * 32 * 3 && x.every((v) => v >= 0 && v <= 1));
    assert.equal([...labels], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  });

  test("differences: of losses relative, over the steps that both made", () => {
    const of = (...results: (number | null)[]) => ({ results });
    assert.equal(differenceOf("train", of(2, 1, 5), of(2.5, 1)), { difference: 0.25, steps: 2 });
    assert.equal(differenceOf("infer", { results: [[0.5, 0.5]] }, { results: [[0.25, 0.75]] }), {
      difference: 0.25,
      steps: 2,
    });
    assert.equal(differenceOf("train", of(2), of(null)), { difference: null });
    assert.equal(differenceOf("infer", of(2), of()), { difference: null });
  });
});

suite("peers: ratios", (test) => {
  test("are taken turn by turn, so that a slow spell of the machine counts for both", () => {
    const mine = [[1, 1.1, 0.9], [10], [1]];
    const theirs = [[3, 2.9, 3.1], [30], [3.3], [99]];
    assert.is(ratioOf(mine, theirs), 3);
  });
});

suite("peers: layouts", (test) => {
  test("transpose", () => {
    const values = Float32Array.of(0, 1, 2, 3, 4, 5);
    assert.equal([...transpose(values, [2, 3], [1, 0])], [0, 3, 1, 4, 2, 5]);
    assert.equal([...transpose(values, [1, 2, 3], [2, 0, 1])], [0, 3, 1, 4, 2, 5]);
  });

  test("rows of the dense kernel after flatten follow [C, H, W]", () => {
    const model = placeModel({
      name: "small",
      batch: 1,
      inputShape: [1, 2, 2],
      input: "fractions",
      layers: [{ type: "flatten" }, { type: "dense", units: 1 }],
    });
    const data = {
      weight: () => Float32Array.of(10, 20, 30, 40), // of [H, W, C]: (0, 0), (0, 1), (1, 0), (1, 1)
      x: Float32Array.of(1, 2, 3, 4),
      labels: Int32Array.of(0),
    };
    const kernel = model.layers[1]?.weights.kernel as Placed;
    const first = channelsFirst(model, data);
    assert.equal([...first.weight(kernel)], [10, 30, 20, 40]);
    assert.equal([...first.x], [1, 3, 2, 4]);
    assert.equal(first.inputShape, [2, 1, 2]);
  });

  test("Keras's padding puts the odd one last", () => {
    assert.equal(samePadding(32, 3, 1), [1, 1]);
    assert.equal(samePadding(32, 3, 2), [0, 1]);
    assert.equal(samePadding(32, 1, 2), [0, 0]);
  });
});

suite("peers: processes", (test) => {
  const run = (code: string) => startProcess(process.execPath, ["-e", code]);

  test("answers in lines of JSON, whatever else is printed", async () => {
    const peer = run(`process.stdin.once("data", (text) => console.log("hello\\n" + text.toString().trim()))`);
    assert.equal(await peer.ask({ a: 1 }, 30), { a: 1 });
    peer.end();
  });

  test("an error is the library's own", async () => {
    const peer = run(`process.stdin.once("data", () => console.log('{"error":"no such kernel"}'))`);
    await rejects(peer.ask({}, 30), "no such kernel");
    peer.end();
  });

  test("one that ends says what it printed last", async () => {
    await rejects(run(`console.error("out of luck"); process.exit(3)`).ask({}, 30), "ended with 3: out of luck");
  });

  test("one that does not answer is ended", async () => {
    const peer = run("process.stdin.resume(); setInterval(() => {}, 1000)");
    await rejects(peer.ask({}, 1), "not one step within 1 s");
    await rejects(peer.ask({}, 30), "not one step within 1 s");
  });

  test("one that cannot be started", async () => {
    await rejects(startProcess("/nowhere/python", []).ask({}, 30), "ENOENT");
  });
});

async function rejects(promise: Promise<unknown>, part: string): Promise<void> {
  const message = await promise.then(
    () => "it did not reject",
    (error: Error) => error.message,
  );
  assert.ok(message.includes(part), message);
}

suite("peers: table", (test) => {
  test("a row", () => {
    const text = formatRow({
      name: "train LeNet-5",
      kind: "train",
      parameters: 61_706,
      multiplyAdds: 72_441_600,
      entries: [
        { peer: "lanewise", rate: 200, rateBest: 210.4, how: "program()", roofShare: 0.484 },
        { peer: "slow", rate: 0.4567, rateBest: 0.46, ratio: 437.9, how: "jit", difference: 1.2e-7, steps: 3 },
        { peer: "other", rate: 12.34, rateBest: 15, ratio: 16.21, how: "run", difference: null },
        { peer: "none", error: "no such kernel" },
      ],
    });
    assert.equal(text.split("\n"), [
      "train LeNet-5: 61,706 parameters, 72.4 million multiply-adds a step",
      "            steps/s  best  lanewise is  losses differ by  how",
      "  lanewise      200   210                                 program(), 48 % of the roof",
      "  slow         0.46  0.46        438 x  1e-7 in 3         jit",
      "  other        12.3  15.0       16.2 x  not comparable    run",
      "  none            -                                       no such kernel",
    ]);
  });
});
