// The verdicts of layerReport, and its table.

import { percent, short, textTable } from "../text.ts";
import type { LayerReport, LayerStatistics, LayerVerdict, Measured } from "./layerReport.ts";

/** Gradients and activations this many times larger or smaller than at the other end of the network are no good sign. */
const FACTOR = 1000;
/** Dead units or saturated values are many above this share. */
const SHARE = 0.5;

interface Ends {
  /** Root mean square of the first layer's activations. */
  readonly activation: number;
  /** Norm of the gradient at the last layer that one reaches. */
  readonly gradient: number;
}

const sizeOfActivations = ({ activations }: Measured, values: number): number => activations.norm / Math.sqrt(values);

function verdictOf(layer: Measured, values: number, ends: Ends): [LayerVerdict, string] {
  const { activations, gradients, deadShare, saturatedShare } = layer;
  if (activations.nonFinite > 0) return ["exploding", `${activations.nonFinite} activations are not finite`];
  if (gradients && gradients.nonFinite > 0) return ["exploding", `${gradients.nonFinite} gradients are not finite`];
  if (deadShare !== null && deadShare > SHARE)
    return ["dead", `${percent(deadShare)} of the units are 0 for every example, more than ${percent(SHARE)}`];
  if (saturatedShare !== null && saturatedShare > SHARE)
    return ["saturated", `${percent(saturatedShare)} of the values are at the flat ends, more than ${percent(SHARE)}`];
  for (const [what, size, end, place] of [
    ["gradient", gradients?.norm ?? null, ends.gradient, "last layer's"],
    ["activation", sizeOfActivations(layer, values), ends.activation, "first layer's"],
  ] as const) {
    if (size === null || end === 0) continue;
    const ratio = size / end;
    const text = `the ${what} has ${short(ratio)} times the size of the ${place}`;
    if (ratio > FACTOR) return ["exploding", `${text}, more than ${FACTOR}`];
    if (ratio < 1 / FACTOR) return ["vanishing", `${text}, less than 1/${FACTOR}`];
  }
  return ["fine", ""];
}

/** Measured layers with their verdicts, from all layers of one report. */
export function judge(measured: readonly Measured[], examples: number): LayerStatistics[] {
  const valuesOf = ({ outputShape }: Measured): number =>
    outputShape.slice(1).reduce<number>((size, n) => size * (n ?? 1), examples);
  const first = measured.find(({ activations }) => activations.nonFinite === 0);
  const last = [...measured].reverse().find(({ gradients }) => gradients && gradients.norm > 0);
  const ends = {
    activation: first ? sizeOfActivations(first, valuesOf(first)) : 0,
    gradient: last?.gradients?.norm ?? 0,
  };
  return measured.map((layer) => {
    const [verdict, reason] = verdictOf(layer, valuesOf(layer), ends);
    return { ...layer, verdict, reason };
  });
}

export function printReport({ loss, examples, layers }: Omit<LayerReport, "toString">): string {
  const header = ["layer", "activations", "deviation", "gradients", "dead", "saturated", "update/weight", "verdict"];
  const optional = (value: number | null, print: (value: number) => string): string =>
    value === null ? "" : print(value);
  const rows = layers.map((layer) => [
    layer.name,
    short(layer.activations.mean),
    short(layer.activations.deviation),
    optional(layer.gradients?.deviation ?? null, short),
    optional(layer.deadShare, percent),
    optional(layer.saturatedShare, percent),
    optional(layer.updateRatio, short),
    layer.verdict,
  ]);
  const reasons = layers.flatMap(({ name, reason }) => (reason ? [`${name}: ${reason}.`] : []));
  return [
    `loss ${short(loss)}, ${examples} examples`,
    ...textTable([header, ...rows], [1, 2, 3, 4, 5, 6]),
    ...reasons,
  ].join("\n");
}
