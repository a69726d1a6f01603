// Twins of assembly/reduce.ts.

import type { Floats } from "../../bindings/engine.ts";
import type { Twin } from "./twin.ts";

interface Reduction {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly x: Floats;
  readonly out: Floats;
}

function reduce({ outer, size, inner, x, out }: Reduction, start: number, f: (a: number, b: number) => number): void {
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < inner; j++) {
      let result = start;
      for (let i = 0; i < size; i++) result = f(result, x[(o * size + i) * inner + j] as number);
      out[o * inner + j] = result;
    }
  }
}

export const reduceSum: Twin<"reduceSum"> = (operands) => {
  reduce(operands, 0, (a, b) => a + b);
  const { outer, inner, scale, out } = operands;
  for (let i = 0; i < outer * inner; i++) out[i] = scale * (out[i] as number);
};

export const reduceMax: Twin<"reduceMax"> = (operands) => reduce(operands, -Infinity, Math.max);

export const reduceMin: Twin<"reduceMin"> = (operands) => reduce(operands, Infinity, Math.min);

export const argMax: Twin<"argMax"> = ({ rows, columns, x, out }) => {
  for (let r = 0; r < rows; r++) {
    const row = Array.from(x.subarray(r * columns, (r + 1) * columns));
    const nan = row.findIndex(Number.isNaN);
    out[r] = nan >= 0 ? nan : Math.max(0, row.indexOf(Math.max(...row)));
  }
};
