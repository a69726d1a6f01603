// Wrong calls of every public function, generated from a table: function, a valid call, the kind of each argument
// and option. What a kind does not accept must throw a LanewiseError that names the argument; afterwards models
// train to the same bits as before.

import type { Tensor, Values } from "../src/index.ts";
import * as lanewise from "../src/index.ts";
import * as kernels from "../src/kernels.ts";
import { assert, suite } from "./harness.ts";
import * as augment from "./wrongCalls/augment.ts";
import * as checks from "./wrongCalls/check.ts";
import * as data from "./wrongCalls/data.ts";
import * as diagnosis from "./wrongCalls/diagnosis.ts";
import type { Call } from "./wrongCalls/kinds.ts";
import { attempt, attemptNow, complaint, pool, show, wrongCallsOf } from "./wrongCalls/kinds.ts";
import * as layers from "./wrongCalls/layers.ts";
import * as making from "./wrongCalls/making.ts";
import { examples, fiveSteps, hashOf, inputs, makeModel, modelCalls, stepCalls, x, y } from "./wrongCalls/models.ts";
import { opCalls } from "./wrongCalls/ops.ts";
import * as optimizers from "./wrongCalls/optimizers.ts";
import * as sched from "./wrongCalls/sched.ts";
import * as searches from "./wrongCalls/search.ts";

const { LanewiseError, ops } = lanewise;

const sync: readonly Call[] = [augment, checks, data, diagnosis, layers, optimizers, making, sched, searches].flatMap(
  ({ calls }) => calls,
);
const seen = new Set<string>(["LanewiseError"]);

async function check(calls: readonly Call[]): Promise<void> {
  const found: string[] = [];
  for (const call of calls) {
    seen.add(call.name.split(",")[0] as string);
    for (const { what, given, names } of wrongCallsOf(call)) {
      const text = complaint(
        what,
        await attempt(() => (call.run as (...all: unknown[]) => unknown)(...given)),
        ...names,
      );
      if (text) found.push(text);
    }
  }
  assert.is(found.join("\n"), "");
}

