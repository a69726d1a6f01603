// The entry `lanewise/kernels` on every engine: kernels called with their defaults, and what is refused.

import { fieldsOf } from "../bindings/engine.ts";
import { LanewiseError } from "../bindings/errors.ts";
import type { KernelName } from "../bindings/generated/kernels.ts";
import { layouts } from "../bindings/generated/kernels.ts";
import { compileBinary } from "../bindings/variant.ts";
import { createKernelMachine } from "../src/kernels/machine.ts";
import type { KernelMachine } from "../src/kernels.ts";
import { open } from "../src/kernels.ts";
import { openEngines } from "./engines.ts";
import { rejects, throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { integers, normal } from "./values.ts";

const BYTES = 1 << 20;

/** The calls of a machine as JavaScript sees them. */
type Loose = Readonly<Record<string, (operands: unknown) => unknown>>;
const loosely = (machine: KernelMachine): Loose => machine as unknown as Loose;

function filled(machine: KernelMachine, values: ArrayLike<number>): Float32Array {
  const view = machine.float32(values.length);
  view.set(values);
  return view;
}

const close = (actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void => {
  assert.is(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number));
    assert.ok(difference <= tolerance, `element ${i} is ${actual[i]}, expected ${expected[i]}`);
  }
};

/** op(A) op(B), element (i, j). */
const product = (
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { m, n, k, transA, transB }: { m: number; n: number; k: number; transA: boolean; transB: boolean },
): number[] =>
  Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let p = 0; p < k; p++) {
      sum += (a[transA ? p * m + i : i * k + p] as number) * (b[transB ? j * k + p : p * n + j] as number);
    }
    return sum;
  });

