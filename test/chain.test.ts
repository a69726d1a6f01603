// Chains: the same bits as the instructions one by one, whatever the sizes; what may be a chain and what may not; when
// one pays, and what it looks like.

import type { Engine } from "../bindings/engine.ts";
import { fieldsOf } from "../bindings/engine.ts";
import type { Machine } from "../bindings/machine.ts";
import { createMachine } from "../bindings/machine.ts";
import type { Costs } from "../src/compile/chain.ts";
import { unitsOf } from "../src/compile/chain.ts";
import type { Compiled } from "../src/compile/compile.ts";
import { lowerAndPlan } from "../src/compile/compile.ts";
import { explain } from "../src/compile/explain.ts";
import { createExecutable } from "../src/executable.ts";
import type { Buffer } from "../src/graph/op.ts";
import type { Tensor, Variable } from "../src/index.ts";
import { assign, gradients, ops, variable } from "../src/index.ts";
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
      else if (form === "row") pool.push(g(at(a), row as Tensor));
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
]);

function cases(engine: Engine): void {
  const machine = createMachine(engine);
  suite(`chains, ${engine.kernels}`, (test) => {
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
void fieldsOf;
void unitsOf;
void explain;
export type Unused = Buffer;
