// Winograd's algorithm beside the direct one: its error against float64, when it is chosen and what is said of it, the
// gradients and trained weights that come of it. Single results are under the records of test/cases/conv.ts.

import type { Engine } from "../bindings/engine.ts";
import { createMachine } from "../bindings/machine.ts";
import type { Conv2dOptions, Tensor } from "../src/index.ts";
import { conv2d, dense, flatten, gradients, ops, sequential, sgd } from "../src/index.ts";
import type { KernelMachine } from "../src/kernels/machine.ts";
import { createKernelMachine } from "../src/kernels/machine.ts";
import { openReference } from "../src/reference/engine.ts";
import { twins } from "../src/reference/twins.ts";
import type { Numbers } from "./compiled.ts";
import { compileOn, machinesOf } from "./compiled.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";
import type { OpCase } from "./opCase.ts";
import { bell, checkOp } from "./opCase.ts";
import { normal, uniform } from "./values.ts";

type Pass = "forward" | "inputGradient";
type Values = (n: number, seed: number) => Float32Array;

const TAPS = 9;
const IMAGE = 8;
/** Pixels of the result of 3x3 taps that all lie inside of an image, so that each is a sum of as many products. */
const RESULT = IMAGE - 2;
/** Channels that are summed over: one sum of the direct algorithm, then several. */
const CHANNELS = [32, 64, 256] as const;
const DIRECT_TERMS_MOST = 1024; // K_MAX of assembly/conv/plan.ts
const FILTERS = 16;

/** Operands of a pass that sums over `channels`; both algorithms take the sizes, the direct one `window` too. */
const sizesOf = (pass: Pass, channels: number) =>
  pass === "forward"
    ? {
        ...{ batch: 1, height: IMAGE, width: IMAGE, channels, padTop: 0, padLeft: 0 },
        ...{ outHeight: RESULT, outWidth: RESULT, filters: FILTERS },
      }
    : {
        ...{ batch: 1, height: RESULT, width: RESULT, channels: FILTERS, padTop: 2, padLeft: 2 },
        ...{ outHeight: IMAGE, outWidth: IMAGE, filters: channels },
      };
const window = {
  ...{ kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1, dilationHeight: 1, dilationWidth: 1 },
  groups: 1,
};

function exactly(pass: Pass, channels: number, source: Float32Array, taps: Float32Array): Float64Array {
  const result = new Float64Array(RESULT * RESULT * FILTERS);
  const kernel = Float64Array.from(taps);
  const operands = { ...sizesOf(pass, channels), ...window, kernel };
  if (pass === "forward") {
    twins.conv2d({ ...operands, x: Float64Array.from(source), bias: null, activation: 0, out: result });
  } else twins.conv2dInputGradient({ ...operands, dy: Float64Array.from(source), dx: result });
  return result;
}

/** Results of both algorithms. */
function computed(machine: KernelMachine, pass: Pass, channels: number, source: Float32Array, taps: Float32Array) {
  const arrays = [source.length, taps.length, RESULT * RESULT * FILTERS].map(machine.float32);
  const [x, kernel, result] = arrays as [Float32Array, Float32Array, Float32Array];
  x.set(source);
  kernel.set(taps);
  const sizes = sizesOf(pass, channels);
  const own = pass === "forward" ? { x, kernel, out: result } : { dy: x, kernel, dx: result };
  const name = pass === "forward" ? "" : "InputGradient";
  machine[`conv2d${name}`]({ ...sizes, ...window, ...own } as never);
  const direct = result.slice();
  machine[`conv2dWinograd${name}`]({ ...sizes, ...own } as never);
  const winograd = result.slice();
  arrays.forEach(machine.free);
  return { direct, winograd };
}

/** Root-mean-square and worst error, relative to the root-mean-square of the result. */
function errorsOf(got: Float32Array, exact: Float64Array): { mean: number; worst: number } {
  let squares = 0;
  let errors = 0;
  let worst = 0;
  exact.forEach((want, i) => {
    const error = Math.abs((got[i] as number) - want);
    squares += want * want;
    errors += error * error;
    worst = Math.max(worst, error);
  });
  return { mean: Math.sqrt(errors / squares), worst: worst / Math.sqrt(squares / exact.length) };
}

