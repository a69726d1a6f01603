// Options that every optimizer has: clipping, gradients of several calls, averages of weights, groups. From outside: programs and
// models, with numbers worked out by hand.

import type { Model, Optimizer, OptimizerOptions, Variable } from "../src/index.ts";
import {
  adagrad,
  adam,
  adamw,
  averageOf,
  batchNormalization,
  dense,
  dropout,
  gradients,
  init,
  LanewiseError,
  lion,
  minMaxNorm,
  nadam,
  nonNeg,
  ops,
  program,
  sequential,
  sgd,
  swapAverages,
  unitNorm,
  variable,
  withAverages,
} from "../src/index.ts";
import { rejects } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";
import { normal } from "./values.ts";

const list = (values: ArrayLike<number>): number[] => Array.from(values);
const read = (v: Variable): number[] => list(v.read().data);
const weightsOf = ({ variables }: Model): number[] => variables.flatMap(read);

/** A step that applies given gradients to variables of these values. */
async function applied(optimizer: Optimizer, ...values: readonly (readonly number[])[]) {
  const variables = values.map((each, i) => variable([...each], { name: `w${i}` }));
  const signature = Object.fromEntries(values.map((each, i) => [`g${i}`, [each.length]]));
  const step = await program(signature, (g) => optimizer.apply(variables.map((w, i) => [w, g[`g${i}`] as never])));
  const run = (...given: readonly (readonly number[])[]) =>
    step(Object.fromEntries(given.map((each, i) => [`g${i}`, [...each]])));
  return { variables, run, explain: () => step.explain("program") };
}

