// Drawings as text: whole SVG documents whatever the numbers are, with the marks at the places where they belong.

import { decimalExponent, logTicks, niceTicks } from "../src/draw/numbers.ts";
import { png } from "../src/draw/png.ts";
import {
  drawConfusionMatrix,
  drawFilters,
  drawImages,
  drawLayerReport,
  drawLearningCurve,
  drawSchedule,
  variable,
} from "../src/index.ts";
import { percent, short } from "../src/text.ts";
import { assert, suite } from "./harness.ts";
import { paths, pixelsOf, pngIn, requireSvg } from "./svgChecks.ts";

suite("drawing: numbers", (test) => {
  test("ticks at round numbers that hold all values", () => {
    assert.equal(niceTicks(0, 10, 5, true).values, [0, 2, 4, 6, 8, 10]);
    assert.equal(niceTicks(0.013, 0.087, 4, true).labels, ["0", "0.02", "0.04", "0.06", "0.08", "0.10"]);
    assert.equal(niceTicks(-1.3, 2.1, 4, true).values, [-2, -1, 0, 1, 2, 3]);
    assert.equal(niceTicks(0, 3, 8, false, true).values, [0, 1, 2, 3]);
    assert.equal(niceTicks(0.3, 0.3, 4, true).values.length > 1, true);
    assert.equal(niceTicks(0, 0, 4, true).low, -1);
    for (const [low, high] of [
      [1e-12, 3e-12],
      [-5e8, 1e9],
      [1, 1 + 1e-13],
      [-1.7e308, 1.7e308],
      [1e300, 1e300],
    ] as const) {
      const ticks = niceTicks(low, high, 5, true);
      assert.ok(ticks.low <= low && ticks.high >= high && ticks.values.length >= 2, `${low} ${high}`);
      assert.ok(ticks.values.length <= 12, `${low} ${high}: ${ticks.values.length}`);
      assert.is(new Set(ticks.labels).size, ticks.labels.length, ticks.labels.join(" "));
    }
  });

  test("logarithmic ticks", () => {
    assert.equal(logTicks(0.0002, 30, 6).values, [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100]);
    assert.equal(logTicks(0.3, 4, 6).values, [0.2, 0.5, 1, 2, 5]);
    for (const [low, high] of [
      [1e-300, 1e300],
      [1e-7, 8e-3],
      [1, 1],
    ] as const) {
      const ticks = logTicks(low, high, 3);
      assert.ok(ticks.low <= low && ticks.high >= high && ticks.low < ticks.high, `${low} ${high}`);
      assert.ok(ticks.values.length <= 9);
    }
  });

  test("numbers as text", () => {
    assert.equal(
      [0.1 + 0.2, 1e-7, 123456789, 0, -2.5].map((value) => short(value)),
      ["0.3", "1e-7", "1.235e8", "0", "-2.5"],
    );
    assert.equal([0.0625, 1, 0, 0.12345].map(percent), ["6.25 %", "100 %", "0 %", "12.35 %"]);
    assert.equal([1000, 0.05, 1, 9.99].map(decimalExponent), [3, -2, 0, 0]);
  });
});