function cases(name: string, openMachine: () => Promise<KernelMachine>): void {
  suite(`lanewise/kernels, ${name}`, (test) => {
    test("every kernel is a method", async () => {
      const machine = await openMachine();
      assert.is(machine.kernels, name);
      assert.is(machine.threads, 1);
      for (const kernel of Object.keys(layouts)) {
        throwsError(
          () => loosely(machine)[kernel]?.({}),
          "invalid-argument",
          new RegExp(`^machine.${kernel}: .* is required`),
        );
      }
    });

    test("clipping by the norm of several arrays, in place", async () => {
      const machine = await openMachine();
      const [a, b] = [filled(machine, [3, 0, 4]), filled(machine, [12])];
      const [norms, factor] = [machine.float32(2), machine.float32(1)];
      machine.norm({ n: 3, x: a, place: 0, places: 2, norms });
      machine.norm({ n: 1, x: b, place: 1, places: 2, norms });
      assert.equal([...norms], [5, 12]);
      machine.clipFactor({ n: 2, limit: 6.5, x: norms, out: factor });
      machine.scaleBy({ n: 3, x: a, factors: factor, out: a });
      machine.scaleBy({ n: 1, x: b, factors: factor, out: b });
      close([...a, ...b], [1.5, 0, 2, 6]);
      throwsError(
        () => machine.norm({ n: 3, x: a, place: 2, places: 2, norms }),
        "invalid-argument",
        /place must be less than places/,
      );
      throwsError(
        () => machine.clipFactor({ n: 3, limit: 1, places: 2, x: a, out: a }),
        "invalid-argument",
        /places must be 1 or n/,
      );
    });

    test("the mean of two calls, and a call that is idle", async () => {
      const machine = await openMachine();
      const [x, sum, w, s] = [
        filled(machine, [1, 2]),
        machine.float32(2),
        filled(machine, [1, 1]),
        filled(machine, [1, 0]),
      ];
      const control = filled(machine, [0.5, 0, 0, 0, 0, 0, 0, 1]);
      const update = () => {
        machine.accumulate({ n: 2, steps: 2, x, sum, out: x, control });
        machine.keep({ n: 2, x, out: sum, control });
        machine.adagrad({ n: 2, w, g: x, s, control });
      };
      update();
      assert.equal([...w, ...sum], [1, 1, 1, 2]);
      x.set([1, 0]);
      control.set([1, 0], 6);
      update();
      assert.equal([...x], [1, 1]);
      close(w, [1 - 0.5 / Math.SQRT2, 0.5]);
    });

    test("gemm as in the documents, and with all that can be said", async () => {
      const machine = await openMachine();
      const { m, n, k } = { m: 7, n: 9, k: 11 };
      const a = machine.float32(m * k);
      const b = machine.float32(k * n);
      const c = machine.float32(m * n);
      assert.ok(c.every((value) => value === 0));
      a.set(normal(m * k, 1));
      b.set(normal(k * n, 2));
      for (const transA of [false, true]) {
        for (const transB of [false, true]) {
          const expected = product(a, b, { m, n, k, transA, transB });
          c.fill(Number.NaN); // beta is 0: not read
          if (transA || transB) machine.gemm({ m, n, k, a, b, c, transA, transB });
          else machine.gemm({ m, n, k, a, b, c });
          close(c, expected);
          c.fill(1);
          const bias = filled(machine, normal(n, 3));
          machine.gemm({
            m,
            n,
            k,
            a,
            b,
            c,
            transA: Number(transA),
            transB,
            alpha: 0.5,
            beta: 2,
            bias,
            activation: "relu",
          });
          close(
            c,
            expected.map((x, i) => Math.max(0, 0.5 * x + 2 + (bias[i % n] as number))),
          );
          machine.free(bias);
        }
      }
      // the upper left 2 x 3 of C, from the upper left 2 x 4 of A and 4 x 3 of B
      c.fill(5);
      machine.gemm({ m: 2, n: 3, k: 4, lda: k, ldb: n, ldc: n, a, b, c, activation: 0 });
      for (let i = 0; i < m * n; i++) {
        const [row, column] = [Math.floor(i / n), i % n];
        let sum = 0;
        for (let p = 0; p < 4; p++) sum += (a[row * k + p] as number) * (b[p * n + column] as number);
        close([c[i] as number], [row < 2 && column < 3 ? sum : 5]);
      }
    });

    test("adam, from its defaults", async () => {
      const machine = await openMachine();
      const n = 13;
      const [w, g] = [filled(machine, normal(n, 1)), filled(machine, normal(n, 2))];
      const [m, v] = [machine.float32(n), machine.float32(n)];
      const control = machine.float32(8);
      const expected = [...w];
      const [mean, square] = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
      for (let t = 1; t <= 3; t++) {
        control.set([0.01, 1 / (1 - 0.9 ** t), 1 / (1 - 0.999 ** t)]);
        machine.adam({ n, w, g, m, v, control });
        for (let i = 0; i < n; i++) {
          const gradient = g[i] as number;
          mean[i] = 0.9 * (mean[i] as number) + 0.1 * gradient;
          square[i] = 0.999 * (square[i] as number) + 0.001 * gradient ** 2;
          const step = (mean[i] as number) / (1 - 0.9 ** t);
          expected[i] =
            (expected[i] as number) - (0.01 * step) / (Math.sqrt((square[i] as number) / (1 - 0.999 ** t)) + 1e-8);
        }
      }
      close(w, expected, 1e-6);
      const vMax = machine.float32(n);
      machine.adam({ n, w, g, m, v, vMax, control, epsilonForm: "hat" });
      assert.ok(vMax.every((value) => value > 0)); // vMax alone turns amsgrad on
    });

    test("images through maps of places, and their colours", async () => {
      const machine = await openMachine();
      const sizes = { batch: 1, height: 2, width: 3, channels: 1 };
      const x = filled(machine, [1, 2, 3, 4, 5, 6]);
      const out = machine.float32(6);
      machine.imageWarp({ ...sizes, x, matrices: filled(machine, [1, 0, 0, 0, -1, 2]), out }); // mirrored
      assert.equal([...out], [3, 2, 1, 6, 5, 4]);
      const shifted = filled(machine, [1, 0, 0, 0, 1, 0.5]);
      machine.imageWarp({ ...sizes, x, matrices: shifted, fillValue: 7, out });
      assert.equal([...out], [1.5, 2.5, 5, 4.5, 5.5, 6.5]);
      machine.imageWarp({ ...sizes, x, matrices: shifted, fillMode: "wrap", interpolation: "nearest", out });
      assert.equal([...out], [2, 3, 1, 5, 6, 4]);
      const transforms = filled(machine, [0, 1, 0, 10, 1, 0, 0, 20, 0, 0, 2, 30]);
      machine.colorTransform({ batch: 1, pixels: 2, channels: 3, x, transforms, high: 40, out });
      assert.equal([...out], [12, 21, 36, 15, 24, 40]);
      const control = machine.int32(4);
      assert.throws(
        () => machine.colorMatrices({ batch: 1, channels: 1, draws: 1, change: "hue", control, transforms }),
        /hue needs at least 3 channels/,
      );
      const color = { batch: 1, channels: 3, control, mean: machine.float32(3), transforms: machine.float32(12) };
      for (const change of ["contrast", "hue"] as const) {
        for (const draws of [0, 2])
          throwsError(
            () => machine.colorMatrices({ ...color, draws, change }),
            "invalid-argument",
            /draws must be 1, got/,
          );
      }
    });

    test("softmax, reductions, elementwise kernels and a convolution by their defaults", async () => {
      const machine = await openMachine();
      const x = filled(machine, [1, 2, 3, -1, 0, 700]);
      const out = machine.float32(6);
      machine.softmax({ rows: 2, columns: 3, x, out });
      const total = Math.exp(-2) + Math.exp(-1) + 1;
      close(out, [Math.exp(-2) / total, Math.exp(-1) / total, 1 / total, 0, 0, 1]);
      machine.reduceSum({ size: 6, x, out });
      assert.is(out[0], 705);
      const largest = machine.int32(2);
      machine.argMax({ rows: 2, columns: 3, x, out: largest });
      assert.equal([...largest], [2, 2]);
      machine.add({ n: 6, a: x, b: x, out });
      assert.equal([...out], [2, 4, 6, -2, 0, 1400]);
      machine.mul({ d2: 2, d3: 3, a: x, b: x.subarray(1), b2: 0, b3: 1, out }); // one row of b for both
      assert.equal([...out], [2, 6, -3, -2, 0, -700]);
      machine.sub({ n: 6, a: x, b: x, b3: 0, out });
      assert.equal([...out], [0, 1, 2, -2, -1, 699]);
      machine.clip({ n: 6, low: 0, x, out });
      assert.equal([...out], [1, 2, 3, 0, 0, 700]);
      machine.stridedCopy({ d4: 3, d5: 2, s4: 1, s5: 3, x, out }); // 2 x 3, transposed
      assert.equal([...out], [1, -1, 2, 0, 3, 700]);
      machine.relu({ n: 3, x: x.subarray(2), out: out.subarray(3) }); // parts of arrays
      assert.equal([...out], [1, -1, 2, 3, 0, 0]);

      const image = filled(
        machine,
        Array.from({ length: 16 }, (_, i) => i),
      );
      const kernel = filled(machine, new Array(9).fill(1));
      const four = machine.float32(4);
      const sizes = { batch: 1, height: 4, width: 4, channels: 1 };
      machine.conv2d({ ...sizes, filters: 1, kernelHeight: 3, kernelWidth: 3, x: image, kernel, out: four });
      assert.equal([...four], [45, 54, 81, 90]); // valid: 2 x 2
      machine.maxPool2d({ ...sizes, poolHeight: 2, poolWidth: 2, x: image, out: four });
      assert.equal([...four], [5, 7, 13, 15]);
      const same = machine.float32(16);
      const window = {
        filters: 1,
        kernelHeight: 3,
        kernelWidth: 3,
        padTop: 1,
        padLeft: 1,
        activation: "linear",
      } as const;
      machine.conv2d({ ...sizes, ...window, x: image, kernel, out: same });
      assert.is(same[0], 0 + 1 + 4 + 5);
      assert.is(same[15], 10 + 11 + 14 + 15);
    });

    test("guard says whether all is finite", async () => {
      const machine = await openMachine();
      const value = machine.float32(5);
      assert.is(machine.guard({ n: 5, value }), true);
      value[3] = Number.NaN;
      assert.is(machine.guard({ n: 5, value }), false);
      assert.is(machine.guard({ n: 3, value }), true);
      assert.is(machine.copy({ n: 2, x: value, out: value.subarray(2) }), undefined);
    });

    test("what does not fit is refused, and nothing is written", async () => {
      const machine = await openMachine();
      const other = await openMachine();
      const size = 12;
      const a = filled(machine, normal(size, 1));
      const b = filled(machine, normal(size, 2));
      const c = machine.float32(size).fill(7);
      const integers = machine.int32(size);
      const good = { m: 3, n: 3, k: 4, a, b, c };
      const gemm = (change: object): unknown => loosely(machine).gemm?.({ ...good, ...change });
      const wrong = (change: object, code: string, message: RegExp): unknown =>
        throwsError(() => gemm(change), code, message);

      wrong({ alhpa: 1 }, "unknown-option", /^machine\.gemm: unknown operand "alhpa"\. Known: m, n, k/);
      wrong({ a: undefined }, "invalid-argument", /^machine\.gemm: a is required/);
      wrong({ c: null }, "invalid-argument", /c is required/);
      wrong({ k: undefined }, "invalid-argument", /k is required/);
      for (const value of [null, "3", Number.NaN, Infinity, -1, 2.5, 2 ** 31, true, [3]]) {
        wrong({ m: value }, "invalid-argument", /m must be an integer from 0 to 2147483647, got/);
        wrong({ ldc: value }, "invalid-argument", /ldc must be an integer/);
      }
      for (const value of [null, "1", {}]) wrong({ alpha: value }, "invalid-argument", /alpha must be a number/);
      for (const value of [null, "yes", 2, Number.NaN])
        wrong({ transB: value }, "invalid-argument", /transB must be true/);
      for (const value of [null, "softmax", "toString", 9, -1, 0.5]) {
        wrong({ activation: value }, "invalid-argument", /activation must be one of linear, relu/);
      }
      wrong({ lda: 3 }, "invalid-argument", /lda must be at least k, 4, got 3/);
      wrong({ transB: true, ldb: 3 }, "invalid-argument", /ldb must be at least k, 4, got 3/);
      wrong({ a: new Float32Array(size) }, "invalid-argument", /a is not an array of this machine/);
      wrong({ c: other.float32(size) }, "invalid-argument", /c is not an array of this machine/);
      wrong({ b: [1, 2, 3] }, "invalid-argument", /b must be a Float32Array of this machine, got/);
      wrong({ b: integers }, "dtype-mismatch", /b must be a Float32Array of this machine, got Int32Array\(12\)/);
      wrong({ bias: 3 }, "invalid-argument", /bias must be a Float32Array/);
      wrong({ bias: c.subarray(0, 2) }, "shape-mismatch", /bias holds 2 values, 3 are needed/);
      wrong({ m: 4 }, "shape-mismatch", /a holds 12 values, 16 are needed \(m = 4, n = 3, k = 4/);
      wrong({ lda: 5 }, "shape-mismatch", /a holds 12 values, 14 are needed/);
      wrong({ c: c.subarray(4) }, "shape-mismatch", /c holds 8 values, 9 are needed/);
      wrong({ a: new Float32Array(a.buffer, 0, 16) }, "invalid-argument", /a is not an array of this machine/);
      wrong({ a: new Float32Array(a.buffer, a.byteOffset - 4, 12) }, "invalid-argument", /a is not an array/);
      wrong({ a: new Float32Array(a.buffer, a.byteOffset, 13) }, "invalid-argument", /a is not an array/);
      for (const operands of [undefined, null, 3, "x"]) {
        throwsError(() => loosely(machine).gemm?.(operands), "invalid-argument", /operands must be an object/);
      }
      assert.ok(c.every((value) => value === 7));
      machine.gemm(good);
      close(c.subarray(0, 9), product(a, b, { m: 3, n: 3, k: 4, transA: false, transB: false }));
    });

    test("adam, softmax and others refuse what they cannot do", async () => {
      const machine = await openMachine();
      const loose = loosely(machine);
      const [w, g, m, v, control] = [1, 2, 3, 4, 5].map(() => machine.float32(8)) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const adam = { n: 8, w, g, m, v, control };
      const wrong = (kernel: string, operands: object, code: string, message: RegExp): unknown =>
        throwsError(() => loose[kernel]?.(operands), code, message);
      wrong("adam", { ...adam, amsgrad: true }, "invalid-argument", /amsgrad needs vMax/);
      wrong("adam", { ...adam, epsilonForm: "above" }, "invalid-argument", /epsilonForm must be one of outside/);
      wrong(
        "adam",
        { ...adam, control: control.subarray(1) },
        "shape-mismatch",
        /control holds 7 values, 8 are needed/,
      );
      wrong("adam", { ...adam, n: 9 }, "shape-mismatch", /w holds 8 values, 9 are needed \(n = 9/);
      wrong("rmsprop", { n: 8, w, g, s: v, control, centered: 1 }, "invalid-argument", /centered needs average/);
      wrong("sgd", { n: 8, w, g, control, momentum: 0.9 }, "invalid-argument", /momentum needs velocity/);
      wrong("sgd", { n: 8, w, g, control, nesterov: true }, "invalid-argument", /nesterov needs velocity/);
      const noHat = /epsilonForm must be outside or inside, got hat/;
      wrong("rmsprop", { n: 8, w, g, s: v, control, epsilonForm: "hat" }, "invalid-argument", noHat);
      wrong("adagrad", { n: 8, w, g, s: v, control, epsilonForm: "hat" }, "invalid-argument", noHat);
      wrong("adamax", { n: 8, w, g, m, u: v, control, epsilonForm: 2 }, "invalid-argument", noHat);
      wrong("softmax", { rows: 3, columns: 3, x: w, out: g }, "shape-mismatch", /x holds 8 values, 9 are needed/);
      wrong("softmax", { rows: -1, columns: 3, x: w, out: g }, "invalid-argument", /rows must be an integer from 0/);
      wrong("softmax", { rows: 2, columns: 2, n: 4, x: w, out: g }, "unknown-option", /unknown operand "n"/);
      wrong("argMax", { rows: 2, columns: 2, x: w, out: g }, "dtype-mismatch", /out must be a Int32Array/);
      wrong("dropout", { n: 2, rate: 1, x: w, out: g, control: machine.int32(4) }, "invalid-argument", /rate must be/);
      wrong("add", { a: w, b: g, out: m }, "invalid-argument", /n is required, or sizes d0 to d3/);
      wrong("add", { n: 8, d2: 2, a: w, b: g, out: m }, "invalid-argument", /n or sizes \(d2\), not both/);
      wrong("add", { d2: 2, d3: 4, a2: 8, a: w, b: g, out: m }, "shape-mismatch", /a holds 8 values, 12 are needed/);
      wrong("add", { d3: 4, a3: -1, a: w, b: g, out: m }, "invalid-argument", /a3 must be an integer from 0/);
      const image = { batch: 1, height: 2, width: 2, channels: 2, x: w, kernel: g, out: m };
      const conv = { ...image, filters: 2, kernelHeight: 1, kernelWidth: 1 };
      wrong("conv2d", { ...conv, strideHeight: 0 }, "invalid-argument", /strideHeight must be an integer from 1/);
      wrong("conv2d", { ...conv, groups: 3 }, "invalid-argument", /channels \(2\) and filters \(2\) must be multiples/);
      wrong("conv2d", { ...conv, kernelHeight: 0 }, "invalid-argument", /kernelHeight must be an integer from 1/);
      wrong(
        "conv2d",
        { ...conv, kernelWidth: 3, dilationWidth: 2 ** 30, outWidth: 1 },
        "invalid-argument",
        /windows reach/,
      );
      assert.ok([w, g, m, v, control].every((view) => view.every((value) => value === 0)));
      machine.conv2d({ ...conv });
    });

    test("random operands are refused or computed, and stay within their arrays", async () => {
      const machine = await openMachine();
      const loose = loosely(machine);
      const next = integers(7);
      // arrays, each with a canary behind it
      const arrays = Array.from({ length: 9 }, () => [machine.float32(64), machine.float32(64).fill(3)] as const);
      const indices = [machine.int32(64), machine.int32(64)] as const;
      const values = arrays.map((_, i) => normal(64, i));
      let computed = 0;
      for (const kernel of Object.keys(layouts) as KernelName[]) {
        for (let turn = 0; turn < 120; turn++) {
          const operands: Record<string, unknown> = {};
          const inputs: (Float32Array | Int32Array)[] = [];
          let used = 0;
          for (const { name, type, element, reads, writes } of fieldsOf(kernel)) {
            if (type === "pointer") {
              const array = element === "i32" ? indices[writes ? 1 : 0] : (arrays[used++]?.[0] as Float32Array);
              operands[name] = array.subarray(next() % 3);
              if (reads && !writes) inputs.push(array);
            } else if (next() % 4) {
              const [large, n] = [next() % 40 === 0, [0, 1, 1, 2, 3, 5][next() % 6] as number];
              operands[name] = large && /[sS]tride|^[abcs]\d|^pad|^dil|^ld/.test(name) ? 2 ** 31 - 1 - n : n;
            }
          }
          arrays.forEach(([array], i) => {
            array.set(values[i] as Float32Array);
          });
          for (let i = 0; i < 64; i++) indices[0][i] = (next() % 7) - 1;
          const before = inputs.map((array) => array.slice());
          try {
            loose[kernel]?.(operands);
            computed++;
          } catch (error) {
            assert.ok(error instanceof LanewiseError, `${kernel} ${JSON.stringify(operands)}: ${error}`);
          }
          const text = () =>
            `${kernel} ${JSON.stringify(operands, (_, v) => (ArrayBuffer.isView(v) ? v.byteLength / 4 : v))}`;
          const same = inputs.every((array, i) => array.every((value, j) => value === before[i]?.[j]));
          if (!same) assert.unreachable(`${text()} wrote into an input`);
          for (const [, canary] of arrays)
            assert.ok(
              canary.every((value) => value === 3),
              text(),
            );
        }
      }
      assert.ok(computed > 1000, `${computed} computed`);
    });

    test("memory is taken at once, given back, and its end is an error", async () => {
      const machine = await openMachine();
      const first = machine.float32(1000).fill(3);
      throwsError(() => machine.float32(BYTES / 4), "out-of-memory", /machine\.float32: 1048576 bytes are wanted/);
      for (const length of [-1, 1.5, Number.NaN, "4", undefined, 2 ** 31]) {
        throwsError(() => machine.int32(length as number), "invalid-argument", /machine\.int32: length must be/);
      }
      const views: Float32Array[] = [];
      for (let i = 0; i < 3; i++) views.push(machine.float32(50000));
      for (const view of views) machine.free(view);
      const again = machine.float32(150000);
      assert.ok(again.every((value) => value === 0));
      for (const array of [views[1], first.subarray(1), first.subarray(0, 9), new Float32Array(4), 3, null]) {
        throwsError(() => machine.free(array as Float32Array), "invalid-argument", /machine\.free: array must be/);
      }
      machine.free(first);
      throwsError(() => machine.free(first), "invalid-argument", /freed before/);
      throwsError(() => machine.relu({ n: 2, x: first, out: again }), "invalid-argument", /x is not an array/);
      assert.is(machine.float32(0).length, 0);
      machine.fill({ n: 0, value: 1, out: machine.float32(0) });
      // views stay good whatever happens
      for (let i = 0; i < 200; i++) machine.fill({ n: 150000, value: i, out: again });
      assert.is(again[149999], 199);
    });

    test("scratch that cannot be had is an error, and the machine goes on", async () => {
      const machine = await openMachine();
      if (machine.kernels === "reference") return; // needs none
      const [x, c] = [machine.float32(40000), machine.float32(40000)];
      const rest: Float32Array[] = [];
      const fillUp = (): void => {
        for (;;) rest.push(machine.float32(256));
      };
      throwsError(fillUp, "out-of-memory", /machine\.float32/);
      const run = (): void => machine.gemm({ m: 200, n: 200, k: 200, a: x, b: x, c });
      throwsError(run, "out-of-memory", /machine\.gemm \(scratch\)/);
      throwsError(run, "out-of-memory", /machine\.gemm \(scratch\)/);
      machine.relu({ n: 4, x, out: x });
      for (const array of rest) machine.free(array);
      x.fill(1);
      run();
      assert.ok(c.every((value) => value === 200));
    });
  });
}

/** Engines with all their memory, as `open` makes them. */
const engines = async () => {
  const all = await openEngines();
  for (const engine of all) engine.grow(BYTES);
  return all;
};

const names = (await engines()).map((engine) => engine.kernels);
names.forEach((name, i) => {
  cases(name, async () => createKernelMachine((await engines())[i] as never));
});

suite("lanewise/kernels", (test) => {
  test("opens with nothing said, and as is said", async () => {
    const machine = await open();
    assert.is(machine.kernels, names.at(-1));
    assert.is(machine.float32(12 << 20).length, 12 << 20);
    assert.is((await open({ reproducible: true, threads: 1, bytesMax: BYTES })).kernels, "strict");
    assert.is(
      (await open({ threads: "auto", wasm: (name) => compileBinary(name), bytesMax: 131072 })).kernels,
      names.at(-1),
    );
  });

  test("refuses wrong options", async () => {
    for (const bytesMax of [null, "1", Number.NaN, 0, 1000, 131072.5, 2 ** 32 + 1, Infinity]) {
      await rejects(open({ bytesMax } as never), "invalid-argument", /^open: bytesMax must be an integer from 131072/);
    }
    for (const threads of [0, -1, 1.5, "many", null]) {
      await rejects(open({ threads } as never), "invalid-argument", /^open: threads must be/);
    }
    await rejects(open({ reproducible: 1 } as never), "invalid-argument", /^open: reproducible must be/);
    await rejects(open({ wasm: "strict.wasm" } as never), "invalid-argument", /^open: wasm must be/);
    await rejects(open({ bytes: 1 } as never), "unknown-option", /^open: unknown option "bytes"/);
    await rejects(open(3 as never), "invalid-argument", /^open: options must be/);
  });
});
