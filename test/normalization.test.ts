// Normalisation: against PyTorch (golden/normalization.py), and as a user meets it: batches of one, frozen layers, statistics over
// a whole set, a bias that has no effect.

import { createMachine } from "../bindings/machine.ts";
import type { Constraint, Layer, Tensor } from "../src/index.ts";
import {
  batchNormalization,
  conv2d,
  dense,
  dropout,
  functional,
  gradients,
  groupNormalization,
  input,
  l1,
  l1l2,
  l2,
  layerNormalization,
  losses,
  maxNorm,
  minMaxNorm,
  ops,
  program,
  recalibrate,
  sequential,
  sgd,
  unitNorm,
} from "../src/index.ts";
import { sizeOf } from "../src/shape.ts";
import { compileOn } from "./compiled.ts";
import { openEngines } from "./engines.ts";
import { rejects, throwsError } from "./errors.ts";
import golden from "./golden/normalization.json";
import { assert, suite } from "./harness.ts";
import { near, nearByLargest } from "./near.ts";
import { normal } from "./values.ts";

/** The formula of golden/models.py. */
function values(shape: readonly number[], salt: number, scale: number, offset = 0): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const spread = Math.fround(((((i + salt * 1009) * 7919) % 10007) / 10007 - 0.5) * scale);
    return spread + offset;
  });
}

const labels = (count: number, classes: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => (i * 7) % classes);

const make: Readonly<Record<string, (options: object) => Layer>> = { layerNormalization, groupNormalization };

const machines = (await openEngines()).map(createMachine);

suite("normalisation by PyTorch", (test) => {
  for (const each of golden.cases) {
    const [shape, salt, scale, offset] = each.input as [number[], number, number, number];
    test(`${each.layer} ${JSON.stringify(each.options)} of [${shape}], scale ${scale}`, () => {
      for (const machine of machines) {
        const layer = make[each.layer]?.(each.options);
        const inputs = { x: { shape }, dy: { shape: each.parameters ? shape : [3] } };
        const step = compileOn(machine, inputs, ({ x, dy }) => {
          const [from, upstream] = [x as Tensor, dy as Tensor];
          if (!each.parameters) {
            const loss = losses.sparseCategoricalCrossentropy({ fromLogits: true, ...each.options });
            const out = loss.call(ops.constant(labels(3, 4)), from);
            return [out, ...gradients(out, [from], { upstream })];
          }
          const out = (layer as Layer)(from);
          const [gamma, beta] = (layer as Layer).variables;
          return [out, ...gradients(out, [from, gamma as never, beta as never], { upstream })];
        });
        for (const [i, variable] of step.variables.entries()) {
          if (variable.state.storage)
            machine.values(variable.state.storage).set(values(each.parameters as number[], 7 + i, 1, i ? 0 : 1));
        }
        const found = step.run({ x: values(shape, salt, scale, offset), dy: values(inputs.dy.shape, 50, 2) });
        nearByLargest("forward", found[0] as Float32Array, each.out, 2e-6);
        each.gradients.forEach((gradient, i) => {
          nearByLargest(`gradient ${i}`, found[1 + i] as Float32Array, gradient, 4e-6);
        });
        step.dispose();
      }
    });
  }

  test("ten steps with penalties in both forms, group and layer normalisation, label smoothing", async () => {
    const first = dense({
      units: 8,
      activation: "tanh",
      kernelRegularizer: l2({ lambda: 0.7 }),
      activityRegularizer: l1l2({ l1: 0.01, l2: 0.02 }),
    });
    const last = dense({ units: 3, kernelRegularizer: l1l2({ l1: 0.005, l2: 0.01 }) });
    const model = sequential([first, groupNormalization({ groups: 2 }), layerNormalization(), last], {
      inputShape: [4],
    });
    model.compile({
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
      loss: losses.sparseCategoricalCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }),
    });
    const starts = [2, 0.2, 1, 0.2, 1, 0.2, 1.4, 0.2];
    model.variables.forEach((variable, i) => {
      variable.write({
        data: values(variable.shape, 100 + i, starts[i] as number, variable.name.endsWith("gamma") ? 1 : 0),
        shape: [...variable.shape],
      });
    });
    const found: number[] = [];
    for (let step = 0; step < 10; step++)
      found.push((await model.trainOnBatch(values([9, 4], 99, 2), labels(9, 3))).loss as number);
    nearByLargest("losses", found, golden.losses, 2e-6);
    model.variables.forEach((variable, i) => {
      nearByLargest(variable.name, variable.read().data, golden.weights[i] as number[], 1e-5);
    });
  });

  test("constraints on a kernel [3, 2, 2, 4]", async () => {
    const shape = [3, 2, 2, 4];
    for (const [key, expected] of Object.entries(golden.constraints)) {
      const axis = JSON.parse(key) as number | number[];
      const made: Record<keyof typeof expected, Constraint> = {
        maxNorm: maxNorm({ maxValue: 2.5, axis }),
        unitNorm: unitNorm({ axis }),
        minMaxNorm: minMaxNorm({ minValue: 2, maxValue: 3, rate: 0.75, axis }),
      };
      const step = await program({ w: shape }, ({ w }) =>
        Object.fromEntries(Object.entries(made).map(([name, constraint]) => [name, constraint.project(w)])),
      );
      const found = step({ w: { data: values(shape, 20, 6), shape } });
      for (const [name, numbers] of Object.entries(expected))
        nearByLargest(`${name}, axis ${key}`, found[name]?.data as Float32Array, numbers, 1e-6);
    }
  });
});

