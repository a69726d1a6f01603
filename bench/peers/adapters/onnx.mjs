// A model of the benchmark as an ONNX model: NCHW, opset 17, weights inside.

import onnxProto from "onnx-proto";
import { channelsFirst, samePadding } from "../layout.ts";
import { BATCH_NORM, CLASSES, interpret } from "../models.ts";

const { onnx } = onnxProto;
const OPSET = 17;
const IR_VERSION = 8; // of that opset
const { FLOAT } = onnx.TensorProto.DataType;
const { INT, INTS, FLOAT: FLOAT_ATTRIBUTE } = onnx.AttributeProto.AttributeType;

function attribute(name, value) {
  if (Array.isArray(value)) return { name, type: INTS, ints: value };
  return Number.isInteger(value) ? { name, type: INT, i: value } : { name, type: FLOAT_ATTRIBUTE, f: value };
}

const valueInfo = (name, dims) => ({
  name,
  type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});

/** Collects nodes and weights; a tensor is its name. */
function createGraph() {
  const node = [];
  const initializer = [];
  return {
    node,
    initializer,
    constant(values, dims) {
      const name = `w${initializer.length}`;
      initializer.push({ name, dims, dataType: FLOAT, rawData: new Uint8Array(values.buffer) });
      return name;
    },
    apply(opType, input, attributes = {}) {
      const output = `${opType}${node.length}`;
      const list = Object.entries(attributes).map(([name, value]) => attribute(name, value));
      node.push({ opType, name: output, input, output: [output], attribute: list });
      return output;
    },
  };
}

function rulesOf({ apply, constant }, data) {
  const activate = (x, activation) => (activation ? apply("Relu", [x]) : x);
  const weight = (place, dims = place.shape) => constant(data.weight(place), dims);
  return {
    rescale: (x, layer) => apply("Mul", [x, constant(Float32Array.of(layer.data.scale), [])]),
    conv: (x, { data: { size, stride, padding, activation }, inputShape, weights }) => {
      const [height, width, inputs, outputs] = weights.kernel.shape;
      const along = (n) => (padding === "same" ? samePadding(n, size, stride) : [0, 0]);
      const [[top, bottom], [left, right]] = [along(inputShape[0]), along(inputShape[1])];
      const operands = [x, weight(weights.kernel, [outputs, inputs, height, width])];
      if (weights.bias) operands.push(weight(weights.bias));
      const attributes = { kernel_shape: [size, size], strides: [stride, stride], pads: [top, left, bottom, right] };
      return activate(apply("Conv", operands, attributes), activation);
    },
    dense: (x, { data: { activation }, weights }) =>
      activate(apply("Gemm", [x, weight(weights.kernel), weight(weights.bias)]), activation),
    batchNorm: (x, { weights: { gamma, beta, movingMean, movingVariance } }) =>
      apply("BatchNormalization", [x, ...[gamma, beta, movingMean, movingVariance].map((place) => weight(place))], {
        epsilon: BATCH_NORM.epsilon,
      }),
    relu: (x) => apply("Relu", [x]),
    maxPool: (x, { data: { size } }) => apply("MaxPool", [x], { kernel_shape: [size, size], strides: [size, size] }),
    globalAveragePool: (x) => apply("Flatten", [apply("GlobalAveragePool", [x])]),
    flatten: (x) => apply("Flatten", [x]),
    residual: (main, _, shortcut) => apply("Relu", [apply("Add", [main, shortcut])]),
  };
}

/** The bytes of the ONNX model that maps "x" [batch, C, H, W] to "y" [batch, 10], probabilities. */
export function exportOnnx(model, rowData, batch) {
  const data = channelsFirst(model, rowData);
  const graph = createGraph();
  const logits = interpret(model.layers, "x", rulesOf(graph, data));
  const { node, initializer } = graph;
  node.push({ opType: "Softmax", name: "y", input: [logits], output: ["y"], attribute: [attribute("axis", -1)] });
  const message = {
    irVersion: IR_VERSION,
    producerName: "lanewise-peers",
    opsetImport: [{ domain: "", version: OPSET }],
    graph: {
      name: model.name,
      node,
      initializer,
      input: [valueInfo("x", [batch, ...data.inputShape])],
      output: [valueInfo("y", [batch, CLASSES])],
    },
  };
  return { bytes: onnx.ModelProto.encode(onnx.ModelProto.fromObject(message)).finish(), data };
}
