// Scores on arrays: against definitions in numpy (golden/metrics.py), the examples of scikit-learn's pages, and edges. pick.

import type { Values } from "../src/index.ts";
import { classificationReport, confusionMatrix, pick, scores } from "../src/index.ts";
import { throwsError } from "./errors.ts";
import golden from "./golden/metrics.json";
import { assert, suite } from "./harness.ts";

const { labels, probabilities, binary, targets, predictions } = golden;

function near(got: number, want: number, what = "value", relative = 1e-12): void {
  assert.ok(Math.abs(got - want) <= relative * Math.max(1, Math.abs(want)), `${what} is ${got}, expected ${want}`);
}

suite("scores", (test) => {
  for (const kind of ["plain", "weighted"] as const) {
    const want = golden[kind];
    const weight = kind === "weighted" ? { sampleWeight: golden.weights } : {};

    test(`classes, ${kind}`, () => {
      const matrix = confusionMatrix(labels, probabilities, weight);
      assert.equal(matrix.counts, want.confusion);
      near(scores.accuracy(labels, probabilities, weight), want.micro, "accuracy");
      for (const [i, score] of (["precision", "recall", "f1"] as const).entries()) {
        const of = scores[score];
        for (const average of ["macro", "weighted"] as const)
          near(of(labels, probabilities, { ...weight, average }), want[average][i] as number, `${score} ${average}`);
        near(of(labels, probabilities, { ...weight, average: "micro" }), want.micro, `${score} micro`);
        near(of(labels, probabilities, weight), want.macro[i] as number, `${score}, macro by default`);
        near(of(binary, golden.scores, weight), want.binary[i] as number, `${score} binary`);
      }
      const report = classificationReport(labels, probabilities, weight);
      for (const [c, [p, r, f, support]] of want.perClass.entries()) {
        const row = report.classes[c] as (typeof report.classes)[number];
        near(row.precision, p as number);
        near(row.recall, r as number);
        near(row.f1, f as number);
        assert.is(row.support, support);
      }
      near(report.macro.f1, want.macro[2] as number);
      near(report.weighted.f1, want.weighted[2] as number);
      near(report.accuracy, want.micro);
    });

    test(`rankings, ${kind}`, () => {
      near(scores.rocAuc(binary, golden.scores, weight), want.auc, "auc");
      near(scores.averagePrecision(binary, golden.scores, weight), want.ap, "average precision");
      near(scores.rocAuc(labels, probabilities, weight), want.aucOvr, "auc of classes");
      near(scores.averagePrecision(labels, probabilities, weight), want.apOvr, "average precision of classes");
      near(scores.topKAccuracy(labels, probabilities, { ...weight, k: 2 }), want.top2, "top 2");
      const curve = scores.rocCurve(binary, golden.scores, weight);
      const area = curve.reduce((sum, point, i) => {
        const before = curve[i - 1] ?? point;
        const width = point.falsePositiveRate - before.falsePositiveRate;
        return sum + (width * (point.truePositiveRate + before.truePositiveRate)) / 2;
      }, 0);
      near(area, want.auc, "area under the curve");
    });

    test(`errors, ${kind}`, () => {
      near(scores.logLoss(labels, probabilities, weight), want.logLoss, "log loss");
      near(scores.logLoss(binary, golden.scores, weight), want.binaryLogLoss, "binary log loss");
      near(scores.r2(targets, predictions, weight), want.r2, "r2", 1e-9);
      near(scores.meanAbsoluteError(targets, predictions, weight), want.mae, "mae");
      near(scores.meanSquaredError(targets, predictions, weight), want.mse, "mse");
      near(scores.rootMeanSquaredError(targets, predictions, weight), Math.sqrt(want.mse), "rmse");
    });
  }

  test("the examples of scikit-learn's pages", () => {
    const [y, p] = [
      [2, 0, 2, 2, 0, 1],
      [0, 0, 2, 2, 0, 2],
    ];
    assert.equal(confusionMatrix(y as number[], p as number[]).counts, [
      [2, 0, 0],
      [0, 0, 1],
      [1, 0, 2],
    ]);
    assert.is(scores.rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 0.75);
    near(scores.averagePrecision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 5 / 6);
    const spam = [
      [0.1, 0.9],
      [0.9, 0.1],
      [0.8, 0.2],
      [0.35, 0.65],
    ];
    near(scores.logLoss([1, 0, 0, 1], spam), 0.21616187468057912);
    near(scores.r2([3, -0.5, 2, 7], [2.5, 0, 2, 8]), 0.9486081370449679);
    const [truth, guess] = [
      [0, 1, 2, 0, 1, 2],
      [0, 2, 1, 0, 0, 1],
    ] as [number[], number[]];
    near(scores.precision(truth, guess, { average: "macro" }), 2 / 9);
    near(scores.recall(truth, guess, { average: "weighted" }), 1 / 3);
    near(scores.f1(truth, guess, { average: "macro" }), 4 / 15);
    near(scores.f1(truth, guess, { average: "micro" }), 1 / 3);
  });

  test("forms of labels and predictions", () => {
    const oneHot = labels.map((label) => [0, 1, 2, 3].map((c) => Number(c === label)));
    const flat = { data: Float32Array.from(probabilities.flat()), shape: [labels.length, 4] };
    const want = confusionMatrix(labels, probabilities).counts;
    for (const [l, p] of [
      [oneHot, flat],
      [Uint8Array.from(labels), flat],
      [labels, probabilities.map((row) => row.indexOf(Math.max(...row)))],
      [labels.map((label) => [label]), probabilities],
    ] as [Values, Values][])
      assert.equal(confusionMatrix(l, p).counts, want);
    assert.equal(confusionMatrix([0, 1, 1], [[0.2], [0.7], [0.4]]).counts, [
      [1, 0],
      [1, 1],
    ]);
    assert.equal(confusionMatrix([0, 1, 1], [0.2, 0.7, 0.4], { threshold: 0.3 }).counts, [
      [1, 0],
      [0, 2],
    ]);
    assert.equal(
      confusionMatrix([0, 1], [0, 1], { normalize: "all", classes: ["cat", "dog"] })
        .toString()
        .split("\n"),
      ["       cat    dog", "cat  0.500  0.000", "dog  0.000  0.500"],
    );
  });

  test("a matrix of a thousand classes: shares of labels, of predictions, of all", () => {
    const n = 1000;
    const l = Array.from({ length: 2 * n }, (_, i) => i % n);
    const p = l.map((label, i) => (i < n ? label : 0));
    assert.is(confusionMatrix(l, p).counts[7]?.[0], 1);
    for (const [normalize, want] of [
      ["labels", 1 / 2],
      ["predictions", 1 / (n + 1)],
      ["all", 1 / (2 * n)],
    ] as const) {
      const { counts } = confusionMatrix(l, p, { normalize });
      assert.is(counts[7]?.[0], want);
      assert.is(counts[7]?.[8], 0);
    }
  });

  test("edges: nothing predicted, one class, equal scores, constant targets", () => {
    assert.is(scores.precision([1, 1], [0, 0]), 0);
    assert.is(scores.recall([0, 0], [1, 1]), 0);
    assert.is(scores.f1([0, 0], [0, 0]), 0);
    assert.ok(Number.isNaN(scores.rocAuc([1, 1], [0.1, 0.9])));
    assert.ok(Number.isNaN(scores.rocAuc([0, 1], [Number.NaN, 0.9])));
    assert.ok(Number.isNaN(scores.averagePrecision([0, 0], [0.1, 0.9])));
    assert.is(scores.rocAuc([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]), 0.5);
    assert.is(scores.rocAuc([0], [0.5, 0.5].slice(1)).toString(), "NaN");
    near(
      scores.rocAuc(binary, golden.scores) +
        scores.rocAuc(
          binary,
          golden.scores.map((s) => -s),
        ),
      1,
    );
    assert.is(scores.r2([5, 5], [5, 5]), 1);
    assert.is(scores.r2([5, 5], [5, 6]), 0);
    assert.ok(Number.isNaN(scores.r2([5], [5])));
    // large means do not spoil it
    near(scores.r2([1e9, 1e9 + 1, 1e9 + 2], [1e9, 1e9 + 1, 1e9 + 3]), 0.5);
    near(scores.logLoss([1], [0]), -Math.log(2 ** -52));
    near(scores.logLoss([1], Float32Array.of(0)), -Math.log(2 ** -23));
    near(scores.logLoss([1, 0], [-800, 3], { fromLogits: true }), (800 + Math.log(1 + Math.exp(3))) / 2);
    near(scores.logLoss([0], [[1000, 1001]], { fromLogits: true }), Math.log(1 + Math.E));
    assert.is(scores.topKAccuracy([2], [[1, 1, 1]], { k: 2 }), 0);
    assert.is(scores.topKAccuracy([1], [[1, 1, 1]], { k: 2 }), 1);
  });

  test("classes that weigh nothing have no curve, classes of all examples have precision 1", () => {
    const rows = [
      [0.5, 0.2, 0.3],
      [0.1, 0.7, 0.2],
      [0.2, 0.3, 0.5],
      [0.3, 0.5, 0.2],
    ];
    // class 2 weighs nothing: the mean of classes 0 and 1, both in perfect order
    assert.is(scores.rocAuc([0, 1, 2, 1], rows, { sampleWeight: [1, 1, 0, 1] }), 1);
    assert.is(scores.averagePrecision([1, 1, 1, 1], rows), 1);
  });

  test("sums of weights are printed without the digits of their rounding", () => {
    const sampleWeight = [0.1, 0.2, 0.3];
    assert.match(String(confusionMatrix([0, 0, 1], [0, 0, 1], { sampleWeight })), /^0 +0\.3 +0\n/m);
    assert.match(String(classificationReport([0, 0, 1], [0, 0, 1], { sampleWeight })), /^0 .* 0\.3$/m);
  });

  test("wrong arrays are refused", () => {
    throwsError(() => scores.accuracy([], []), "empty-data", "labels");
    throwsError(() => scores.accuracy([0, 1], [0]), "shape-mismatch", "as many");
    throwsError(() => scores.accuracy([0.5], [0]), "invalid-argument", "labels");
    throwsError(() => scores.accuracy([-1], [0]), "invalid-argument", "labels");
    for (const row of [[0.7, 0.3], [1, 1], [0, 0], [2, 0], [Number.NaN, 1]]) // biome-ignore format: one
      throwsError(() => scores.accuracy([[0, 1], row], [1, 0]), "invalid-argument", "but example 1 is [");
    const swapped = "labels must be class indices, or one-hot rows";
    for (const call of [
      confusionMatrix,
      classificationReport,
      scores.accuracy,
      scores.f1,
      scores.precision,
      scores.recall,
    ])
      throwsError(() => call(probabilities, labels), "invalid-argument", swapped);
    throwsError(() => scores.logLoss(probabilities, labels), "invalid-argument", "are the arguments swapped?");
    throwsError(() => confusionMatrix([0, 5], [0, 1], { classes: 3 }), "invalid-argument", "class 5");
    throwsError(() => scores.rocAuc([0, 2], [0.1, 0.2]), "invalid-argument", "labels");
    throwsError(() => scores.f1([0, 2], [0, 1], { average: "binary" }), "invalid-argument", "binary");
    throwsError(() => scores.logLoss([0], [2]), "invalid-argument", "fromLogits");
    throwsError(() => scores.accuracy([0], [0], { sampleWeight: [-1] }), "invalid-argument", "sampleWeight");
    throwsError(() => scores.r2([[1, 2]], [[1]]), "shape-mismatch", "a row");
    throwsError(() => confusionMatrix([65536], [0]), "invalid-argument", "class 65536");
    for (const run of [() => confusionMatrix([65535], [0]), () => confusionMatrix([0], [0], { classes: 4097 })])
      throwsError(run, "invalid-argument", "at most 4096 classes");
    assert.is(classificationReport([65535], [0]).classes.length, 65536);
  });

  test("logits and NaN are no probabilities of the class 1, unless a threshold says what is above", () => {
    throwsError(() => scores.accuracy([0, 1], [-2.5, 0.5]), "invalid-argument", "predictions");
    throwsError(() => scores.accuracy([0, 1], [0.25, Number.NaN]), "invalid-argument", "example 1");
    const rows = { data: [0.1, 0.9, Number.NaN, 0.5], shape: [2, 2] };
    throwsError(() => scores.accuracy([1, 0], rows), "non-finite", "example 1");
    assert.is(scores.accuracy([0, 1], [-2.5, 0.25], { threshold: 0 }), 1);
    assert.is(scores.accuracy([0, 1], [0, 0.5]), 0.5);
  });
});