suite("optimizers, clipping", (test) => {
  test("by value", async () => {
    const { variables, run } = await applied(sgd({ learningRate: 1, clipValue: 0.5 }), [1, 2, 3, 4], [5]);
    run([3, -0.25, Number.NEGATIVE_INFINITY, 0.5], [-7]);
    assert.equal(variables.map(read), [[0.5, 2.25, 3.5, 3.5], [5.5]]);
  });

  test("by the norm of each variable: what is within stays to the bit", async () => {
    const { variables, run } = await applied(sgd({ learningRate: 1, clipNorm: 1 }), [0, 0], [0, 0], [0]);
    run([3, 4], [0.1, 0.2], [0]);
    near(read(variables[0] as Variable), [-0.6, -0.8]);
    assert.equal(read(variables[1] as Variable), [-Math.fround(0.1), -Math.fround(0.2)]);
    run([0, 0], [0, 10], [-8]);
    near(read(variables[1] as Variable), [-0.1, -1.2]);
    assert.equal(read(variables[2] as Variable), [1]);
  });

  test("by the norm of all of them", async () => {
    const { variables, run } = await applied(sgd({ learningRate: 1, globalClipNorm: 1 }), [0], [0, 0]);
    run([3], [0, 4]);
    near(read(variables[0] as Variable), [-0.6]);
    near(read(variables[1] as Variable), [0, -0.8]);
    run([0.3], [0.1, 0.2]); // norm 0.37: as it is
    near(read(variables[0] as Variable), [-0.9]);
    near(read(variables[1] as Variable), [-0.1, -1]);
  });

  test("norms whose squares float32 cannot hold", async () => {
    const { variables, run } = await applied(sgd({ learningRate: 1, globalClipNorm: 1 }), [0, 0], [0]);
    run([3e25, 0], [4e25]);
    near(variables.flatMap(read), [-0.6, 0, -0.8]);
    run([3e-30, 0], [4e-30]);
    near(variables.flatMap(read), [-0.6, 0, -0.8]);
  });

  for (const option of ["clipNorm", "globalClipNorm"] as const) {
    test(`${option}: a gradient that is not finite ends the step with everything as it was`, async () => {
      const optimizer = adam({ learningRate: 0.1, [option]: 1 });
      const { variables, run } = await applied(optimizer, [1, 2], [3]);
      run([1, 1], [1]);
      const before = variables.map(read);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -Number.POSITIVE_INFINITY]) {
        await rejects(() => run([1, 1], [bad]), "non-finite", /nothing was changed.*"g1" \(element 0\)/);
        assert.equal(variables.map(read), before);
        assert.is(optimizer.stateOf(variables[0] as Variable)?.steps, 1);
      }
      run([1, 1], [1]);
      assert.is(optimizer.stateOf(variables[0] as Variable)?.steps, 2);
    });
  }

  test("fit goes on past such a gradient where it is told to, without it", async () => {
    const model = sequential([dense({ units: 1, useBias: false })], { inputShape: [1], seed: 1 });
    model.compile({
      optimizer: sgd({ learningRate: 0.1, globalClipNorm: 1 }),
      // the value is finite, its slope at 0 is not
      loss: (target, prediction) => ops.mean(ops.sqrt(ops.abs(ops.mul(ops.sub(prediction, target), 0))), { axes: 1 }),
    });
    const data = { x: [[1]], y: [[0]] };
    const before = list((await model.predict([[1]])).data);
    await rejects(() => model.fit(data), "non-finite", /gradients.*the weights are as before/);
    await model.fit(data, { onNaN: "continue" });
    assert.equal(list((await model.predict([[1]])).data), before);
  });

  test("gradients that a step returns are not clipped", async () => {
    const w = variable([3, 4]);
    const optimizer = sgd({ learningRate: 1, globalClipNorm: 1 });
    const step = await program({}, () => {
      const loss = ops.mul(ops.sum(ops.square(w)), 0.5);
      optimizer.minimize(loss, [w]);
      return { gradient: gradients(loss, [w])[0] as never };
    });
    assert.equal(list(step({}).gradient.data), [3, 4]);
    near(read(w), [2.4, 3.2]);
  });

  test("one gradient of several variables, and one that is the input of a step", async () => {
    for (const options of [
      { clipNorm: 1 },
      { globalClipNorm: Math.SQRT2 },
      { gradientAccumulationSteps: 2, clipNorm: 1 },
    ]) {
      const variables = [variable([1, 2]), variable([3, 4])] as const;
      const optimizer = sgd({ learningRate: 1, ...options });
      const step = await program({ x: [2] }, ({ x }) => {
        const g = ops.mul(x, 2);
        optimizer.apply(variables.map((w) => [w, g]));
        return { g };
      });
      for (let i = 0; i < (options.gradientAccumulationSteps ?? 1); i++)
        assert.equal(list(step({ x: [3, 4] }).g.data), [6, 8]);
      near(variables.flatMap(read), [0.4, 1.2, 2.4, 3.2]);
      const direct = await program({ x: [2] }, ({ x }) => optimizer.apply([[variables[0], x]]));
      for (let i = 0; i < (options.gradientAccumulationSteps ?? 1); i++) direct({ x: [30, 40] });
      near(read(variables[0]), "clipNorm" in options ? [-0.2, 0.4] : [0.4 - 0.6 * Math.SQRT2, 1.2 - 0.8 * Math.SQRT2]);
    }
  });

  test("what the options need is loaded by itself, or by init for who looks at once", async () => {
    const model = sequential([dense({ units: 1 })], { inputShape: [1] });
    model.compile({ optimizer: lion({ clipNorm: 1 }), loss: "mse" });
    await rejects(() => model.explain("program"), "not-ready", /await init\(\)/);
    await init();
    assert.match(model.explain("program"), /clipFactor/);
  });

  test("one instruction updates all, and what is clipped lies where the gradient lay", async () => {
    const layers = () => [dense({ units: 30, activation: "tanh" }), dense({ units: 20 }), dense({ units: 10 })];
    const planned = async (options: OptimizerOptions) => {
      const model = sequential(layers(), { inputShape: [40] });
      model.compile({ optimizer: adam(options), loss: "mse" });
      await init();
      return { bytes: model.memory.gradients, text: model.explain("program", { batchSize: 4 }) };
    };
    const plain = await planned({});
    for (const options of [
      { globalClipNorm: 1 },
      { clipNorm: 1 },
      { clipValue: 1 },
      { gradientAccumulationSteps: 2, globalClipNorm: 1 },
    ]) {
      const { bytes, text } = await planned(options);
      assert.is(bytes, plain.bytes, JSON.stringify(options));
      assert.is(text.split("\n").filter((line) => /^ *\d+ adam /.test(line)).length, 1);
    }
  });
});

