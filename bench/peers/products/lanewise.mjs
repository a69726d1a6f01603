// Lanewise: a program that leaves the product in a variable.

import { assign, init, ops, program, variable } from "../../../src/index.ts";
import { matrix, serve } from "./common.mjs";

serve({
  async start() {
    const { threads, kernels } = await init({ threads: 2 });
    return `${threads} threads, ${kernels}`;
  },
  async prepare(n) {
    const [a, b] = [1, 2].map((seed) => variable({ data: matrix(n, seed), shape: [n, n] }));
    const c = variable({ data: new Float32Array(n * n), shape: [n, n] });
    const step = await program({}, () => {
      assign(c, ops.matmul(a, b));
      return {};
    });
    return { multiply: () => step({}), read: () => c.read().data };
  },
});
