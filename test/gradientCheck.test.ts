// gradientCheck: right gradients of every kind of layer pass, wrong ones are found and named, kinks are told from errors. And
// ops.customGradient.

import type { Layer, Model, Tensor, Values } from "../src/index.ts";
import * as lanewise from "../src/index.ts";
import {
  activation,
  adam,
  batchNormalization,
  conv2d,
  defineLayer,
  dense,
  dropout,
  flatten,
  functional,
  gradientCheck,
  init,
  input,
  l1l2,
  l2,
  maxPooling2d,
  ops,
  program,
  sequential,
  sgd,
} from "../src/index.ts";
import { samplesFor } from "../src/train/differences.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { normal } from "./values.ts";

const BATCH = 5;
const y = Int32Array.from({ length: BATCH }, (_, i) => i % 3);

function model(layers: readonly ((x: Tensor) => Tensor)[], inputShape: readonly number[] = [4]): Model {
  const made = sequential([...layers, dense({ units: 3, activation: "softmax" })], { inputShape, seed: 2 });
  made.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return made;
}

const numbers = (size: number): Float32Array => normal(BATCH * size, 7);
const small = { x: numbers(4), y };

const square = (slope: number, name: string) =>
  ops.customGradient((x) => ({ value: ops.square(x), gradient: (dy) => ops.mul(dy, ops.mul(x, slope)) }), { name });

