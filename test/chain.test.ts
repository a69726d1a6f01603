// Chains: the same bits as the instructions one by one, whatever the sizes; what may be a chain and what may not; when
// one pays, and what it looks like.

import type { Engine } from "../bindings/engine.ts";
import type { Machine } from "../bindings/machine.ts";
import { createMachine } from "../bindings/machine.ts";
import type { Costs } from "../src/compile/chain.ts";
import { usualCosts } from "../src/compile/chain.ts";
import type { Compiled } from "../src/compile/compile.ts";
import { lowerAndPlan } from "../src/compile/compile.ts";
import { explain } from "../src/compile/explain.ts";
import { stepsOf } from "../src/compile/lower.ts";
import { atOnce, createExecutable } from "../src/executable.ts";
import type { Tensor, Variable } from "../src/index.ts";
import { assign, dropout, gradients, ops, variable } from "../src/index.ts";
import type { Numbers } from "./compiled.ts";
import { trace } from "./compiled.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";
import { integers, normal } from "./values.ts";

/** Chains wherever they are possible and save anything, with blocks of a few units. */
const eager = (blockBytes: number): Costs => ({ cacheBytes: 0, callBytes: 0, blockBytes });

const withCosts = (compiled: Compiled, costs: Costs | null): Compiled => ({
  ...compiled,
  ...lowerAndPlan(compiled.schedule, costs),
});

const chainsOf = ({ listing }: Compiled): number =>
  listing.instructions.filter(({ kernel }) => kernel === "chain").length;

/** The bits of all outputs, and of the variables after two steps. */
function run(
  machine: Machine,
  compiled: Compiled,
  inputs: Record<string, Float32Array>,
  variables: Variable[],
): Numbers[] {
  for (const each of variables) {
    const { storage } = each.state;
    if (storage) machine.values(storage).set(normal(storage.length, 9));
  }
  const executable = createExecutable(machine, compiled);
  const results: Numbers[] = [];
  for (const step of [0, 1]) {
    executable.prepare({ step, epoch: 0, seed: 3 });
    for (const [name, values] of Object.entries(inputs)) executable.input(name)?.set(values);
    assert.is(executable.run(0, executable.length), executable.length);
    executable.commit();
    results.push(...compiled.listing.outputs.map((_, i) => executable.output(i).slice()));
  }
  for (const { state } of variables) if (state.storage) results.push(machine.values(state.storage).slice());
  executable.dispose();
  return results;
}

function assertSameBits(got: readonly Numbers[], want: readonly Numbers[], what: string): void {
  assert.is(got.length, want.length);
  got.forEach((values, k) => {
    const other = want[k] as Numbers;
    const at = values.findIndex((value, i) => !Object.is(value, other[i]));
    assert.is(at, -1, `${what}: result ${k}[${at}] is ${values[at]}, alone ${other[at]}`);
  });
}

/** A function of random elementwise ops over x, y [rows, columns], a row, a column, a scalar and a variable. */
function randomBody(seed: number, rows: number, columns: number) {
  const next = integers(seed);
  const pick = <T>(from: readonly T[]): T => from[next() % from.length] as T;
  const n = rows * columns; // variables have at least one value
  const v = n > 0 ? variable({ data: normal(n, 9), shape: [rows, columns] }, { name: "v" }) : null;
  const one = [
    ops.neg,
    ops.abs,
    ops.relu,
    ops.tanh,
    ops.sigmoid,
    ops.gelu,
    ops.square,
    ops.softmax,
    (x: Tensor) => ops.clip(x, -0.5, 0.5),
    (x: Tensor) => ops.mul(x, 0.7),
    (x: Tensor) => ops.cast(ops.cast(ops.mul(x, 5), "int32"), "float32"),
    (x: Tensor) => ops.where(ops.less(x, 0), ops.mul(x, 0.2), x),
  ];
  const two = [ops.add, ops.sub, ops.mul, ops.maximum, ops.squaredDifference, ops.greater];
  // the choices are made here, so that every trace records the same graph
  const choices = Array.from({ length: 4 + (next() % 12) }, () => ({
    form: pick(["one", "one", "two", "two", "row", "column", "sum", "assign"] as const),
    f: pick(one),
    g: pick(two),
    a: next(),
    b: next(),
  }));
  const kept = Array.from({ length: 1 + (next() % 3) }, () => next());
  const differentiated = next() % 2 === 0;
  const body = ({ x, y, row, column }: Readonly<Record<string, Tensor>>): Tensor[] => {
    const pool = [x, y, ops.mul(v ?? (y as Tensor), 1)] as Tensor[];
    const at = (n: number): Tensor => pool[pool.length - 1 - (n % Math.min(pool.length, 4))] as Tensor;
    for (const { form, f, g, a, b } of choices) {
      if (form === "one") pool.push(f(at(a)));
      else if (form === "two") pool.push(g(at(a), at(b)));
      else if (form === "row") pool.push(g(at(a), f(row as Tensor)));
      else if (form === "column") pool.push(g(column as Tensor, at(a)));
      else if (form === "sum") pool.push(ops.sub(at(a), ops.sum(at(b), { axes: [0] })));
      else if (v) {
        assign(v, ops.tanh(at(a)));
        pool.push(ops.add(v, at(b)));
      }
    }
    const outputs = kept.map(at);
    return differentiated ? [...outputs, ...gradients(ops.sum(at(0)), [x as Tensor, row as Tensor])] : outputs;
  };
  return { body, variables: v ? [v] : [] };
}

