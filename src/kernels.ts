// The entry `lanewise/kernels`: the SIMD kernels over arrays of one's own, without graphs, layers or models.

import { canShare } from "#host";
import type { Staff } from "../bindings/engine.ts";
import { LanewiseError } from "../bindings/errors.ts";
import type { BinaryProvider } from "../bindings/provider.ts";
import { readerOf } from "../bindings/provider.ts";
import { compileBuild, hasRelaxedSimd, hasSimd } from "../bindings/variant.ts";
import { openWasm } from "../bindings/wasm.ts";
import type { Checker } from "./check.ts";
import { anyFunction, bool, checkOptions, either, invalid, oneOf, positiveInteger } from "./check.ts";
import type { KernelMachine } from "./kernels/machine.ts";
import { createKernelMachine } from "./kernels/machine.ts";

export type { ErrorCode } from "../bindings/errors.ts";
export { LanewiseError } from "../bindings/errors.ts";
export type { KernelName } from "../bindings/generated/kernels.ts";
export type { BinaryProvider, BinarySource } from "../bindings/provider.ts";
export type { BinaryName } from "../bindings/variant.ts";
export type { KernelMachine } from "./kernels/machine.ts";
export type { KernelOperands } from "./kernels/operands.ts";

export interface OpenOptions {
  /** Threads to compute on; machine.threads says how many there are. "auto" (default): as many as there are cores, for calls that are worth it. In a page's own thread it is always one. */
  readonly threads?: number | "auto";
  /** Bytes of the machine's memory, which it takes at once: arrays and what kernels need beside. By default 64 MiB. */
  readonly bytesMax?: number;
  /** The same bits in every engine and on every processor: the strict build. By default false. */
  readonly reproducible?: boolean;
  /** Where the binaries come from, in pages that must not inline them: bytes, a module, a response or a URL for "base", "strict" or "relaxed", and "moreStrict" or "moreRelaxed". */
  readonly wasm?: BinaryProvider;
}

/** Two pages of WebAssembly memory, and all that 32-bit addresses reach. */
const BYTES_LEAST = 131072;
const BYTES_MOST = 2 ** 32;

const memoryBytes: Checker<number> = (value, name, where) => {
  if (Number.isInteger(value) && (value as number) >= BYTES_LEAST && (value as number) <= BYTES_MOST) {
    return value as number;
  }
  throw invalid(where, name, `an integer from ${BYTES_LEAST} to ${BYTES_MOST}`, value);
};

/** The threads of machines that were collected go home. */
const collected: FinalizationRegistry<Staff> = new FinalizationRegistry((staff) => staff.rest());

/**
 * Opens a machine with a memory of its own. Throws `invalid-argument` or `unknown-option` for wrong options and
 * `out-of-memory` where the memory cannot be had.
 *
 *     const machine = await open({ bytesMax: 256 << 20 });
 *     const a = machine.float32(m * k), b = machine.float32(k * n), c = machine.float32(m * n);
 *     machine.gemm({ m, n, k, a, b, c });
 */
export async function open(options: OpenOptions = {}): Promise<KernelMachine> {
  checkOptions("open", options, {
    threads: either(positiveInteger, oneOf("auto"), 'a positive integer or "auto"'),
    bytesMax: memoryBytes,
    reproducible: bool,
    wasm: anyFunction,
  });
  const { bytesMax = 64 << 20, reproducible = false, wasm, threads = "auto" } = options;
  if (!hasSimd()) {
    const { openReference } = await import("./reference/engine.ts");
    const engine = openReference("float32");
    if (engine.grow(bytesMax)) return createKernelMachine(engine);
    throw new LanewiseError("out-of-memory", `open: a memory of ${bytesMax} bytes could not be created.`);
  }
  const build = !reproducible && hasRelaxedSimd() ? "relaxed" : "strict";
  const binaries = await compileBuild(build, wasm && readerOf(wasm), canShare && threads !== 1);
  const engine = await openWasm(binaries, bytesMax, bytesMax);
  await engine.complete();
  const { staff } = engine;
  if (staff?.joins) staff.want(threads);
  else if (threads !== "auto" && threads > 1)
    console.warn(
      "lanewise: this thread may not wait for others, so the machine has one. Open it in a worker of an isolated page.",
    );
  if (staff?.joins && threads !== "auto") await staff.start();
  const machine = createKernelMachine(engine);
  if (staff) collected.register(machine, staff);
  return machine;
}
