// Splits, folds, selections, labels: plain arrays, no machine.

import {
  batches,
  classWeights,
  kFold,
  oneHot,
  readCsv,
  select,
  shuffle,
  split,
  splitIndices,
  stratifiedKFold,
  suggestBatchSize,
} from "../src/index.ts";
import { throwsError } from "./errors.ts";
import { assert, suite } from "./harness.ts";

/** n examples: x [n, 2] holds the index and its negative, y its class. */
const numbered = (n: number, classes = 3) => ({
  x: { data: Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? -1 : 1) * (i >> 1)), shape: [n, 2] },
  y: Uint8Array.from({ length: n }, (_, i) => i % classes),
});

const indicesIn = ({ x }: { x: { data: Float32Array; shape: number[] } }): number[] =>
  Array.from({ length: x.shape[0] as number }, (_, i) => x.data[2 * i] as number);

const sizesOf = (parts: Record<string, Uint32Array>): Record<string, number> =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.length]));

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sorted = (list: Iterable<number>): number[] => [...list].sort((a, b) => a - b);
const all = (parts: Record<string, Uint32Array>): number[] => sorted(Object.values(parts).flatMap((part) => [...part]));

suite("split", (test) => {
  test("auto by the size: 60/20/20, 98/1/1, 99.5/0.25/0.25; two parts 70/30, 99/1", () => {
    assert.equal(sizesOf(splitIndices(10)), { train: 6, dev: 2, test: 2 });
    assert.equal(sizesOf(splitIndices(10_000, { ratios: "auto" })), { train: 6000, dev: 2000, test: 2000 });
    assert.equal(sizesOf(splitIndices(99_999)), { train: 59_999, dev: 20_000, test: 20_000 });
    assert.equal(sizesOf(splitIndices(100_000)), { train: 98_000, dev: 1000, test: 1000 });
    assert.equal(sizesOf(splitIndices(1_000_000)), { train: 980_000, dev: 10_000, test: 10_000 });
    assert.equal(sizesOf(splitIndices(2_000_000)), { train: 1_990_000, dev: 5000, test: 5000 });
    const parts = ["train", "test"] as const;
    assert.equal(sizesOf(splitIndices(10_000, { parts })), { train: 7000, test: 3000 });
    assert.equal(sizesOf(splitIndices(1_000_000, { parts })), { train: 990_000, test: 10_000 });
    const four = splitIndices(1000, { parts: ["train", "trainDev", "dev", "test"] });
    assert.equal(sizesOf(four), { train: 400, trainDev: 200, dev: 200, test: 200 });
  });

  test("parts are disjoint and complete for every size, share and seed", () => {
    for (let n = 4; n < 60; n++) {
      const ratios = { train: 0.5, trainDev: 0.1 + (n % 3) / 20, test: 0.4 - (n % 3) / 20 };
      const parts = splitIndices(n, { ratios, seed: n, shuffle: n % 5 > 0 });
      assert.equal(all(parts), range(n));
      for (const [name, share] of Object.entries(ratios))
        assert.ok(Math.abs((parts[name as "train"]?.length ?? 0) - share * n) < 1, `${name} of ${n}`);
    }
  });

  test("ratios as a record without train, as two and three numbers; counts with and without train", () => {
    assert.equal(sizesOf(splitIndices(50, { ratios: { dev: 0.2, test: 0.1 } })), { train: 35, dev: 10, test: 5 });
    assert.equal(sizesOf(splitIndices(100, { ratios: [0.71, 0.29] })), { train: 71, test: 29 });
    assert.equal(sizesOf(splitIndices(7, { ratios: [0.6, 0.2, 0.2] })), { train: 4, dev: 2, test: 1 });
    assert.equal(sizesOf(splitIndices(10, { counts: { test: 3 } })), { train: 7, test: 3 });
    const counts = { train: 5, trainDev: 2, dev: 2, test: 1 };
    assert.equal(sizesOf(splitIndices(10, { counts })), counts);
  });

  test("without shuffle parts are stretches, train first", () => {
    const parts = splitIndices(6, { counts: { dev: 1, test: 2 }, shuffle: false });
    assert.equal([...parts.train, ...parts.dev, ...parts.test], range(6));
  });

  test("one seed, one result; another seed, another; every example is as likely in test", () => {
    assert.equal(splitIndices(100, { seed: 3 }), splitIndices(100, { seed: 3 }));
    assert.not.equal(splitIndices(100, { seed: 3 }), splitIndices(100, { seed: 4 }));
    assert.not.equal(splitIndices(100, { seed: 0 }), splitIndices(100, { seed: 2 ** 40 }));
    const hits = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 1000; seed++)
      for (const i of splitIndices(10, { seed }).test) hits[i] = (hits[i] as number) + 1;
    assert.ok(
      hits.every((n) => n > 140 && n < 260),
      String(hits),
    );
  });

  test("the literal order of a seed", () => {
    assert.equal([...splitIndices(10).test], [5, 1]);
  });

  test("x, y, weights and other columns stay together, of one type and shape", () => {
    const data = {
      ...numbered(20),
      sampleWeight: Float64Array.from({ length: 20 }, (_, i) => i / 10),
      names: range(20).map((i) => `image ${i}`),
      boxes: range(20).map((i) => [i, [i]]),
    };
    const { train, dev, test: rest } = split(data, { seed: 5 });
    assert.equal(sorted([train, dev, rest].flatMap(indicesIn)), range(20));
    for (const part of [train, dev, rest]) {
      const indices = indicesIn(part);
      assert.instance(part.x.data, Float32Array);
      assert.instance(part.y, Uint8Array);
      assert.instance(part.sampleWeight, Float64Array);
      assert.equal(part.x.shape, [indices.length, 2]);
      indices.forEach((index, i) => {
        assert.is(part.x.data[2 * i + 1], -index + 0);
        assert.is(part.y[i], index % 3);
        assert.is(part.sampleWeight[i], index / 10);
        assert.is(part.names[i], `image ${index}`);
        assert.equal(part.boxes[i], [index, [index]]);
      });
    }
    assert.not.equal(indicesIn(train), sorted(indicesIn(train)));
  });

  test("typed arrays: labels, weights or the option say how many; rows of any length", () => {
    const x = Uint8Array.from({ length: 10 * 70 }, (_, i) => Math.floor(i / 70));
    const y = Int32Array.from(range(10));
    const { train } = split({ x, y }, { ratios: [0.5, 0.5] });
    assert.is(train.x.length, 350);
    for (const [i, label] of train.y.entries())
      assert.ok(train.x.subarray(70 * i, 70 * i + 70).every((each) => each === label));
    const floats = { x: new Float32Array(40), y: new Float32Array(20) };
    throwsError(() => split(floats), "invalid-argument", /how many examples.*data\.x and data\.y.*examples/);
    assert.is(split(floats, { examples: 20, ratios: [0.5, 0.5] }).test.x.length, 20);
    assert.is(split(floats, { examples: 10, ratios: [0.5, 0.5] }).test.y.length, 10);
    throwsError(() => split(floats, { examples: 15 }), "shape-mismatch", /40 numbers.*15 examples/);
    const weighted = split({ ...floats, sampleWeight: new Float32Array(5) }, { counts: { test: 1 } });
    assert.is(weighted.train.x.length, 32);
  });

  test("several inputs and outputs, as records and as arrays", () => {
    const n = 8;
    const size = { data: Float32Array.from(range(n)), shape: [n] };
    const place = range(n).map((i) => [i, i]);
    const kind = Uint8Array.from(range(n));
    const named = split({ x: { size, place }, y: { kind } }, { counts: { test: 3 } });
    assert.equal([...named.test.x.size.data], [...named.test.y.kind]);
    assert.equal(
      named.test.x.place.map(([i]) => i),
      [...named.test.y.kind],
    );
    const listed = split({ x: [size, kind], y: [kind] }, { counts: { test: 3 } });
    assert.equal([...(listed.test.x[0] as typeof size).data], [...(listed.test.y[0] as Uint8Array)]);
    assert.equal((listed.test.x[0] as typeof size).shape, [3]);
  });

  test("of a file as readCsv gives it only x and y are examples", async () => {
    const csv = await readCsv({ text: "a,b,c\n1,2,0\n3,4,1\n" }, { target: "c" }); // two names, two rows
    throwsError(() => split(csv), "invalid-argument", /\{ x, y \} of what readCsv gives/);
    const { test: last } = split({ x: csv.x, y: csv.y as Float64Array }, { counts: { test: 1 }, shuffle: false });
    assert.equal(last.y, Float64Array.of(1));
  });

  test("one array alone; a Buffer becomes bytes", () => {
    assert.equal(sorted(Object.values(split(range(10))).flat()), range(10));
    const parts = split(Float64Array.from(range(10)), { ratios: [0.8, 0.2] });
    assert.instance(parts.train, Float64Array);
    assert.is(parts.test.length, 2);
  });

  test("stratify: each class's share in each part, rounded down or up, and exact sizes", () => {
    for (let seed = 0; seed < 30; seed++) {
      const labels = range(97).map((i) => [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3][(i * (seed + 1)) % 11] as number);
      const ratios = { train: 0.55, trainDev: 0.05, dev: 0.2, test: 0.2 };
      const parts = splitIndices(97, { ratios, stratify: labels, seed, shuffle: seed % 4 > 0 });
      assert.equal(all(parts), range(97));
      assert.equal(sizesOf(parts), sizesOf(splitIndices(97, { ratios })));
      for (const label of [0, 1, 2, 3]) {
        const members = labels.filter((each) => each === label).length;
        for (const part of Object.values(parts)) {
          const found = [...part].filter((i) => labels[i] === label).length;
          assert.ok(Math.abs(found - (members * part.length) / 97) < 1, `class ${label}: ${found} of ${members}`);
        }
      }
    }
  });

  test("stratify: true is by y, as integers or one-hot; labels may be strings", () => {
    const y = range(20).map((i) => (i < 15 ? 0 : 1));
    const bySome = (labels: object) => {
      const { test: part } = split({ x: range(20), y: labels }, { ratios: [0.8, 0.2], stratify: true, seed: 9 });
      return part.x;
    };
    const expected = bySome(y);
    assert.is(expected.filter((i) => i >= 15).length, 1);
    assert.equal(bySome(oneHot(y)), expected);
    assert.equal(bySome(oneHot(y).data), expected);
    assert.equal(bySome(y.map((each) => ["cat", "dog"][each])), expected);
    assert.equal(bySome(y.map((each) => [each])), expected);
    throwsError(() => split(range(5), { stratify: true }), "invalid-argument", /stratify/);
    throwsError(() => split({ x: range(5), y: [[1, 1], [0, 1], [1, 0], [1, 0], [1, 0]] }, { stratify: true }), "invalid-argument", /single 1/); // biome-ignore format: one call
  });

  test("stratify: a class of one example goes to train", () => {
    for (let seed = 0; seed < 50; seed++) {
      const labels = range(40).map((i) => (i < 39 ? i % 2 : 2));
      const { train } = splitIndices(40, { stratify: labels, seed });
      assert.ok(train.includes(39), `seed ${seed}`);
    }
  });

  test("every example a class of its own, and one class for all", () => {
    const parts = splitIndices(9, { ratios: [0.4, 0.3, 0.3], stratify: range(9) });
    assert.equal(sizesOf(parts), { train: 3, dev: 3, test: 3 });
    assert.equal(all(parts), range(9));
    assert.equal(all(splitIndices(9, { stratify: new Uint8Array(9) })), range(9));
  });

  test("refused: empty parts, ratios that do not sum to 1, counts that do not fit, lengths that differ", () => {
    throwsError(() => splitIndices(2), "empty-data", /part test of 2 examples/);
    throwsError(() => splitIndices(1), "empty-data", /empty/);
    throwsError(() => splitIndices(100, { ratios: { test: 0.001 } }), "empty-data", /part test/);
    throwsError(() => splitIndices(10, { ratios: [0.5, 0.4] }), "invalid-argument", /sum to 1/);
    throwsError(() => splitIndices(10, { ratios: [60, 40] as never }), "invalid-argument", /ratios\.train.*0 to 1/);
    throwsError(() => splitIndices(10, { ratios: { dev: 0.7, test: 0.7 } }), "invalid-argument", /1\.4/);
    throwsError(() => splitIndices(10, { counts: { train: 5, test: 4 } }), "invalid-argument", /sum to 9/);
    throwsError(() => splitIndices(10, { counts: { test: 10 } }), "empty-data", /train/);
    throwsError(() => splitIndices(10, { counts: { tset: 1 } as never }), "unknown-option", /tset.*test/);
    throwsError(() => splitIndices(10, { counts: { test: 1 }, ratios: [0.5, 0.5] }), "invalid-argument", /counts/);
    throwsError(() => splitIndices(10, { stratify: range(9) }), "shape-mismatch", /9 labels.*10/);
    throwsError(() => splitIndices(5, { stratify: [0, Number.NaN, 1, 0, 1] }), "invalid-argument", /NaN/);
    throwsError(() => split({ x: range(4), y: range(5) }), "shape-mismatch", /data\.y has 5 examples.*4/);
    throwsError(() => split({ x: [], y: [] }), "empty-data", /no examples/);
    throwsError(() => split({}), "empty-data", /no arrays/);
  });
});

