// Inverted dropout.

import { checkOptions, fraction } from "../check.ts";
import type { Tensor } from "../graph/graph.ts";
import { dropout as dropoutOp } from "../ops/random.ts";
import type { Layer, LayerOptions } from "./layer.ts";
import { layerOptions, makeLayer } from "./layer.ts";

/** Options of `dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Share of the units that are switched off while training, 0 up to but not including 1. */
  readonly rate: number;
}

/** Random streams of dropout begin here, those of initial values end before. */
const STREAMS = 0x40000000;

/**
 * While training, x / (1 - rate) with probability 1 - rate and 0 otherwise; x unchanged at inference
 * (Srivastava et al. 2014). Masks follow from the model's seed, the step and the layer.
 */
export function dropout(options: DropoutOptions): Layer {
  checkOptions("dropout", options, { ...layerOptions, rate: fraction }, ["rate"]);
  const { rate } = options;
  return makeLayer({
    type: "dropout",
    options,
    noise: true,
    call: ([x], _, { training, stream }) =>
      training && rate > 0 ? dropoutOp(x as Tensor, rate, STREAMS + stream()) : (x as Tensor),
  });
}