/**
 * Winograd's error over the direct one's at most. The error of a sum in order grows with its partial sums. Those of values round
 * zero grow with the root of the terms: Winograd's are a ninth of the direct algorithm's, with a variance of 4 from B' d B and
 * 25/4 from the nine of G g G' that an output adds, so that the ratio is 5/9, times the root of the sums that the direct
 * algorithm cuts its own into. Those of positive values grow with the terms: a third, times these sums. The transforms
 * round too: half as much again.
 */
const ratioMost = (channels: number): number => {
  const sums = Math.ceil((TAPS * channels) / DIRECT_TERMS_MOST);
  return 1.5 * Math.max((5 / 9) * Math.sqrt(sums), sums / 3);
};

function checkErrors(engine: Engine, pass: Pass, values: Values): void {
  const machine = createKernelMachine(engine);
  for (const channels of CHANNELS) {
    const source = values(IMAGE * IMAGE * channels, 1);
    const kernel = values(TAPS * channels * FILTERS, 2);
    const exact = exactly(pass, channels, source, kernel);
    const { direct, winograd } = computed(machine, pass, channels, source, kernel);
    const [a, b] = [errorsOf(direct, exact), errorsOf(winograd, exact)];
    const most = ratioMost(channels);
    // another algorithm has run: its roundings are others
    assert.ok(a.mean !== b.mean, `${channels} channels: the same errors`);
    for (const measure of ["mean", "worst"] as const) {
      const ratio = b[measure] / a[measure];
      assert.ok(ratio < most, `${channels} channels: ${measure} error ${ratio} times the direct one, ${most} allowed`);
    }
  }
}

const compiled = await openEngines().then((engines) => engines.filter(({ kernels }) => kernels !== "reference"));
for (const engine of compiled) {
  suite(`Winograd's error, ${engine.kernels}`, (test) => {
    engine.grow(16 << 20);
    for (const pass of ["forward", "inputGradient"] as const) {
      test(`${pass}, normal`, () => checkErrors(engine, pass, normal));
      test(`${pass}, uniform`, () => checkErrors(engine, pass, uniform));
    }
  });
}

/** Kernels of a model's training step, and the lines that explain prints for them. */
function convolutionsOf(filters: number, options: Partial<Conv2dOptions> = {}): string[] {
  const usual = { filters, kernelSize: 3, padding: "same" } as const;
  const model = sequential([conv2d(usual), conv2d({ ...usual, ...options }), flatten(), dense({ units: 1 })], {
    inputShape: [16, 16, filters],
  });
  model.compile({ optimizer: sgd(), loss: "meanSquaredError" });
  const lines = model.explain("program", { batchSize: 4 }).split("\n");
  return lines.flatMap((line) => line.match(/^ *\d+ (conv2d.*)/)?.[1] ?? []);
}

/** What computes the second of the two convolutions, forward and backward. */
const kernelsOf = (lines: readonly string[]): string[] =>
  lines
    .filter((line) => line.includes("conv2d_2/") && !line.startsWith("conv2dKernel"))
    .map((x) => x.split(" ")[0] ?? "");

const byWinograd = ["conv2dWinograd", "conv2dWinogradInputGradient"];
const directly = ["conv2d", "conv2dInputGradient"];

suite("the choice of Winograd's algorithm", (test) => {
  test("3x3, stride 1, many channels: forward and backward", () => {
    for (const filters of [16, 32, 70]) assert.equal(kernelsOf(convolutionsOf(filters)), byWinograd);
  });
  test("few channels, other strides and other kernels: the direct one", () => {
    for (const filters of [1, 4, 8]) assert.equal(kernelsOf(convolutionsOf(filters)), directly);
    const others = [
      { strides: 2 },
      { kernelSize: 5 },
      { kernelSize: [3, 1] },
      { dilationRate: 2 },
      { groups: 2 },
    ] as const;
    for (const options of others) assert.equal(kernelsOf(convolutionsOf(64, options)), directly);
  });
  test("explain prints both costs where there was a choice, and they decide", () => {
    const costs = /; costs in multiply-adds: winograd ([\d.e+]+) M, direct ([\d.e+]+) M/;
    for (const filters of [4, 8, 16, 64]) {
      const lines = convolutionsOf(filters).filter((line) => !line.startsWith("conv2dKernel"));
      assert.is(lines.length, 3); // the input of the first layer needs no gradient
      for (const line of lines) {
        const [, winograd, direct] = (line.match(costs) ?? assert.unreachable(line)) as string[];
        assert.is(line.startsWith("conv2dWinograd"), Number(winograd) < Number(direct), line);
      }
    }
    assert.not(convolutionsOf(64, { strides: 2 }).some((line) => line.includes("conv2d_2/") && costs.test(line)));
  });
});

