// A network with one hidden layer beside logistic regression, on points that no straight line separates: the petals of a flower
// (as in the second exercise of Ng's first course). More hidden units bend the boundary more.

import { adam, dense, drawDecisionBoundary, type Model, sequential } from "lanewise";
import type { Found, Given } from "../example.ts";
import { numbersOf } from "../example.ts";

const POINTS = 400;

/** Points [x, y] on six petals, of two kinds in turn, with some noise. */
function flower(seed: number) {
  const next = numbersOf(seed);
  const noise = () => (next() + next() + next() - 1.5) * 0.4;
  const x = new Float32Array(2 * POINTS);
  const y = new Uint8Array(POINTS);
  for (let i = 0; i < POINTS; i++) {
    const label = i % 2;
    const angle = Math.PI * (label + i / POINTS) + noise() * 0.4;
    const radius = 4 * Math.sin(4 * angle) + noise();
    x[2 * i] = radius * Math.sin(angle);
    x[2 * i + 1] = radius * Math.cos(angle);
    y[i] = label;
  }
  return { x, y };
}

async function trained(hidden: number, data: ReturnType<typeof flower>, seed: number): Promise<Model> {
  const out = dense({ units: 2, activation: "softmax" });
  const layers = hidden > 0 ? [dense({ units: hidden, activation: "tanh" }), out] : [out];
  const model = sequential(layers, { inputShape: [2], seed });
  model.compile({
    optimizer: adam({ learningRate: 0.02 }),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  await model.fit(data, { epochs: 300, batchSize: 64 });
  return model;
}

export async function boundary(given: Given): Promise<Found> {
  const data = flower(given.seed);
  const figures: Record<string, number> = {};
  const pictures: Record<string, string> = {};
  for (const hidden of [0, 1, 4, 20]) {
    const model = await trained(hidden, data, given.seed);
    const { accuracy } = await model.evaluate(data);
    const name = hidden === 0 ? "logistic" : `hidden${hidden}`;
    figures[name] = accuracy as number;
    const title = hidden === 0 ? "Logistic regression" : `${hidden} hidden unit${hidden > 1 ? "s" : ""}`;
    pictures[name] = await drawDecisionBoundary(model, data, {
      title: `${title}: ${((accuracy as number) * 100).toFixed(0)} %`,
    });
    given.log(`${title.padEnd(20)} ${((accuracy as number) * 100).toFixed(1)} %`);
  }
  return { figures, pictures };
}
