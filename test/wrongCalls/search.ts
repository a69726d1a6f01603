// Spaces, searches and what they run on.

import * as lanewise from "../../src/index.ts";
import type { Call, Kind } from "./kinds.ts";
import { callable, choice, flag, kind, must, positive, record, seed, size, text } from "./kinds.ts";

const { spaces } = lanewise;

const plain = ["null", "text", "-1", "0", "1.5", "2^31", "[]", "{}", "true"] as const;
const values = kind(plain, [Number.NaN], { a: () => 1 });
const seconds = kind(["1.5"], 2147484);
const never = kind();
const storage = { read: () => "", append: () => {} };
const data = {
  x: [
    [1, 2],
    [3, 4],
  ],
  y: [[1], [2]],
};

const range = (
  name: "uniform" | "logUniform" | "oneMinusLogUniform",
  low: Kind,
  high: Kind,
  valid: [number, number],
): Call => ({
  name: `spaces.${name}`,
  args: [
    ["low", must(low), valid[0]],
    ["high", must(high), valid[1]],
  ],
  run: spaces[name],
});

export const calls: readonly Call[] = [
  range("uniform", kind(["-1", "0", "1.5"], 100, 1e39), kind(["1.5", "2^31"], 1, 1e39), [1, 100]),
  range("logUniform", kind(["1.5"], 100), kind(["1.5", "2^31"], 1), [1, 100]),
  range("oneMinusLogUniform", kind(["0"], 0.9), kind([], 0.5, 1), [0.5, 0.9]),
  {
    name: "spaces.integer",
    args: [["low", must(kind(["-1", "0"], 10)), 1], ["high", must(kind([], 1)), 10], record()],
    options: { log: flag, step: size },
    run: spaces.integer as never,
  },
  {
    name: "spaces.choice",
    args: [["options", must(kind([], [Number.NaN], [() => 1], [new Date(0)], [undefined], [[1n]])), [1, 2]]],
    run: spaces.choice as never,
  },
  {
    name: "spaces.constant",
    args: [["value", must({ ...values, also: [...values.also, spaces.uniform(0, 1), [spaces.uniform(0, 1)]] }), 1]],
    run: spaces.constant as never,
  },
  {
    name: "spaces.conditional",
    args: [
      ["parameter", must(text), "layers"],
      ["when", must(kind(["function"], [Number.NaN], [spaces.uniform(0, 1)])), [1]],
      ["space", must(values), spaces.uniform(0, 1)],
    ],
    run: spaces.conditional as never,
  },
  {
    name: "search",
    args: [
      ["objective", must(kind(["function"], { run: 1 }, "objective.js")), () => 1],
      [
        "space",
        must(
          kind(
            [],
            spaces.uniform(0, 1),
            { a: [1, 2] },
            { a: { b: [1, 2] } },
            { a: undefined },
            { a: Number.NaN },
            { a: spaces.uniform },
            { a: new Date(0) },
            { a: spaces.conditional("none", [1], 2) },
          ),
        ),
        { a: spaces.uniform(0, 1) },
      ],
      record({ direction: "minimize", trials: 1 }),
    ],
    options: {
      direction: must(choice),
      method: choice,
      trials: must(size),
      points: never,
      stages: never,
      zoom: never,
      budget: positive,
      minBudget: never,
      eta: never,
      cv: kind([], 1, { k: 1 }, { k: 2, stratify: 1 }, { k: 2, folds: 3 }),
      seed,
      signal: kind([], { aborted: false }),
      timeLimitSeconds: seconds,
      trialSeconds: seconds,
      steer: callable,
      onTrial: callable,
      journal: kind(["text"], "", [""], [null], { read: () => "" }),
      shard: kind([], "0/4", "5/4", "1/", { index: 1, count: 1 }, { index: 0 }, { index: 0, count: 1, of: 2 }),
    },
    run: lanewise.search as never,
  },
  {
    name: "search, grid",
    args: [record({ direction: "minimize", method: "grid" })],
    options: {
      direction: must(choice),
      trials: never,
      points: kind([], "3", { b: 3 }, { a: 0 }, { a: 1.5 }),
      eta: never,
    },
    run: ((options: never) => lanewise.search(() => 1, { a: spaces.uniform(0, 1) }, options)) as never,
  },
  {
    name: "search, coarseToFine",
    args: [record({ direction: "minimize", method: "coarseToFine", trials: 4 })],
    options: { direction: must(choice), stages: kind([], 5), zoom: kind([], 1, "0.5"), minBudget: never },
    run: ((options: never) => lanewise.search(() => 1, { a: spaces.uniform(0, 1) }, options)) as never,
  },
  {
    name: "search, hyperband",
    args: [record({ direction: "minimize", method: "hyperband", budget: 4 })],
    options: {
      direction: must(choice),
      budget: must(positive),
      minBudget: kind(["1.5"], 5),
      eta: kind(["1.5", "2^31"], 1),
      trials: never,
    },
    run: ((options: never) => lanewise.search(() => 1, { a: spaces.uniform(0, 1) }, options)) as never,
  },
  { name: "inProcess", args: [["objective", must(callable), () => 1]], run: lanewise.inProcess as never },
  { name: "serveTrials", args: [["objective", must(callable), () => 1]], run: lanewise.serveTrials as never },
  {
    name: "inThreads",
    args: [["source", must(kind(["text", "function"], "")), "objective.js"], record()],
    options: { workers: size, exportName: text, silenceSeconds: positive },
    run: lanewise.inThreads as never,
  },
  {
    name: "mergeJournals",
    args: [
      ["sources", must(kind([], [null], [""], [{ read: () => "" }])), [storage]],
      ["target", must(kind(["text"], "", { append: () => {} })), storage],
    ],
    run: lanewise.mergeJournals as never,
  },
  {
    name: "crossValidate",
    args: [["createModel", must(callable), () => 1], ["data", must(kind([], { x: [] }, { y: 5 })), data], record()],
    options: { k: kind([], 1, 3), stratify: flag, seed, fit: kind(["{}"], 1), score: kind(["text", "function"], "") },
    run: lanewise.crossValidate as never,
  },
];
