// progress(): a callback that shows how training goes: one line that is drawn again in a terminal, plain lines
// where there is none, an element in a page.

import { terminal } from "#host";
import { checkOptions, invalid } from "../check.ts";
import type { Callback, Logs } from "./callbacks.ts";

/** Options of `progress`. */
export interface ProgressOptions {
  /** Where to draw in a page; by default the console. */
  readonly element?: Element;
  /** Where lines go instead, e.g. a log. */
  readonly write?: (text: string) => void;
}

const REDRAW_MILLISECONDS = 100;

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

const show = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toFixed(4);

const values = (logs: Logs): string =>
  Object.entries(logs)
    .filter(([name]) => name !== "size")
    .map(([name, value]) => `${name} ${show(value)}`)
    .join("  ");

/**
 * Shows epoch, bar, loss, metrics, examples a second and time left. In a terminal one line an epoch that is
 * drawn again, otherwise one line an epoch; with `element` its text.
 */
export function progress(options: ProgressOptions = {}): Callback {
  checkOptions("progress", options, {
    element: (value, name, where) => {
      if (typeof value === "object" && value !== null && "textContent" in value) return value;
      throw invalid(where, name, "an element of the page", value);
    },
    write: (value, name, where) => {
      if (typeof value === "function") return value;
      throw invalid(where, name, "a function of a text", value);
    },
  });
  const out = terminal();
  const element = options.element as { textContent: string | null } | undefined;
  const redraws = element !== undefined || (options.write === undefined && out.redraws);
  const write = options.write ?? out.write;
  const finished: string[] = [];

  const draw = (line: string, done: boolean): void => {
    if (element) {
      if (done) finished.push(line);
      element.textContent = [...finished, ...(done ? [] : [line])].join("\n");
    } else if (redraws) {
      const width = out.columns() - 1;
      write(`\r\u001b[K${line.slice(0, width)}${done ? "\n" : ""}`);
    } else if (done) write(`${line}\n`);
  };

  let epochStart = 0;
  let trainStart = 0;
  let lastDraw = 0;
  let examples = 0;
  let firstEpoch = 0;
  let currentEpoch = 0;
  let sums: Logs = {};

  return {
    onTrainBegin() {
      trainStart = performance.now();
      firstEpoch = -1;
    },
    onEpochBegin(epoch) {
      if (firstEpoch < 0) firstEpoch = epoch;
      currentEpoch = epoch;
      epochStart = performance.now();
      lastDraw = 0;
      examples = 0;
      sums = {};
    },
    onBatchEnd(batch, logs, { epochs, batches, examples: total }) {
      const size = logs.size as number;
      examples += size;
      for (const name in logs) sums[name] = (sums[name] ?? 0) + (logs[name] as number) * size;
      const now = performance.now();
      if (!redraws || now - lastDraw < REDRAW_MILLISECONDS) return;
      lastDraw = now;
      const rate = (examples / (now - epochStart)) * 1000;
      const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / examples]));
      const share = batches ? (batch + 1) / batches : null;
      const filled = share === null ? 0 : Math.floor(share * 20);
      const bar = share === null ? `batch ${batch + 1}` : `${"█".repeat(filled)}${"░".repeat(20 - filled)}`;
      const left = total ? ` ${duration((total - examples) / rate)} left` : "";
      draw(`epoch ${currentEpoch + 1}/${epochs} ${bar} ${values(means)}  ${Math.round(rate)} examples/s${left}`, false);
    },
    onEpochEnd(epoch, logs, { epochs }) {
      const seconds = (performance.now() - epochStart) / 1000;
      const rate = examples > 0 ? `  ${Math.round(examples / seconds)} examples/s` : "";
      const remaining = epochs - epoch - 1;
      const each = (performance.now() - trainStart) / 1000 / (epoch - firstEpoch + 1);
      const left = remaining > 0 ? `  ${duration(remaining * each)} left` : "";
      draw(`epoch ${epoch + 1}/${epochs} ${values(logs)}${rate}  ${duration(seconds)}${left}`, true);
    },
  };
}
