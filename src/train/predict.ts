// Outputs of a model for all examples.

import { abortSignal, checkOptions, positiveInteger } from "../check.ts";
import { newArray } from "../data/arrays.ts";
import { defaultMachine } from "../machine.ts";
import { sizeOf } from "../shape.ts";
import { byForm, checkDataset } from "./dataset.ts";
import type { EvaluateOptions } from "./evaluate.ts";
import type { Arrays } from "./examples.ts";
import { exampleShapeOf } from "./examples.ts";
import type { Steps } from "./loop.ts";
import { createLoop, inTurn, runBatches } from "./loop.ts";
import type { ModelCore } from "./model.ts";
import { ensureBuilt, programFor, requireAlive, requireOutputs, wantedInputs } from "./model.ts";

/** Outputs of a model for all examples, owned by the caller. */
export interface Prediction {
  readonly data: Float32Array;
  /** [examples, ...output] */
  readonly shape: number[];
}

export async function predict(core: ModelCore, x: Arrays, options: EvaluateOptions = {}): Promise<Prediction[]> {
  const where = "predict";
  requireAlive(core, where);
  checkOptions(where, options, { batchSize: positiveInteger, signal: abortSignal });
  const { network } = core;
  const inputs = ensureBuilt(core, where, network.inputs ? null : exampleShapeOf(x));
  const values = byForm(where, "x", network.inputForm, inputs, x);
  const dataset = checkDataset(where, wantedInputs(inputs, network.inputForm), values);
  const machine = await defaultMachine();
  return inTurn(core, machine, where, options.signal, async () => {
    const loop = createLoop(core, machine, where, options.signal, "continue");
    const { batchSize = 32 } = options;
    const outputs = requireOutputs(core).map(({ shape }) => ({
      data: newArray(where, "float32", dataset.count * sizeOf(shape)) as Float32Array,
      shape: [dataset.count, ...shape],
    }));
    const open = (count: number, before: Steps["end"]) => programFor(core, machine, "predict", count, "", before);
    await runBatches(loop, dataset, batchSize, open, (values, first, count) =>
      outputs.forEach(({ data, shape }, i) => {
        const each = sizeOf(shape.slice(1));
        data.set(values.output(i).subarray(0, count * each), first * each);
      }),
    );
    return outputs;
  });
}
