// The one default machine: opened at first use, or by init() for who wants to choose.

import { canShare } from "#host";
import { LanewiseError } from "../bindings/errors.ts";
import type { Machine } from "../bindings/machine.ts";
import { createMachine } from "../bindings/machine.ts";
import type { BinaryProvider } from "../bindings/provider.ts";
import { readerOf } from "../bindings/provider.ts";
import type { BinaryReader } from "../bindings/variant.ts";
import { compileBuild, hasRelaxedSimd, hasSimd } from "../bindings/variant.ts";
import { openWasm } from "../bindings/wasm.ts";
import { anyFunction, bool, checkOptions, either, oneOf, positiveInteger } from "./check.ts";
import { awaitedModules } from "./graph/pending.ts";

/** Options of `init`. */
export interface InitOptions {
  /**
   * Threads to compute on; more than 32 (in a page 31) are as many; "auto" (default): as many as there are cores, at most eight. Results do not depend on
   * it. What is too small to gain is computed by one. Workers start when a program is worth them, or, for a number, at once.
   */
  readonly threads?: number | "auto";
  /** The same bits in every engine and on every processor: the strict build. By default false. */
  readonly reproducible?: boolean;
  /** Where the binaries come from, in pages that must not inline them: bytes, a module, a response or a URL for "base", "strict" or "relaxed", and where it is needed "moreStrict" or "moreRelaxed". */
  readonly wasm?: BinaryProvider;
  /** Makes the worker that a thread runs in, from the script `lanewise/worker`: for pages whose policy forbids workers from blobs. */
  readonly worker?: () => Worker;
}

/** What `init` chose. */
export interface Chosen {
  readonly kernels: "strict" | "relaxed" | "reference";
  /** Threads that run; with "auto" those that may be started. */
  readonly threads: number;
  /** Whether the kernels' memory can be shared by threads. */
  readonly sharedMemory: boolean;
}

/** A memory starts small and grows; 4 GiB is the most that 32-bit addresses reach. */
const BYTES_INITIAL = 1 << 20;
const BYTES_MAX = 2 ** 32;

interface Settings {
  readonly reproducible: boolean;
  readonly wasm: BinaryProvider | undefined;
  /** Of `wasm`; made by `init`, so that who does not call it has nothing of that. */
  readonly read: BinaryReader | undefined;
  readonly threads: number | "auto";
  readonly worker: (() => Worker) | undefined;
}

let settings: Settings = { reproducible: false, wasm: undefined, read: undefined, threads: "auto", worker: undefined };
/** What "auto" means: one thread in a worker that runs trials beside others (src/search/serve.ts). */
const settled = (threads: number | "auto"): number | "auto" =>
  threads === "auto" && (globalThis as Readonly<Record<symbol, unknown>>)[Symbol.for("lanewise.alone")] ? 1 : threads;
let warned = false;
let opening: Promise<Machine> | null = null;
let opened: Machine | null = null;

async function open({ reproducible, read, threads, worker }: Settings): Promise<Machine> {
  if (!hasSimd()) {
    const { openReference } = await import("./reference/engine.ts");
    return createMachine(openReference("float32"));
  }
  const build = !reproducible && hasRelaxedSimd() ? "relaxed" : "strict";
  const machine = createMachine(await openWasm(await compileBuild(build, read, canShare), BYTES_INITIAL, BYTES_MAX));
  machine.want(settled(threads), worker); // they start when a program is worth them
  return machine;
}

/** Why memory is not shared. */
const whyAlone = (): Promise<string> =>
  import("../bindings/staff.ts").then(
    (staff) => staff.whyAlone,
    (error: Error) => error.message,
  );

/** The default machine, opened by the first call, once what programs need is loaded. */
export function defaultMachine(): Promise<Machine> {
  const modules = awaitedModules();
  return modules ? modules.then(openMachine) : openMachine();
}

function openMachine(): Promise<Machine> {
  opening ??= open(settings).then(
    (machine) => {
      opened = machine;
      return machine;
    },
    (error: unknown) => {
      opening = null; // so that init() with another provider can try again
      throw error;
    },
  );
  return opening;
}

/** The default machine where it is open already. */
export function openedMachine(): Machine | null {
  return opened;
}

/** Throws where a step is in flight. */
export function requireIdle(machine: Machine, what: string): void {
  if (machine.busy)
    throw new LanewiseError("busy", `${what}: ${machine.busy} is running. Await it first, or use a callback.`);
}

/**
 * Chooses how the library computes, and opens it; not needed otherwise. Threads may be changed later, but not while a step is
 * in flight (`busy`); kernels not once they run (`invalid-argument`). Resolves with what was chosen: given a number of threads,
 * when they run. Where there are fewer than asked for, a message on the console says why.
 */
export async function init(options: InitOptions = {}): Promise<Chosen> {
  checkOptions("init", options, {
    threads: either(positiveInteger, oneOf("auto"), 'a positive integer or "auto"'),
    reproducible: bool,
    wasm: anyFunction,
    worker: anyFunction,
  });
  const wanted: Settings = {
    reproducible: options.reproducible ?? settings.reproducible,
    wasm: options.wasm ?? settings.wasm,
    read: options.wasm ? readerOf(options.wasm) : settings.read,
    threads: settled(options.threads ?? settings.threads),
    worker: options.worker ?? settings.worker,
  };
  if (opening && (wanted.reproducible !== settings.reproducible || wanted.wasm !== settings.wasm)) {
    throw new LanewiseError(
      "invalid-argument",
      "init: reproducible and wasm can only be chosen before anything has run. Call init first.",
    );
  }
  const changed = wanted.threads !== settings.threads || wanted.worker !== settings.worker;
  if (opened && changed) requireIdle(opened, "init");
  settings = wanted;
  await awaitedModules();
  const machine = opened ?? (await defaultMachine());
  const { staff, kernels } = machine.engine;
  machine.want(wanted.threads, wanted.worker);
  if (wanted.threads !== "auto" && wanted.threads > 1) {
    if (staff) await staff.start();
    else if (!warned) {
      warned = true;
      const why = kernels === "reference" ? "WebAssembly SIMD is missing" : await whyAlone();
      console.warn(`lanewise: ${wanted.threads} threads were asked for and there is one: ${why}.`);
    }
  }
  const count = wanted.threads === "auto" ? staff?.expected : staff?.size;
  return { kernels, threads: count ?? 1, sharedMemory: staff !== null };
}
