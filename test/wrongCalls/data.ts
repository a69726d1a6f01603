// Functions of data: splits, folds, selections, labels.

import * as lanewise from "../../src/index.ts";
import type { Call, Kind } from "./kinds.ts";
import { choice, count, flag, kind, maker, must, record, seed, size, text } from "./kinds.ts";

const n = 6;
const valid = () => ({ x: [[1], [2], [3], [4], [5], [6]], y: Uint8Array.of(0, 1, 0, 1, 0, 1) });
const data: Kind = kind(
  [],
  { x: [[1], [2]], y: [1] },
  { x: { data: [1, 2, 3], shape: [2] } },
  { x: { data: [1], shape: [-1] } },
  { x: "text" },
  { x: null },
  { x: [] },
  { x: new Float32Array(4), y: new Float32Array(2) },
  new DataView(new ArrayBuffer(8)),
);
const wrongLabels = [[-1, 0], [0.5], [[]], "abc", ["a"], new Float32Array(0)];
const examples = size;
const parts = {
  ratios: kind(
    [],
    [0.5],
    [0.5, 0.6],
    ["0.5", 0.5],
    [0.2, 0.2, 0.2, 0.4],
    { dev: 1.5 },
    { dev: "0.5" },
    { val: 0.5 },
    "Auto",
  ),
  counts: kind([], [3, 3], { test: 7 }, { test: 1.5 }, { test: -1 }, { train: 2, test: 2 }, { all: 6 }),
  parts: kind([], ["train"], ["dev", "test"], ["train", "val"], ["train", "train"], "train"),
  shuffle: flag,
  seed,
};
const folds = { k: kind([], "3", [3], 1, n + 1), shuffle: flag, seed, examples };
const call = (name: string, args: Call["args"], options: Readonly<Record<string, Kind>>, run: unknown): Call => ({
  name,
  args: [...args, record()],
  options,
  run: run as Call["run"],
});

const scaling = { name: text, trainable: flag, axis: kind(["null", "-1", "0"], "1", [0.5], ["1"]) };
const variance = kind(["0", "1.5", "2^31"], [Number.NaN], ["1"], new Float32Array(0));
const mean = must({ ...variance, accepts: [...variance.accepts, "-1"] });
const range = kind([], [1, 0], [0, 0], [0, 1e39], [0, Number.NaN], ["0", 1], [0]);
/** Options that are right together, and may all be left out. */
const optional = (name: string, run: unknown, valid: object, options: Readonly<Record<string, Kind>>): Call => ({
  name,
  args: [["options", kind(["{}"]), valid]],
  options,
  run: run as Call["run"],
});
const scaler = lanewise.standardize();
lanewise.sequential([scaler], { inputShape: [2] });
const scalable = kind(
  [],
  [[1, Number.NaN]],
  [[1, 2, 3]],
  [1, 2],
  { x: [[1]] },
  { x: null },
  new Float32Array(0),
  new Float32Array(3),
  () => 5,
  () => [null],
  () => [],
);

const dataArgument = (): Call["args"][number] => ["data", must(data), valid()];
const labelsArgument = (labels: Kind): Call["args"][number] => ["labels", must(labels), [0, 1, 1]];

const bytesOf = (...given: number[]): Uint8Array => Uint8Array.from(given);
const pixels = () => ({ data: new Uint8Array(4), width: 1, height: 1 });
const EMPTY_ZIP = bytesOf(0x50, 0x4b, 5, 6, ...new Array(18).fill(0));
const file: Kind = kind([], "", new Uint8Array(0), new Uint8Array(99), "no/such/file");

export const calls: readonly Call[] = [
  call(
    "split",
    [dataArgument()],
    { ...parts, stratify: kind(["true"], [1, 2], ["a"], [0, 1, 0, 1, 0, Number.NaN], "y"), examples },
    lanewise.split,
  ),
  call(
    "splitIndices",
    [["count", must(size), n]],
    { ...parts, stratify: kind([], [1, 2], ["a"], "y"), examples: kind([], n) },
    lanewise.splitIndices,
  ),
  call("kFold", [dataArgument()], folds, lanewise.kFold),
  call(
    "stratifiedKFold",
    [dataArgument()],
    { ...folds, labels: kind([], [1, 2], ["a"], "y") },
    lanewise.stratifiedKFold,
  ),
  call("shuffle", [dataArgument()], { seed, examples }, lanewise.shuffle),
  call(
    "select",
    [dataArgument(), ["indices", must(kind([], [n], [-1], [0.5], ["0"], [null], new Float32Array(0))), [0]]],
    { examples },
    lanewise.select,
  ),
  call(
    "batches",
    [dataArgument()],
    { batchSize: size, shuffle: flag, seed, dropRemainder: flag, epoch: count, examples },
    lanewise.batches,
  ),
  { name: "suggestBatchSize", args: [["examples", must(size), n]], run: lanewise.suggestBatchSize as never },
  call("oneHot", [labelsArgument(kind(["0"], ...wrongLabels))], { classes: kind([], "3", 1) }, lanewise.oneHot),
  call(
    "classWeights",
    [labelsArgument(kind([], [[1, 1]], ...wrongLabels))],
    { classes: kind([], "3", 1) },
    lanewise.classWeights,
  ),
  maker("standardize", lanewise.standardize, scaling),
  optional("standardize, mean", lanewise.standardize, { mean: 0, variance: 1 }, { mean, variance: must(variance) }),
  maker("normalize", lanewise.normalize, { ...scaling, method: kind([], "minmax", "") }),
  optional("normalize, minMax", lanewise.normalize, { method: "minMax" }, { range }),
  { name: "layer.adapt", args: [["x", must(scalable), [[1, 2]]]], run: scaler.adapt as never },
  call(
    "fromImage",
    [["source", must(kind([], { ...pixels(), width: 2 }, { ...pixels(), data: [0, 0, 0, 0] }, [1])), pixels()]],
    { channels: choice, background: kind([], [0, 0], [0, 0, 256], ["0", 0, 0]) },
    lanewise.fromImage,
  ),
  { name: "readIdx", args: [["", must(file), bytesOf(0, 0, 8, 1, 0, 0, 0, 1, 5)]], run: lanewise.readIdx as never },
  { name: "readNpy", args: [["", must(file), lanewise.writeNpy([1])]], run: lanewise.readNpy as never },
  { name: "readNpz", args: [["", must(file), EMPTY_ZIP]], run: lanewise.readNpz as never },
  {
    name: "writeNpy",
    args: [["values", must(kind(["[]", "NaN", "Infinity", "-1", "0", "1.5", "2^31"], ["1"], [[1], [1, 2]])), [1]]],
    run: lanewise.writeNpy as never,
  },
  call(
    "readCsv",
    [
      [
        "",
        must(kind([], "", bytesOf(), bytesOf(97), { text: 5 }, { text: "" }, "no/such/file")),
        { text: "a,b\n1,2\n" },
      ],
    ],
    {
      header: flag,
      delimiter: kind([], "", ",,", '"', "\n"),
      columns: kind([], ["c"], ["a", "a"], "a"),
      target: kind(["0", "-1"], "c", 2, -3, ["a", "b"], [1]),
      categories: kind(["{}"], ["c"], "a", { a: [1] }, { a: "1" }, { a: ["0", "0"] }),
      empty: choice,
      emptyTexts: kind([], "NA", [1]),
    },
    lanewise.readCsv,
  ),
];
