// Ops with their gradients, and ten training steps of three small networks, against PyTorch in float64
// (golden/models.py), on every engine there is. Inputs are computed by a formula that both sides have.

import type { Machine } from "../bindings/machine.ts";
import { createMachine } from "../bindings/machine.ts";
import { compile } from "../src/compile/compile.ts";
import type { Executable } from "../src/executable.ts";
import { createExecutable } from "../src/executable.ts";
import type { Tensor } from "../src/graph/graph.ts";
import { createTrace, makeInput, withTrace } from "../src/graph/trace.ts";
import type { Layer, Model, Optimizer } from "../src/index.ts";
import {
  activation,
  adam,
  batchNormalization,
  conv2d,
  dense,
  flatten,
  gradients,
  losses,
  maxPooling2d,
  ops,
  rmsprop,
  sequential,
  sgd,
} from "../src/index.ts";
import { batchNorm, batchStatistics } from "../src/ops/norm.ts";
import { vocabulary } from "../src/ops/vocabulary.ts";
import { sizeOf } from "../src/shape.ts";
import { openEngines } from "./engines.ts";
import golden from "./golden/models.json";
import { assert, suite } from "./harness.ts";
import { nearByLargest } from "./near.ts";

interface Given {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  readonly dtype?: "int32";
}

/** The formula of golden/models.py. */
function values(shape: readonly number[], salt: number, scale: number, offset = 0): Given & { data: Float32Array } {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const spread = Math.fround(((((i + salt * 1009) * 7919) % 10007) / 10007 - 0.5) * scale);
    return spread + offset;
  });
  return { shape, data };
}

const labels = (count: number, classes: number): Given & { data: Int32Array } => ({
  shape: [count],
  data: Int32Array.from({ length: count }, (_, i) => (i * 7) % classes),
  dtype: "int32",
});

/** A step compiled for one machine. */
function stepOn(
  machine: Machine,
  inputs: readonly Given[],
  body: (...symbols: Tensor[]) => readonly Tensor[],
): Executable {
  const trace = createTrace(true);
  const symbols = inputs.map(({ shape, dtype }, i) =>
    makeInput({ name: `x${i}`, shape, dtype: dtype ?? "float32" }, false),
  );
  const outputs = withTrace(trace, () => body(...symbols));
  return createExecutable(machine, compile({ outputs, effects: trace.effects }, vocabulary));
}

function runStep(executable: Executable, inputs: readonly Given[]): void {
  executable.prepare({ step: 0, epoch: 0, seed: 0 });
  inputs.forEach(({ data }, i) => {
    executable.input(`x${i}`)?.set(data);
  });
  executable.run(0, executable.length);
  executable.commit();
}

type OpCase = (typeof golden.ops)[number];

const epsilon = 1e-3;

/** What the golden names stand for; some have inputs that no gradient is asked of. */
function opOf({ op, options }: OpCase): { call: (inputs: readonly Tensor[]) => Tensor; fixed: Given[] } {
  if (op === "batchNorm") {
    return {
      fixed: [],
      call: ([x, gamma, beta]) =>
        batchNorm(x as Tensor, batchStatistics(x as Tensor), { gamma, beta, epsilon, ofBatch: true }),
    };
  }
  if (op === "batchNormMoving") {
    return {
      fixed: [values([3], 9, 1), values([3], 10, 1, 1)],
      call: ([x, gamma, beta, mean, variance]) =>
        batchNorm(
          x as Tensor,
          { mean: mean as Tensor, variance: variance as Tensor },
          { gamma, beta, epsilon, ofBatch: false },
        ),
    };
  }
  if (op in losses) {
    const loss = losses[op as "categoricalCrossentropy"]({ fromLogits: true });
    const spread = values([3, 4], 14, 6).data;
    const fixed = {
      sparseCategoricalCrossentropy: labels(3, 4),
      categoricalCrossentropy: { shape: [3, 4], data: softmaxRows(spread, 4) },
      binaryCrossentropy: values([3, 4], 15, 1, 0.5),
    }[op] as Given;
    return { fixed: [fixed], call: ([x, t]) => loss.call(t as Tensor, x as Tensor) };
  }
  const call = ops[op as "maxPool2d"] as unknown as (...args: unknown[]) => Tensor;
  return { fixed: [], call: (inputs) => call(...inputs, ...(Object.keys(options).length > 0 ? [options] : [])) };
}

function softmaxRows(x: Float32Array, classes: number): number[] {
  const powers = [...x].map(Math.exp);
  return powers.map((p, i) => {
    const row = i - (i % classes);
    return p / powers.slice(row, row + classes).reduce((sum, q) => sum + q, 0);
  });
}

interface Net {
  readonly layers: readonly Layer[];
  readonly x: Given;
  readonly y: Given;
}

const nets: Readonly<Record<string, () => Net>> = {
  mlp: () => ({
    layers: [dense({ units: 8, activation: "tanh" }), dense({ units: 3 })],
    x: values([7, 4], 99, 2),
    y: labels(7, 3),
  }),
  cnn: () => ({
    layers: [
      conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 5, kernelSize: 2, strides: 2, useBias: false }),
      batchNormalization({ momentum: 0.9 }),
      flatten(),
      dense({ units: 3 }),
    ],
    x: values([5, 9, 8, 2], 99, 2),
    y: labels(5, 3),
  }),
  lenet: () => ({
    layers: [
      conv2d({ filters: 6, kernelSize: 5, padding: "same" }),
      activation({ activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 16, kernelSize: 5, activation: "relu" }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 120, activation: "relu" }),
      dense({ units: 84, activation: "relu" }),
      dense({ units: 10 }),
    ],
    x: values([8, 28, 28, 1], 99, 2),
    y: labels(8, 10),
  }),
};

