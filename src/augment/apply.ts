// Augmentation outside of a model, to look at what it does.

import { LanewiseError } from "../../bindings/errors.ts";
import { checkOptions, invalid, nonNegativeInteger, seedValue } from "../check.ts";
import { compile } from "../compile/compile.ts";
import type { Values } from "../data/arrays.ts";
import { flattenArray, newArray } from "../data/arrays.ts";
import { createExecutable } from "../executable.ts";
import { isTensor } from "../graph/graph.ts";
import { createTrace, makeInput, withTrace } from "../graph/trace.ts";
import type { Layer } from "../layers/layer.ts";
import { isLayer } from "../layers/layer.ts";
import { defaultMachine, requireIdle } from "../machine.ts";
import { vocabulary } from "../ops/vocabulary.ts";
import { formatShape, sizeOf } from "../shape.ts";

/** Options of `augment.apply`. */
export interface ApplyOptions {
  /** By default 0: as a model with this seed draws. */
  readonly seed?: number;
  /** By default 0: as in this step of training. */
  readonly step?: number;
}

/**
 * What layers of augmentation make of images [n, height, width, channels] (`{ data, shape }` or nested numbers, bytes too) while training, all
 * n as one batch. The same seed and step give the same images; they are those of a model that begins with the same layers.
 * Rejects with `shape-mismatch`, `empty-data`, `invalid-argument`, `busy` while a step of a model is in flight.
 */
export async function apply(
  images: Values,
  layers: Layer | readonly Layer[],
  options: ApplyOptions = {},
): Promise<{ readonly data: Float32Array; readonly shape: number[] }> {
  const where = "augment.apply";
  const { data, shape } = flattenArray(`${where}: images`, images);
  const list: readonly unknown[] = Array.isArray(layers) ? layers : [layers];
  if (!list.every(isLayer)) throw invalid(where, "layers", "layers of augment, or an array of them", layers);
  checkOptions(where, options, { seed: seedValue, step: nonNegativeInteger });
  if (shape?.length !== 4) {
    throw new LanewiseError(
      "shape-mismatch",
      `${where}: images must be { data, shape } with shape [n, height, width, channels], got ${shape ? `shape ${formatShape(shape)}` : "an array without a shape"}.`,
    );
  }
  if (data.length === 0) throw new LanewiseError("empty-data", `${where}: there are no images.`);
  const machine = await defaultMachine();
  await machine.engine.complete();
  requireIdle(machine, where);
  const output = withTrace(createTrace(true), () => {
    let x = makeInput({ name: "x", shape, dtype: "float32" }, false);
    for (const layer of list as readonly Layer[]) {
      x = layer(x);
      if (layer.variables.length > 0 || !isTensor(x))
        throw invalid(where, "layers", "layers without weights", `${layer.type} "${layer.name}"`);
    }
    return x;
  });
  const executable = createExecutable(machine, compile({ outputs: [output], effects: [] }, vocabulary));
  try {
    executable.prepare({ step: options.step ?? 0, epoch: 0, seed: options.seed ?? 0 });
    executable.input("x")?.set(data);
    while (executable.run(0, executable.length) === 0 && executable.length > 0); // a thread was lost: again
    const result = newArray(where, "float32", sizeOf(output.dims)) as Float32Array;
    result.set(executable.output(0));
    return { data: result, shape: [...output.dims] };
  } finally {
    executable.dispose();
  }
}