suite("gradientCheck of models", (test) => {
  const smooth: Readonly<Record<string, () => Model>> = {
    "tanh, sigmoid": () => model([dense({ units: 4, activation: "tanh" }), dense({ units: 3, activation: "sigmoid" })]),
    "gelu, silu, softplus": () =>
      model([
        dense({ units: 4, activation: "gelu" }),
        dense({ units: 4, activation: "silu" }),
        dense({ units: 3, activation: "softplus" }),
      ]),
    penalties: () =>
      model([
        dense({ units: 4, activation: "tanh", kernelRegularizer: l2({ l2: 0.3 }), biasRegularizer: l2() }),
        dense({ units: 4, activation: "tanh", kernelRegularizer: l1l2({ l1: 0.2, l2: 0.1 }) }),
      ]),
    "group normalisation of features": () =>
      model([dense({ units: 6, activation: "tanh" }), lanewise.groupNormalization({ groups: 2 })]),
    "group normalisation of images": () =>
      model(
        [
          conv2d({ filters: 4, kernelSize: 2, activation: "tanh" }),
          lanewise.groupNormalization({ groups: 2 }),
          lanewise.groupNormalization({ groups: -1 }),
          flatten(),
        ],
        [5, 5, 1],
      ),
    "batch normalisation": () => model([dense({ units: 4, activation: "tanh" }), batchNormalization()]),
    "convolution of images": () =>
      model([conv2d({ filters: 2, kernelSize: 3, activation: "tanh" }), batchNormalization(), flatten()], [5, 5, 1]),
  };
  for (const [name, make] of Object.entries(smooth)) {
    test(`${name}: below 1e-7, all elements`, async () => {
      const made = make();
      const size = name.endsWith("images") ? 25 : 4;
      const report = await gradientCheck(made, { x: numbers(size), y });
      assert.ok(report.passed && report.verdict === "ok", String(report));
      assert.ok(report.relativeError < 1e-7 && report.relativeError > 0, String(report.relativeError));
      const trained = made.variables.filter(({ trainable }) => trainable);
      assert.equal(
        report.variables.map(({ name: variable, checked, verdict }) => [variable, checked, verdict]),
        trained.map(({ name: variable, shape }) => [variable, shape.reduce((n, m) => n * m, 1), "ok"]),
      );
      assert.is(report.epsilon, 1e-5);
      assert.ok(report.worst !== null && trained.some((variable) => variable.name === report.worst?.name));
      const row = (report.worst as NonNullable<typeof report.worst>).index;
      assert.is(row.length, trained.find((variable) => variable.name === report.worst?.name)?.shape.length);
    });
  }

  test("the value is the loss, and the worst element's numbers are the analytic ones", async () => {
    // one weight w, x = 3, t = 1: (3 w - 1)^2, gradient 6 (3 w - 1)
    const line = sequential([dense({ units: 1, useBias: false })], { inputShape: [1] });
    line.variables[0]?.write([[0.5]]);
    line.compile({ optimizer: sgd(), loss: "mse" });
    const report = await gradientCheck(line, { x: [[3]], y: [[1]] });
    assert.is(report.value, 0.25);
    assert.is(report.worst?.analytic, 3);
    assert.ok(Math.abs((report.worst?.numeric as number) - 3) < 1e-9);
    assert.equal(report.worst?.index, [0, 0]);
    assert.match(String(report), /dense_1\/kernel +1 +0 .* ok/);
  });

  test("sample weights, several outputs, frozen layers", async () => {
    const x = input([4]);
    const hidden = dense({ units: 3, activation: "tanh", trainable: false })(x);
    const made = functional({ inputs: x, outputs: { a: dense({ units: 3 })(hidden), b: dense({ units: 1 })(hidden) } });
    made.compile({ optimizer: sgd(), loss: { a: "mse", b: "mse" }, lossWeights: { b: 0.3 } });
    const report = await gradientCheck(made, {
      x: numbers(4),
      y: { a: numbers(3), b: numbers(1) },
      sampleWeight: [0, 1, 2, 0.5, 1],
    });
    assert.is(report.verdict, "ok");
    assert.is(report.variables.length, 4);
    assert.match(report.notes.join(), /not checked: dense_1\/kernel, dense_1\/bias/);
  });

  test("dropout is off, and named; the model is as before", async () => {
    await init();
    const made = model([dense({ units: 6, activation: "tanh" }), dropout({ rate: 0.5 }), batchNormalization()]);
    made.explain("graph"); // slots are there
    const before = await made.save();
    const report = await gradientCheck(made, small);
    assert.is(report.verdict, "ok");
    assert.match(report.notes.join(), /Switched off.*: dropout_1\./);
    assert.equal(await made.save(), before);
    // and without it the same gradient
    const without = model([dense({ units: 6, activation: "tanh" }), batchNormalization()]);
    for (const [i, variable] of without.variables.entries()) variable.write(made.variables[i]?.read() as Values);
    const plain = await gradientCheck(without, small);
    assert.equal(plain.notes, []);
    assert.is(plain.value, report.value);
  });

  test("every layer that behaves by chance is off", async () => {
    const noisy = [
      lanewise.gaussianNoise({ stddev: 1 }),
      lanewise.gaussianDropout({ rate: 0.5 }),
      lanewise.alphaDropout({ rate: 0.5 }),
    ];
    const report = await gradientCheck(model([dense({ units: 4, activation: "tanh" }), ...noisy]), small);
    assert.is(report.verdict, "ok");
    assert.is(
      report.notes.join(),
      "Switched off, because it behaves by chance: gaussianNoise_1, gaussianDropout_1, alphaDropout_1.",
    );
  });

  test("penalties on activations and by the number of examples, with layer normalisation", async () => {
    const made = model([
      dense({
        units: 4,
        activation: "tanh",
        activityRegularizer: l2({ l2: 0.1 }),
        kernelRegularizer: l2({ lambda: 0.7 }),
      }),
      lanewise.layerNormalization(),
    ]);
    const report = await gradientCheck(made, small);
    assert.is(report.verdict, "ok", String(report));
  });

  test("relu at exactly 0, ties of a maximum: kinks are listed and left out", async () => {
    const zeros = await gradientCheck(model([(x) => ops.mul(x, 0), dense({ units: 4, activation: "relu" })]), small);
    const bias = zeros.variables.find(({ name }) => name === "dense_1/bias");
    assert.equal([bias?.verdict, bias?.kinks, bias?.checked], ["kinks", 4, 4]);
    assert.ok(zeros.passed);
    assert.is(zeros.kinks.length, 4);
    for (const { analytic, slopeBelow, slopeAbove } of zeros.kinks) {
      assert.is(analytic, 0);
      assert.is(slopeBelow, 0);
      assert.ok(slopeAbove !== 0);
    }
    assert.match(String(zeros), /Left out, .* kink, .*: 4 elements/);

    const ties = model(
      [conv2d({ filters: 2, kernelSize: 1, activation: "tanh" }), maxPooling2d({ poolSize: 2 }), flatten()],
      [4, 4, 1],
    );
    const tied = await gradientCheck(ties, { x: new Float32Array(BATCH * 16).fill(0.5), y });
    assert.ok(tied.passed, String(tied));
  });

  test("a kink crossed by epsilon, beside the point, is none of the gradient's faults", async () => {
    // relu(w x) with w x = 4e-6: one side of the two-sided difference is beyond 0
    const near = sequential([dense({ units: 1, activation: "relu" })], { inputShape: [1] });
    near.compile({ optimizer: sgd(), loss: (_, p) => ops.mean(p, { axes: 1 }) });
    near.variables[0]?.write([[4e-6]]);
    const report = await gradientCheck(near, { x: [[1]], y: [[0]] });
    assert.equal(
      report.variables.map(({ verdict, kinks }) => [verdict, kinks]),
      [
        ["kinks", 1],
        ["kinks", 1],
      ],
    );
    assert.ok(report.passed);
    // further away there is nothing to say
    near.variables[0]?.write([[4e-5]]);
    assert.is((await gradientCheck(near, { x: [[1]], y: [[0]] })).kinks.length, 0);
  });

  test("a wrong gradient of one's own is found and named, beside a right one; also at kinks", async () => {
    const own = defineLayer({ name: "mine", call: (x: Tensor) => square(1, "halfSlope")(x) });
    const made = model([dense({ units: 4, activation: "tanh" }), (x) => square(2, "fullSlope")(x), own()]);
    const report = await gradientCheck(made, small);
    assert.is(report.passed, false);
    assert.is(report.verdict, "wrong");
    const [right, wrong] = ["fullSlope", "halfSlope"].map((name) =>
      report.operations.find((each) => each.name.startsWith(name)),
    );
    assert.is(right?.verdict, "ok");
    assert.is(wrong?.verdict, "wrong");
    assert.is(wrong?.name, "halfSlope in mine_1, input 0");
    // half of what it is: |a - 2a| / (|a| + |2a|)
    assert.ok(Math.abs((wrong?.relativeError as number) - 1 / 3) < 1e-6);
    const verdicts = Object.fromEntries(report.variables.map(({ name, verdict }) => [name, verdict]));
    assert.equal(verdicts, {
      "dense_1/kernel": "wrong",
      "dense_1/bias": "wrong",
      "dense_2/kernel": "ok",
      "dense_2/bias": "ok",
    });
    assert.match(String(report), /The gradient of halfSlope in mine_1, input 0 is wrong\./);

    const bent = ops.customGradient((x) => ({ value: ops.relu(x), gradient: (dy) => ops.mul(dy, 2) }), {
      name: "bent",
    });
    const kinked = await gradientCheck(model([(x) => bent(ops.mul(x, 0))]), small);
    assert.is(kinked.operations[0]?.verdict, "wrong", String(kinked));
  });

  test("weights used behind a custom gradient's back have none: found", async () => {
    const hidden = defineLayer<object, "w">({
      name: "hidden",
      build: () => ({ w: { shape: [4], initializer: "ones" } }),
      call: (x, { w }) => ops.customGradient((v) => ({ value: ops.mul(v, w), gradient: (dy) => ops.mul(dy, w) }))(x),
    });
    const report = await gradientCheck(model([hidden()]), small);
    assert.is(report.operations[0]?.verdict, "ok");
    assert.is(report.variables[0]?.verdict, "wrong");
  });

  test("a bias that batch normalisation takes away: both gradients are 0 up to rounding", async () => {
    const report = await gradientCheck(model([dense({ units: 4 }), batchNormalization()]), small);
    const bias = report.variables.find(({ name }) => name === "dense_1/bias");
    assert.equal([bias?.verdict, bias?.relativeError], ["ok", 0]);
    assert.is(report.verdict, "ok");
  });

  test("samples: as many of each, by the seed; all by default of what is small", async () => {
    const made = model([dense({ units: 8, activation: "tanh" })]);
    const report = await gradientCheck(made, small, { samples: 6, seed: 3 });
    assert.equal(
      report.variables.map(({ checked, elements }) => [checked, elements]),
      [
        [6, 32],
        [6, 8],
        [6, 24],
        [3, 3],
      ],
    );
    assert.match(report.notes.join(), /sample/);
    const again = await gradientCheck(made, small, { samples: 6, seed: 3 });
    assert.equal(again.variables, report.variables);
    assert.is(samplesFor([100, 50], 1e6), Number.POSITIVE_INFINITY);
    assert.is(samplesFor([100_000, 50], 1e6), 250);
    assert.is(samplesFor([100_000, 50], 1e9), 10);
  });

  test("a larger epsilon sees curvature", async () => {
    const made = model([dense({ units: 4, activation: "tanh" })]);
    const [fine, rough] = [await gradientCheck(made, small), await gradientCheck(made, small, { epsilon: 0.01 })];
    assert.ok(rough.relativeError > 1e-5 && rough.relativeError > 1000 * fine.relativeError);
    assert.is(rough.verdict, "look");
  });

  test("what cannot be checked is refused", async () => {
    const made = model([dense({ units: 4 })]);
    const bad = { x: new Float32Array(BATCH * 4).fill(Number.NaN), y };
    for (const [run, code] of [
      [() => gradientCheck(made, bad), "non-finite"],
      [() => gradientCheck(sequential([dense({ units: 1 })], { inputShape: [1] }), small), "not-ready"],
      [() => gradientCheck(dense({ units: 1 }) as never, small), "invalid-argument"],
      [() => gradientCheck(made, { x: [[1]], y } as never), "shape-mismatch"],
      [() => gradientCheck(made, small, { epsilon: 0 }), "invalid-argument"],
      [() => gradientCheck(made, small, { step: 1 } as never), "unknown-option"],
    ] as [() => unknown, string][]) {
      await rejects(run, code);
    }
  });
});

