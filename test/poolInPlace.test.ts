// Programs in which the gradient of a maximum may lie where its input lay, and some in which it may not, beside the reference in
// float64.

import { createMachine } from "../bindings/machine.ts";
import type { Tensor } from "../src/index.ts";
import { gradients, ops } from "../src/index.ts";
import { openReference } from "../src/reference/engine.ts";
import { compileOn, machinesOf } from "./compiled.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";
import { normal } from "./values.ts";

const SHAPE = [2, 6, 6, 5];
const SIZE = 360;

type Windows = Parameters<typeof ops.maxPool2d>[1];

/** The gradient of the sum of a maximum's squares with respect to what it is taken of. */
const through = (r: Tensor, windows?: Windows): Tensor =>
  gradients(ops.sum(ops.square(ops.maxPool2d(r, windows))), [r])[0] as Tensor;

const programs: Readonly<Record<string, (x: Tensor) => readonly Tensor[]>> = {
  "nothing else reads the input": (x) => [through(ops.tanh(x))],
  "through a relu": (x) => [gradients(ops.sum(ops.square(ops.maxPool2d(ops.relu(x)))), [x])[0] as Tensor],
  "the input is read later": (x) => [gradients(ops.sum(ops.square(ops.maxPool2d(ops.tanh(x)))), [x])[0] as Tensor],
  "the input is an output"(x) {
    const r = ops.tanh(x);
    return [through(r), r];
  },
  "the input is an output in another shape"(x) {
    const r = ops.tanh(x);
    return [through(r), ops.reshape(r, [SIZE])];
  },
  "the input is a view": (x) => [through(ops.reshape(ops.tanh(ops.reshape(x, [SIZE])), SHAPE))],
  "asked for twice"(x) {
    const r = ops.tanh(x);
    return [through(r), gradients(ops.maxPool2d(r), [r])[0] as Tensor];
  },
  "two sizes of windows"(x) {
    const r = ops.tanh(x);
    return [
      gradients(ops.add(ops.sum(ops.maxPool2d(r)), ops.sum(ops.maxPool2d(r, { poolSize: 3 }))), [r])[0] as Tensor,
    ];
  },
  "windows of a pixel, and the input is what arrives"(x) {
    const r = ops.relu(x);
    return [gradients(ops.maxPool2d(r, { poolSize: 1 }), [r], { upstream: r })[0] as Tensor];
  },
  "windows that overlap": (x) => [through(ops.relu(x), { poolSize: 3, strides: 1 })],
  "windows with padding": (x) => [through(ops.relu(x), { poolSize: 4, padding: "same" })],
  "pixels at the end without a window": (x) => [through(ops.relu(x), { poolSize: 4 })],
  "pixels between windows": (x) => [through(ops.relu(x), { poolSize: 1, strides: 2 })],
};

const values = { x: normal(SIZE, 5) };
const exact = createMachine(openReference("float64"));
for (const machine of machinesOf(await openEngines())) {
  suite(`gradients of maxima in programs, ${machine.engine.kernels}`, (test) => {
    for (const [name, program] of Object.entries(programs)) {
      test(name, () => {
        const run = (on: typeof machine) =>
          compileOn(on, { x: { shape: SHAPE } }, ({ x }) => program(x as Tensor)).run(values);
        const expected = run(exact);
        run(machine).forEach((found, k) => {
          assert.ok(found.some((value) => value !== 0));
          const error = Math.max(...Array.from(found, (value, i) => Math.abs(value - (expected[k]?.[i] as number))));
          assert.ok(error <= 1e-5, `output ${k} differs by ${error}`);
        });
      });
    }
  });
}
