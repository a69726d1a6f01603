// Layers that join several tensors.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, integer } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { isTensor } from "../graph/graph.ts";
import { isVariable } from "../graph/variable.ts";
import { add as addOp } from "../ops/pointwise.ts";
import { concatenate as concatenateOp } from "../ops/shaping.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** `add(a, b)` is what users of other libraries write first. */
function refuseTensors(name: string, op: string, value: unknown): void {
  const list = Array.isArray(value) ? value : [value];
  if (list.some((each) => isTensor(each) || isVariable(each))) {
    throw new LanewiseError(
      "invalid-argument",
      `${name}: makes a layer and takes options, not tensors. Use ${op} on tensors, or ${name}()([a, b]).`,
    );
  }
}

/** Sum of tensors of one shape (or shapes that broadcast): `add()([a, b])`. */
export function add(options: LayerOptions = {}): Layer {
  refuseTensors("add", "ops.add(a, b)", options);
  checkOptions("add", options, layerOptions);
  return makeLayer({
    type: "add",
    options,
    inputs: "many",
    call: (tensors) => tensors.reduce((sum: Tensor, x: Tensor) => addOp(sum, x)),
  });
}

/** Options of `concatenate`. */
export interface ConcatenateOptions extends LayerOptions {
  /** By default the last, -1. */
  readonly axis?: number;
}

/** Tensors one after the other along an axis: `concatenate()([a, b])`. */
export function concatenate(options: ConcatenateOptions = {}): Layer {
  refuseTensors("concatenate", "ops.concatenate([a, b])", options);
  checkOptions("concatenate", options, { ...layerOptions, axis: integer });
  const { axis = -1 } = options;
  return makeLayer({ type: "concatenate", options, inputs: "many", call: (tensors) => concatenateOp(tensors, axis) });
}