suite("optimizers, several calls an update", (test) => {
  test("three calls are one update with the mean of their gradients", async () => {
    const told: number[] = [];
    const learningRate = (step: number): number => {
      told.push(step);
      return 0.1 / (1 + step);
    };
    const optimizer = adamw({ learningRate, gradientAccumulationSteps: 3, weightDecay: 0.1, useEma: true });
    const several = await applied(optimizer, [1, 2], [3]);
    const single = await applied(adamw({ learningRate: (step) => 0.1 / (1 + step), weightDecay: 0.1 }), [1, 2], [3]);
    const given = Array.from({ length: 6 }, (_, i) => [list(normal(2, i)), list(normal(1, 10 + i))]);
    for (const [i, each] of given.entries()) {
      several.run(...each);
      if (i % 3 < 2) continue;
      const mean = [0, 1].map((k) =>
        (given[i]?.[k] ?? []).map((_, e) => [0, 1, 2].reduce((sum, j) => sum + (given[i - j]?.[k]?.[e] ?? 0), 0) / 3),
      );
      single.run(...mean);
      near(several.variables.flatMap(read), single.variables.flatMap(read));
      assert.is(optimizer.stateOf(several.variables[0] as Variable)?.steps, (i + 1) / 3);
    }
    assert.equal(told, [0, 0, 0, 1, 1, 1]);
  });

  test("weights, slots and averages rest in the calls between", async () => {
    for (const make of [adam, adamw, adagrad, nadam, lion] as const) {
      const optimizer = make({ gradientAccumulationSteps: 2, useEma: true, weightDecay: 0.1 });
      const { variables, run } = await applied(optimizer, [1, 2, 3]);
      const [w] = variables as [Variable];
      const everything = () => [read(w), ...Object.values(optimizer.stateOf(w)?.slots ?? {}).map(read)];
      const before = everything();
      run([1, -1, 2]);
      const between = everything();
      const names = optimizer.slotNames;
      const sum = 1 + names.indexOf("gradientSum");
      assert.equal(between[sum], [1, -1, 2]);
      assert.equal(
        between.filter((_, i) => i !== sum),
        before.filter((_, i) => i !== sum),
      );
      assert.equal(optimizer.stateOf(w)?.calls, 1);
      run([1, -1, 2]);
      assert.ok(everything().every((values, i) => i === sum || values.every((x, k) => x !== before[i]?.[k])));
    }
  });

  test("constraints rest in the calls between", async () => {
    // a tenth of the way from 1 to 0.5 an update
    const kernelConstraint = minMaxNorm({ maxValue: 0.5, rate: 0.1 });
    const layer = dense({ units: 1, useBias: false, kernelInitializer: "ones", kernelConstraint });
    const model = sequential([layer], { inputShape: [1] });
    model.compile({ optimizer: sgd({ learningRate: 0, gradientAccumulationSteps: 3 }), loss: "mse" });
    const seen: number[] = [];
    for (let call = 0; call < 6; call++) {
      await model.trainOnBatch([[0]], [[0]]);
      seen.push(...weightsOf(model));
    }
    near(seen, [1, 1, 0.95, 0.95, 0.95, 0.905]);
  });

  test("the mean is clipped, by value and by norm", async () => {
    const byValue = await applied(sgd({ learningRate: 1, clipValue: 1, gradientAccumulationSteps: 2 }), [0, 0]);
    byValue.run([4, 1]);
    byValue.run([-4, 3]);
    near(byValue.variables.flatMap(read), [0, -1]);
    const byNorm = await applied(sgd({ learningRate: 1, globalClipNorm: 1, gradientAccumulationSteps: 2 }), [0], [0]);
    byNorm.run([100], [-100]);
    byNorm.run([-94], [108]);
    near(byNorm.variables.flatMap(read), [-0.6, -0.8]);
  });

  test("a gradient that is not finite leaves the sum as it was", async () => {
    const optimizer = sgd({ learningRate: 1, clipNorm: 100, gradientAccumulationSteps: 2 });
    const { variables, run } = await applied(optimizer, [0]);
    run([1]);
    await rejects(() => run([Number.NaN]), "non-finite", /"g0"/);
    run([3]);
    assert.equal(variables.map(read), [[-2]]);
  });
});

