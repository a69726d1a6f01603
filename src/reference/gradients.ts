// Twins of assembly/optim/gradients.ts.

import { isIdle } from "./control.ts";
import type { Twin } from "./twin.ts";

export const accumulate: Twin<"accumulate"> = ({ n, steps, clipValue, x, sum, out, control }) => {
  const idle = isIdle(control);
  const hasSum = (control[6] as number) > 0;
  for (let i = 0; i < n; i++) {
    const total = (x[i] as number) + (hasSum ? (sum[i] as number) : 0);
    out[i] = idle ? total : Math.max(Math.min(total / steps, clipValue), -clipValue);
  }
};

export const keep: Twin<"keep"> = ({ n, x, out, control }) => {
  if (isIdle(control)) for (let i = 0; i < n; i++) out[i] = x[i] as number;
};

export const norm: Twin<"norm"> = ({ n, place, x, norms }) => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (x[i] as number) * (x[i] as number);
  norms[place] = Math.sqrt(sum);
};

export const clipFactor: Twin<"clipFactor"> = ({ n, places, limit, x, out, control }) => {
  const idle = control ? isIdle(control) : false;
  const factorOf = (norm: number): number => {
    if (idle) return 1;
    if (!(norm < Infinity)) return 0;
    return norm > limit ? limit / norm : 1;
  };
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const each = x[i] as number;
    sum += each * each;
    if (i < places) out[i] = factorOf(each);
  }
  if (places === 1) out[0] = factorOf(Math.sqrt(sum));
};

export const scaleBy: Twin<"scaleBy"> = ({ n, place, x, factors, out }) => {
  const factor = factors[place] as number;
  for (let i = 0; i < n; i++) out[i] = factor === 0 ? 0 : factor * (x[i] as number);
};

export const weightAverage: Twin<"weightAverage"> = ({ n, w, average, control }) => {
  if (isIdle(control)) return;
  const momentum = control[4] as number;
  for (let i = 0; i < n; i++) {
    const next = momentum * (average[i] as number) + (1 - momentum) * (w[i] as number);
    average[i] = next;
    if ((control[5] as number) > 0) w[i] = next;
  }
};
