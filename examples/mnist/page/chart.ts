// The curve: loss and accuracy of the batches, smoothed, and the test accuracy after each epoch.

import uPlot from "uplot";

/** Share of the past in the smoothed values. */
const SMOOTHING = 0.95;
const REDRAW_MILLISECONDS = 150;

export interface Chart {
  /** A batch that ended at `epoch` (epochs since the beginning, a fraction). */
  addBatch(epoch: number, loss: number, accuracy: number): void;
  /** The test accuracy after the last of them. */
  addTest(accuracy: number): void;
  clear(epochs: number): void;
  /** Of the last batches, smoothed. */
  readonly loss: number;
  readonly accuracy: number;
}

/** A running mean that forgets; the first values count fully. */
function createMean(): (value: number) => number {
  let sum = 0;
  let weight = 0;
  return (value) => {
    sum = SMOOTHING * sum + (1 - SMOOTHING) * value;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    return sum / weight;
  };
}

const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

const percent = (value: number | null): string => (value === null ? "–" : `${(value * 100).toFixed(2)} %`);

/** Keeps a chart as wide as `element`; it is drawn a few times a second at most. */
export function createChart(element: HTMLElement): Chart {
  let epochs = 1;
  let columns: (number | null)[][] = [];
  let means = { loss: createMean(), accuracy: createMean() };
  const latest = { loss: 0, accuracy: 0 };
  let dirty = false;
  let drawn = 0;

  const axis = {
    stroke: () => color("quiet"),
    grid: { stroke: () => color("edge"), width: 1 },
    ticks: { show: false },
  };
  const size = () => ({ width: element.clientWidth, height: element.clientWidth < 500 ? 220 : 300 });
  const curve = (label: string, scale: string, stroke: string, value: (v: number | null) => string) => ({
    label,
    scale,
    width: 2,
    stroke: () => color(stroke),
    points: { show: false },
    value: (_: uPlot, v: number | null) => value(v),
  });
  const plot = new uPlot(
    {
      ...size(),
      scales: {
        x: { time: false, range: (_, __, high) => [0, 1.02 * Math.max(epochs, high ?? 0)] },
        loss: { range: (_, __, high) => [0, Math.min(2.5, Math.max(0.1, high * 1.05 || 2.5))] },
        accuracy: { range: [0.8, 1] },
      },
      axes: [
        { ...axis, label: "epoch", labelSize: 18, labelFont: "12px system-ui", size: 28 },
        { ...axis, scale: "loss", size: 44 },
        {
          ...axis,
          scale: "accuracy",
          side: 1,
          size: 52,
          grid: { show: false },
          values: (_, ticks) => ticks.map((tick) => `${Math.round(tick * 100)} %`),
        },
      ],
      series: [
        { label: "Epoch", value: (_, v) => (v === null ? "–" : v.toFixed(2)) },
        {
          ...curve("Loss of a batch", "loss", "faint", (v) => v?.toFixed(3) ?? "–"),
          width: 1,
        },
        curve("Loss", "loss", "accent", (v) => v?.toFixed(4) ?? "–"),
        curve("Accuracy", "accuracy", "second", percent),
        {
          ...curve("Test accuracy", "accuracy", "third", percent),
          spanGaps: true,
          points: { show: true, size: 8, fill: () => color("third") },
        },
      ],
      cursor: { drag: { x: false, y: false } },
    },
    [[], [], [], [], []],
    element,
  );

  const draw = (now: number): void => {
    requestAnimationFrame(draw);
    if (!dirty || now - drawn < REDRAW_MILLISECONDS) return;
    dirty = false;
    drawn = now;
    plot.setData(columns as uPlot.AlignedData);
  };
  requestAnimationFrame(draw);
  new ResizeObserver(() => plot.setSize(size())).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());

  const add = (...row: (number | null)[]): void => {
    row.forEach((value, i) => {
      columns[i]?.push(value);
    });
    dirty = true;
  };
  const chart: Chart = {
    addBatch(epoch, loss, accuracy) {
      latest.loss = means.loss(loss);
      latest.accuracy = means.accuracy(accuracy);
      add(epoch, loss, latest.loss, latest.accuracy, null);
    },
    addTest(accuracy) {
      const tests = columns[4] ?? [];
      if (tests.length > 0) tests[tests.length - 1] = accuracy;
      dirty = true;
    },
    clear(count) {
      epochs = count;
      columns = [[], [], [], [], []];
      means = { loss: createMean(), accuracy: createMean() };
      dirty = true;
    },
    get loss() {
      return latest.loss;
    },
    get accuracy() {
      return latest.accuracy;
    },
  };
  chart.clear(1);
  return chart;
}
