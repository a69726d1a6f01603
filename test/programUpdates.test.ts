// program(): what stops an update, and optimizers that share variables between programs.

import type { Optimizer, Variable } from "../src/index.ts";
import { adam, assign, batchNormalization, dense, ops, program, rmsprop, sgd, variable } from "../src/index.ts";
import { throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";
import { list, read, threeLayers, threeMatrices, x0 } from "./smallPrograms.ts";
import { uniform } from "./values.ts";

/** Slots of an optimizer as plain numbers. */
function slotsOf(optimizer: Optimizer, variables: readonly Variable[]): unknown {
  return variables.map((each) => {
    const state = optimizer.stateOf(each);
    return state && [state.steps, Object.entries(state.slots).map(([name, slot]) => [name, read(slot)])];
  });
}

suite("program, guards", (test) => {
  test("a loss that is not finite leaves variables and slots as they were and names the first bad tensor", async () => {
    const weights = threeMatrices();
    const optimizer = adam({ learningRate: 0.1 });
    const step = await program({ x: [4, 3] }, ({ x }) => {
      const loss = threeLayers(x, weights);
      optimizer.minimize(loss, weights);
      return { loss };
    });
    for (let i = 0; i < 3; i++) step({ x: x0 });
    const before = [weights.map(read), slotsOf(optimizer, weights)];
    const bad = Float32Array.from(x0);
    bad[7] = Number.NaN;
    throwsError(() => step({ x: bad }), "non-finite", /input "x" \(element 7\)/);
    assert.equal([weights.map(read), slotsOf(optimizer, weights)], before);
    // and it goes on as if the bad step had never been
    const twin = threeMatrices();
    const other = adam({ learningRate: 0.1 });
    const straight = await program({ x: [4, 3] }, ({ x }) => {
      other.minimize(threeLayers(x, twin), twin);
    });
    for (let i = 0; i < 5; i++) straight({ x: x0 });
    for (let i = 0; i < 2; i++) step({ x: x0 });
    assert.equal(weights.map(read), twin.map(read));
  });

  test("the first bad tensor is the op that made it", async () => {
    const w = variable([1, 1], { name: "w" });
    const step = await program({ x: [2] }, ({ x }) => {
      const y = ops.log(ops.sub(x, 1));
      const z = ops.mul(ops.exp(y), w);
      sgd().minimize(ops.sum(z), [w]);
    });
    step({ x: [2, 3] });
    const before = read(w);
    throwsError(() => step({ x: [2, 0.5] }), "non-finite", /output of log \(element 1 is NaN\)/);
    assert.equal(read(w), before);
    w.write([Number.NaN, 1]);
    throwsError(() => step({ x: [2, 3] }), "non-finite", /variable "w" \(element 0\)/);
  });

  test("overflow to Infinity counts too", async () => {
    const w = variable([1e30], { name: "w" });
    const step = await program({}, () => {
      sgd().minimize(ops.sum(ops.square(w)), [w]);
    });
    throwsError(() => step({}), "non-finite");
    assert.equal(read(w), [Math.fround(1e30)]);
  });

  test("moving statistics recorded before the loss stay, too", async () => {
    const layers = [dense({ units: 4 }), batchNormalization({ momentum: 0.5 }), dense({ units: 1 })];
    const optimizer = rmsprop({ learningRate: 0.01, momentum: 0.5 });
    const step = await program(
      { x: [4, 3] },
      ({ x }) => {
        const y = layers.reduce((t, layer) => layer(t), x);
        const loss = ops.mean(ops.square(y));
        const trainable = layers.flatMap(({ variables }) => variables).filter((v) => v.trainable);
        optimizer.minimize(loss, trainable);
        return { loss };
      },
      { training: true, seed: 3 },
    );
    step({ x: x0 });
    const all = layers.flatMap(({ variables }) => variables);
    const before = [all.map(read), slotsOf(optimizer, all)];
    const bad = Float32Array.from(x0);
    bad[0] = Number.POSITIVE_INFINITY;
    throwsError(() => step({ x: bad }), "non-finite");
    assert.equal([all.map(read), slotsOf(optimizer, all)], before);
    step({ x: x0 });
    assert.is.not(JSON.stringify(all.map(read)), JSON.stringify(before[0]));
  });

  test("assignments recorded before the loss stay, too", async () => {
    const [count, w] = [variable([0], { name: "count" }), variable([1], { name: "w" })] as [Variable, Variable];
    const step = await program({ x: [1] }, ({ x }) => {
      assign(count, ops.add(count, 1));
      sgd().minimize(ops.sum(ops.mul(x, w)), [w]);
    });
    step({ x: [1] });
    assert.equal(read(count), [1]);
    throwsError(() => step({ x: [Number.NaN] }), "non-finite");
    assert.equal(read(count), [1]);
  });

  test("a second loss that is not finite stops the first update as well", async () => {
    const [a, b] = [variable([1]), variable([1])] as [Variable, Variable];
    const step = await program({ x: [1] }, ({ x }) => {
      sgd().minimize(ops.sum(a), [a]);
      sgd().minimize(ops.sum(ops.mul(x, b)), [b]);
    });
    throwsError(() => step({ x: [Number.NaN] }), "non-finite");
    assert.equal([...read(a), ...read(b)], [1, 1]);
  });

  test("a second loss that depends on the first update: all of it is taken back", async () => {
    const [a, b] = [variable([1, 2], { name: "a" }), variable([3, 4], { name: "b" })] as [Variable, Variable];
    const optimizer = adam({ learningRate: 0.5 });
    const step = await program({ x: [2] }, ({ x }) => {
      optimizer.minimize(ops.sum(ops.square(a)), [a]);
      optimizer.minimize(ops.sum(ops.mul(ops.mul(a, b), x)), [b]);
    });
    step({ x: [1, 1] });
    const before = [read(a), read(b), slotsOf(optimizer, [a, b])];
    throwsError(() => step({ x: [1, Number.NaN] }), "non-finite", /input "x" \(element 1\)/);
    assert.equal([read(a), read(b), slotsOf(optimizer, [a, b])], before);
    throwsError(() => step({ x: [1, 3e38] }), "non-finite", /output of mul \(element 1 is/);
    assert.equal([read(a), read(b), slotsOf(optimizer, [a, b])], before);
  });

  test("a loss that depends on what was assigned in the same step", async () => {
    const [a, w] = [variable([1], { name: "a" }), variable([2], { name: "w" })] as [Variable, Variable];
    const step = await program({ x: [1] }, ({ x }) => {
      assign(a, ops.mul(x, 2));
      sgd({ learningRate: 1 }).minimize(ops.sum(ops.mul(a, w)), [w]);
    });
    step({ x: [0.25] });
    assert.equal([...read(a), ...read(w)], [0.5, 1.5]);
    throwsError(() => step({ x: [Number.NaN] }), "non-finite");
    assert.equal([...read(a), ...read(w)], [0.5, 1.5]);
  });
});

/** Adam of one variable in float64, for a gradient 2 (w - t). */
function adamByHand(start: readonly number[], targets: readonly number[], rate: number) {
  const [w, m, v] = [[...start], start.map(() => 0), start.map(() => 0)] as [number[], number[], number[]];
  let t = 0;
  return {
    w,
    step(): void {
      t++;
      for (let i = 0; i < w.length; i++) {
        const g = 2 * ((w[i] as number) - (targets[i] as number));
        m[i] = 0.9 * (m[i] as number) + 0.1 * g;
        v[i] = 0.999 * (v[i] as number) + 0.001 * g * g;
        const corrected = (m[i] as number) / (1 - 0.9 ** t);
        w[i] = (w[i] as number) - (rate * corrected) / (Math.sqrt((v[i] as number) / (1 - 0.999 ** t)) + 1e-8);
      }
    },
  };
}

suite("program, optimizers", (test) => {
  test("one Adam over different variables in three programs corrects the bias of each by its own steps", async () => {
    const names = ["a", "b", "c"] as const;
    const starts = names.map((_, i) => list(uniform(5, 20 + i, -1, 1)));
    const targets = names.map((_, i) => list(uniform(5, 30 + i, -1, 1)));
    const variables = names.map((name, i) => variable(starts[i] as number[], { name }));
    const hands = names.map((_, i) => adamByHand(starts[i] as number[], targets[i] as number[], 0.05));
    const optimizer = adam({ learningRate: 0.05 });
    const over = (which: readonly number[]) =>
      program({}, () => {
        const losses = which.map((i) =>
          ops.sum(ops.squaredDifference(variables[i] as Variable, ops.constant(targets[i] as number[]))),
        );
        optimizer.minimize(
          losses.reduce((sum, loss) => ops.add(sum, loss)),
          which.map((i) => variables[i] as Variable),
        );
      });
    const subsets = [[0, 1], [0], [1, 2]];
    const steps = await Promise.all(subsets.map(over));
    for (const k of [0, 0, 1, 0, 2, 2, 1, 1, 0, 2, 0, 0, 1, 2]) {
      steps[k]?.({});
      for (const i of subsets[k] as number[]) hands[i]?.step();
      variables.forEach((each, i) => {
        near(read(each), (hands[i] as (typeof hands)[number]).w, 2e-6);
      });
    }
    assert.equal(
      variables.map((each) => optimizer.stateOf(each)?.steps),
      [10, 10, 4].map(
        (_, i) => [0, 0, 1, 0, 2, 2, 1, 1, 0, 2, 0, 0, 1, 2].filter((k) => subsets[k]?.includes(i)).length,
      ),
    );
  });

  test("a schedule is told the steps of its variables and the epoch", async () => {
    const told: [number, number][] = [];
    const w = variable([1]);
    const optimizer = sgd({
      learningRate: (step, epoch) => {
        told.push([step, epoch]);
        return 0.1;
      },
    });
    const step = await program({}, () => optimizer.minimize(ops.sum(w), [w]));
    step({});
    step({}, { epoch: 3 });
    assert.equal(told, [
      [0, 0],
      [1, 3],
    ]);
    optimizer.learningRate = 1;
    step({});
    near(read(w), [1 - 0.1 - 0.1 - 1], 1e-6);
  });
});