suite("gradientCheck of functions", (test) => {
  test("of a number, an array, a record", async () => {
    const cube = await gradientCheck(
      (x) => x ** 3,
      (x) => 3 * x ** 2,
      2,
    );
    assert.is(cube.value, 8);
    assert.is(cube.worst?.analytic, 12);
    assert.is(cube.verdict, "ok");
    const dot = await gradientCheck(
      (x) => x.reduce((sum, each, i) => sum + each ** 2 * (i + 1), 0),
      (x) => x.map((each, i) => 2 * each * (i + 1)),
      [
        [1, 2],
        [3, 4],
      ],
    );
    assert.equal([dot.verdict, dot.variables[0]?.shape], ["ok", [2, 2]]);
    const named = await gradientCheck(
      ({ w, b }) => Math.exp((w[0] as number) * 2 + (b[0] as number)),
      ({ w, b }) => {
        const y = Math.exp((w[0] as number) * 2 + (b[0] as number));
        return { w: [2 * y], b: [y * 1.1] };
      },
      { w: [0.3], b: [0.1] },
    );
    assert.equal(
      named.variables.map(({ name, verdict }) => [name, verdict]),
      [
        ["w", "ok"],
        ["b", "wrong"],
      ],
    );
    assert.equal([named.worst?.name, named.passed], ["b", false]);
    assert.ok(Math.abs((named.variables[1]?.relativeError as number) - 0.1 / 2.1) < 1e-6);
  });

  test("kinks: one-sided slopes are right, others wrong, at the kink and beside it", async () => {
    const at = async (point: number, slope: number) =>
      (
        await gradientCheck(
          (x) => Math.abs(x),
          () => slope,
          point,
        )
      ).verdict;
    for (const slope of [1, 0.3, -1]) assert.is(await at(0, slope), "kinks", String(slope));
    assert.is(await at(0, 0), "ok"); // as the two-sided difference has it
    assert.is(await at(0, 1.01), "wrong");
    assert.is(await at(0, -3), "wrong");
    assert.is(await at(3e-6, 1), "kinks");
    assert.is(await at(3e-6, -1), "wrong");
    assert.is(await at(1e-3, 1), "ok");
    // strongly bent is not kinked: of x^2 at 0 the slope is 0
    assert.is(
      (
        await gradientCheck(
          (x) => 1e6 * x * x,
          () => 1,
          0,
        )
      ).verdict,
      "wrong",
    );
  });

  test("zero gradients, and the argument is a copy", async () => {
    const flat = await gradientCheck(
      () => 7,
      () => [0, 0],
      [1, 2],
    );
    assert.equal([flat.verdict, flat.relativeError], ["ok", 0]);
    const at = Float64Array.of(1, 2);
    await gradientCheck(
      (x) => {
        const [a = 0, b = 0] = x;
        x.fill(9);
        return a * b;
      },
      () => [2, 1],
      at,
    );
    assert.equal([...at], [1, 2]);
  });

  test("wrong functions are refused", async () => {
    for (const [run, code] of [
      [
        () =>
          gradientCheck(
            () => Number.NaN,
            () => [1],
            [1],
          ),
        "non-finite",
      ],
      [
        () =>
          gradientCheck(
            () => "1" as never,
            () => [1],
            [1],
          ),
        "invalid-argument",
      ],
      [
        () =>
          gradientCheck(
            () => 1,
            () => [1, 2],
            [1],
          ),
        "shape-mismatch",
      ],
      [
        () =>
          gradientCheck(
            () => 1,
            () => ({}) as never,
            { a: [1] },
          ),
        "invalid-argument",
      ],
      [
        () =>
          gradientCheck(
            () => 1,
            () => [],
            [],
          ),
        "empty-data",
      ],
      [
        () =>
          gradientCheck(
            () => 1,
            () => [1],
            [Number.NaN],
          ),
        "invalid-argument",
      ],
    ] as [() => unknown, string][]) {
      await rejects(run, code);
    }
  });
});