const shapes = [0, 1, 3, 5, 63, 1023, 1025, 4099].flatMap((n): [number, number][] => [
  [n, 1],
  [1, n],
  [Math.ceil(n / 7), 7],
  [Math.ceil(Math.sqrt(n)), Math.ceil(Math.sqrt(n))], // as many rows as numbers in a row
]);

function cases(engine: Engine): void {
  const machine = createMachine(engine);
  suite(`chains, ${engine.kernels}`, (test) => {
    test("the first number that is not finite is found within one", () => {
      const { compiled } = trace({ x: { shape: [100] } }, ({ x }) => [ops.mul(ops.log(ops.abs(x as Tensor)), 0)]);
      const executable = createExecutable(machine, withCosts(compiled, eager(200)));
      executable.prepare({ step: 0, epoch: 0, seed: 0 });
      executable.input("x")?.set(Float32Array.from({ length: 100 }, (_, i) => 70 - i));
      assert.is(executable.run(0, executable.length), 1);
      assert.is(atOnce(executable.findNonFinite()), "the output of log (element 70 is -Infinity)");
      executable.dispose();
    });

    for (const blockBytes of [200, 10240]) {
      test(`the same bits as instructions one by one, blocks of ${blockBytes} bytes`, () => {
        let chained = 0;
        for (let seed = 1; seed <= 120; seed++) {
          const [rows, columns] = shapes[seed % shapes.length] as [number, number];
          const inputs = {
            x: normal(rows * columns, 1),
            y: normal(rows * columns, 2),
            row: normal(columns, 3),
            column: normal(rows, 4),
          };
          const { body, variables } = randomBody(seed, rows, columns);
          const sizes = { x: [rows, columns], y: [rows, columns], row: [columns], column: [rows, 1] };
          const types = Object.fromEntries(Object.entries(sizes).map(([name, shape]) => [name, { shape }]));
          const { compiled } = trace(types, body);
          const fused = withCosts(compiled, eager(blockBytes));
          chained += chainsOf(fused);
          const alone = run(machine, withCosts(compiled, null), inputs, variables);
          assertSameBits(run(machine, fused, inputs, variables), alone, `seed ${seed}, [${rows}, ${columns}]`);
        }
        assert.ok(chained > 40, `${chained} chains`);
      });
    }
  });
}
for (const engine of await openEngines()) cases(engine);

/** Kernels of a function of x, y [64, 3], those of a chain in brackets. */
function kernels(body: (x: Tensor, y: Tensor) => readonly Tensor[], costs: Costs | null = eager(200)): string {
  const types = { x: { shape: [64, 3] }, y: { shape: [64, 3] } };
  const { compiled } = trace(types, ({ x, y }) => body(x as Tensor, y as Tensor));
  return withCosts(compiled, costs)
    .listing.instructions.map((instruction) => {
      const steps = stepsOf(instruction).map(({ kernel }) => kernel);
      return instruction.kernel === "chain" ? `[${steps.join(" ")}]` : steps[0];
    })
    .join(" ");
}