suite("wrong calls", (test) => {
  let expected = "";
  test("before: a reference model", async () => {
    expected = await fiveSteps(makeModel());
  });

  test("functions that make layers, optimizers and descriptions, and of data", () => check(sync));

  test("ops, effects and layers inside a program", async () => {
    const shapes = { x: [2, 3], y: [2, 3], image: [1, 5, 5, 1], labels: { shape: [2], dtype: "int32" } } as const;
    const found: string[] = [];
    const step = await lanewise.program(shapes, (symbols) => {
      for (const call of opCalls(symbols)) {
        seen.add(call.name);
        for (const { what, given, names } of wrongCallsOf(call)) {
          const thrown = attemptNow(() => (call.run as (...all: unknown[]) => unknown)(...given));
          const text = complaint(what, thrown, ...names);
          if (text) found.push(text);
        }
      }
      return { out: ops.sum(symbols.x) };
    });
    assert.is(found.join("\n"), "");
    const values: Values = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const out = step({ x: values, y: values, image: new Float32Array(25), labels: [0, 1] });
    assert.is(out.out.data[0], 21);
  });

  test("models", async () => {
    const model = makeModel();
    const fresh = makeModel();
    await check(modelCalls(model));
    assert.is(await fiveSteps(model), expected);
    assert.is(await fiveSteps(fresh), expected);
  });

  test("models of several inputs and outputs", async () => {
    const { add, dense, functional, input } = lanewise;
    const [a, b] = [input([2]), input([3], { name: "b" })];
    const both = add()([dense({ units: 2 })(a), dense({ units: 2 })(b)]);
    const named = functional({ inputs: { a, b }, outputs: { p: both, q: dense({ units: 1 })(both) } });
    const listed = functional({ inputs: [a, b], outputs: both });
    named.compile({ optimizer: lanewise.sgd(), loss: { p: "mse", q: "mse" } });
    const [x2, x3] = [new Float32Array(4), new Float32Array(6)];
    const y = { p: new Float32Array(4), q: new Float32Array(2) };
    const wrong = [null, x2, [x2, x3], { a: x2 }, { a: x2, b: x2 }, { a: x2, b: x3, c: x3 }, { a: x2, b: null }];
    const found: string[] = [];
    const note = async (what: string, run: () => unknown, name: string): Promise<void> => {
      const text = complaint(what, await attempt(run), name);
      if (text) found.push(text);
    };
    for (const each of wrong) await note(`x = ${show(each)}`, () => named.predict(each as never), "x");
    for (const each of [x2, { a: x2, b: x3 }, [x2], [x2, x3, x3], [x2, x2]]) {
      await note(`listed, x = ${show(each)}`, () => listed.predict(each as never), "x");
    }
    for (const each of [x2, { p: y.p }, [y.p, y.q], { ...y, r: y.q }, { p: y.q, q: y.q }]) {
      await note(`y = ${show(each)}`, () => named.fit({ x: { a: x2, b: x3 }, y: each as never }), "y");
    }
    for (const loss of [{ p: "mse" }, { p: "mse", q: "none" }, { p: "mse", q: "mse", r: "mse" }]) {
      await note(
        `loss = ${show(loss)}`,
        () => named.compile({ optimizer: lanewise.sgd(), loss: loss as never }),
        "loss.",
      );
    }
    assert.is(found.join("\n"), "");
    const { metrics: history } = await named.fit({ x: { a: x2, b: x3 }, y });
    assert.equal(Object.keys(history), ["loss", "p_loss", "q_loss"]);
  });

  test("layers of one's own that go wrong, and models disposed of", async () => {
    const found: string[] = [];
    const { defineLayer, input } = lanewise;
    const call = (x: Tensor) => x;
    const note = async (what: string, run: () => unknown, ...names: string[]): Promise<void> => {
      const text = complaint(what, await attempt(run), ...names);
      if (text) found.push(text);
    };
    const scale = defineLayer({ name: "scale", call });
    for (const [label, options] of Object.entries(pool)) {
      if (label !== "{}") await note(`options = ${label}`, () => scale(options as never), "options");
    }
    for (const name of [null, "", 1]) await note("name", () => scale({ name: name as never }), "name");
    for (const trainable of [null, 1])
      await note("trainable", () => scale({ trainable: trainable as never }), "trainable");
    for (const built of [
      null,
      1,
      "w",
      { w: null },
      { w: 1 },
      { w: {} },
      { w: { shape: 3 } },
      { w: { shape: [0] } },
      { w: { shape: [1], role: "slots" } },
      { w: { shape: [1], initializer: "x" } },
    ]) {
      const layer = defineLayer({ name: "scale", build: () => built as never, call });
      await note(
        `build gives ${show(built)}`,
        () => layer()(input([2])),
        "build",
        "shape",
        "options",
        "role",
        "initializer",
      );
    }
    for (const returned of [undefined, null, 1, [1], "x", {}]) {
      const layer = defineLayer({ name: "scale", call: () => returned as never });
      await note(`call gives ${show(returned)}`, () => layer()(input([2])), "call");
    }
    const gone = makeModel();
    await fiveSteps(gone);
    const [weight] = gone.variables;
    gone.dispose();
    gone.dispose();
    for (const [what, run] of [
      ["compile", () => gone.compile({ optimizer: lanewise.sgd(), loss: "mse" })],
      ["fit", () => gone.fit({ x, y })],
      ["evaluate", () => gone.evaluate({ x, y })],
      ["predict", () => gone.predict(x)],
      ["trainOnBatch", () => gone.trainOnBatch(x, y)],
      ["summary", () => gone.summary()],
      ["explain", () => gone.explain("graph")],
      ["memory", () => gone.memory],
      ["save", () => gone.save()],
      ["load", () => gone.load(new Uint8Array(9))],
      ["read", () => weight?.read()],
      ["write", () => weight?.write([1])],
      ["layer", () => gone(input([inputs]))],
    ] as const) {
      const thrown = await attempt(run as () => unknown);
      if (!(thrown instanceof LanewiseError) || thrown.code !== "disposed") found.push(`${what}: ${String(thrown)}`);
    }
    assert.is(found.join("\n"), "");
  });

  test("programs, steps, variables", async () => check(await stepCalls()));

  test("files cut short or changed", async () => {
    const model = makeModel();
    await fiveSteps(model);
    const bytes = await model.save();
    const found: string[] = [];
    const copy = makeModel();
    const load = async (what: string, given: Uint8Array): Promise<void> => {
      const text = complaint(`load, ${what}`, await attempt(() => copy.load(given)), "load");
      if (text) found.push(text);
    };
    for (let length = 0; length < bytes.length; length += length < 64 ? 1 : 97)
      await load(`${length} bytes`, bytes.slice(0, length));
    await load("a byte more", Uint8Array.from([...bytes, 0]));
    for (let i = 0; i < 24; i++)
      await load(
        `byte ${i} changed`,
        bytes.map((byte, j) => (i === j ? byte ^ 0x55 : byte)),
      );
    assert.is(found.join("\n"), "");
    assert.is(await fiveSteps(copy), expected);
  });

  test("losses, rates and layers that go wrong while training", async () => {
    const found: string[] = [];
    const train = async (what: string, name: string, change: Partial<lanewise.CompileOptions>): Promise<void> => {
      const model = makeModel();
      const before = await lanewise.init().then(() => model.save().then(() => hashOf(model)));
      model.compile({ optimizer: lanewise.adam(), loss: "mse", ...change });
      const target = "loss" in change ? new Float32Array(examples * 3) : y;
      const text = complaint(what, await attempt(() => model.fit({ x, y: target })), name);
      if (text) found.push(text);
      if (hashOf(model) !== before) found.push(`${what}: weights have changed`);
    };
    const sparse = { loss: "sparseCategoricalCrossentropy" } as const;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, "0.1", null, undefined, {}, 1e39]) {
      const optimizer = lanewise.adam({ learningRate: () => value as number });
      const model = makeModel();
      model.compile({ optimizer, ...sparse });
      const text = complaint(
        `learning rate ${String(value)}`,
        await attempt(() => model.fit({ x, y })),
        "learningRate",
      );
      if (text) found.push(text);
      const set = complaint(
        `learningRate = ${String(value)}`,
        await attempt(() => {
          lanewise.sgd().learningRate = value as number;
        }),
        "learningRate",
      );
      if (set) found.push(set);
    }
    await train("a loss that returns a scalar", "loss", { loss: (t, p) => ops.mean(ops.sub(t, p)) });
    await train("a loss that returns a number", "loss", { loss: (() => 1) as never });
    await train("a loss that returns nothing", "loss", { loss: (() => {}) as never });
    await train("a loss that returns a matrix", "loss", { loss: (t, p) => ops.sub(t, p) });
    await train("a metric that returns a scalar", "worst", {
      loss: "mse",
      metrics: [
        function worst(t, p) {
          return ops.max(ops.sub(t, p));
        },
      ],
    });
    const mse = lanewise.sequential([lanewise.dense({ units: 1 })], { inputShape: [2] });
    mse.compile({ optimizer: lanewise.sgd(), loss: "mse" });
    const flat = {
      x: [
        [1, 2],
        [3, 4],
      ],
      y: { data: [1, 2], shape: [2] },
    };
    const text = complaint(
      "y [n] for an output [n, 1]",
      await attempt(() => mse.fit(flat)),
      "y must have shape [null, 1]",
    );
    if (text) found.push(text);
    for (const [what, run, ...names] of [
      ["add(a, b)", () => lanewise.add(lanewise.input([1]) as never), "ops.add"],
      ["layer(a, b)", () => lanewise.dense({ units: 1 })(lanewise.input([1]), lanewise.input([1]) as never), "ops.add"],
      ["layer on an array", () => lanewise.dense({ units: 1 })([1, 2] as never), "x must be"],
      ["layer on a typed array", () => lanewise.dense({ units: 1 })(new Float32Array(3) as never), "x must be"],
      [
        "a layer that returns an array",
        () => lanewise.sequential([(() => [1]) as never], { inputShape: [1] }),
        "layers[0]",
      ],
      [
        "fit before compile",
        () => lanewise.sequential([lanewise.flatten()], { inputShape: [1] }).fit({ x: [[1]], y: [[1]] }),
        "compile",
      ],
      ["an unknown shape", () => lanewise.sequential([lanewise.flatten()]).predict([1, 2]), "inputShape"],
      [
        "a kernel that does not fit",
        () => lanewise.conv2d({ filters: 1, kernelSize: 5 })(lanewise.input([4, 4, 8])),
        "kernel 5x5",
      ],
      ["assign outside", () => lanewise.assign(lanewise.variable([1]), 1), "assign"],
      ["gradients outside", () => lanewise.gradients(ops.constant([1]), []), "gradients"],
    ] as [string, () => unknown, ...string[]][]) {
      const wrong = complaint(what, await attempt(run), ...names);
      if (wrong) found.push(wrong);
    }
    assert.is(found.join("\n"), "");
  });

  test("sizes that nothing can hold", async () => {
    const found: string[] = [];
    const { dense, conv2d, input, maxPooling2d, sequential } = lanewise;
    const large = 2 ** 31 - 1;
    const huge: [string, () => unknown][] = [
      ["program", () => lanewise.program({ x: [2 ** 20, 2 ** 20] }, ({ x }) => ({ y: ops.relu(x) }))],
      ["product", () => lanewise.program({ x: [65536, 1] }, ({ x }) => ({ y: ops.matmul(x, x, { transB: true }) }))],
      ["broadcast", () => lanewise.program({ x: [65536, 1] }, ({ x }) => ({ y: ops.add(x, ops.transpose(x)) }))],
      ["oneHot", () => lanewise.program({}, () => ({ y: ops.oneHot(ops.constant(new Int32Array(8)), large) }))],
      [
        "variable of a layer",
        () => sequential([dense({ units: large })], { inputShape: [1000] }).predict(new Float32Array(1000)),
      ],
      ["read", () => sequential([dense({ units: large })], { inputShape: [1000] }).variables.map((v) => v.read())],
      ["save", () => sequential([dense({ units: large })], { inputShape: [1000] }).save()],
      [
        "activations",
        () =>
          sequential([(x) => ops.broadcastTo(ops.reshape(x, [null, 1]), [x.dims[0] as number, large])], {
            inputShape: [1],
          }).predict([[1]]),
      ],
      ["explain", () => makeModel().explain("plan", { batchSize: large })],
      [
        "padding",
        () =>
          sequential([conv2d({ filters: 1, kernelSize: 1, padding: 2 ** 20 - 1 })], { inputShape: [2, 2, 1] }).predict(
            new Float32Array(4),
          ),
      ],
      ["dilation", () => conv2d({ filters: 1, kernelSize: 3, padding: "same", dilationRate: large })(input([4, 4, 1]))],
      [
        "memory",
        async () => {
          const step = await lanewise.program({ x: [1] }, ({ x }) => {
            const large = ops.broadcastTo(x, [2 ** 29]);
            // read again behind the sum, so that it cannot live within a chain
            return { y: ops.add(ops.sum(ops.mul(ops.exp(large), large)), ops.sum(large)) };
          });
          step({ x: [1] });
        },
      ],
    ];
    for (const [what, run] of huge) {
      const started = performance.now();
      const text = complaint(what, await attempt(run), "");
      if (text) found.push(text);
      const ms = performance.now() - started;
      if (ms > 5000) found.push(`${what}: took ${ms} ms`);
    }
    const pooled = sequential([maxPooling2d({ poolSize: large, padding: "same" })], { inputShape: [2, 2, 1] });
    assert.equal([...(await pooled.predict(Float32Array.of(1, 4, 3, 2))).data], [4]);
    assert.is(found.join("\n"), "");
  });

  test("properties that may be set", async () => {
    const layer = lanewise.dense({ units: 1 });
    for (const [what, value] of Object.entries(pool)) {
      if (value === true) continue;
      const thrown = attemptNow(() => {
        layer.trainable = value as never;
      });
      assert.is(complaint(`trainable = ${what}`, thrown, "trainable"), null);
    }
    assert.is(layer.trainable, true);
  });

  test("binaries that are none", async () => {
    const found: string[] = [];
    for (const [what, value] of Object.entries(pool)) {
      const text = complaint(
        `wasm gives ${what}`,
        await attempt(() => kernels.open({ wasm: () => value as never })),
        'wasm("',
      );
      if (text) found.push(text);
    }
    for (const given of [new Uint8Array(8), new Response("", { status: 404 }), new URL("data:,none")]) {
      const text = complaint(
        `wasm gives ${show(given)}`,
        await attempt(() => kernels.open({ wasm: () => given })),
        "base",
        "strict",
        "relaxed",
      );
      if (text) found.push(text);
    }
    assert.is(found.join("\n"), "");
  });

  test("kernels over arrays of one's own", async () => {
    const machine = await kernels.open({ bytesMax: 1 << 20 });
    const found: string[] = [];
    const note = (what: string, run: () => unknown, ...names: string[]): void => {
      const text = complaint(what, attemptNow(run), ...names);
      if (text) found.push(text);
    };
    const foreign = new Float32Array(8);
    for (const [name, kernel] of Object.entries(machine)) {
      if (typeof kernel !== "function") continue;
      const call = kernel as (given: unknown) => unknown;
      const plain = name === "float32" || name === "int32";
      const names = plain ? ["length"] : name === "free" ? ["array"] : [`machine.${name}`];
      for (const [what, value] of Object.entries(pool)) {
        if (!(plain && value === 0)) note(`${name}(${what})`, () => call(value), ...names);
      }
      note(`${name}()`, () => call(undefined), ...names);
      note(`${name} of an array from elsewhere`, () => call(foreign), ...names);
      if (!plain && name !== "free") note(`${name}, unknown operand`, () => call({ unknownKey: 1 }), "unknownKey");
    }
    assert.is(found.join("\n"), "");
  });

  test("every export has a row", () => {
    const missing: string[] = [];
    for (const [name, value] of Object.entries(lanewise)) {
      if (typeof value === "function" && !seen.has(name)) missing.push(name);
      if (typeof value !== "object") continue;
      for (const member of Object.keys(value)) if (!seen.has(`${name}.${member}`)) missing.push(`${name}.${member}`);
    }
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(makeModel()))) {
      if (typeof property.value === "function" && !seen.has(`model.${name}`)) missing.push(`model.${name}`);
    }
    assert.equal(missing, []);
  });

  test("after all of it: the same bits", async () => {
    assert.is(await fiveSteps(makeModel()), expected);
  });
});
