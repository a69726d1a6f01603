// What is added to the mean loss: penalties on weights, each variable once, and on the activations that the trace saw.

import type { Tensor } from "../graph/graph.ts";
import { readVariable, requireTrace, toTensor } from "../graph/trace.ts";
import type { Layer } from "../layers/layer.ts";
import { meanOver, stretch } from "../ops/broadcasting.ts";
import { add } from "../ops/pointwise.ts";

const plus = (a: Tensor | null, b: Tensor | null): Tensor | null => (a && b ? add(a, b) : (a ?? b));

/** Penalties on weights; `factor` says what one is multiplied by, 0 leaves it out. */
function ofWeights(layers: readonly Layer[], factor: (perExample: boolean) => number): Tensor | null {
  let total: Tensor | null = null;
  for (const { state } of layers) {
    for (const [variable, regularizer] of state.regularizers) {
      const times = factor(regularizer.perExample);
      if (times > 0) total = plus(total, regularizer.ofWeights(readVariable(variable), times));
    }
  }
  return total;
}

const ofExamples = (): Tensor | null => requireTrace("penalties").penalties.reduce(plus, null);

/** The penalty of a batch of m examples, a scalar; null where there is none. */
export function batchPenalty(layers: readonly Layer[], m: number): Tensor | null {
  const activations = ofExamples();
  return plus(
    ofWeights(layers, (perExample) => (perExample ? 1 / m : 1)),
    activations && meanOver(activations),
  );
}

/**
 * The parts of the penalty over examples that come in batches: one value an example, [batch]; what counts as it is; what is
 * divided by the number of all examples. Empty where there is none.
 */
export function penaltyParts(layers: readonly Layer[], batch: number): Tensor[] {
  const activations = ofExamples();
  const [whole, shared] = [ofWeights(layers, (each) => (each ? 0 : 1)), ofWeights(layers, (each) => (each ? 1 : 0))];
  if (!activations && !whole && !shared) return [];
  const zero = toTensor("penalties", 0);
  return [activations ?? stretch(zero, [batch]), whole ?? zero, shared ?? zero];
}