suite("ops.customGradient", (test) => {
  const clipped = ops.customGradient((x) => ({ value: ops.mul(x, 3), gradient: (dy) => ops.clip(dy, -1, 1) }));
  const swapped = ops.customGradient((a, b) => ({ value: ops.mul(a, b), gradient: (dy) => [dy, null] }));

  test("value and gradient are as given, with an upstream", async () => {
    const step = await program({ x: [3], u: [3] }, ({ x, u }) => {
      const [dx] = lanewise.gradients(clipped(x), [x], { upstream: u });
      const [da, db] = lanewise.gradients(swapped(x, u), [x, u], { upstream: u });
      return { value: clipped(x), dx, da, db };
    });
    const { value, dx, da, db } = step({ x: [1, 2, 3], u: [0.5, -7, 9] });
    assert.equal([...value.data], [3, 6, 9]);
    assert.equal([...dx.data], [0.5, -1, 1]);
    assert.equal([...da.data], [0.5, -7, 9]);
    assert.equal([...db.data], [0, 0, 0]);
  });

  test("in recorded models it is called again for each batch size, also where it is the identity", async () => {
    const halved = ops.customGradient((x) => ({ value: x, gradient: (dy) => ops.mul(dy, 0.5) }));
    const make = (wrap: (x: Tensor) => Tensor): [Model, Layer] => {
      const x = input([2]);
      const layer = dense({ units: 1, useBias: false, kernelInitializer: "ones" });
      const made = functional({ inputs: x, outputs: wrap(layer(x)) });
      made.compile({ optimizer: sgd({ learningRate: 1 }), loss: (_, p) => ops.mean(p, { axes: 1 }) });
      return [made, layer];
    };
    for (const n of [1, 3]) {
      const x = { data: new Float32Array(n * 2).fill(1), shape: [n, 2] };
      const target = { data: new Float32Array(n), shape: [n, 1] };
      const [[plain, p], [half, h]] = [make((v) => ops.mul(v, 1)), make((v) => halved(v))];
      await plain.trainOnBatch(x, target);
      await half.trainOnBatch(x, target);
      assert.equal([...(p.variables[0]?.read().data ?? [])], [0, 0]);
      assert.equal([...(h.variables[0]?.read().data ?? [])], [0.5, 0.5]);
      assert.equal([...(await half.predict(x)).data], new Array(n).fill(1));
    }
    assert.is((await gradientCheck(make((v) => halved(v))[0], { x: [[1, 2]], y: [[0]] })).passed, false);
  });

  test("what is wrong is refused", async () => {
    const inside = (body: (x: Tensor) => Tensor) =>
      program({ x: [2] }, ({ x }) => ({ dx: lanewise.gradients(body(x), [x])[0] }));
    for (const [body, code, text] of [
      [(x: Tensor) => ops.customGradient(() => x as never)(x), "invalid-argument", "what f returns"],
      [
        (x: Tensor) => ops.customGradient(() => ({ value: 1 as never, gradient: () => x }))(x),
        "invalid-argument",
        "what f returns",
      ],
      [
        (x: Tensor) => ops.customGradient(() => ({ value: x, gradient: () => [x, x] }))(x),
        "invalid-argument",
        "each of 1 inputs",
      ],
      [
        (x: Tensor) => ops.customGradient(() => ({ value: x, gradient: () => 1 as never }))(x),
        "invalid-argument",
        "what gradient returns",
      ],
      [
        (x: Tensor) => ops.customGradient(() => ({ value: x, gradient: () => ops.sum(x) }))(x),
        "shape-mismatch",
        "shape",
      ],
      [() => ops.customGradient((x) => ({ value: x, gradient: () => x }))(), "invalid-argument", "at least one"],
    ] as [(x: Tensor) => Tensor, string, string][]) {
      await rejects(inside(body), code, text);
    }
  });

  test("activation layers after it still work", async () => {
    const made = model([activation("relu"), (x) => clipped(x), dense({ units: 2 })]);
    const { loss } = await made.trainOnBatch(small.x, small.y);
    assert.ok(Number.isFinite(loss));
  });
});
