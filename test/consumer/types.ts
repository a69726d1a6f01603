// Types that follow what is passed, as a strict application sees them; test/package.node.test.ts checks it, nothing runs it.

import type { Model, Prediction, Tensor, Variable } from "lanewise";
import { functional, gradients, input, ops, sequential } from "lanewise";

const x = input([2]);
const [one, several, named, some] = [
  functional({ inputs: x, outputs: ops.neg(x) }),
  functional({ inputs: { x }, outputs: [x, ops.neg(x)] }),
  functional({ inputs: [x], outputs: { a: x, b: ops.neg(x) } }),
  functional({ inputs: x, outputs: [x] as readonly Tensor[] }),
];
const models: Model[] = [one, sequential([ops.neg])];
const data = new Float32Array(4);

export const predicted: Prediction = await one.predict(data);
export const [first, second]: [Prediction, Prediction] = await several.predict(data);
export const { a, b }: { a: Prediction; b: Prediction } = await named.predict(data);
export const all: Prediction[] = await some.predict(data);

export function differentiated(loss: Tensor, w: Variable, many: readonly Variable[]): Tensor[] {
  const found: Tensor[] = gradients(loss, many);
  const [dw, dx] = gradients(loss, [w, x]);
  const only: Tensor = gradients(loss, [w])[0];
  return [...found, dw, dx, only];
}
export { models };
