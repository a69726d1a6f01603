// TensorFlow.js, its wasm backend, asked for two threads.

import * as tf from "@tensorflow/tfjs";
import { getThreadsCount, setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { matrix, serve } from "./common.mjs";

serve({
  async start() {
    setWasmPaths(new URL("./", location.href).href);
    setThreadsCount(2);
    await tf.setBackend("wasm");
    await tf.ready();
    return `${getThreadsCount()} threads`;
  },
  async prepare(n) {
    const [a, b] = [1, 2].map((seed) => tf.tensor2d(matrix(n, seed), [n, n]));
    return {
      multiply: () => tf.matMul(a, b).dispose(),
      read: () => tf.matMul(a, b).dataSync(),
    };
  },
});
