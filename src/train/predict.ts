// Outputs of a model for all examples.

import { checkOptions, positiveInteger } from "../check.ts";
import { newArray } from "../data/arrays.ts";
import { defaultMachine } from "../machine.ts";
import { sizeOf } from "../shape.ts";
import { byForm, checkDataset } from "./dataset.ts";
import type { EvaluateOptions } from "./evaluate.ts";
import type { Arrays } from "./examples.ts";
import { exampleShapeOf } from "./examples.ts";
import { abortSignal, createLoop, feed, inTurn } from "./loop.ts";
import type { ModelCore } from "./model.ts";
import { ensureBuilt, programFor, requireAlive, wantedInputs } from "./model.ts";
import { runToEnd } from "./queue.ts";

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
  const values = byForm(
    where,
    "x",
    network.inputForm,
    inputs.map(({ name }) => name),
    x,
  );
  const dataset = checkDataset(where, wantedInputs(inputs, network.inputForm), values);
  const machine = await defaultMachine();
  return inTurn(core, machine, where, options.signal, async () => {
    const loop = createLoop(core, machine, where, options.signal, "continue");
    const { batchSize = 32 } = options;
    const outputs = (network.outputs ?? []).map(({ shape }) => ({
      data: newArray(where, "float32", dataset.count * sizeOf(shape)) as Float32Array,
      shape: [dataset.count, ...shape],
    }));
    for (let first = 0; first < dataset.count; first += batchSize) {
      loop.signal?.throwIfAborted();
      requireAlive(core, where);
      const count = Math.min(batchSize, dataset.count - first);
      const { executable } = await programFor(core, machine, "predict", count, "");
      await loop.slices.turn();
      executable.prepare(loop.state);
      feed(executable, dataset, null, first, count);
      if ((await runToEnd(executable, where, loop.slices, loop.signal)) < 0) loop.signal?.throwIfAborted();
      outputs.forEach(({ data, shape }, i) => {
        const each = sizeOf(shape.slice(1));
        data.set(executable.output(i).subarray(0, count * each), first * each);
      });
      const turn = loop.slices.turn();
      if (turn) await turn;
    }
    return outputs;
  });
}
