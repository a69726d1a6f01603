// Where errors come from: the gaps of diagnose, categories of errors, labels that may be wrong.

import { diagnose, errorAnalysis, suspectLabels } from "../src/index.ts";
import { throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";

suite("diagnose", (test) => {
  test("bias where people are far better, variance where they are not", () => {
    // the course's cats: 8 % and 10 % mean one thing beside people at 1 %, another beside people at 7.5 %
    const biased = diagnose({ human: 0.01, train: 0.08, dev: 0.1 });
    assert.is(biased.avoidableBias, 0.07);
    assert.is(biased.variance, 0.02);
    assert.is(biased.focus, "avoidableBias");
    const varied = diagnose({ human: 0.075, train: 0.08, dev: 0.1 });
    assert.is(varied.avoidableBias, 0.005);
    assert.is(varied.focus, "variance");
    assert.equal([biased.dataMismatch, biased.overfittingToDev], [null, null]);
  });

  test("all gaps, the largest first, equal ones in the order of the chain", () => {
    const all = diagnose({ human: 0.04, train: 0.07, trainDev: 0.1, dev: 0.12, test: 0.12 });
    assert.equal(
      all.gaps.map(({ name, value, difference }) => [name, value, difference]),
      [
        ["avoidableBias", 0.03, "train - human"],
        ["variance", 0.03, "trainDev - train"],
        ["dataMismatch", 0.02, "dev - trainDev"],
        ["overfittingToDev", 0, "test - dev"],
      ],
    );
    assert.is(all.focus, "avoidableBias");
    const mismatch = diagnose({ human: 0, train: 0.01, trainDev: 0.015, dev: 0.1, test: 0.2 });
    assert.equal(
      mismatch.gaps.map(({ name }) => name),
      ["overfittingToDev", "dataMismatch", "avoidableBias", "variance"],
    );
  });

  test("more data is a remedy for variance and never for bias", () => {
    const { gaps } = diagnose({ human: 0, train: 0.1, trainDev: 0.2, dev: 0.3, test: 0.4 });
    const remediesOf = (name: string) => gaps.find((gap) => gap.name === name)?.remedies ?? [];
    assert.ok(remediesOf("avoidableBias").length >= 3);
    assert.not.ok(remediesOf("avoidableBias").some((remedy) => /\bdata\b/.test(remedy)));
    assert.ok(remediesOf("variance").some((remedy) => remedy.includes("more data")));
    assert.ok(remediesOf("dataMismatch").some((remedy) => remedy.includes("synthesise")));
    assert.ok(remediesOf("overfittingToDev").some((remedy) => remedy.includes("bigger dev set")));
  });

  test("without a human error the Bayes error is 0, and it is said", () => {
    const { avoidableBias, notes, gaps } = diagnose({ train: 0.08, dev: 0.1 });
    assert.is(avoidableBias, 0.08);
    assert.ok(notes.some((note) => note.includes("Bayes error is taken as 0")));
    assert.is(gaps[0]?.difference, "train - 0");
  });

  test("better than people: no bias to work on, and what it may mean", () => {
    const { avoidableBias, focus, notes } = diagnose({ human: 0.005, train: 0.003, dev: 0.004 });
    assert.is(avoidableBias, -0.002);
    assert.is(focus, "variance");
    assert.ok(notes.some((note) => note.includes("0.2 %") && note.includes("can no longer be told")));
  });

  test("nothing left, and errors that fall from set to set", () => {
    const none = diagnose({ human: 0, train: 0, trainDev: 0, dev: 0, test: 0 });
    assert.is(none.focus, null);
    assert.equal(none.remedies, []);
    assert.ok(String(none).includes("No gap is left."));
    const easier = diagnose({ human: 0.04, train: 0.07, trainDev: 0.1, dev: 0.06, test: 0.05 });
    assert.is(easier.dataMismatch, -0.04);
    assert.is(easier.overfittingToDev, -0.01);
    assert.ok(easier.notes.some((note) => note.includes("easier")));
  });

  test("prints as a table", () => {
    assert.is(
      String(diagnose({ human: 0.01, train: 0.08, trainDev: 0.09, dev: 0.1 })),
      [
        "gap             size  is",
        "avoidable bias   7 %  train - human",
        "variance         1 %  trainDev - train",
        "data mismatch    1 %  dev - trainDev",
        "",
        "Work on avoidable bias first:",
        "- train a bigger network: more units, more layers",
        "- train longer, or with a better optimizer: momentum, RMSprop, Adam, a schedule",
        "- search another architecture or other hyperparameters",
        "- regularise less",
      ].join("\n"),
    );
  });

  test("percents in place of fractions are refused", () => {
    throwsError(() => diagnose({ train: 8, dev: 10 }), "invalid-argument", "0.08 for 8 %");
    throwsError(() => diagnose({ train: 0.1 } as never), "invalid-argument", "dev");
  });
});

suite("error analysis", (test) => {
  // 1000 examples of class 0, 100 of them wrong: 8 dogs, 43 great cats, 61 blurry, of which 12 are great cats, too
  const predictions = Int32Array.from({ length: 1000 }, (_, i) => (i < 100 ? 1 : 0));
  const labels = new Int32Array(1000);
  const tagsOf = (i: number): string[] => [
    ...(i < 8 ? ["dog"] : []),
    ...(i >= 8 && i < 51 ? ["great cat"] : []),
    ...((i >= 39 && i < 100) || (i >= 100 && i < 139) ? ["blurry"] : []),
  ];
  const tags = Array.from({ length: 1000 }, (_, i) => tagsOf(i));

  test("counts, shares, gains, overlapping tags", () => {
    const found = errorAnalysis(predictions, labels, tags);
    assert.equal([found.examples, found.errors, found.errorRate], [1000, 100, 0.1]);
    assert.equal(
      found.categories.map(({ tag, errors, share, gain, examples, errorRate }) => [
        tag,
        errors,
        share,
        gain,
        examples,
        errorRate,
      ]),
      [
        ["blurry", 61, 0.61, 0.061, 100, 0.61],
        ["great cat", 43, 0.43, 0.043, 43, 1],
        ["dog", 8, 0.08, 0.008, 8, 1],
      ],
    );
    assert.equal(found.categories[2]?.indices, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.is(String(found).split("\n")[0], "100 of 1000 examples are wrong: 10 %");
    assert.match(String(found), /blurry +61 +61 % +6\.1 % +61 %/);
  });

  test("a record of flags says the same as lists", () => {
    const record = {
      dog: tags.map((list) => list.includes("dog")),
      "great cat": Uint8Array.from(tags, (list) => Number(list.includes("great cat"))),
      blurry: tags.map((list) => list.includes("blurry")),
    };
    assert.equal(
      errorAnalysis(predictions, labels, record).categories,
      errorAnalysis(predictions, labels, tags).categories,
    );
  });

  test("probabilities, one-hot labels, errors without a tag", () => {
    const rows = [
      [0.9, 0.1, 0],
      [0.2, 0.3, 0.5],
      [0.1, 0.8, 0.1],
      [0.4, 0.3, 0.3],
    ];
    const oneHot = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    const { errors, categories } = errorAnalysis(rows, oneHot, [["a"], ["a"], ["b"], []]);
    assert.is(errors, 2);
    assert.equal(
      categories.map(({ tag, indices }) => [tag, indices]),
      [
        ["a", [1]],
        ["(no tag)", [3]],
        ["b", []],
      ],
    );
    const binary = errorAnalysis([[0.9], [0.4], [0.2]], [1, 1, 0], [["a"], ["b"], []]);
    assert.equal([binary.errors, binary.categories[0]?.tag], [1, "b"]);
  });

  test("no error at all", () => {
    const { categories, errorRate } = errorAnalysis([1, 0], [1, 0], [["a"], []]);
    assert.is(errorRate, 0);
    assert.equal(
      categories.map(({ tag, share, gain }) => [tag, share, gain]),
      [["a", 0, 0]],
    );
  });

  test("what does not fit", () => {
    throwsError(() => errorAnalysis([1, 0], [1], [[], []]), "shape-mismatch", "predictions has 2");
    throwsError(() => errorAnalysis([1, 0], [1, 0], [[]]), "shape-mismatch", "tags has 1");
    throwsError(() => errorAnalysis([1, 0], [1, 0], { a: [true] }), "shape-mismatch", "tags.a has 1");
    throwsError(() => errorAnalysis([1, 2.5], [1, 0], [[], []]), "invalid-argument", "example 1");
    throwsError(() => errorAnalysis([], [], []), "empty-data", "predictions");
    const probabilities = [
      [0.7, 0.3],
      [0.2, 0.8],
    ];
    const swapped = "labels must be class indices, or one-hot rows";
    throwsError(() => errorAnalysis([0, 1], probabilities, [[], []]), "invalid-argument", swapped);
    throwsError(() => suspectLabels([0, 1], probabilities), "invalid-argument", "are the arguments swapped?");
  });
});

suite("suspect labels", (test) => {
  const probabilities = [
    [0.95, 0.03, 0.02],
    [0.01, 0.98, 0.01],
    [0.5, 0.3, 0.2],
    [0.02, 0.05, 0.93],
    [0, 0, 1],
  ];

  test("confident and wrong, the surest first", () => {
    assert.equal(suspectLabels(probabilities, [0, 0, 1, 1, 0]), [
      { index: 4, label: 0, predicted: 2, confidence: 1, labelProbability: 0 },
      { index: 1, label: 0, predicted: 1, confidence: 0.98, labelProbability: 0.01 },
      { index: 3, label: 1, predicted: 2, confidence: 0.93, labelProbability: 0.05 },
    ]);
  });

  test("confidence and limit", () => {
    const indices = (options: object) =>
      suspectLabels(probabilities, [0, 0, 1, 1, 0], options).map(({ index }) => index);
    assert.equal(indices({ confidence: 0.97 }), [4, 1]);
    assert.equal(indices({ confidence: 0 }), [4, 1, 3, 2]);
    assert.equal(indices({ limit: 1 }), [4]);
    assert.equal(indices({ confidence: 1 }), [4]);
  });

  test("one probability an example: of the class 1", () => {
    assert.equal(suspectLabels([[0.75], [0.0625], [0.5]], [0, 1, 0], { confidence: 0.7 }), [
      { index: 1, label: 1, predicted: 0, confidence: 0.9375, labelProbability: 0.0625 },
      { index: 0, label: 0, predicted: 1, confidence: 0.75, labelProbability: 0.25 },
    ]);
  });

  test("what is no probability, no label, or not as many", () => {
    throwsError(() => suspectLabels([[1.5, 0]], [0]), "invalid-argument", "probabilities");
    throwsError(() => suspectLabels([[0.5, 0.5]], [2]), "invalid-argument", "labels");
    throwsError(() => suspectLabels([[0.5, 0.5]], [0, 1]), "shape-mismatch", "labels has 2");
  });
});