suite("chains, what may be one", (test) => {
  test("neighbours over the same units", () => {
    assert.is(
      kernels((x, y) => [ops.tanh(ops.add(x, y))]),
      "[add tanh]",
    );
    assert.is(
      kernels((x, y) => [ops.tanh(ops.add(x, y))], null),
      "add tanh",
    );
    // a row for all, one number a row, rows that are units themselves
    assert.is(
      kernels((x) => [ops.neg(ops.add(ops.abs(x), ops.constant([1, 2, 3])))]),
      "[absolute add negate]",
    );
    assert.is(
      kernels((x) => [ops.argMax(ops.mul(x, ops.exp(x)))]),
      "[exp mul argMax]",
    );
    // softmax has scratch of its own
    assert.is(
      kernels((x) => [ops.softmax(ops.mul(x, ops.exp(x)))]),
      "[exp mul] softmax",
    );
    assert.is(
      kernels((x, y) => [ops.cast(ops.cast(ops.mul(x, y), "int32"), "float32")]),
      "[mul float32ToInt32 int32ToFloat32]",
    );
  });
  test("what all units need is there before", () => {
    const total = (x: Tensor) => ops.sum(x, { axes: [0] });
    assert.is(
      kernels((x) => [ops.neg(ops.sub(x, total(ops.abs(x))))]),
      "absolute reduceSum [sub negate]",
    );
    const turned = (x: Tensor) => ops.reshape(ops.transpose(x), [64, 3]);
    assert.is(
      kernels((x) => [ops.neg(turned(ops.neg(x)))]),
      "negate stridedCopy negate",
    );
    // a row with as many numbers as there are rows
    const square = { x: { shape: [3, 3] }, row: { shape: [3] } };
    const { compiled } = trace(square, ({ x, row }) => [ops.neg(ops.add(x as Tensor, ops.abs(row as Tensor)))]);
    const [first] = withCosts(compiled, eager(60)).listing.instructions;
    assert.is(first?.kernel, "absolute");
  });
  test("numbers drawn by the place of an element, checks and products stand alone", () => {
    const drop = dropout({ rate: 0.5 });
    const dropped = kernels((x) => [ops.neg(drop(ops.abs(x), { training: true }))]);
    assert.is(dropped, "absolute dropout negate");
    const grown = kernels((x, y) => [ops.neg(ops.matmul(ops.abs(x), y, { transA: true }))]);
    assert.is(grown, "absolute gemm negate");
  });
  test("an update is a step behind what reads the old values", () => {
    const v = variable({ data: normal(192, 1), shape: [64, 3] }, { name: "v" });
    const text = kernels((x) => {
      const old = ops.mul(v, x);
      assign(v, ops.tanh(x));
      return [ops.add(old, v)];
    });
    assert.is(text, "[mul tanh copy add]");
  });
  test("none where it saves nothing, or everything is in a cache", () => {
    const body = (x: Tensor, y: Tensor) => [ops.neg(x), ops.abs(y)];
    assert.is(kernels(body), "negate absolute");
    assert.is(
      kernels((x, y) => [ops.tanh(ops.add(x, y))], usualCosts),
      "add tanh",
    );
    assert.is(
      kernels((x, y) => [ops.tanh(ops.add(x, y))], { ...eager(200), cacheBytes: 64 * 3 * 4 * 4 }),
      "add tanh",
    );
  });
});

suite("chains, what is planned", (test) => {
  const big = { x: { shape: [8e6] }, a: { shape: [8e6] } };
  const { compiled } = trace(big, ({ x, a }) => {
    const y = ops.mul(ops.add(x as Tensor, a as Tensor), 2);
    return [ops.tanh(ops.mul(y, y))];
  });
  test("the text of the program", () => {
    const zeros = "a0 0, a1 0, a2 0, a3";
    assert.is(
      explain(compiled, "program"),
      `  0 chain of 4 on up to 32 threads over 8000000 by 848: 96000004 bytes cross memory, not 320000000
      add d0 1, d1 1, d2 1, d3 8000000, ${zeros} 1, b0 0, b1 0, b2 0, b3 1, a data+0, b data+32000000, out >slot  # add
      mul d0 1, d1 1, d2 1, d3 8000000, ${zeros} 1, b0 0, b1 0, b2 0, b3 0, a slot, b constants+0, out >slot  # mul
      mul d0 1, d1 1, d2 1, d3 8000000, ${zeros} 1, b0 0, b1 0, b2 0, b3 1, a slot, b slot, out >slot  # mul
      tanh n 8000000, x slot, out >activations+0  # tanh`,
    );
  });
  test("what lives within a chain takes no bytes", () => {
    const bytes = (costs: Costs | null) => {
      const huber = trace(big, ({ x, a }) => {
        const d = ops.sub(x as Tensor, a as Tensor);
        return [ops.where(ops.less(ops.abs(d), 1), ops.square(d), ops.abs(d))];
      });
      return withCosts(huber.compiled, costs).plan.arenas.activations;
    };
    assert.is(bytes(usualCosts), 8e6 * 4);
    assert.ok(bytes(null) >= 3 * 8e6 * 4);
  });
});
