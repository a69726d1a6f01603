// The engines that every kernel and op is tested on.

import type { Engine } from "../bindings/engine.ts";
import type { Build } from "../bindings/variant.ts";
import { compileBuild, hasRelaxedSimd } from "../bindings/variant.ts";
import { openWasm } from "../bindings/wasm.ts";
import { openReference } from "../src/reference/engine.ts";

async function openBuild(build: Build): Promise<Engine> {
  const engine = await openWasm(await compileBuild(build), 1 << 20, 2 ** 31);
  await engine.complete();
  return engine;
}

/** Fresh engines: reference in float32, strict, and relaxed where this environment has it. */
export async function openEngines(): Promise<Engine[]> {
  const engines = [openReference("float32"), await openBuild("strict")];
  if (hasRelaxedSimd()) engines.push(await openBuild("relaxed"));
  return engines;
}
