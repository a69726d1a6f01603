// The optimizers against twenty steps in float64 (golden/optimizers.py), PyTorch's or those of a published formula; and the same bits
// however the variables, the calls and the threads are cut.

import type { Machine } from "../bindings/machine.ts";
import type { Optimizer, Variable } from "../src/index.ts";
import { adadelta, adagrad, adam, adamax, adamw, lion, nadam, rmsprop, sgd, variable } from "../src/index.ts";
import { compileOn, machinesOf } from "./compiled.ts";
import { openEngines } from "./engines.ts";
import golden from "./golden/optimizers.json";
import { assert, suite } from "./harness.ts";
import { normal } from "./values.ts";

const makers: Readonly<Record<string, (options: never) => Optimizer>> = {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  lion,
  nadam,
  rmsprop,
  sgd,
};

const make = (name: string, options: object): Optimizer => (makers[name] as (typeof makers)[string])(options as never);

/** Runs steps of given gradients; `sizes` cuts them into variables. Calls `each` after every step with all weights. */
function train(
  machine: Machine,
  optimizer: Optimizer,
  initial: readonly number[],
  gradients: readonly (readonly number[])[],
  sizes: readonly number[],
  each: (weights: Float64Array, step: number) => void,
): void {
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, n) => sum + n, 0));
  const part = (values: readonly number[], i: number) =>
    Float32Array.from(values.slice(starts[i], (starts[i] as number) + (sizes[i] as number)));
  const variables = sizes.map((n, i): Variable => variable({ data: part(initial, i), shape: [n] }));
  const inputs = Object.fromEntries(sizes.map((n, i) => [`g${i}`, { shape: [n] }]));
  const step = compileOn(machine, inputs, (g) => {
    optimizer.apply(variables.map((w, i) => [w, g[`g${i}`] as never]));
    return [];
  });
  const { options } = optimizer.state as { options: { momentum?: number; dampening?: number } };
  // PyTorch does not dampen the first gradient: v = momentum v0 + (1 - dampening) g is g from this v0
  if (options.dampening === 0.5) {
    variables.forEach((w, i) => {
      const share = 0.5 / (options.momentum as number);
      optimizer.stateOf(w)?.slots.velocity?.write(part(gradients[0] as number[], i).map((g) => share * g));
    });
  }
  gradients.forEach((gradient, t) => {
    step.run(Object.fromEntries(sizes.map((_, i) => [`g${i}`, part(gradient, i)])), t);
    each(Float64Array.from(variables.flatMap((w) => [...w.read().data])), t);
  });
  step.dispose();
}

for (const machine of machinesOf(await openEngines())) {
  suite(`optimizers, ${machine.engine.kernels}`, (test) => {
    for (const { name, optimizer, options, weights } of golden.cases) {
      test(`${name} follows its formula`, () => {
        const path = golden.initial.map(Math.abs); // how far each weight has come, beginning at 0
        let before = golden.initial;
        const n = golden.initial.length;
        train(machine, make(optimizer, options), golden.initial, golden.gradients, [n], (trained, step) => {
          (weights[step] as number[]).forEach((expected, i) => {
            path[i] = (path[i] as number) + Math.abs(expected - (before[i] as number));
            const error = Math.abs((trained[i] as number) - expected) / (path[i] as number);
            assert.ok(error < 1e-6, `step ${step}, element ${i}: ${trained[i]}, expected ${expected}`);
          });
          before = weights[step] as number[];
        });
      });
    }
  });

  suite(`optimizers in parts, ${machine.engine.kernels}`, (test) => {
    const n = 37;
    const initial = [...normal(n, 1)];
    const gradients = Array.from({ length: 20 }, (_, t) => {
      const kinds = [0, 1e-20, 1e3, t % 2 === 0 ? 1 : -1, t % 5 === 0 ? 1 : 0];
      return [...normal(n, 10 + t)].map((g, i) => kinds[i % 7] ?? g);
    });
    for (const name of Object.keys(makers)) {
      test(`${name}: the same bits in variables of any size`, () => {
        const options = { weightDecay: 0.01, ...(name === "sgd" ? { momentum: 0.9 } : {}) };
        const runs = [[n], [1, 2, 3, 4, 5, 6, 7, 9], [16, 20, 1], Array.from({ length: n }, () => 1)].map((sizes) => {
          let last = new Float64Array(0);
          train(machine, make(name, options), initial, gradients, sizes, (weights) => {
            last = weights as Float64Array<ArrayBuffer>;
          });
          return [...last];
        });
        for (const run of runs) assert.equal(run, runs[0]);
        assert.ok(runs[0]?.every((w, i) => Number.isFinite(w) && w !== initial[i]));
      });
    }
  });
}
