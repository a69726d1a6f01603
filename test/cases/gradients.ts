// Records of assembly/optim/gradients.ts.

import type { KernelCase } from "../kernelCase.ts";
import { kernelCase } from "../kernelCase.ts";
import { normal, sizes } from "../values.ts";

const special = [0, -0, 1e-40, 1e-20, 1e3, -1e3, Number.NaN, Infinity, -Infinity, 3e38, -3e38, 1, -1];
const specials = (n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => special[i % special.length] as number);

/** Words 4 to 7: momentum of averages, overwriting, whether there is a sum, idle. */
const words = (momentum: number, overwrite: number, hasSum: number, idle: number): Float32Array =>
  Float32Array.of(Number.NaN, Number.NaN, Number.NaN, Number.NaN, momentum, overwrite, hasSum, idle);

const ulp = { ulp: 1.5 };

const accumulateCases = (n: number, x: Float32Array, kind: string): KernelCase[] =>
  [
    { name: "first", hasSum: 0, idle: 1 },
    { name: "second", hasSum: 1, idle: 1 },
    { name: "last", hasSum: 1, idle: 0 },
    { name: "only", hasSum: 0, idle: 0 },
  ].map(({ name, hasSum, idle }) =>
    kernelCase(
      "accumulate",
      `${name}, ${kind}, n = ${n}`,
      {
        ...{ n, steps: 3, clipValue: name === "last" ? 0.5 : Infinity },
        ...{ x, sum: normal(n, 2), out: normal(n, 3), control: words(0, 0, hasSum, idle) },
      },
      // a sum may cancel
      (_, i) => (Math.abs(x[i] as number) + 4) * 2 ** -23,
    ),
  );

const averageCases = (n: number, kind: string, w: Float32Array): KernelCase[] =>
  [words(0.99, 0, 0, 0), words(0, 0, 0, 0), words(0.9, 1, 0, 0), words(0.9, 1, 0, 1)].map((control, i) =>
    kernelCase(
      "weightAverage",
      `${["usual", "first", "overwriting", "idle"][i]}, ${kind}, n = ${n}`,
      { n, w, average: normal(n, 2), control },
      (_, k, expected) => (Math.abs(w[k] as number) + Math.abs(expected) + 4) * 2 ** -23,
    ),
  );

const normCase = (x: Float32Array, name: string, place = 0, places = 1): KernelCase =>
  kernelCase(
    "norm",
    `${name}, n = ${x.length}, place ${place}`,
    { n: x.length, place, places, x, norms: new Float32Array(places).fill(7) },
    ulp,
  );

const clipCases: KernelCase[] = [
  ...[0.1, 100].flatMap((limit) => [
    ...sizes.map((n) =>
      kernelCase(
        "clipFactor",
        `joint, n = ${n}`,
        { n, places: 1, limit, x: normal(n, 1).map(Math.abs), out: normal(1, 2) },
        ulp,
      ),
    ),
    ...sizes.map((n) =>
      kernelCase(
        "clipFactor",
        `each, n = ${n}`,
        {
          n,
          places: n,
          limit,
          x: normal(n, 1).map((x) => Math.abs(x) + 0.1),
          out: normal(Math.max(n, 1), 2),
          control: words(0, 0, 0, 0),
        },
        ulp,
      ),
    ),
  ]),
  kernelCase("clipFactor", "each, special", { n: 13, places: 13, limit: 1, x: specials(13), out: normal(13, 2) }, ulp),
  kernelCase(
    "clipFactor",
    "joint, huge",
    { n: 2, places: 1, limit: 1, x: Float32Array.of(3e38, 3e38), out: normal(1, 2) },
    ulp,
  ),
  kernelCase("clipFactor", "joint, NaN", {
    n: 2,
    places: 1,
    limit: 1,
    x: Float32Array.of(1, Number.NaN),
    out: normal(1, 2),
  }),
  kernelCase("clipFactor", "idle", {
    n: 3,
    places: 3,
    limit: 1e-3,
    x: normal(3, 1),
    out: normal(3, 2),
    control: words(0, 0, 0, 1),
  }),
];

export const gradientCases: readonly KernelCase[] = [
  ...[...sizes, 16387].flatMap((n) => [
    ...accumulateCases(n, normal(n, 1), "normal"),
    kernelCase("keep", `idle, n = ${n}`, { n, x: normal(n, 1), out: normal(n, 2), control: words(0, 0, 0, 1) }),
    kernelCase("keep", `update, n = ${n}`, { n, x: normal(n, 1), out: normal(n, 2), control: words(0, 0, 0, 0) }),
    normCase(normal(n, 1), "normal"),
    normCase(normal(n, 1), "normal", 1, 3),
    ...averageCases(n, "normal", normal(n, 1)),
    ...[0.3, 1, 0].map((factor) =>
      kernelCase(
        "scaleBy",
        `by ${factor}, n = ${n}`,
        { n, place: 1, places: 2, x: normal(n, 1), factors: Float32Array.of(Number.NaN, factor), out: normal(n, 2) },
        { ulp: 0.5 },
      ),
    ),
  ]),
  ...accumulateCases(33, specials(33), "special").slice(0, 3),
  ...averageCases(33, "special", specials(33)),
  normCase(new Float32Array(40000).fill(3e36), "huge, three pieces"),
  normCase(new Float32Array(40000).fill(1e-30), "tiny, three pieces"),
  normCase(specials(33), "not finite"),
  kernelCase("scaleBy", "zeros of what is not finite", {
    ...{ n: 33, place: 0, places: 1, x: specials(33), factors: Float32Array.of(0), out: normal(33, 2) },
  }),
  ...clipCases,
];