const shapes = { x: [2, 17, 16, 16], first: [3, 3, 16, 20], second: [3, 3, 20, 16] } as const;
const [STEPS, RATE] = [10, 0.05];

const twoConvolutions = (x: Tensor, first: Tensor, second: Tensor): Tensor =>
  ops.conv2d(ops.tanh(ops.conv2d(x, first, { padding: "same" })), second, { padding: "same" });

const record: OpCase = {
  of: "conv2d",
  name: "by Winograd's algorithm",
  inputs: { x: bell(shapes.x), kernel: bell(shapes.first) },
  call: ({ x, kernel }) => ops.conv2d(x as Tensor, kernel as Tensor, { padding: "same" }),
  tolerance: { sum: TAPS * 16 },
  gradientSum: 17 * 16 * 2,
};

/** Losses, then the weights after some steps of gradient descent. */
function trained(machine: ReturnType<typeof createMachine>): { kernels: Set<string>; numbers: number[] } {
  const types = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }]));
  const runnable = compileOn(machine, types, ({ x, first, second }) => {
    const [a, b] = [first as Tensor, second as Tensor];
    const loss = ops.mean(ops.square(ops.sub(twoConvolutions(x as Tensor, a, b), x as Tensor)));
    const slopes = gradients(loss, [a, b]) as [Tensor, Tensor];
    return [loss, ...[a, b].map((weights, i) => ops.sub(weights, ops.mul(slopes[i] as Tensor, RATE)))];
  });
  const sizeOf = (name: keyof typeof shapes) => shapes[name].reduce((a, b) => a * b, 1);
  let weights: Numbers[] = [normal(sizeOf("first"), 4, 0.1), normal(sizeOf("second"), 5, 0.1)];
  const numbers: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const [first, second] = weights as [Numbers, Numbers];
    const [loss, ...updated] = runnable.run({ x: normal(sizeOf("x"), 6), first, second }) as [Numbers, ...Numbers[]];
    numbers.push(loss[0] as number);
    weights = updated;
  }
  runnable.dispose();
  const kernels = new Set(runnable.compiled.listing.instructions.map(({ kernel }) => kernel as string));
  return { kernels, numbers: [...numbers, ...weights.flatMap((each) => Array.from(each))] };
}

// the reference engine's twins of Winograd's kernels are the direct algorithm, in float64 here
const oracle = createMachine(openReference("float64"));
const exact = trained(oracle);

for (const machine of machinesOf(compiled)) {
  suite(`networks by Winograd's algorithm, ${machine.engine.kernels}`, (test) => {
    test("forward and gradients against float64", () => {
      assert.is(checkOp(machine, oracle, record, false).slice(0, 12).join("\n"), "");
    });
    test("losses and weights of ten steps against float64", () => {
      const { kernels, numbers } = trained(machine);
      for (const kernel of byWinograd) assert.ok(kernels.has(kernel), `${kernel} is not in the program`);
      assert.is(numbers.length, exact.numbers.length);
      // weights are below 0.5: a step rounds each by at most 2^-26, and as much is left to the gradient; losses lie near 1.7
      const most = (want: number) => STEPS * 2 ** -25 * Math.max(1, 2 * Math.abs(want));
      numbers.forEach((value, i) => {
        const want = exact.numbers[i] as number;
        assert.ok(Math.abs(value - want) <= most(want), `[${i}] is ${value}, in float64 ${want}`);
      });
      assert.ok((numbers[STEPS - 1] as number) < 0.95 * (numbers[0] as number), "nothing was learned");
    });
  });
}