suite("optimizers, averages of weights", (test) => {
  test("average = momentum average + (1 - momentum) w, from the first w on", async () => {
    const optimizer = sgd({ learningRate: 1, useEma: true, emaMomentum: 0.75 });
    const { variables, run } = await applied(optimizer, [8]);
    const [w] = variables as [Variable];
    assert.is(averageOf(optimizer, w), null);
    const averages = [1, 2, 4].map((g) => {
      run([g]);
      return averageOf(optimizer, w)?.data[0];
    });
    assert.equal(averages, [7, 0.75 * 7 + 0.25 * 5, 0.75 * 6.5 + 0.25 * 1]);
    assert.equal(read(w), [1]);
  });

  test("of what constraints leave of the weights, which are within them also after an overwrite", async () => {
    const start = { useBias: false, kernelInitializer: "zeros" } as const;
    const model = sequential([dense({ units: 2, kernelConstraint: nonNeg(), ...start })], { inputShape: [1] });
    const optimizer = sgd({ learningRate: 0.5, useEma: true, emaMomentum: 0.5 });
    model.compile({ optimizer, loss: "mse" });
    await model.trainOnBatch([[1]], [[-1, 1]]); // gradients 1 and -1
    assert.equal(weightsOf(model), [0, 0.5]);
    assert.equal(list(averageOf(optimizer, model.variables[0] as Variable)?.data ?? []), [0, 0.5]);

    const unit = sequential([dense({ units: 1, kernelConstraint: unitNorm(), ...start })], { inputShape: [2] });
    const overwriting = sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 2 });
    unit.compile({ optimizer: overwriting, loss: (_t, p) => ops.sum(p, { axes: 1 }) });
    await unit.trainOnBatch([[-1, 0]], [[0]]); // to [1, 0]
    await unit.trainOnBatch([[1, -1]], [[0]]); // to [0, 1], the average to [0.5, 0.5]
    near(list(averageOf(overwriting, unit.variables[0] as Variable)?.data ?? []), [0.5, 0.5]);
    near(weightsOf(unit), [Math.SQRT1_2, Math.SQRT1_2]);
  });

  test("weights become their averages every so many updates", async () => {
    const optimizer = sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 2 });
    const { variables, run } = await applied(optimizer, [8]);
    const [w] = variables as [Variable];
    const seen = [1, 2, 1, 1].map((g) => {
      run([g]);
      return [read(w)[0], averageOf(optimizer, w)?.data[0]];
    });
    // 7 7; 5 -> average 6, w = 6; 5, 5.5; 4 -> 4.75
    assert.equal(seen, [
      [7, 7],
      [6, 6],
      [5, 5.5],
      [4.75, 4.75],
    ]);
  });

  test("they change places with the weights, and back, and no step runs meanwhile", async () => {
    const optimizer = sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5 });
    const { variables, run } = await applied(optimizer, [8], [3, 4]);
    await rejects(() => swapAverages(optimizer, variables), "not-ready", /updated none of these variables yet/);
    run([1], [0, 0]);
    run([2], [0, 1]);
    const raw = variables.map(read);
    assert.equal(raw, [[5], [3, 3]]);
    const within = await withAverages(optimizer, variables, async () => {
      await rejects(() => run([1], [1, 1]), "invalid-argument", /swapAverages again/);
      assert.equal(list(averageOf(optimizer, variables[0] as Variable)?.data ?? []), [6]);
      return variables.map(read);
    });
    assert.equal(within, [[6], [3, 3.5]]);
    assert.equal(variables.map(read), raw);
    await rejects(
      () =>
        withAverages(optimizer, variables, () => {
          throw new LanewiseError("unsupported", "inside");
        }),
      "unsupported",
      /inside/,
    );
    assert.equal(variables.map(read), raw);
    // named twice they change places once
    const twice = variables.flatMap((w) => [w, w]);
    assert.equal(await withAverages(optimizer, twice, () => variables.map(read)), [[6], [3, 3.5]]);
    swapAverages(optimizer, twice);
    assert.equal(variables.map(read), [[6], [3, 3.5]]);
    assert.equal(list(averageOf(optimizer, variables[0] as Variable)?.data ?? []), [6]);
    await rejects(() => run([1], [1, 1]), "invalid-argument", /swapAverages again/);
    swapAverages(optimizer, variables);
    assert.equal(variables.map(read), raw);
    await rejects(() => averageOf(sgd(), variables[0] as Variable), "invalid-argument", /useEma: true/);
  });

  test("a model is evaluated with them in a callback", async () => {
    const optimizer = adam({ learningRate: 0.1, useEma: true, emaMomentum: 0.9 });
    const model = sequential([dense({ units: 1 })], { inputShape: [2], seed: 3 });
    model.compile({ optimizer, loss: "mse" });
    const data = { x: { data: normal(40, 1), shape: [20, 2] }, y: { data: normal(20, 2), shape: [20, 1] } };
    const losses: [number | undefined, number | undefined][] = [];
    await model.fit(data, {
      epochs: 3,
      callbacks: {
        async onEpochEnd() {
          const own = await model.evaluate(data);
          const averaged = await withAverages(optimizer, model, () => model.evaluate(data));
          losses.push([own.loss, averaged.loss]);
        },
      },
    });
    assert.is(losses.length, 3);
    assert.ok(losses.slice(1).every(([own, averaged]) => own !== averaged && Number.isFinite(averaged)));
  });
});

