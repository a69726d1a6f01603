// Options of the benchmark as words, and what only Node knows of the checkout.

import { execFileSync } from "node:child_process";
import type { Build } from "../bindings/variant.ts";
import type { Options } from "./bench.ts";

/** The words that run.mjs passes on; it has checked them. `build` is absent where the best one is wanted. */
export function readOptions(words: readonly string[]): Omit<Options, "build"> & { readonly build?: Build } {
  const option = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
  const build = option("build") as Build | undefined;
  return {
    ...(build ? { build } : {}),
    filter: option("filter")?.split(",") ?? [],
    quick: words.includes("--quick"),
    alone: words.includes("--alone"),
    threads: Number(option("threads") ?? 1),
  };
}

export function commitOf(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
