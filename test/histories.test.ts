// Histories as SVG, as a table and as a chart in a terminal.

import type { History } from "../src/index.ts";
import { drawCurves, drawHistory, historyChart, historyTable, LanewiseError } from "../src/index.ts";
import { assert, suite } from "./harness.ts";
import { paths, requireSvg } from "./svgChecks.ts";

const history = (metrics: Record<string, number[]>): History => ({
  epochs: Object.values(metrics)[0]?.map((_, i) => i) ?? [],
  metrics,
});
const usual = history({
  loss: [1, 0.5, 0.25, 0.125],
  accuracy: [0.5, 0.7, 0.8, 0.9],
  val_loss: [1.1, 0.6, 0.5, 0.7],
  val_accuracy: [0.5, 0.6, 0.7, 0.65],
});
suite("drawing: histories", (test) => {
  test("a panel for loss and metric, training and validation in each", () => {
    const svg = drawHistory(usual, { title: "Run 1" });
    requireSvg(svg);
    assert.is(paths(svg).length, 4);
    for (const word of ["Run 1", "loss", "accuracy", "training", "validation", "epoch"])
      assert.ok(svg.includes(`>${word}<`), word);
    assert.is(paths(drawHistory(usual, { metrics: ["loss"] })).length, 2);
    assert.is(paths(drawHistory(history({ loss: [3, 2, 1] }))).length, 1);
    assert.not.ok(drawHistory(history({ loss: [3, 2, 1] })).includes("validation"));
  });

  test("points lie where the numbers are", () => {
    const [path = ""] = paths(drawHistory(history({ loss: [0, 1, 2] }), { width: 400, height: 300 }));
    const points = path
      .split(/[ML]/)
      .slice(1)
      .map((pair) => pair.split(" ").map(Number) as [number, number]);
    assert.is(points.length, 3);
    const [a, b, c] = points as [[number, number], [number, number], [number, number]];
    assert.ok(Math.abs(b[0] - (a[0] + c[0]) / 2) < 0.02 && Math.abs(b[1] - (a[1] + c[1]) / 2) < 0.02);
    assert.ok(a[1] > c[1], "larger values are higher");
    const [log = ""] = paths(drawHistory(history({ loss: [100, 10, 1] }), { scale: "log" }));
    const ys = log
      .split(/[ML]/)
      .slice(1)
      .map((pair) => Number(pair.split(" ")[1]));
    assert.ok(
      Math.abs((ys[1] as number) - ((ys[0] as number) + (ys[2] as number)) / 2) < 0.02,
      "equal steps of powers",
    );
  });

  test("values that are not finite are gaps", () => {
    const svg = drawHistory(history({ loss: [1, Number.NaN, 0.5, 0.4, Number.POSITIVE_INFINITY, 0.1] }));
    requireSvg(svg);
    const [path = ""] = paths(svg);
    assert.is(path.match(/M/g)?.length, 1); // the two single points are circles
    assert.is(svg.match(/<circle/g)?.length, 4);
  });

  test("one epoch, equal values, nothing finite, huge and tiny values", () => {
    for (const metrics of [
      { loss: [0.5] },
      { loss: [0.5, 0.5, 0.5] },
      { loss: [Number.NaN, Number.NaN] },
      { loss: [1e308, -1e308, 0] },
      { loss: [1e-320, 2e-320] },
      { loss: [0, -1] },
      { loss: [1, 0.5], val_loss: [1] },
    ]) {
      for (const scale of ["linear", "log"] as const) requireSvg(drawHistory(history(metrics), { scale }));
      assert.ok(historyChart(history(metrics)).length > 0);
      assert.ok(historyTable(history(metrics)).length > 0);
    }
    assert.ok(drawHistory(history({ loss: [Number.NaN] })).includes("no finite value"));
  });

  test("many points draw a small file that keeps the extremes", () => {
    const values = Float64Array.from({ length: 100_000 }, (_, i) => (i === 54_321 ? 9 : (i % 7) / 7));
    const svg = drawCurves({ noise: values });
    requireSvg(svg);
    assert.ok(svg.length < 60_000, String(svg.length));
    const ys = [...(paths(svg)[0] as string).matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((m) => Number(m[1]));
    assert.ok(Math.min(...ys) < 80, "the peak is there");
  });

  test("x on a logarithmic axis: equal factors are equal distances, what is not above 0 is left out", () => {
    const curve = { x: [0, 1e-4, 1e-3, 1e-2, 1e-1], y: [5, 1, 2, 3, 4] };
    const svg = drawCurves({ loss: curve }, { xScale: "log" });
    requireSvg(svg);
    const at = [...(paths(svg)[0] as string).matchAll(/[ML]([\d.]+) /g)].map((m) => Number(m[1]));
    assert.is(at.length, 4);
    const steps = at.slice(1).map((x, i) => x - (at[i] as number));
    for (const step of steps) assert.ok(Math.abs(step - (steps[0] as number)) < 0.2, at.join());
    assert.ok(drawCurves({ a: { x: [-1, 0], y: [1, 2] } }, { xScale: "log" }).includes("no finite value"));
  });

  test("text is escaped, also what XML forbids", () => {
    const svg = drawCurves(
      { 'a<b>&"c"': [1, 2], "\u0000\ud800": [2, 1] },
      { title: "x < y & \u0007 z", yLabel: "</text>" },
    );
    requireSvg(svg);
    assert.ok(svg.includes("x &lt; y &amp; \uFFFD z"));
    assert.ok(svg.includes("&lt;/text&gt;"));
  });

  test("the same call gives the same bytes", () => {
    assert.is(drawHistory(usual), drawHistory(usual));
  });

  test("what is no history", () => {
    for (const wrong of [
      null,
      {},
      { epochs: [0], metrics: {} },
      { epochs: [], metrics: { loss: [] } },
      { epochs: [0], metrics: { loss: [1, 2] } },
    ])
      assert.throws(
        () => drawHistory(wrong as never),
        (error: unknown) => error instanceof LanewiseError,
      );
    assert.throws(() => drawHistory(usual, { metrics: ["recall"] }), /recall.*loss, accuracy/);
  });
});

suite("drawing: histories as text", (test) => {
  test("a table, the best epoch marked", () => {
    assert.is(
      historyTable(usual),
      [
        "epoch    loss  val_loss  accuracy  val_accuracy",
        "    0  1.0000    1.1000    0.5000        0.5000",
        "    1  0.5000    0.6000    0.7000        0.6000",
        "    2  0.2500    0.5000    0.8000        0.7000  *",
        "    3  0.1250    0.7000    0.9000        0.6500",
        "* best val_loss",
      ].join("\n"),
    );
  });

  test("few rows keep the first, the last and the best", () => {
    const loss = Array.from({ length: 100 }, (_, i) => (i - 37) ** 2 + 1);
    const rows = historyTable(history({ loss }), { rows: 6 }).split("\n").slice(1, -1);
    assert.is(rows.length, 6);
    assert.match(rows[0] as string, /^ +0 /);
    assert.match(rows.at(-1) as string, /^ +99 /);
    assert.ok(rows.some((row) => /^ +37 .*\*$/.test(row)));
  });

  test("a curve of braille dots falls from the upper left to the lower right", () => {
    const lines = historyChart(history({ loss: [4, 3, 2, 1, 0] }), { width: 24, height: 4 }).split("\n");
    assert.equal(lines, [
      "   loss ⠤⠤",
      "4 ┤⠉⠒⠤⢄⡀",
      "  ┤    ⠈⠉⠒⠢⢄⣀",
      "  ┤          ⠉⠑⠒⠤⠤⣀⡀",
      "0 ┤                ⠈⠑⠒⠤⣀",
      "  └─────────────────────",
      "   0                   4",
    ]);
  });

  test("200,000 epochs", () => {
    const long = history({ loss: Array.from({ length: 200_000 }, (_, i) => 1 / (i + 1)) });
    assert.is(historyChart(long, { height: 3 }).split("\n").length, 6);
    assert.is(historyTable(long).split("\n").length, 200_002);
    assert.is(historyTable(long, { rows: 3 }).split("\n").length, 5);
  });

  test("validation is dotted, panels stand below each other, widths hold", () => {
    const text = historyChart(usual, { width: 40, height: 5 });
    assert.match(text, /loss ⠤⠤ {3}val_loss ⠄⠠/);
    assert.match(text, /accuracy ⠤⠤ {3}val_accuracy ⠄⠠/);
    for (const line of text.split("\n")) assert.ok(line.length <= 40, line);
    assert.is(text.split("\n").length, 2 * (5 + 3) + 1);
  });
});
