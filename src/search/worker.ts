// What a worker of inThreads runs where it is given a module's URL: bindings/build.mjs bundles it into a text.

import type { Port } from "./messages.ts";
import { computeAlone, ownPort, serve } from "./serve.ts";
import type { Objective } from "./trial.ts";

computeAlone();
serve(ownPort() as Port, async (url, name) => {
  const module = (await import(url as string)) as Readonly<Record<string, unknown>>;
  const names = name === null ? ["default", "objective"] : [name];
  const found = names.map((each) => module[each]).find((each) => typeof each === "function");
  if (found) return found as Objective;
  const known = Object.keys(module).join(", ") || "nothing";
  throw new Error(`it exports no function as ${names.join(" or ")}, but ${known}`);
});