suite("folds", (test) => {
  test("validation parts are disjoint and complete, sizes differ by one", () => {
    for (const [n, k] of [
      [2, 2],
      [10, 3],
      [11, 5],
      [30, 30],
    ] as const) {
      const folds = kFold(n, { k, seed: n });
      assert.is(folds.length, k);
      assert.equal(sorted(folds.flatMap((fold) => [...fold.validation])), range(n));
      for (const { train, validation, indices } of folds) {
        assert.equal(sorted([...train, ...validation]), range(n));
        assert.ok(validation.length === Math.floor(n / k) || validation.length === Math.ceil(n / k));
        assert.is(indices.train, train);
      }
    }
  });

  test("without shuffle as scikit-learn's: stretches, the first ones longer", () => {
    const folds = kFold(7, { k: 3, shuffle: false });
    assert.equal(
      folds.map(({ validation }) => [...validation]),
      [
        [0, 1, 2],
        [3, 4],
        [5, 6],
      ],
    );
  });

  test("5 folds unless said otherwise, settled by the seed", () => {
    assert.is(kFold(20).length, 5);
    assert.equal(kFold(20, { seed: 1 }), kFold(20, { seed: 1 }));
    assert.not.equal(kFold(20, { seed: 1 }), kFold(20, { seed: 2 }));
  });

  test("of data the folds are data, and say which examples they hold", () => {
    const data = numbered(10);
    const seen: number[] = [];
    for (const { train, validation, indices } of kFold(data, { k: 4 })) {
      assert.equal(indicesIn(validation), [...indices.validation]);
      assert.equal(indicesIn(train), [...indices.train]);
      assert.is(train.y.length + validation.y.length, 10);
      seen.push(...indicesIn(validation));
    }
    assert.equal(sorted(seen), range(10));
  });

  test("stratified: each class's share in each fold, rounded down or up", () => {
    const labels = range(53).map((i) => (i % 10 === 0 ? 2 : i % 3 === 0 ? 1 : 0));
    for (const shuffled of [true, false]) {
      const folds = stratifiedKFold(labels, { k: 4, shuffle: shuffled, seed: 3 });
      assert.equal(sorted(folds.flatMap((fold) => [...fold.validation])), range(53));
      for (const { validation } of folds) {
        assert.ok(validation.length === 13 || validation.length === 14);
        for (const label of [0, 1, 2]) {
          const members = labels.filter((each) => each === label).length;
          const found = [...validation].filter((i) => labels[i] === label).length;
          assert.ok(Math.abs(found - members / 4) < 1);
        }
      }
    }
  });

  test("stratified by y of data, by labels given, by strings", () => {
    const data = { ...numbered(12), kind: range(12).map((i) => (i < 6 ? "a" : "b")) };
    for (const { validation } of stratifiedKFold(data, { k: 4 })) assert.equal(sorted(validation.y), [0, 1, 2]);
    for (const { validation } of stratifiedKFold(data, { k: 3, labels: data.kind }))
      assert.equal([...validation.kind].sort(), ["a", "a", "b", "b"]);
    assert.equal(
      stratifiedKFold(data.kind, { k: 3, seed: 1 }).map(({ validation }) => [...validation]),
      stratifiedKFold(data, { k: 3, seed: 1, labels: data.kind }).map(({ indices }) => [...indices.validation]),
    );
  });

  test("a class with fewer examples than folds is in as many validation parts", () => {
    const folds = stratifiedKFold([0, 0, 0, 0, 0, 0, 1, 1], { k: 4 });
    const lone = folds.map(({ validation }) => [...validation].filter((i) => i >= 6).length);
    assert.equal(sorted(lone), [0, 0, 1, 1]);
    assert.ok(folds.every(({ validation }) => validation.length === 2));
  });

  test("refused: one fold, more folds than examples, data without y", () => {
    throwsError(() => kFold(10, { k: 1 }), "invalid-argument", /k must be at least 2/);
    throwsError(() => kFold(3, { k: 4 }), "invalid-argument", /k is 4.*3 examples/);
    throwsError(() => kFold(0), "invalid-argument", /data/);
    throwsError(() => stratifiedKFold([0, 1], { k: 3 }), "invalid-argument", /k is 3/);
    throwsError(() => stratifiedKFold({ x: range(4) }, { k: 2 }), "invalid-argument", /labels/);
    throwsError(() => stratifiedKFold(numbered(4), { k: 2, labels: [1, 2] }), "shape-mismatch", /2 labels.*4/);
  });
});