suite("optimizers, groups", (test) => {
  test("by name, by function and by layer; the first that matches counts", async () => {
    const layer = dense({ units: 1, kernelInitializer: "ones", useBias: false, name: "own" });
    const optimizer = sgd({
      learningRate: 1,
      weightDecay: 0.5,
      groups: [
        { match: "w0", learningRateFactor: 0.1, weightDecay: 0 },
        { match: (v) => v.name.startsWith("w"), learningRate: 2, weightDecay: 0.25 },
        { match: layer, frozen: true },
      ],
    });
    const variables = ["w0", "w1", "other"].map((name) => variable([1], { name }));
    const step = await program({ x: [1, 1] }, ({ x }) => {
      const y = ops.sum(layer(x));
      const sum = variables.reduce((total, w) => ops.add(total, ops.sum(w)), y);
      optimizer.minimize(sum, [...variables, ...layer.variables]);
    });
    step({ x: [[1]] });
    near(variables.flatMap(read), [1 - 0.1, 1 - 2 - 2 * 0.25, 1 - 1 - 0.5]);
    assert.equal(read(layer.variables[0] as Variable), [1]);
    assert.is(optimizer.stateOf(layer.variables[0] as Variable), null);
  });

  test("what is frozen is left as it is by constraints, too", async () => {
    const layer = dense({ units: 1, useBias: false, kernelInitializer: "ones", kernelConstraint: unitNorm() });
    const model = sequential([layer, dense({ units: 1 })], { inputShape: [2] });
    model.compile({ optimizer: sgd({ groups: [{ match: layer, frozen: true }] }), loss: "mse" });
    await model.trainOnBatch([[1, 1]], [[-1]]);
    assert.equal(read(layer.variables[0] as Variable), [1, 1]);
  });

  test("a schedule of its own is told the group's steps; the factor goes on with the optimizer's", async () => {
    const optimizer = sgd({
      learningRate: (step) => 1 / (1 + step),
      groups: [
        { match: "w0", learningRate: (step, epoch) => 10 * step + epoch },
        { match: "w1", learningRateFactor: 0.5 },
      ],
    });
    const variables = ["w0", "w1", "w2"].map((name) => variable([0], { name }));
    const step = await program({ g: [1] }, ({ g }) => optimizer.apply(variables.map((w) => [w, g])));
    step({ g: [1] }, { epoch: 3 });
    step({ g: [1] }, { epoch: 4 });
    near(variables.flatMap(read), [-(3 + 14), -0.75, -1.5]);
    optimizer.learningRate = 4;
    step({ g: [1] });
    near(variables.flatMap(read), [-(3 + 14 + 20), -2.75, -5.5]);
  });

  test("names stand for whole parts, and a name that stands for nothing is an error", async () => {
    const model = sequential([dense({ units: 2, name: "a" }), dense({ units: 2, name: "ab" })], { inputShape: [2] });
    const data = { x: [[1, 2]], y: [[1, 2]] };
    const before = async (name: string, options: OptimizerOptions) => {
      model.compile({ optimizer: sgd(options), loss: "mse" });
      await model.fit(data);
      return name;
    };
    await rejects(
      () => before("typo", { groups: [{ match: "b", frozen: true }] }),
      "invalid-argument",
      /groups\[0\]\.match "b" names none of the variables of this step: a\/kernel, a\/bias, ab\/kernel, ab\/bias/,
    );
    await rejects(
      () => before("all", { groups: [{ match: () => true, frozen: true }] }),
      "invalid-argument",
      /leave every variable of this step frozen/,
    );
    await model.predict([[1, 2]]);
    const [a, ab] = model.layers.map((layer) => layer.variables.flatMap(read)) as [number[], number[]];
    await before("a", { groups: [{ match: "a", frozen: true }] });
    assert.equal(model.layers[0]?.variables.flatMap(read), a);
    assert.ok(model.layers[1]?.variables.flatMap(read).some((w, i) => w !== ab[i]));
  });

  test("neighbours with the same settings are one instruction", async () => {
    const base = sequential([dense({ units: 5 }), dense({ units: 4 })], { inputShape: [3], name: "base" });
    const head = dense({ units: 2, name: "head" });
    const model = sequential([base, head], { inputShape: [3] });
    const optimizer = adam({ groups: [{ match: base, learningRateFactor: 0.1 }] });
    model.compile({ optimizer, loss: "mse" });
    await model.fit({ x: [[1, 2, 3]], y: [[1, 2]] });
    const updates = model
      .explain("program")
      .split("\n")
      .filter((line) => /^ *\d+ adam /.test(line));
    assert.equal(
      updates.map((line) => Number(/and (\d+) more/.exec(line)?.[1])),
      [3, 1],
    );
  });

  test("options that contradict each other", async () => {
    await rejects(() => sgd({ nesterov: true }), "invalid-argument", /nesterov needs momentum/);
    await rejects(() => sgd({ dampening: 0.9 }), "invalid-argument", /dampening needs momentum/);
    const wrong: [OptimizerOptions, RegExp][] = [
      [{ clipNorm: 1, clipValue: 1 }, /clipValue and clipNorm/],
      [{ clipNorm: 1, globalClipNorm: 1 }, /clipNorm and globalClipNorm/],
      [{ emaMomentum: 0.5 }, /emaMomentum needs useEma/],
      [{ emaOverwriteFrequency: 5, useEma: false }, /emaOverwriteFrequency needs useEma/],
      [{ groups: [{ match: "a", learningRate: 1, learningRateFactor: 1 }] }, /learningRate and learningRateFactor/],
      [{ groups: [{ match: "a", rate: 1 } as never] }, /unknown option "rate"/],
      [{ groups: [{ frozen: true } as never] }, /"match" is required/],
    ];
    for (const [options, message] of wrong) {
      for (const make of [sgd, adam, lion]) {
        await rejects(
          () => make(options),
          "rate" in (options.groups?.[0] ?? {}) ? "unknown-option" : "invalid-argument",
          message,
        );
      }
    }
  });
});

