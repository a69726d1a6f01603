// program(): variables and their versions, gradients, inputs and outputs, batch sizes, memory.

import type { Tensor, Variable } from "../src/index.ts";
import { adam, assign, gradients, ops, program, rmsprop, sgd, variable } from "../src/index.ts";
import { defaultMachine } from "../src/machine.ts";
import { throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { near } from "./near.ts";
import { list, read, threeLayers, threeMatrices, x0 } from "./smallPrograms.ts";
import { normal } from "./values.ts";

suite("program, versions", (test) => {
  for (const [name, make] of [
    ["sgd", () => sgd({ learningRate: 0.5, momentum: 0.9 })],
    ["adam", () => adam({ learningRate: 0.1 })],
    ["rmsprop", () => rmsprop({ learningRate: 0.1 })],
  ] as const) {
    test(`gradients recorded after minimize are at the weights before the update, three layers, ${name}`, async () => {
      const weights = threeMatrices();
      const before = await program({ x: [4, 3] }, ({ x }) => {
        const [g1, g2, g3] = gradients(threeLayers(x, weights), weights) as [Tensor, Tensor, Tensor];
        return { g1, g2, g3 };
      });
      const after = await program({ x: [4, 3] }, ({ x }) => {
        const loss = threeLayers(x, weights);
        make().minimize(loss, weights);
        const [g1, g2, g3] = gradients(loss, weights) as [Tensor, Tensor, Tensor];
        return { g1, g2, g3 };
      });
      const want = before({ x: x0 });
      const got = after({ x: x0 });
      for (const key of ["g1", "g2", "g3"] as const) assert.equal(list(got[key].data), list(want[key].data));
      // and the weights did change
      const next = before({ x: x0 });
      assert.is.not(list(next.g1.data).join(), list(got.g1.data).join());
    });
  }

  test("gradients of a loss computed after the update see the new weights", async () => {
    const w = variable([3], { name: "w" });
    const step = await program({}, () => {
      sgd({ learningRate: 0.25 }).minimize(ops.sum(ops.square(w)), [w]); // 3 - 0.25 * 6 = 1.5
      const loss = ops.sum(ops.mul(ops.square(w), w)); // w^3
      return { loss, g: gradients(loss, [w])[0] as Tensor };
    });
    const { loss, g } = step({});
    assert.equal([loss.data[0], g.data[0], read(w)[0]], [3.375, 6.75, 1.5]);
  });

  test("reading after assign sees the new value, a tensor read before it keeps the old one", async () => {
    const a = variable([1, 2, 3], { name: "a" });
    const step = await program({ x: [3] }, ({ x }) => {
      const old = ops.reshape(a, [3]);
      assign(a, ops.add(a, x));
      return { old, now: a, both: ops.add(ops.mul(old, 100), a), twice: ops.mul(a, 2) };
    });
    const { old, now, both, twice } = step({ x: [10, 20, 30] });
    assert.equal(list(old.data), [1, 2, 3]);
    assert.equal(list(now.data), [11, 22, 33]);
    assert.equal(list(both.data), [111, 222, 333]);
    assert.equal(list(twice.data), [22, 44, 66]);
    assert.equal(read(a), [11, 22, 33]);
    step({ x: [1, 1, 1] });
    assert.equal(read(a), [12, 23, 34]);
  });

  test("two variables swapped, three rotated", async () => {
    const [a, b, c] = [variable([1, 2]), variable([3, 4]), variable([5, 6])] as [Variable, Variable, Variable];
    const swap = await program({}, () => {
      const [oldA, oldB] = [ops.reshape(a, [2]), ops.reshape(b, [2])];
      assign(a, oldB);
      assign(b, oldA);
    });
    swap({});
    assert.equal([...read(a), ...read(b)], [3, 4, 1, 2]);
    const rotate = await program({}, () => {
      const [oldA, oldB, oldC] = [ops.stopGradient(a), ops.stopGradient(b), ops.stopGradient(c)];
      assign(a, oldB);
      assign(b, oldC);
      assign(c, oldA);
    });
    rotate({});
    assert.equal([...read(a), ...read(b), ...read(c)], [1, 2, 5, 6, 3, 4]);
  });

  test("an old version under another shape, read after two updates", async () => {
    const a = variable([
      [1, 2],
      [3, 4],
    ]);
    const step = await program({}, () => {
      const flat = ops.reshape(a, [4]);
      const column = ops.reshape(flat, [4, 1]);
      assign(a, ops.mul(a, 10));
      const middle = ops.reshape(a, [4]);
      assign(a, ops.add(a, 1));
      return { all: ops.add(ops.add(ops.reshape(column, [4]), middle), ops.reshape(a, [4])) };
    });
    assert.equal(list(step({}).all.data), [1 + 10 + 11, 2 + 20 + 21, 3 + 30 + 31, 4 + 40 + 41]);
    assert.equal(read(a), [11, 21, 31, 41]);
  });

  test("effects happen in the order recorded", async () => {
    const a = variable([1]);
    const step = await program({ x: [1] }, ({ x }) => {
      assign(a, ops.mul(a, 2));
      assign(a, ops.add(a, x));
      sgd({ learningRate: 1 }).apply([[a, ops.constant([1])]]);
      assign(a, ops.mul(a, 10));
    });
    step({ x: [5] }); // ((1 * 2 + 5) - 1) * 10
    assert.equal(read(a), [60]);
  });

  test("assigning a variable to another copies its value of then", async () => {
    const [target, w] = [variable([0, 0]), variable([1, 2])] as [Variable, Variable];
    const step = await program({}, () => {
      assign(target, w);
      sgd({ learningRate: 1 }).minimize(ops.sum(w), [w]);
    });
    step({});
    assert.equal([...read(target), ...read(w)], [1, 2, 0, 1]);
    step({});
    assert.equal([...read(target), ...read(w)], [0, 1, -1, 0]);
  });

  test("two losses over shared weights: both gradients at the old values", async () => {
    const [w, a, b] = [variable([2]), variable([3]), variable([5])] as [Variable, Variable, Variable];
    const step = await program({}, () => {
      const shared = ops.square(w);
      const first = ops.sum(ops.mul(shared, a));
      const second = ops.sum(ops.mul(shared, b));
      sgd({ learningRate: 0.1 }).minimize(first, [w, a]); // dw = 2 w a = 12, da = 4
      sgd({ learningRate: 0.1 }).minimize(second, [b]); // db = w^2 = 4, of the old w
      return { second };
    });
    assert.is(step({}).second.data[0], 20);
    near([...read(w), ...read(a), ...read(b)], [0.8, 2.6, 4.6], 1e-6);
  });

  test("one variable updated by two optimizers in one step", async () => {
    const w = variable([1, 2]);
    const step = await program({}, () => {
      const loss = ops.sum(ops.square(w));
      sgd({ learningRate: 0.25 }).minimize(loss, [w]);
      sgd({ learningRate: 0.5 }).minimize(loss, [w]); // the same gradient, on top
    });
    step({});
    assert.equal(read(w), [1 - 0.5 - 1, 2 - 1 - 2]);
  });
});

suite("program, gradients", (test) => {
  test("upstream: a tensor, a number, none", async () => {
    const step = await program({ x: [2, 3], u: [2, 3] }, ({ x, u }) => {
      const y = ops.square(x);
      return {
        none: gradients(y, [x])[0] as Tensor,
        number: gradients(y, [x], { upstream: 0.5 })[0] as Tensor,
        tensor: gradients(y, [x], { upstream: u })[0] as Tensor,
      };
    });
    const x = [1, 2, 3, 4, 5, 6];
    const u = [1, -1, 2, 0, 0.5, 3];
    const [xs, us] = [Float32Array.from(x), Float32Array.from(u)];
    const { none, number, tensor } = step({ x: xs, u: us });
    assert.equal(
      list(none.data),
      x.map((v) => 2 * v),
    );
    assert.equal(list(number.data), x);
    assert.equal(
      list(tensor.data),
      x.map((v, i) => 2 * v * (u[i] as number)),
    );
  });

  test("zeros where there is no path, the gradient of a tensor to itself, of one in the middle", async () => {
    const step = await program({ x: [3], z: [2] }, ({ x, z }) => {
      const middle = ops.mul(x, 3);
      const y = ops.mul(middle, middle);
      const [dz, dy, dm, dx] = gradients(y, [z, y, middle, x]) as [Tensor, Tensor, Tensor, Tensor];
      return { dz, dy, dm, dx };
    });
    const { dz, dy, dm, dx } = step({ x: [1, 2, 3], z: [1, 1] });
    assert.equal(list(dz.data), [0, 0]);
    assert.equal(list(dy.data), [1, 1, 1]);
    assert.equal(list(dm.data), [6, 12, 18]);
    assert.equal(list(dx.data), [18, 36, 54]);
  });

  test("gradients of gradients", async () => {
    const step = await program({ x: [3] }, ({ x }) => {
      const y = ops.mul(ops.square(x), x); // x^3
      const first = gradients(y, [x])[0] as Tensor;
      return { first, second: gradients(first, [x])[0] as Tensor };
    });
    const { first, second } = step({ x: [1, 2, -3] });
    assert.equal(list(first.data), [3, 12, 27]);
    assert.equal(list(second.data), [6, 12, -18]);
  });

  test("what has no second gradient says so", async () => {
    const functions = [
      (x: Tensor) => ops.softmax(x),
      (x: Tensor) => ops.logSoftmax(x),
      (x: Tensor) => ops.maxPool2d(ops.reshape(x, [1, 2, 4, 1])),
      (x: Tensor) => ops.softmaxCrossEntropy(x, x),
      (x: Tensor) => ops.sigmoidCrossEntropy(x, x),
    ];
    for (const f of functions) {
      await program({ x: [2, 4] }, ({ x }) => {
        const [g] = gradients(f(x), [x]) as [Tensor];
        throwsError(() => gradients(g, [x]), "unsupported", /the gradient of \w+ is not supported/);
      });
    }
  });

  test("apply takes gradients that the caller has changed", async () => {
    const w = variable([4, -4]);
    const optimizer = sgd({ learningRate: 1 });
    const step = await program({}, () => {
      const [g] = gradients(ops.sum(ops.square(w)), [w]) as [Tensor];
      optimizer.apply([[w, ops.clip(g, -1, 1)]]);
    });
    step({});
    assert.equal(read(w), [3, -3]);
  });
});

suite("program, inputs and outputs", (test) => {
  test("batch sizes that alternate: outputs are the same arrays for the same size", async () => {
    const w = variable({ data: [1, 2, 3], shape: [3, 1] });
    const step = await program({ x: [null, 3] }, ({ x }) => ({ y: ops.matmul(x, w), m: ops.mean(x) }));
    const known = new Map<number, unknown>();
    for (const size of [2, 5, 1, 2, 64, 5, 2, 1, 64]) {
      const x = Float32Array.from({ length: size * 3 }, (_, i) => i);
      const result = step({ x });
      assert.equal(result.y.shape, [size, 1]);
      assert.equal(
        list(result.y.data),
        Array.from({ length: size }, (_, r) => 3 * r + 2 * (3 * r + 1) + 3 * (3 * r + 2)),
      );
      near(result.m.data, [(size * 3 - 1) / 2], 1e-6);
      assert.is(known.get(size) ?? result, result);
      known.set(size, result);
    }
  });

  test("training with sizes that alternate keeps one state", async () => {
    const w = variable([0]);
    const optimizer = sgd({ learningRate: 0.5, momentum: 0.5 });
    const step = await program({ x: [null] }, ({ x }) => {
      optimizer.minimize(ops.mean(ops.mul(x, w)), [w]);
    });
    let [value, velocity] = [0, 0];
    for (const x of [[2], [4, 8], [1], [1, 1, 4]]) {
      step({ x });
      velocity = 0.5 * velocity + x.reduce((a, b) => a + b) / x.length;
      value -= 0.5 * velocity;
      assert.equal(read(w), [value]);
    }
  });

  test("int32 inputs are moved and gathered bit for bit", async () => {
    const step = await program(
      { i: { shape: [2, 3], dtype: "int32" }, j: { shape: [2, 1], dtype: "int32" } },
      ({ i, j }) => ({
        same: i,
        turned: ops.transpose(i),
        joined: ops.concatenate([i, j]),
        part: ops.slice(i, 1, 1, 2),
        wide: ops.broadcastTo(j, [2, 2]),
        floats: ops.cast(i, "float32"),
      }),
    );
    const i = [-1, 2 ** 31 - 1, -(2 ** 31), 7, 0x7f800001, 5];
    const { same, turned, joined, part, wide, floats } = step({ i: Int32Array.from(i), j: [[8], [-9]] });
    assert.equal(list(same.data), i);
    assert.equal(list(turned.data), [i[0], i[3], i[1], i[4], i[2], i[5]]);
    assert.equal(list(joined.data), [i[0], i[1], i[2], 8, i[3], i[4], i[5], -9]);
    assert.equal(list(part.data), [i[1], i[2], i[4], i[5]]);
    assert.equal(list(wide.data), [8, 8, -9, -9]);
    assert.equal(list(floats.data), i.map(Math.fround));
    assert.instance(same.data, Int32Array);
  });

  test("constants of every kind, a constant and a variable as outputs, an input as output", async () => {
    const v = variable([7, 8], { name: "v" });
    const step = await program({ x: [2] }, ({ x }) => ({
      number: ops.constant(3),
      nested: ops.constant([
        [1, 2],
        [3, 4],
      ]),
      integers: ops.constant(Int32Array.of(1, -2)),
      sum: ops.add(x, ops.constant({ data: [10, 20], shape: [2] })),
      x,
      v,
    }));
    const { number, nested, integers, sum, x, v: value } = step({ x: [1, 2] });
    assert.equal([list(number.data), number.shape], [[3], []]);
    assert.equal(
      [list(nested.data), nested.shape],
      [
        [1, 2, 3, 4],
        [2, 2],
      ],
    );
    assert.equal(list(integers.data), [1, -2]);
    assert.instance(integers.data, Int32Array);
    assert.equal(list(sum.data), [11, 22]);
    assert.equal(list(x.data), [1, 2]);
    assert.equal(list(value.data), [7, 8]);
  });

  test("an input that nothing reads, a result given twice, no result at all", async () => {
    const step = await program({ x: [2], unused: [3] }, ({ x }) => {
      const y = ops.mul(x, 2);
      return { y, again: y, flat: ops.reshape(y, [1, 2]) };
    });
    const { y, again, flat } = step({ x: [1, 2], unused: [0, 0, 0] });
    assert.equal(
      [list(y.data), list(again.data), list(flat.data), flat.shape],
      [
        [2, 4],
        [2, 4],
        [2, 4],
        [1, 2],
      ],
    );
    const nothing = await program({ x: [2] }, () => undefined);
    assert.equal(Object.keys(nothing({ x: [1, 2] })), []);
  });
});

suite("program, memory", (test) => {
  test("20,000 steps of a small program leave the memory as it was after the first", async () => {
    const weights = threeMatrices();
    const optimizer = adam();
    const step = await program({ x: [null, 3] }, ({ x }) => {
      const loss = threeLayers(x, weights);
      optimizer.minimize(loss, weights);
      return { loss };
    });
    const batches = [x0, x0.subarray(0, 9)];
    for (const x of batches) step({ x });
    const { engine, memory } = await defaultMachine();
    const [bytes, used] = [engine.bytes, memory.used];
    for (let i = 0; i < 20_000; i++) step({ x: batches[i & 1] as Float32Array });
    assert.is(engine.bytes, bytes);
    assert.is((await defaultMachine()).memory.used, used);
  });

  test("programs that are disposed of give their memory back", async () => {
    const w = variable({ data: normal(900, 3), shape: [30, 30] });
    const once = async () => {
      const step = await program({ x: [8, 30] }, ({ x }) => ({ y: ops.relu(ops.matmul(x, w)) }));
      step({ x: new Float32Array(240) });
      step.dispose();
    };
    await once();
    const { used } = (await defaultMachine()).memory;
    for (let i = 0; i < 50; i++) await once();
    assert.is((await defaultMachine()).memory.used, used);
  });
});