suite("examples by index", (test) => {
  test("select copies in the order of the indices, also twice", () => {
    const data = numbered(5);
    const picked = select(data, [4, 0, 0]);
    assert.equal([...picked.x.data], [4, -4, 0, -0, 0, -0]);
    assert.equal(picked.x.shape, [3, 2]);
    assert.equal([...picked.y], [1, 0, 0]);
    picked.x.data[0] = 99;
    assert.is(data.x.data[8], 4);
    assert.equal(select([[1], [2], [3]], Uint8Array.of(2, 1)), [[3], [2]]);
    assert.equal(select({ data: [1, 2, 3, 4], shape: [2, 2] }, [1]), { data: [3, 4], shape: [1, 2] });
    assert.equal(select(BigInt64Array.of(7n, 8n), [1]), BigInt64Array.of(8n));
    assert.equal(Object.values(select({ data: Uint8Array.of(1, 2), shape: [2], dtype: "uint8" }, [1])), [
      Uint8Array.of(2),
      [1],
      "uint8",
    ]);
  });

  test("select refuses indices out of range", () => {
    for (const bad of [[5], [-1], [0.5], [Number.NaN], ["0"]])
      throwsError(() => select(numbered(5), bad as number[]), "invalid-argument", /indices\[0\].*0 to 4/);
    throwsError(() => select(numbered(5), []), "invalid-argument", /indices/);
  });

  test("shuffle keeps rows together, settled by the seed", () => {
    const data = numbered(50);
    const mixed = shuffle(data, { seed: 1 });
    assert.equal(sorted(indicesIn(mixed)), range(50));
    assert.not.equal(indicesIn(mixed), range(50));
    assert.equal(
      [...mixed.y],
      indicesIn(mixed).map((i) => i % 3),
    );
    assert.equal(shuffle(data, { seed: 1 }), mixed);
    assert.not.equal(shuffle(data), mixed);
  });

  test("batches: all examples once a pass, the last batch smaller or dropped", () => {
    const data = numbered(10);
    const made = batches(data, { batchSize: 4, seed: 2 });
    const passes = [[...made], [...made]];
    for (const pass of passes) {
      assert.equal(
        pass.map(({ y }) => y.length),
        [4, 4, 2],
      );
      assert.equal(sorted(pass.flatMap(indicesIn)), range(10));
    }
    assert.not.equal(passes[0]?.flatMap(indicesIn), passes[1]?.flatMap(indicesIn));
    const [second] = [[...batches(data, { batchSize: 4, seed: 2, epoch: 1 })]];
    assert.equal(second, passes[1]);
    const whole = [...batches(data, { batchSize: 4, dropRemainder: true })];
    assert.equal(
      whole.map(({ x }) => x.shape[0]),
      [4, 4],
    );
    assert.is(new Set(whole.flatMap(indicesIn)).size, 8);
    assert.equal([...batches(data, { batchSize: 100 })].length, 1);
    assert.equal(
      [...batches(data, { batchSize: "full", shuffle: false })].map(({ y }) => y.length),
      [10],
    );
    assert.equal([...batches(data, { batchSize: "auto" })].length, 1);
    const many = { x: new Float32Array(2001) };
    assert.equal(
      [...batches(many, { batchSize: "auto", dropRemainder: true })].map(({ x }) => x.length),
      new Array(31).fill(64),
    );
    throwsError(() => batches(data, { batchSize: 11, dropRemainder: true }), "empty-data", /batch of 11.*10 examples/);
  });

  test("batches without shuffle are views in order", () => {
    const data = numbered(5);
    const [first, second] = [...batches(data, { batchSize: 3, shuffle: false })];
    assert.equal(first && indicesIn(first), [0, 1, 2]);
    assert.equal(second && indicesIn(second), [3, 4]);
    assert.is(first?.x.data.buffer, data.x.data.buffer);
    assert.equal([...batches([[1], [2], [3]], { batchSize: 2, shuffle: false })], [[[1], [2]], [[3]]]);
  });

  test("suggestBatchSize: all up to 2,000, else 64 to 512", () => {
    const sizes = [1, 2000, 2001, 10_000, 10_001, 60_000, 100_000, 100_001, 1_000_000, 1_000_001, 2 ** 31 - 1];
    assert.equal(sizes.map(suggestBatchSize), [1, 2000, 64, 64, 128, 128, 128, 256, 256, 512, 512]);
  });
});

