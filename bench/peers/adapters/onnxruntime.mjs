// ONNX Runtime Web: inference of the exported model, wasm with SIMD, one thread. It does not train.

import * as ort from "onnxruntime-web";
import { dependencies } from "../package.json";
import { exportOnnx } from "./onnx.mjs";

async function startInference(model, rowData, batch) {
  const { bytes, data } = exportOnnx(model, rowData, batch);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  const feeds = { x: new ort.Tensor("float32", data.x, [batch, ...data.inputShape]) };
  return { step: async () => (await session.run(feeds)).y.data };
}

export async function open() {
  ort.env.wasm.numThreads = 1;
  return {
    about: `ONNX Runtime Web ${dependencies["onnxruntime-web"]}, wasm with SIMD`,
    train: () => {
      throw new Error("ONNX Runtime Web runs models and does not train them: InferenceSession has run() alone");
    },
    infer: (model, data, batch) => [{ how: "InferenceSession.run", start: () => startInference(model, data, batch) }],
  };
}
