// modelCheckpoint(): a callback that saves the model while it is trained, in memory and in files.

import { hostName } from "#host";
import { LanewiseError } from "../../bindings/errors.ts";
import { bool, checkOptions, invalid } from "../check.ts";
import type { Callback, Logs } from "./callbacks.ts";
import { createMonitor, type MonitorOptions, monitorCheckers } from "./monitor.ts";

/** Options of `modelCheckpoint`; `minDelta` is 0 by default. */
export interface ModelCheckpointOptions extends MonitorOptions {
  /** A file to write (Node), or a function that names one for each epoch. */
  readonly path?: string | ((epoch: number, logs: Logs) => string);
  /** Whether files are written only after epochs that are better than all before; by default true. */
  readonly saveBestOnly?: boolean;
}

/** What `modelCheckpoint` makes; its values are those of the last training. */
export interface ModelCheckpoint extends Callback {
  /** `model.save()` after the best epoch, for `model.load`; null before there is one. */
  readonly best: Uint8Array | null;
  /** The best value. */
  readonly bestValue: number | null;
  /** Its epoch. */
  readonly bestEpoch: number | null;
}

/**
 * Saves the model after each epoch in which `monitor` was better than before, as `best` and, given a path, as a file; with
 * `saveBestOnly: false` a file after every epoch. A file is written beside its place and then put there, so that it is always
 * whole. Throws `invalid-argument` or `unknown-option` for options out of range; `fit` rejects with `invalid-argument` where there is
 * no such value, with `bad-file` where a file cannot be written, and with `unsupported` for a path in a page. Source: Keras's ModelCheckpoint.
 */
export function modelCheckpoint(options: ModelCheckpointOptions = {}): ModelCheckpoint {
  const where = "modelCheckpoint";
  checkOptions(where, options, {
    ...monitorCheckers,
    path: (value, name) => {
      if (typeof value === "function" || (typeof value === "string" && value !== "")) return value;
      throw invalid(where, name, "a non-empty string or a function (epoch, logs) => string", value);
    },
    saveBestOnly: bool,
  });
  const { path, saveBestOnly = true } = options;
  if (!saveBestOnly && path === undefined)
    throw new LanewiseError("invalid-argument", `${where}: saveBestOnly false needs a path to save every epoch to.`);
  const monitor = createMonitor(where, options);
  let best: Uint8Array | null = null;
  let bestValue: number | null = null;
  let bestEpoch: number | null = null;

  const write = async (epoch: number, logs: Logs, bytes: Uint8Array): Promise<void> => {
    const file: unknown = typeof path === "function" ? path(epoch, logs) : path;
    if (typeof file !== "string" || file === "") throw invalid(where, "what path returns", "a non-empty string", file);
    const { writeBytes } = await import("../io/saving.ts");
    await writeBytes(where, file, bytes, true);
  };

  return {
    get best() {
      return best;
    },
    get bestValue() {
      return bestValue;
    },
    get bestEpoch() {
      return bestEpoch;
    },
    onTrainBegin(context) {
      monitor.begin(context);
      if (path !== undefined && hostName === "web")
        throw new LanewiseError(
          "unsupported",
          `${where}: a page cannot write files. Leave path out and take the bytes from best.`,
        );
      best = null;
      bestValue = null;
      bestEpoch = null;
    },
    async onEpochEnd(epoch, logs, { model }) {
      const value = monitor.value(logs);
      const isBetter = monitor.isBetter(value, bestValue);
      if (!isBetter && saveBestOnly) return;
      const bytes = await model.save();
      if (isBetter) {
        best = bytes;
        bestValue = value;
        bestEpoch = epoch;
      }
      if (path !== undefined) await write(epoch, logs, bytes);
    },
  };
}
