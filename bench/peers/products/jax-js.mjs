// jax-js, its wasm device, with a jitted product.

import { blockUntilReady, defaultDevice, init, jit, numpy as np } from "@jax-js/jax";
import { matrix, serve } from "./common.mjs";

serve({
  async start() {
    await init("wasm");
    defaultDevice("wasm");
    return `${navigator.hardwareConcurrency} threads`;
  },
  async prepare(n) {
    const [a, b] = [1, 2].map((seed) => np.array(matrix(n, seed)).reshape([n, n]));
    const product = jit((x, y) => np.matmul(x, y));
    return {
      async multiply() {
        const c = product(a.ref, b.ref);
        await blockUntilReady(c);
        c.dispose();
      },
      read: () => product(a.ref, b.ref).data(),
    };
  },
});