suite("labels", (test) => {
  test("oneHot: [n] to [n, classes], images of labels too", () => {
    assert.equal(oneHot([2, 0]), { data: Float32Array.of(0, 0, 1, 1, 0, 0), shape: [2, 3] });
    assert.equal(oneHot(Uint8Array.of(1), { classes: 4 }), { data: Float32Array.of(0, 1, 0, 0), shape: [1, 4] });
    assert.equal(oneHot([[0], [1]]).shape, [2, 1, 2]);
    assert.equal([...oneHot([[0, 1]]).data], [1, 0, 0, 1]);
    throwsError(() => oneHot([0, 3], { classes: 3 }), "invalid-argument", /3.*not below the 3 classes/);
    throwsError(() => oneHot([0, 1, 2, 3, 4, 2 ** 31 - 2]), "out-of-memory", /12884901882 numbers/);
    throwsError(() => oneHot([0, -1]), "invalid-argument", /example 1 is -1/);
    throwsError(() => oneHot([0.5]), "invalid-argument", /0\.5/);
    throwsError(() => oneHot([]), "empty-data", /labels/);
  });

  test("classWeights: n / (classes * count), from integers and from one-hot rows", () => {
    // scikit-learn: compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 1, 2, 2])
    assert.equal(classWeights([0, 0, 0, 1, 2, 2]), [6 / 9, 2, 1]);
    assert.equal(classWeights(oneHot([0, 0, 0, 1, 2, 2])), [6 / 9, 2, 1]);
    assert.equal(classWeights([[1], [0], [1], [1]]), [2, 4 / 6]);
    assert.equal(classWeights([0, 0]), [1]);
    throwsError(() => classWeights([0, 2]), "empty-data", /class 1 of 3/);
    throwsError(() => classWeights([0, 1], { classes: 3 }), "empty-data", /class 2 of 3/);
    throwsError(() => classWeights([0, 3], { classes: 3 }), "invalid-argument", /3/);
    throwsError(() => classWeights([[0.5, 0.5]]), "invalid-argument", /single 1/);
  });
});