suite("optimizers, saved and loaded", (test) => {
  const data = { x: { data: normal(96, 1), shape: [24, 4] }, y: { data: normal(72, 2), shape: [24, 3] } };
  const options = { gradientAccumulationSteps: 3, useEma: true, emaMomentum: 0.8, globalClipNorm: 0.5 };
  const network = (optimizer: Optimizer, seed: number): Model => {
    const layers = [dense({ units: 8 }), batchNormalization(), dropout({ rate: 0.3 }), dense({ units: 3 })];
    const model = sequential(layers, { inputShape: [4], seed });
    model.compile({ optimizer, loss: "mse" });
    return model;
  };
  const makers: readonly (() => Optimizer)[] = [
    () => nadam({ ...options, groups: [{ match: (v) => v.shape.length < 2, weightDecay: 0, learningRateFactor: 2 }] }),
    () => adagrad(options),
    () => lion({ learningRate: 1e-3, ...options }),
  ];

  for (const make of makers) {
    test(`${make().name}: in the middle of an accumulation`, async () => {
      const whole = network(make(), 1);
      await whole.fit(data, { epochs: 4, batchSize: 6 }); // 16 calls, 5 updates and one call
      const half = network(make(), 1);
      await half.fit(data, { epochs: 2, batchSize: 6 }); // 8 calls
      const bytes = await half.save();
      const optimizer = make();
      const other = network(optimizer, 7);
      await other.fit(data, { epochs: 1, batchSize: 5 });
      await other.load(bytes);
      assert.equal(optimizer.stateOf(other.variables[0] as Variable)?.calls, 2);
      await other.fit(data, { epochs: 2, initialEpoch: 2, batchSize: 6 });
      assert.equal(weightsOf(other), weightsOf(whole));
      assert.equal(list(await other.save()), list(await whole.save()));
    });
  }

  test("weights that changed places with their averages", async () => {
    const [first, second] = [adam(options), adam(options)];
    const [model, loaded] = [network(first, 1), network(second, 2)];
    await model.fit(data, { epochs: 3, batchSize: 4 });
    const bytes = await withAverages(first, model, () => model.save());
    await loaded.load(bytes);
    assert.equal(
      list((await loaded.predict(data.x)).data),
      list((await withAverages(first, model, () => model.predict(data.x))).data),
    );
    await rejects(() => loaded.fit(data), "invalid-argument", /swapAverages again/);
    swapAverages(second, loaded);
    for (const each of [model, loaded]) await each.fit(data, { initialEpoch: 3, batchSize: 4 });
    assert.equal(weightsOf(loaded), weightsOf(model));
  });

  test("states of other optimizers and other options are refused", async () => {
    const model = network(adam(options), 1);
    await model.fit(data, { batchSize: 12 });
    const bytes = await model.save();
    await rejects(() => network(nadam(), 1).load(bytes, { optimizer: true }), "bad-file", /state of adam.*with nadam/);
    await rejects(() => network(adam(), 1).load(bytes), "bad-file", /(gradientSum|weightAverage)" is a slot that/);
    const fewer = network(adam({ ...options, gradientAccumulationSteps: 2 }), 1);
    await rejects(() => fewer.load(bytes), "bad-file", /after 2 calls of an update.*makes one of 2/);
    const plain = network(adam(), 1);
    await plain.fit(data);
    const without = await plain.save();
    await rejects(() => network(adam(options), 1).load(without), "bad-file", /gradientSum" is missing/);
  });
});
