// What stands behind a public model, for tools that look inside of it.

import { invalid } from "../check.ts";
import type { ModelCore } from "./model.ts";

const cores = new WeakMap<object, ModelCore>();

export function noteCore(model: object, core: ModelCore): void {
  cores.set(model, core);
}

/** The core of a model; throws where something else was given as the argument `name`. */
export function coreOf(where: string, name: string, model: unknown): ModelCore {
  const core = typeof model === "function" ? cores.get(model) : undefined;
  if (!core) throw invalid(where, name, "a model of sequential or functional", model);
  return core;
}
