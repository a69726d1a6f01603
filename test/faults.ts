// Workers that fail in a way and at a moment that a test chooses: what `init({ worker })` is given. In Node.

import { Worker as Thread } from "node:worker_threads";
import { worker as source } from "../bindings/generated/crew.ts";

/** "slow" is none: the call is repeated for four seconds. */
export type Fault = "throw" | "exit" | "hang" | "memory" | "slow";

export interface FaultPlan {
  readonly fault: Fault;
  /** When: while its script is run, or at so many calls of kernels by it, the first being 1. */
  readonly at: "start" | number;
}

/** When the last fault happened, in milliseconds of the clock; 0 where none has. Workers write it. */
export const faultTime: Float64Array = new Float64Array(new SharedArrayBuffer(8));

/** `(module (import "a" "f" (func (param i32 i32))) (export "f" (func 0)))`: makes a kernel of a function. */
const kernelModule = [
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[1, 6, 1, 0x60, 2, 0x7f, 0x7f, 0],
  ...[2, 7, 1, 1, 97, 1, 102, 0, 0],
  ...[7, 5, 1, 1, 102, 0, 0],
];

/** Runs before the worker's own script: every kernel in the table becomes one that counts its calls. */
const prelude = `
const { workerData: { fault, at, time } } = require("node:worker_threads");
const fail = () => {
  time[0] = Date.now();
  if (fault === "throw") throw new Error("a fault");
  if (fault === "exit") process.exit(3);
  if (fault === "memory") for (const all = []; ; ) all.push(new Array(1000).fill(all.length));
  for (;;);
};
if (at === "start") fail();
let calls = 0;
const { Instance } = WebAssembly;
const kernel = new WebAssembly.Module(Uint8Array.from([${kernelModule}]));
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  const { table } = imports.env;
  for (let i = 0; "share" in instance.exports && i < table.length; i++) {
    const original = table.get(i);
    const f = (args, task) => {
      calls++;
      if (calls === at && fault === "slow")
        for (const until = Date.now() + 4000; Date.now() < until; ) original(args, task);
      else if (calls === at) fail();
      original(args, task);
    };
    if (original) table.set(i, new Instance(kernel, { a: { f } }).exports.f);
  }
  return instance;
};
`;

const port = 'globalThis.parentPort = require("node:worker_threads").parentPort;';

/** A worker; null is one that does not fail. It is a Node worker, which the library takes as such. */
export function makeWorker(plan: FaultPlan | null): Worker {
  const thread = new Thread(`${plan ? prelude : ""}${port}${source}`, {
    eval: true,
    execArgv: [],
    workerData: { ...plan, time: faultTime },
    ...(plan?.fault === "memory" ? { resourceLimits: { maxOldGenerationSizeMb: 12 } } : {}),
  });
  return thread as unknown as Worker;
}

export interface Counted {
  readonly counts: { made: number; alive: number };
  readonly worker: () => Worker;
}

/** Counts the workers that live. */
export function countWorkers(make: () => Worker = () => makeWorker(null)): Counted {
  const counts = { made: 0, alive: 0 };
  const worker = (): Worker => {
    const made = make();
    counts.made++;
    counts.alive++;
    (made as unknown as Thread).on("exit", () => {
      counts.alive--;
    });
    return made;
  };
  return { counts, worker };
}