suite("batch normalisation", (test) => {
  test("of one example: the output is beta, gradients are finite, inference uses what was learned before", async () => {
    const layer = batchNormalization({ momentum: 0.5, betaInitializer: "ones" });
    const model = sequential([layer, dense({ units: 1, kernelInitializer: "ones" })], { inputShape: [3] });
    model.compile({ optimizer: sgd({ learningRate: 0 }), loss: "mse" });
    const { loss } = await model.trainOnBatch([[5, -7, 1e6]], [[0]]);
    assert.is(loss, 9); // 1 + 1 + 1, squared
    assert.equal([...(layer.variables[2]?.read().data ?? [])], [2.5, -3.5, 5e5]);
    assert.equal([...(layer.variables[3]?.read().data ?? [])], [0.5, 0.5, 0.5]);
    const norm = batchNormalization();
    const step = await program(
      { x: [1, 2] },
      ({ x }) => {
        const out = norm(x);
        return { dx: gradients(out, [x], { upstream: x })[0] as Tensor };
      },
      { training: true },
    );
    assert.equal([...step({ x: [[3, -4]] }).dx.data], [0, 0]);
    const { data } = await model.predict([[2.5, -3.5, 5e5]]);
    assert.is(data[0], 3);
  });

  test("axis 1 is the same as moving it to the end", async () => {
    const [first, last] = [batchNormalization({ axis: 1 }), batchNormalization({ axis: -1 })];
    const step = await program(
      { x: [4, 3, 5] },
      ({ x }) => ({ first: first(x), last: ops.transpose(last(ops.transpose(x, [0, 2, 1])), [0, 2, 1]) }),
      { training: true },
    );
    const found = step({ x: { data: normal(60, 3), shape: [4, 3, 5] } });
    assert.equal([...found.first.data], [...found.last.data]);
    assert.equal(first.variables[2]?.read(), last.variables[2]?.read());
    throwsError(() => sequential([batchNormalization({ axis: 0 })], { inputShape: [3] }), "shape-mismatch", /axis 0/);
    throwsError(() => sequential([batchNormalization({ axis: 2 })], { inputShape: [3] }), "invalid-argument", /axes/);
  });

  test("called with training: false it uses moving statistics and keeps them", async () => {
    const base = sequential([batchNormalization()], { inputShape: [2] });
    const x = input([2]);
    const model = functional({ inputs: x, outputs: dense({ units: 1 })(base(x, { training: false })) });
    model.compile({ optimizer: sgd(), loss: "mse" });
    await model.fit(
      {
        x: [
          [1, 2],
          [30, 4],
        ],
        y: [[1], [2]],
      },
      { epochs: 3 },
    );
    assert.equal([...(base.variables[2]?.read().data ?? [])], [0, 0]);
    assert.equal([...(base.variables[3]?.read().data ?? [])], [1, 1]);
    assert.not.equal([...(base.variables[0]?.read().data ?? [])], [1, 1]); // gamma learns
  });

  test("a bias just before is named by summary, others are not", () => {
    const noted = (build: () => string) =>
      build()
        .split("\n")
        .filter((line) => line.startsWith("note:"));
    const relu = (x: Tensor) => ops.relu(x);
    const row = (...layers: ((x: Tensor) => Tensor)[]) =>
      noted(() => sequential(layers, { inputShape: [4] }).summary());
    assert.equal(row(dense({ units: 7, name: "wide" }), batchNormalization({ name: "norm" })), [
      'note: dense "wide": its bias has no effect, because "norm" takes the mean off again. useBias: false saves 7 parameters.',
    ]);
    assert.is(row(dense({ units: 7 }), batchNormalization({ center: false })).length, 1);
    assert.equal(row(dense({ units: 7, useBias: false }), batchNormalization()), []);
    assert.equal(row(dense({ units: 7 }), relu, batchNormalization()), []);
    assert.equal(row(dense({ units: 7 }), batchNormalization({ trainable: false })), []);
    assert.equal(row(dense({ units: 7 }), layerNormalization()), []);
    const image = [conv2d({ filters: 5, kernelSize: 2 }), batchNormalization()];
    assert.match(sequential(image, { inputShape: [4, 4, 1] }).summary(), /note: conv2d .*saves 5 parameters/);
    // somebody else reads the sum, too
    const x = input([4]);
    const y = dense({ units: 4 })(x);
    const norm = batchNormalization();
    assert.equal(
      noted(() => functional({ inputs: x, outputs: ops.add(y, norm(y)) }).summary()),
      [],
    );
  });
});

