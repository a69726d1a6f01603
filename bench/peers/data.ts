// The same weights and the same batch for every library, written to a file that also Python reads: float32, weights in
// the order of the model's layers, then inputs [batch, ...inputShape], then labels.

import { readFileSync, writeFileSync } from "node:fs";
import type { Placed, PlacedModel } from "./models.ts";
import { CLASSES, flatLayers, sizeOf } from "./models.ts";

export interface RowData {
  /** A weight's values. */
  weight(placed: Placed): Float32Array<ArrayBuffer>;
  readonly x: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Numbers from 0 to 1 that are the same everywhere (mulberry32). */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Glorot's uniform distribution (2010) for kernels, ones for scales and variances, zeros for the rest. */
function valueSource(name: string, shape: readonly number[], random: () => number): () => number {
  if (name !== "kernel") return () => (name === "gamma" || name === "movingVariance" ? 1 : 0);
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const positions = sizeOf(shape.slice(0, -2));
  const limit = Math.sqrt(6 / (positions * (inputs + outputs)));
  return () => (2 * random() - 1) * limit;
}

/** Writes weights, inputs and labels of a model; as bytes the inputs are mostly zero, as digits are. */
export function writeRowData(path: string, model: PlacedModel, batch: number): void {
  const random = randomSource(1);
  const inputs = batch * sizeOf(model.inputShape);
  const all = new Float32Array(model.weightCount + inputs + batch);
  for (const { weights } of flatLayers(model.layers)) {
    for (const [name, { offset, shape }] of Object.entries(weights)) {
      const value = valueSource(name, shape, random);
      for (let i = 0; i < sizeOf(shape); i++) all[offset + i] = value();
    }
  }
  const byte = () => (random() < 0.2 ? Math.floor(256 * random()) : 0);
  const value = model.input === "bytes" ? byte : random;
  for (let i = 0; i < inputs; i++) all[model.weightCount + i] = value();
  for (let i = 0; i < batch; i++) all[model.weightCount + inputs + i] = i % CLASSES;
  writeFileSync(path, all);
}

/** Reads what writeRowData wrote. */
export function readRowData(path: string, model: PlacedModel, batch: number): RowData {
  const bytes = new Uint8Array(readFileSync(path)); // a copy, so that it begins where a number may begin
  const all = new Float32Array(bytes.buffer);
  const inputs = batch * sizeOf(model.inputShape);
  return {
    weight: ({ offset, shape }) => all.slice(offset, offset + sizeOf(shape)),
    x: all.slice(model.weightCount, model.weightCount + inputs),
    labels: Int32Array.from(all.subarray(model.weightCount + inputs)),
  };
}
