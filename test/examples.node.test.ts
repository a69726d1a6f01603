// The examples with their targets, as `node examples/run.mjs NAME` runs them.

import { readFile } from "node:fs/promises";
import { augmentation } from "../examples/augmentation/augmentation.ts";
import { boundary } from "../examples/boundary/boundary.ts";
import type { Found, Given } from "../examples/example.ts";
import { logistic } from "../examples/logistic/logistic.ts";
import { normalization } from "../examples/normalization/normalization.ts";
import { optimizers } from "../examples/optimizers/optimizers.ts";
import { regularization } from "../examples/regularization/regularization.ts";
import { assert, suite } from "./harness.ts";
import { requireSvg } from "./svgChecks.ts";

const given: Given = {
  seed: 1,
  read: (name) => readFile(name.endsWith("ubyte") ? `.cache/tests/mnist/${name}` : `examples/data/${name}`),
  log: () => {},
};

/** What must hold of the figures, in words of code. */
type Target = (figures: Record<string, number>) => Readonly<Record<string, boolean>>;

const examples: readonly (readonly [run: (given: Given) => Promise<Found>, pictures: number, target: Target])[] = [
  [
    logistic,
    2,
    ({ testAccuracy = 0, firstCost = 0, lastCost = 1, rises }) => ({
      "test accuracy at least 90 %": testAccuracy >= 0.9,
      "the first cost is log 2": Math.abs(firstCost - Math.LN2) < 1e-6,
      "the cost falls with every step": rises === 0 && lastCost < 0.17,
    }),
  ],
  [
    boundary,
    4,
    ({ logistic = 1, hidden1 = 1, hidden4 = 0, hidden20 = 0 }) => ({
      "no line separates the petals": logistic < 0.6 && hidden1 < 0.8,
      "four units do": hidden4 >= 0.94,
      "and twenty": hidden20 >= 0.94,
    }),
  ],
  [
    regularization,
    4,
    ({ noneTrain = 0, noneTest = 1, l2Train = 1, l2Test = 0, dropoutTrain = 1, dropoutTest = 0 }) => ({
      "without, the network overfits": noneTrain - noneTest > 0.1,
      "L2 closes the gap and is better": l2Train - l2Test < 0.06 && l2Test > noneTest + 0.02,
      "dropout, too": dropoutTrain - dropoutTest < 0.06 && dropoutTest > noneTest + 0.02,
    }),
  ],
  [
    optimizers,
    1,
    ({ sgdLoss = 0, momentumLoss = 1, rmspropLoss = 1, adamLoss = 1, adamAccuracy = 0 }) => ({
      "all are four times lower than gradient descent": Math.max(momentumLoss, rmspropLoss, adamLoss) < sgdLoss / 4,
      "Adam's test accuracy is at least 96 %": adamAccuracy >= 0.96,
    }),
  ],
  [
    normalization,
    3,
    ({ plainAccuracy = 1, normalizedAccuracy = 0 }) => ({
      "eight sigmoid layers do not learn": plainAccuracy < 0.4,
      "with batch normalisation they do": normalizedAccuracy >= 0.96,
    }),
  ],
  [augmentation, 3, ({ accuracy = 0 }) => ({ "at least 99.3 % of the test images": accuracy >= 0.993 })],
];

suite("examples", (test) => {
  for (const [run, count, target] of examples) {
    test(run.name, async () => {
      const { figures, pictures } = await run(given);
      for (const [what, holds] of Object.entries(target(figures)))
        assert.ok(holds, `${what}: ${JSON.stringify(figures)}`);
      assert.is(Object.keys(pictures).length, count);
      for (const svg of Object.values(pictures)) requireSvg(svg);
    });
  }
});