suite("recalibrate", (test) => {
  const shape = [50, 3];
  const x = { data: normal(150, 5).map((value, i) => value * (1 + (i % 3)) + 10 * (i % 3)), shape };
  const column = (data: ArrayLike<number>, c: number, width: number) =>
    Array.from({ length: data.length / width }, (_, r) => data[r * width + c] as number);
  const meanOf = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const varianceOf = (list: readonly number[]) => {
    const center = meanOf(list);
    return meanOf(list.map((value) => (value - center) ** 2));
  };
  /** Two normalisations one behind the other, with weights that are not those of a beginning. */
  function deep() {
    const norms = [batchNormalization({ gammaInitializer: "randomUniform" }), batchNormalization()] as const;
    const middle = dense({ units: 4, useBias: false });
    const model = sequential([norms[0], middle, dropout({ rate: 0.5 }), norms[1]], { inputShape: [3], seed: 4 });
    return { model, norms, middle };
  }

  test("exact statistics of the whole set, layer after layer; weights stay", async () => {
    const { model, norms, middle } = deep();
    const first = sequential([norms[0], middle], { inputShape: [3] });
    await model.predict(x);
    const weights = () =>
      model.variables.filter(({ role }) => role === "parameters").map((each) => [...each.read().data]);
    const before = weights();
    await recalibrate(model, { x }, { batchSize: 8 });
    assert.equal(weights(), before);
    const [mean, variance] = norms[0].variables.slice(2).map((each) => each.read().data);
    for (let c = 0; c < 3; c++) {
      near(mean?.[c], meanOf(column(x.data, c, 3)), 1e-5);
      near(variance?.[c], varianceOf(column(x.data, c, 3)), 1e-5);
    }
    // what the second is given at inference
    const { data } = await first.predict(x);
    const [mean2, variance2] = norms[1].variables.slice(2).map((each) => each.read().data);
    for (let c = 0; c < 4; c++) {
      near(mean2?.[c], meanOf(column(data, c, 4)), 1e-5);
      near(variance2?.[c], varianceOf(column(data, c, 4)), 1e-5);
    }
    const out = (await model.predict(x)).data;
    for (let c = 0; c < 4; c++) near(meanOf(column(out, c, 4)), 0, 1e-5);
  });

  test("independent of the batch size, and alike for batch sources", async () => {
    const found: number[][] = [];
    const batches = () => [
      { x: { data: x.data.subarray(0, 60), shape: [20, 3] } },
      { x: { data: x.data.subarray(60), shape: [30, 3] } },
    ];
    for (const [data, batchSize] of [
      [{ x }, 50],
      [{ x, y: new Float32Array(7) }, 1],
      [batches, 32],
      [new Set(batches()), 32], // may be gone through again
      [
        async function* () {
          yield* batches();
        },
        32,
      ],
    ] as const) {
      const { model, norms } = deep();
      await recalibrate(model, data as never, { batchSize });
      found.push(norms.flatMap((norm) => norm.variables.slice(2).flatMap((each) => [...each.read().data])));
    }
    for (const other of found) {
      other.forEach((value, i) => {
        near(value, found[0]?.[i] as number, 1e-5);
      });
    }
  });

  test("a layer called twice pools its calls, branches are taken together, frozen layers keep theirs", async () => {
    const shared = batchNormalization();
    const frozen = batchNormalization({ trainable: false });
    const [a, b] = [input([1]), input([1])];
    const model = functional({ inputs: { a, b }, outputs: frozen(ops.add(shared(a), shared(b))) });
    await recalibrate(model, { x: { a: [[0], [2]], b: [[10], [12]] } });
    assert.equal([...(shared.variables[2]?.read().data ?? [])], [6]);
    assert.equal([...(shared.variables[3]?.read().data ?? [])], [26]);
    assert.equal([...(frozen.variables[2]?.read().data ?? [])], [0]);
  });

  test("a base that is called as at inference keeps its statistics", async () => {
    const [inner, outer] = [batchNormalization(), batchNormalization()];
    const base = sequential([dense({ units: 3 }), inner], { inputShape: [3] });
    await recalibrate(base, { x });
    const kept = inner.variables.slice(2).map((each) => [...each.read().data]);
    const given = input([3]);
    const model = functional({ inputs: given, outputs: outer(base(given, { training: false })) });
    await recalibrate(model, { x: { ...x, data: x.data.map((value) => value * 2 + 1) } });
    assert.equal(
      inner.variables.slice(2).map((each) => [...each.read().data]),
      kept,
    );
    assert.ok(outer.variables[2]?.read().data.every((value) => Math.abs(value) > 0.1));
    const frozen = functional({ inputs: given, outputs: base(given, { training: false }) });
    await rejects(recalibrate(frozen, { x }), "invalid-argument", /no batchNormalization/);
  });

  test("images: over all pixels", async () => {
    const norm = batchNormalization();
    const model = sequential([norm], { inputShape: [2, 2, 2] });
    const images = { data: normal(24, 9), shape: [3, 2, 2, 2] };
    await recalibrate(model, { x: images }, { batchSize: 2 });
    near(norm.variables[2]?.read().data[1], meanOf(column(images.data, 1, 2)), 1e-5);
    near(norm.variables[3]?.read().data[1], varianceOf(column(images.data, 1, 2)), 1e-5);
  });

  test("x alone is taken as adapt takes it", async () => {
    const statisticsFor = async (data: Parameters<typeof recalibrate>[1]): Promise<number[]> => {
      const { model, norms } = deep();
      await recalibrate(model, data);
      return norms.flatMap((norm) => norm.variables.slice(2).flatMap((each) => [...each.read().data]));
    };
    const want = await statisticsFor({ x });
    assert.equal(await statisticsFor(x), want);
    assert.equal(await statisticsFor(x.data), want);
    const rows = Array.from({ length: x.shape[0] as number }, (_, i) => [...x.data.subarray(i * 3, i * 3 + 3)]);
    assert.equal(await statisticsFor(rows), want);
    await rejects(statisticsFor([[1]]), "shape-mismatch", /recalibrate: x/);
  });

  test("what goes wrong leaves the statistics as they were", async () => {
    const { model, norms } = deep();
    await recalibrate(model, { x });
    const statistics = () => norms.flatMap((norm) => norm.variables.slice(2).flatMap((each) => [...each.read().data]));
    const before = statistics();
    const once = (function* () {
      yield { x: { data: new Float32Array(6), shape: [2, 3] } };
    })();
    await rejects(recalibrate(model, once as never), "empty-data", /pass 2.*function/s);
    await rejects(
      recalibrate(model, () => [{ x: [[1, 2]] }] as never),
      "shape-mismatch",
      /batch 0/,
    );
    const abort = new AbortController();
    let given = 0;
    const source = function* () {
      for (;;) {
        if (++given === 3) abort.abort(new Error("enough"));
        yield { x: { data: new Float32Array(6), shape: [2, 3] } };
      }
    };
    const error = await recalibrate(model, source as never, { signal: abort.signal }).catch((reason: Error) => reason);
    assert.is((error as Error).message, "enough");
    assert.equal(statistics(), before);
    const broken = Float32Array.from(x.data);
    broken[4] = Number.NaN;
    await rejects(recalibrate(model, { x: { ...x, data: broken } }), "non-finite", /batchNormalization/);
    assert.equal(statistics(), before);
    const plain = sequential([dense({ units: 1, kernelRegularizer: l1() })], { inputShape: [2] });
    await rejects(recalibrate(plain, { x: [[1, 2]] }), "invalid-argument", /no batchNormalization/);
    await rejects(recalibrate(norms[0], { x }), "invalid-argument", /model/);
  });
});