suite("drawing: pixels", (test) => {
  test("what is packed comes out again, runs and noise, one byte and four", async () => {
    for (const bytes of [1, 4] as const) {
      for (const [width, height] of [
        [1, 1],
        [37, 29],
        [300, 5],
        [2, 700],
      ] as const) {
        const data = Uint8Array.from({ length: width * height * bytes }, (_, i) =>
          i % (width * bytes) < width ? 7 : (i * i * 31) % 251,
        );
        const palette = Uint8Array.from({ length: 1024 }, (_, i) => i % 256);
        const file = png({ width, height, data, ...(bytes === 1 && { palette }) });
        const found = await pixelsOf(file);
        assert.equal(found.chunks, bytes === 1 ? ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"] : ["IHDR", "IDAT", "IEND"]);
        assert.is(found.width, width);
        assert.equal(found.data, data);
      }
    }
  });

  test("checksums: the last twelve bytes of every PNG are these", () => {
    const file = png({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3, 4) });
    assert.equal([...file.slice(-12)], [0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
  });

  test("flat pictures are small", () => {
    const file = png({ width: 200, height: 200, data: new Uint8Array(40000), palette: Uint8Array.of(1, 2, 3, 255) });
    assert.ok(file.length < 1000, String(file.length));
  });
});

suite("drawing: the rest", (test) => {
  test("confusion matrices: counts in the cells, labels at the sides", () => {
    const matrix = [
      [50, 2, 0],
      [3, 40, 7],
      [0, 0, 0],
    ];
    const svg = drawConfusionMatrix(matrix, { labels: ["cat", "dog", "<bird>"], title: "Dev" });
    requireSvg(svg);
    for (const word of ["50", "40", "7", "cat", "dog", "&lt;bird&gt;", "predicted", "true"])
      assert.ok(svg.includes(`>${word}<`), word);
    assert.is(svg.match(/<rect class="lw-f0"/g)?.length, 2);
    requireSvg(drawConfusionMatrix({ data: new Float64Array(10_000).fill(3), shape: [100, 100] }));
    const named = drawConfusionMatrix({
      counts: [
        [1, 0],
        [2, 3],
      ],
      classes: ["no", "yes"],
    });
    requireSvg(named);
    assert.ok(named.includes(">yes<"));
    requireSvg(drawConfusionMatrix([[1]], { width: 100, height: 100 }));
    requireSvg(
      drawConfusionMatrix([
        [0.25, 0.75],
        [1e9, 0],
      ]),
    );
    assert.throws(() => drawConfusionMatrix([[1, 2]]), /matrix must be \[classes, classes\], got \[1, 2\]/);
    assert.throws(() => drawConfusionMatrix(matrix, { labels: ["a"] }), /labels has 1/);
    assert.throws(() => drawConfusionMatrix([[Number.NaN]]), /counts/);
  });

  test("filters of 1, 3 and more channels, zeros, a variable", () => {
    for (const shape of [
      [5, 5, 1, 6],
      [3, 3, 3, 16],
      [3, 3, 8, 4],
      [1, 1, 1, 1],
      [28, 28, 1, 30],
      [1, 7, 2, 3],
    ]) {
      const size = shape.reduce((product, n) => product * n, 1);
      const data = Float32Array.from({ length: size }, (_, i) => ((i * 37) % 11) - 5);
      const svg = drawFilters({ data, shape });
      requireSvg(svg);
      assert.ok(svg.includes("-5 to 5") || size === 1);
      requireSvg(drawFilters({ data: new Float32Array(size), shape }));
    }
    requireSvg(drawFilters(variable({ data: [1, Number.NaN, 3, 4], shape: [2, 2, 1, 1] })));
    assert.throws(() => drawFilters({ data: [1, 2], shape: [1, 2] }), /height, width, in, out/);
  });

  test("images: gray and colour, bytes and fractions, labels", () => {
    const make = (shape: number[], value: (i: number) => number): { data: Float32Array; shape: number[] } => ({
      data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => value(i)),
      shape,
    });
    for (const images of [
      make([5, 8, 8], (i) => i % 256),
      make([5, 8, 8, 1], (i) => (i % 10) / 10),
      make([3, 4, 6, 3], (i) => (i % 10) / 10 - 0.5),
      make([1, 1, 1, 4], () => 1),
      make([2, 2, 2], () => Number.NaN),
    ])
      requireSvg(drawImages(images));
    const svg = drawImages(
      make([3, 8, 8], (i) => i),
      { labels: [7, "<2>", "a long label that does not fit"], columns: 2 },
    );
    requireSvg(svg);
    assert.ok(svg.includes(">7<") && svg.includes(">&lt;2&gt;<") && svg.includes("…<"));
    assert.throws(() => drawImages(make([2, 4, 4, 2], () => 1)), /1, 3 or 4 channels/);
    assert.throws(
      () =>
        drawImages(
          make([2, 4, 4], () => 1),
          { labels: ["a"] },
        ),
      /labels has 1/,
    );
    assert.throws(() => drawImages(new Float32Array(4)), /images/);
  });

  test("a black and a white pixel are black and white", async () => {
    const svg = drawImages({ data: [0, 255], shape: [1, 1, 2] });
    const { data, palette } = await pixelsOf(pngIn(svg));
    const color = (index: number | undefined) => [...palette.slice((index as number) * 3, (index as number) * 3 + 3)];
    assert.equal(
      [color(data[0]), color(data[1])],
      [
        [0, 0, 0],
        [255, 255, 255],
      ],
    );
  });

  test("schedules: one, several, a number; steps of an epoch", () => {
    const seen: [number, number][] = [];
    const svg = drawSchedule(
      (step, epoch) => {
        seen.push([step, epoch]);
        return 0.2 / (1 + epoch);
      },
      { steps: 6, stepsPerEpoch: 2 },
    );
    requireSvg(svg);
    assert.equal(seen, [
      [0, 0],
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 2],
      [5, 2],
    ]);
    const several = drawSchedule({ constant: 0.1, growing: (step) => step }, { steps: 20, scale: "log" });
    requireSvg(several);
    assert.ok(several.includes(">constant<") && several.includes(">growing<"));
    requireSvg(drawSchedule(() => Number.NaN));
    requireSvg(drawSchedule(0.1, { steps: 1 }));
    assert.throws(() => drawSchedule((() => "1") as never), /what schedule returns must be a number/);
  });

  test("layer reports: rows and columns that are there, odd numbers written out", () => {
    const layer = {
      name: "dense_1",
      activations: { deviation: 1 },
      gradients: { deviation: 1e-3 },
      deadShare: 0.25,
      saturatedShare: null,
      updateRatio: 1e-3,
    };
    const svg = drawLayerReport({
      layers: [
        layer,
        { ...layer, name: "dense_2", deadShare: null, gradients: null, updateRatio: 0, verdict: "dead" },
        { ...layer, name: "dense_3", activations: { deviation: Number.NaN } },
      ],
    });
    requireSvg(svg);
    for (const word of ["dense_1", "dense_2: dead", "25 %", "0", "NaN", "dead"])
      assert.ok(svg.includes(`>${word}<`), word);
    assert.not.ok(svg.includes("saturated"));
    requireSvg(drawLayerReport({ layers: [layer] }, { width: 100, height: 100 }));
    assert.throws(() => drawLayerReport({ layers: [{ name: "a" } as never] }), /report\.layers\[0\]/);
    assert.throws(() => drawLayerReport({ layers: [] }), /no layers/);
  });

  test("learning curves", () => {
    const point = (size: number, train: number, dev: number) => ({
      size,
      train,
      dev,
      trainErrors: [train],
      devErrors: [dev],
    });
    const curve = {
      points: [point(10, 0, 0.5), point(100, 0.1, 0.2)],
      error: "1 - accuracy",
      target: 0.05,
      reading: "both" as const,
      explanation: "",
    };
    const svg = drawLearningCurve(curve, { title: "Sizes" });
    requireSvg(svg);
    assert.is(paths(svg).length, 3);
    assert.is(paths(drawLearningCurve({ ...curve, target: 0 })).length, 2);
    requireSvg(drawLearningCurve({ ...curve, points: [point(5, Number.NaN, 1)] }));
    assert.throws(() => drawLearningCurve({ ...curve, points: [] }), /no points/);
    assert.throws(() => drawLearningCurve({ ...curve, target: Symbol("x") as never }), /what learningCurve resolves/);
  });
});
