// The compiler's stages: their text for two small networks, what simplify rewrites and leaves, whether the plan
// keeps apart what must be, and that updates of neighbours are one instruction.

import { fieldsOf } from "../bindings/engine.ts";
import { createMachine } from "../bindings/machine.ts";
import { assemble } from "../src/compile/assemble.ts";
import type { Compiled } from "../src/compile/compile.ts";
import { lowerAndPlan } from "../src/compile/compile.ts";
import { stepsOf } from "../src/compile/lower.ts";
import type { Buffer } from "../src/graph/op.ts";
import type { Layer, Model, Tensor } from "../src/index.ts";
import {
  adam,
  assign,
  batchNormalization,
  conv2d,
  dense,
  dropout,
  flatten,
  gradients,
  maxPooling2d,
  ops,
  relu,
  sequential,
  sgd,
  variable,
} from "../src/index.ts";
import { openReference } from "../src/reference/engine.ts";
import { compileOn, machinesOf, trace } from "./compiled.ts";
import { openEngines } from "./engines.ts";
import { stages } from "./golden/stages.ts";
import { assert, suite } from "./harness.ts";
import { integers, normal, uniform } from "./values.ts";

function tinyMlp(): Model {
  const model = sequential([dense({ units: 4, activation: "relu" }), dense({ units: 2, activation: "softmax" })], {
    inputShape: [3],
  });
  model.compile({ optimizer: adam(), loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

function tinyConvNet(): Model {
  const model = sequential(
    [
      conv2d({ filters: 2, kernelSize: 3, padding: "same" }),
      batchNormalization(),
      relu(),
      maxPooling2d(),
      flatten(),
      dropout({ rate: 0.5 }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { inputShape: [4, 4, 1] },
  );
  model.compile({ optimizer: sgd({ momentum: 0.9 }), loss: "binaryCrossentropy" });
  return model;
}

suite("compile, text of the stages", (test) => {
  for (const [name, make] of Object.entries({ tinyMlp, tinyConvNet })) {
    for (const stage of ["graph", "plan", "program"] as const) {
      test(`${name}, ${stage}`, () => {
        assert.is(make().explain(stage, { batchSize: 2 }), stages[name as keyof typeof stages][stage]);
      });
    }
  }
});

suite("compile, updates", (test) => {
  /** Weights that each update of a perceptron goes over. */
  const updates = (...units: readonly number[]): readonly number[] => {
    const model = sequential(
      units.map((each) => dense({ units: each })),
      { inputShape: [100] },
    );
    model.compile({ optimizer: adam(), loss: "meanSquaredError" });
    const text = model.explain("program", { batchSize: 2 });
    return [...text.matchAll(/^ *\d+ adam .*?\bn (\d+),/gm)].map(([, n]) => Number(n));
  };

  test("of small weights are one", () => {
    assert.equal(updates(20, 10), [100 * 20 + 20 + 20 * 10 + 10]);
  });

  test("of a large one are apart, with the small ones behind it", () => {
    assert.equal(updates(200, 100), [100 * 200 + 200, 200 * 100 + 100]);
    assert.equal(updates(200, 4, 4), [100 * 200 + 200 + 200 * 4 + 4 + 4 * 4 + 4]);
  });
});

const kernelsOf = ({ listing }: Compiled): string[] => listing.instructions.map(({ kernel }) => kernel);

/** Kernels of a function of x [2, 3], w [3, 4], b [4]. */
function kernels(body: (x: Tensor, w: Tensor, b: Tensor) => readonly Tensor[]): string[] {
  const inputs = { x: { shape: [2, 3] }, w: { shape: [3, 4] }, b: { shape: [4] } };
  return kernelsOf(trace(inputs, ({ x, w, b }) => body(x as Tensor, w as Tensor, b as Tensor)).compiled);
}

/** The same of images x [1, 5, 5, 2], k [3, 3, 2, 4]. */
function imageKernels(body: (x: Tensor, k: Tensor, b: Tensor) => readonly Tensor[]): string[] {
  const inputs = { x: { shape: [1, 5, 5, 2] }, k: { shape: [3, 3, 2, 4] }, b: { shape: [4] } };
  return kernelsOf(trace(inputs, ({ x, k, b }) => body(x as Tensor, k as Tensor, b as Tensor)).compiled);
}

suite("compile, simplify", (test) => {
  const activations = [ops.relu, ops.sigmoid, ops.tanh, ops.softplus, ops.gelu, ops.silu];
  test("bias and activation end in the product", () => {
    for (const f of [...activations, (y: Tensor) => ops.elu(y), (y: Tensor) => ops.leakyRelu(y)]) {
      assert.equal(
        kernels((x, w, b) => [f(ops.add(ops.matmul(x, w), b))]),
        ["gemm"],
      );
      assert.equal(
        kernels((x, w, b) => [f(ops.add(b, ops.matmul(x, w)))]),
        ["gemm"],
      );
      assert.equal(
        kernels((x, w) => [f(ops.matmul(x, w))]),
        ["gemm"],
      );
      assert.equal(
        imageKernels((x, k, b) => [f(ops.add(ops.conv2d(x, k), b))]),
        ["conv2d"],
      );
    }
  });
  test("what others read stays", () => {
    assert.equal(
      kernels((x, w, b) => {
        const y = ops.add(ops.matmul(x, w), b);
        return [ops.relu(y), y];
      }),
      ["gemm", "relu"],
    );
    assert.equal(
      kernels((x, w, b) => {
        const y = ops.matmul(x, w);
        return [ops.add(y, b), ops.neg(y)];
      }),
      ["gemm", "add", "negate"],
    );
    assert.equal(
      imageKernels((x, k, b) => {
        const y = ops.add(ops.conv2d(x, k), b);
        return [ops.tanh(y), ops.mul(y, y)];
      }),
      ["conv2d", "tanh", "mul"],
    );
  });
  test("what the epilogue cannot do stays", () => {
    assert.equal(
      kernels((x, w, b) => [ops.leakyRelu(ops.add(ops.matmul(x, w), b), 0.3)]),
      ["gemm", "leakyRelu"],
    );
    assert.equal(
      kernels((x, w, b) => [ops.elu(ops.add(ops.matmul(x, w), b), 0.5)]),
      ["gemm", "elu"],
    );
    // one number for all columns, one a row, activation before the bias, two biases
    assert.equal(
      kernels((x, w) => [ops.add(ops.matmul(x, w), 1)]),
      ["gemm", "add"],
    );
    assert.equal(
      kernels((x, w, b) => [ops.add(ops.relu(ops.matmul(x, w)), b)]),
      ["gemm", "add"],
    );
    assert.equal(
      kernels((x, w, b) => [ops.add(ops.add(ops.matmul(x, w), b), b)]),
      ["gemm", "add"],
    );
    assert.equal(
      kernels((x, w) => [ops.relu(ops.tanh(ops.matmul(x, w)))]),
      ["gemm", "relu"],
    );
  });
  test("a gradient by the output leaves the activation fused, one by the input does not", () => {
    const gradientOf = (f: (y: Tensor) => Tensor) =>
      kernels((x, w, b) => {
        const y = f(ops.add(ops.matmul(x, w), b));
        return [y, ...gradients(y, [w])];
      }).slice(0, 2);
    assert.is(gradientOf(ops.relu).includes("relu"), false);
    assert.is(gradientOf(ops.tanh).includes("tanh"), false);
    assert.is(gradientOf(ops.gelu)[1], "gelu");
    assert.is(gradientOf(ops.silu)[1], "silu");
  });
  test("dead code is gone, and so is what only it read", () => {
    assert.equal(
      kernels((x, w, b) => {
        ops.exp(ops.matmul(x, w));
        gradients(ops.square(ops.matmul(x, w)), [x]);
        return [ops.neg(b)];
      }),
      ["negate"],
    );
    // only the gradients that are asked for
    const both = kernels((x, w) => gradients(ops.square(ops.matmul(x, w)), [x, w]));
    const one = kernels((x, w) => gradients(ops.square(ops.matmul(x, w)), [w]));
    assert.is(both.filter((k) => k === "gemm").length, 3);
    assert.is(one.filter((k) => k === "gemm").length, 2);
  });
  test("the largest probability is the largest logit", () => {
    assert.equal(
      kernels((x) => [ops.argMax(ops.softmax(x))]),
      ["argMax"],
    );
  });
});

/** A function of random ops over x, y [3, 4] and a variable, with its gradients and some assignments. */
function randomBody(seed: number) {
  const next = integers(seed);
  const pick = <T>(from: readonly T[]): T => from[next() % from.length] as T;
  const v = variable({ data: normal(12, seed), shape: [3, 4] }, { name: "v" });
  const w = variable({ data: normal(12, seed + 1), shape: [3, 4] }, { name: "w" });
  const unary = [
    ops.tanh,
    ops.sigmoid,
    ops.neg,
    ops.abs,
    ops.relu,
    ops.softplus,
    ops.gelu,
    (x: Tensor) => ops.softmax(x),
  ];
  const binary = [ops.add, ops.sub, ops.mul, ops.maximum, ops.squaredDifference];
  const moves = [
    (a: Tensor) => ops.reshape(ops.transpose(a), [3, 4]),
    (a: Tensor) => ops.reshape(ops.reshape(a, [12]), [3, 4]),
    (a: Tensor) => ops.concatenate([ops.slice(a, 1, 2, 2), ops.slice(a, 1, 0, 2)], 1),
    (a: Tensor) => ops.sub(a, ops.mean(a, { axes: 1, keepDims: true })),
    (a: Tensor) => ops.add(a, ops.sum(a, { axes: 0 })),
    (a: Tensor) => ops.matmul(ops.tanh(ops.matmul(a, a, { transB: true })), a),
    (a: Tensor) => ops.broadcastTo(ops.max(a), [3, 4]),
  ];
  // the choices are made here, so that every trace records the same graph
  const choices = Array.from({ length: 6 + (next() % 20) }, () => ({
    form: pick(["unary", "unary", "binary", "binary", "move", "assign"] as const),
    f: pick(unary),
    g: pick(binary),
    m: pick(moves),
    a: next(),
    b: next(),
    target: pick([v, w]),
  }));
  const kept = Array.from({ length: 1 + (next() % 3) }, () => next());
  const differentiated = next() % 2 === 0;
  const variables = [v, w];
  const body = ({ x, y }: Readonly<Record<string, Tensor>>): Tensor[] => {
    const pool = [x as Tensor, y as Tensor, ops.mul(v, 1), ops.reshape(w, [3, 4])];
    const at = (n: number): Tensor => pool[pool.length - 1 - (n % Math.min(pool.length, 5))] as Tensor;
    for (const { form, f, g, m, a, b, target } of choices) {
      if (form === "unary") pool.push(f(at(a)));
      else if (form === "binary") pool.push(ops.tanh(g(at(a), at(b))), g(at(b), at(a)));
      else if (form === "move") pool.push(ops.tanh(m(at(a))));
      else {
        assign(target, ops.tanh(at(a)));
        pool.push(ops.add(target, at(b)));
      }
    }
    const outputs = kept.map(at);
    const scalar = ops.mean(ops.square(at(0)));
    return differentiated ? [...outputs, ...gradients(scalar, [x as Tensor, ...variables])] : outputs;
  };
  return { body, variables };
}

const inputs = { x: { shape: [3, 4] }, y: { shape: [3, 4] } };

/**
 * Runs a program over memory that only knows whose value each word holds. A buffer that was overwritten before its
 * last reader, or an output that shares bytes with an input without leave, is a problem.
 */
function overlaps({ listing, plan }: Compiled): string[] {
  const problems: string[] = [];
  const owners = new Map<string, Buffer>();
  const wordsOf = (buffer: Buffer): string[] => {
    const region = plan.regions.get(buffer);
    if (!region || buffer.variable) return [];
    return Array.from({ length: buffer.length }, (_, i) => `${region.role} ${region.offset / 4 + i}`);
  };
  const requireOwner = (buffer: Buffer, where: string): void => {
    const lost = wordsOf(buffer).find((word) => owners.get(word) !== buffer);
    if (lost) problems.push(`${where}: ${buffer.label} (${buffer.id}) holds ${owners.get(lost)?.label ?? "nothing"}`);
  };
  const begun = new Set<Buffer>();
  const leave = (out: Buffer, x: Buffer): boolean => out === x || out.mayTake.includes(x);
  for (const buffer of listing.buffers) {
    if (buffer.place === "temporary") continue;
    // equal constants may lie in one place
    for (const word of wordsOf(buffer)) owners.set(word, buffer);
  }
  const steps = listing.instructions.flatMap((instruction, i) =>
    stepsOf(instruction).map((step) => ({ ...step, where: `instruction ${i} ${step.kernel}` })),
  );
  for (const { kernel, operands, where } of steps) {
    const reads: Buffer[] = [];
    const writes: Buffer[] = [];
    for (const { name, reads: isRead, writes: isWritten } of fieldsOf(kernel)) {
      const operand = operands[name];
      if (typeof operand !== "object" || operand === null) continue;
      if (isRead) reads.push(operand);
      if (isWritten) writes.push(operand);
    }
    for (const buffer of reads) {
      // the first of several that write a buffer by parts finds nothing there
      const begins = writes.includes(buffer) && !begun.has(buffer);
      if (buffer.place !== "constant" && !begins) requireOwner(buffer, where);
    }
    for (const out of writes) begun.add(out);
    for (const out of writes) {
      const words = new Set(wordsOf(out));
      for (const x of reads) {
        if (!leave(out, x) && wordsOf(x).some((word) => words.has(word))) {
          problems.push(`${where}: ${out.label} lies over its input ${x.label}`);
        }
      }
      for (const other of writes) {
        if (other !== out && wordsOf(other).some((word) => words.has(word))) problems.push(`${where}: outputs overlap`);
      }
      for (const word of words) owners.set(word, out);
    }
  }
  for (const buffer of listing.outputs) if (buffer.place === "temporary") requireOwner(buffer, "at the end");
  return problems;
}

suite("compile, plan", (test) => {
  test("of 300 random graphs: nothing is overwritten before its last reader", () => {
    let shared = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const { compiled } = trace(inputs, randomBody(seed).body);
      const chained = lowerAndPlan(compiled.schedule, { cacheBytes: 0, callBytes: 0, blockBytes: 64 });
      const problems = [...overlaps(compiled), ...overlaps({ ...compiled, ...chained })];
      assert.is(problems.slice(0, 3).join("\n"), "", `seed ${seed}`);
      const { arenas, bytesUnshared } = compiled.plan;
      assert.ok(arenas.activations <= bytesUnshared);
      if (arenas.activations < bytesUnshared) shared++;
    }
    assert.ok(shared > 150, `${shared} graphs share bytes`);
  });

  test("a long chain takes the bytes of two buffers, or of one in place", () => {
    const chain = (f: (x: Tensor) => Tensor) =>
      trace({ x: { shape: [1024] } }, ({ x }) => {
        let y = x as Tensor;
        for (let i = 0; i < 20; i++) y = f(y);
        return [y];
      }).compiled.plan;
    assert.is(chain(ops.tanh).arenas.activations, 4096);
    const turned = (x: Tensor) => ops.reshape(ops.transpose(ops.reshape(x, [32, 32])), [1024]);
    assert.is(chain(turned).arenas.activations, 2 * 4096);
    assert.is(chain(turned).bytesUnshared, 20 * 4096);
  });

  test("nothing takes the bytes of an input, a variable or an output", () => {
    const v = variable([1, 2, 3, 4]);
    const { compiled } = trace({ x: { shape: [4] } }, ({ x }) => {
      const a = ops.tanh(x as Tensor);
      return [a, ops.neg(a), ops.abs(v)];
    });
    assert.is(compiled.plan.arenas.activations, 3 * 64);
    assert.equal(overlaps(compiled), []);
  });
});

const oracle = createMachine(openReference("float64"));
for (const machine of machinesOf(await openEngines())) {
  suite(`compile, random graphs, ${machine.engine.kernels}`, (test) => {
    test("60 of them compute what float64 computes, variables included", () => {
      for (let seed = 1; seed <= 60; seed++) {
        const values = { x: uniform(12, seed, -1, 1), y: uniform(12, seed + 100, -1, 1) };
        const [tested, exact] = [machine, oracle].map((each) => {
          const { body, variables } = randomBody(seed);
          const run = compileOn(each, inputs, body);
          const outputs = [1, 2].flatMap(() => run.run(values)); // the second step starts from what was assigned
          const state = variables.map(({ state: { storage } }) => (storage ? each.values(storage).slice() : []));
          run.dispose();
          return [...outputs, ...state];
        }) as unknown as [ArrayLike<number>[], ArrayLike<number>[]];
        exact.forEach((want, k) => {
          Array.from(want).forEach((w, i) => {
            const error = Math.abs((tested[k]?.[i] as number) - w) / Math.max(1, Math.abs(w));
            assert.ok(error < 1e-4, `seed ${seed}, result ${k}[${i}] is ${tested[k]?.[i]}, expected ${w}`);
          });
        });
      }
    });
  });
}

const lenet = (): Layer[] => [
  conv2d({ filters: 6, kernelSize: 5, padding: "same", activation: "relu" }),
  maxPooling2d(),
  conv2d({ filters: 16, kernelSize: 5, activation: "relu" }),
  maxPooling2d(),
  flatten(),
  dense({ units: 120, activation: "relu" }),
  dense({ units: 84, activation: "relu" }),
  dense({ units: 10 }),
];

suite("compile, assemble", (test) => {
  const updates = (text: string): string[] => text.split("\n").filter((line) => /^ *\d+ adam /.test(line));
  test("Adam over all variables of LeNet-5 is one instruction", () => {
    const model = sequential(lenet(), { inputShape: [28, 28, 1] });
    model.compile({ optimizer: adam(), loss: "meanSquaredError" });
    const lines = updates(model.explain("program", { batchSize: 4 }));
    assert.is(lines.length, 1);
    assert.match(lines[0] as string, /and 9 more behind it/);
  });

  test("where a layer in the middle of trained ones is frozen it is two", () => {
    const layers = lenet();
    const optimizer = adam();
    const machine = createMachine(openReference("float32"));
    const step = () =>
      compileOn(
        machine,
        { x: { shape: [1, 28, 28, 1] } },
        ({ x }) => {
          const y = layers.reduce((t, layer) => layer(t), x as Tensor);
          const variables = layers.flatMap((layer) => layer.variables).filter(({ trainable }) => trainable);
          const loss = ops.mean(ops.square(y));
          optimizer.minimize(loss, variables);
          return [loss];
        },
        { training: true },
      );
    const updatesOf = ({ compiled }: ReturnType<typeof step>): readonly (readonly number[])[] => {
      const { instructions, origins } = assemble(compiled.listing, compiled.plan);
      return origins.filter((_, i) => instructions[i]?.kernel === "adam");
    };
    assert.equal(
      updatesOf(step()).map((origins) => origins.length),
      [10],
    );
    (layers[5] as Layer).trainable = false;
    assert.equal(
      updatesOf(step()).map((origins) => origins.length),
      [4, 4],
    );
  });
});
