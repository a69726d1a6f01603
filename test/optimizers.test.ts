// The optimizers' kernels against twenty steps of PyTorch's in float64 (golden/optimizers.py), from zero slots.

import type { Engine } from "../bindings/engine.ts";
import { fieldsOf } from "../bindings/engine.ts";
import type { KernelName } from "../bindings/generated/kernels.ts";
import { openEngines } from "./engines.ts";
import golden from "./golden/optimizers.json";
import { assert, suite } from "./harness.ts";

type Options = Readonly<Record<string, number>>;

const defaults: Options = {
  momentum: 0,
  dampening: 0,
  nesterov: 0,
  weightDecay: 0,
  epsilonForm: 0,
  centered: 0,
  amsgrad: 0,
  beta1: golden.beta1,
  beta2: golden.beta2,
};

/** Which slots the options ask for. */
function slotsOf(kernel: string, options: Options): readonly string[] {
  const slots = kernel === "adam" ? ["m", "v"] : kernel === "rmsprop" ? ["s"] : [];
  if (options.momentum) slots.push("velocity");
  if (options.centered) slots.push("average");
  if (options.amsgrad) slots.push("vMax");
  return slots;
}

/** The weights after each step. */
function train(engine: Engine, kernel: KernelName, options: Options): Float64Array[] {
  const n = golden.initial.length;
  const code = engine.base;
  let at = Math.ceil((code + engine.codeBytes([{ kernel }])) / 64) * 64;
  const place = (length: number): number => {
    const address = at;
    at += Math.ceil((length * 4) / 64) * 64;
    return address;
  };
  const arrays = Object.fromEntries(["w", "g", ...slotsOf(kernel, options)].map((name) => [name, place(n)]));
  const control = place(8);
  const given: Options = { ...defaults, ...options, ...arrays, n, control };
  const operands = Object.fromEntries(fieldsOf(kernel).map(({ name }) => [name, given[name] ?? 0]));
  engine.grow(at);
  engine.encode(code, [{ kernel, operands }]);
  for (const address of Object.values(arrays)) engine.float32(address, n).fill(0);
  const view = (name: string) => engine.float32(arrays[name] as number, n);
  view("w").set(golden.initial);
  // PyTorch does not dampen the first gradient: v = momentum v0 + (1 - dampening) g is g from this v0
  const first = golden.gradients[0] as number[];
  if (options.dampening) {
    const share = options.dampening / (options.momentum as number);
    view("velocity").set(first.map((g) => share * g));
  }
  // bias corrections as running products of the betas that the kernel has: float32 ones
  let power1 = 1;
  let power2 = 1;
  return golden.gradients.map((gradient) => {
    power1 *= Math.fround(golden.beta1);
    power2 *= Math.fround(golden.beta2);
    view("g").set(gradient);
    engine.float32(control, 3).set([golden.learningRate, 1 / (1 - power1), 1 / (1 - power2)]);
    engine.run(code, 0, 1);
    return Float64Array.from(view("w"));
  });
}

for (const engine of await openEngines()) {
  suite(`optimizers, ${engine.kernels}`, (test) => {
    for (const { name, kernel, options, weights } of golden.cases) {
      test(`${name} follows PyTorch`, () => {
        const trained = train(engine, kernel as KernelName, options as unknown as Options);
        const path = golden.initial.map(Math.abs); // how far each weight has come, beginning at 0
        let before = golden.initial;
        weights.forEach((row, step) => {
          row.forEach((expected, i) => {
            path[i] = (path[i] as number) + Math.abs(expected - (before[i] as number));
            const error = Math.abs((trained[step]?.[i] as number) - expected) / (path[i] as number);
            assert.ok(error < 1e-6, `step ${step}, element ${i}: ${trained[step]?.[i]}, expected ${expected}`);
          });
          before = row;
        });
      });
    }
  });
}
