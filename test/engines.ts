// The engines that every kernel and op is tested on.

import type { Engine } from "../bindings/engine.ts";
import { compileBuild, hasRelaxedSimd } from "../bindings/variant.ts";
import { openWasm } from "../bindings/wasm.ts";
import { openReference } from "../src/reference/engine.ts";

/** Fresh engines: reference in float32, strict, and relaxed where this environment has it. */
export async function openEngines(): Promise<Engine[]> {
  const engines = [openReference("float32"), await openWasm(await compileBuild("strict"), 1 << 20, 2 ** 31)];
  if (hasRelaxedSimd()) engines.push(await openWasm(await compileBuild("relaxed"), 1 << 20, 2 ** 31));
  return engines;
}