const optimizers: Readonly<Record<string, () => Optimizer>> = {
  adam: () => adam({ learningRate: 1e-3 }),
  rmsprop: () => rmsprop({ learningRate: 1e-3, rho: 0.9, epsilon: 1e-5, epsilonForm: "outside" }),
  sgd: () => sgd({ learningRate: 1e-2, momentum: 0.9, nesterov: true }),
};

const variablesOf = (layers: readonly Layer[], role: "parameters" | "statistics") =>
  layers.flatMap(({ variables }) => variables).filter((variable) => variable.role === role);

/** Writes the weights that golden/models.py begins with. */
function writeInitial(layers: readonly Layer[]): void {
  for (const [i, variable] of variablesOf(layers, "parameters").entries()) {
    const { shape, name } = variable;
    const isKernel = name.endsWith("kernel");
    const isGamma = name.endsWith("gamma");
    const scale = isKernel ? (shape.length === 2 ? 4 / Math.sqrt(shape[0] as number) : 1) : isGamma ? 1 : 0.2;
    variable.write(values(shape, 100 + i, scale, isGamma ? 1 : 0).data);
  }
}

/**
 * Ten steps carry the rounding of float32 on: 1e-5 of a loss. Adam and RMSprop divide by the root of what they have seen, so
 * where a gradient is nearly nothing a step of the size of the rate hangs on its rounding: 2e-5, a fiftieth of one step.
 */
function compare(expected: (typeof golden.models)[number], found: readonly number[], layers: readonly Layer[]): void {
  found.forEach((loss, step) => {
    nearByLargest(`loss of step ${step}`, [loss], [expected.losses[step] as number], 1e-5);
  });
  const weights = variablesOf(layers, "parameters");
  assert.is(weights.length, expected.weights.length);
  for (const [i, variable] of weights.entries()) {
    const row = expected.weights[i] as number[];
    nearByLargest(variable.name, variable.read().data.subarray(0, row.length), row, 2e-5);
  }
  for (const [i, variable] of variablesOf(layers, "statistics").entries()) {
    nearByLargest(variable.name, variable.read().data, expected.statistics[i] as number[], 1e-5);
  }
}

for (const engine of await openEngines()) {
  const machine = createMachine(engine);
  suite(`golden values, ${engine.kernels}`, (test) => {
    for (const each of golden.ops) {
      const inputs = each.inputs.map((input) => values(...(input as [number[], number, number, number?])));
      const sizes = inputs.map(({ shape }) => `[${shape}]`).join(" ");
      test(`${each.op} of ${sizes} ${JSON.stringify(each.options)}, scale ${each.inputs[0]?.[2]}`, () => {
        const { call, fixed } = opOf(each);
        const given = [...inputs, ...fixed, values(each.shape, 50, 2)];
        const step = stepOn(machine, given, (...symbols) => {
          const out = call(symbols.slice(0, -1));
          return [out, ...gradients(out, symbols.slice(0, inputs.length), { upstream: symbols.at(-1) as Tensor })];
        });
        runStep(step, given);
        nearByLargest("forward", step.output(0), each.out, 1e-6);
        each.gradients.forEach((gradient, i) => {
          nearByLargest(`gradient ${i}`, step.output(1 + i), gradient, 2e-6);
        });
        step.dispose();
      });
    }
    for (const expected of golden.models) {
      test(`ten steps of ${expected.model} with ${expected.optimizer}`, () => {
        const { layers, x, y } = (nets[expected.model] as () => Net)();
        const optimizer = (optimizers[expected.optimizer] as () => Optimizer)();
        const step = stepOn(machine, [x, y], (images, targets) => {
          const logits = layers.reduce((h, layer) => layer(h), images as Tensor);
          const each = losses.sparseCategoricalCrossentropy({ fromLogits: true }).call(targets as Tensor, logits);
          const loss = ops.mean(each);
          optimizer.minimize(loss, variablesOf(layers, "parameters"));
          return [loss];
        });
        writeInitial(layers);
        const found = expected.losses.map(() => {
          runStep(step, [x, y]);
          return step.output(0)[0] as number;
        });
        compare(expected, found, layers);
        step.dispose();
      });
    }
  });
}

suite("golden values, models", (test) => {
  for (const expected of golden.models) {
    test(`ten batches of ${expected.model} with ${expected.optimizer}`, async () => {
      const { layers, x, y } = (nets[expected.model] as () => Net)();
      const model: Model = sequential(layers, { inputShape: x.shape.slice(1) });
      model.compile({
        optimizer: (optimizers[expected.optimizer] as () => Optimizer)(),
        loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
      });
      writeInitial(layers);
      const found: number[] = [];
      for (let step = 0; step < 5; step++) {
        const { loss } = await model.trainOnBatch(x.data as Float32Array, y.data as Int32Array);
        found.push(loss as number);
      }
      const { metrics } = await model.fit(
        { x: x.data as Float32Array, y: y.data as Int32Array },
        { epochs: 5, shuffle: false },
      );
      compare(expected, [...found, ...(metrics.loss as number[])], layers);
      model.dispose();
    });
  }
});