suite("pick", (test) => {
  // the course's three classifiers: accuracy, and running time in milliseconds
  const classifiers = [
    { name: "A", accuracy: 0.9, runtimeMs: 80 },
    { name: "B", accuracy: 0.92, runtimeMs: 95 },
    { name: "C", accuracy: 0.95, runtimeMs: 1500 },
  ];

  test("the best of those that satisfy the limits", () => {
    const picked = pick(classifiers, { optimize: "accuracy", subjectTo: { runtimeMs: { max: 100 } } });
    assert.is(picked.best?.name, "B");
    assert.is(picked.index, 1);
    assert.equal(
      picked.excluded.map(({ index, reasons }) => [index, reasons]),
      [[2, ["runtimeMs is 1500, at most 100"]]],
    );
    assert.is(picked.nearest, null);
    assert.match(String(picked), /^candidate 1, accuracy 0.92\ncandidate 2 is left out/);
    assert.is(pick(classifiers, { optimize: { minimize: "runtimeMs" } }).best?.name, "A");
    assert.is(pick(classifiers, { optimize: { maximize: "runtimeMs" } }).best?.name, "C");
  });

  test("limits are inclusive, equal candidates the first, NaN is left out", () => {
    const same = [{ a: Number.NaN }, { a: 1 }, { a: 1 }];
    const picked = pick(same, { optimize: "a", subjectTo: { a: { max: 1, min: 1 } } });
    assert.is(picked.index, 1);
    assert.equal(picked.excluded[0]?.reasons, ["a is NaN"]);
    assert.is(pick([{ a: -5 }], { optimize: "a" }).index, 0);
  });

  test("where none satisfies the limits the nearest is named", () => {
    const picked = pick(classifiers, {
      optimize: "accuracy",
      subjectTo: { runtimeMs: { max: 50 }, accuracy: { min: 0.91 } },
    });
    assert.is(picked.best, null);
    assert.is(picked.index, -1);
    assert.is(picked.nearest?.candidate.name, "A"); // 30 / 50 + 0.01 / 0.91
    near(picked.nearest?.violation as number, 0.6 + 0.01 / 0.91);
    assert.match(String(picked), /nearest is candidate 0/);
  });

  test("wrong calls", () => {
    throwsError(() => pick([], { optimize: "a" }), "empty-data", "candidates");
    throwsError(() => pick([{ a: 1 }, { b: 1 }], { optimize: "a" }), "invalid-argument", "candidates[1].a");
    throwsError(() => pick([{ a: 1 }], { optimize: "a", subjectTo: { a: {} } }), "invalid-argument", "subjectTo.a");
    throwsError(() => pick([{ a: 1 }], { optimize: { best: "a" } as never }), "invalid-argument", "optimize");
  });
});
