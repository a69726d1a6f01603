// Opens the page of killsPage.ts in headless Chromium and has it kill workers.

import { mkdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { findBrowser, serve, watchPage, withBrowser } from "../test/browsers.ts";
import type { Kill, KillsPage } from "./killsPage.ts";

declare const kills: KillsPage;

/** A call in which a thread is lost takes at most so much longer than others. */
export const MISSED_MILLISECONDS = 2500;

/** Kills so many workers, one after the other; null where there is no Chromium. */
export async function killInChromium(
  count: number,
  seed: number,
  each: (kill: Kill) => void = () => {},
): Promise<Kill[] | null> {
  const executable = findBrowser("chromium");
  if (!executable) return null;
  const folder = ".cache/kills";
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: { page: "bench/killsPage.ts", worker: "bindings/worker.ts" },
    bundle: true,
    ignoreAnnotations: true,
    format: "esm",
    platform: "browser",
    conditions: ["lanewise-source"],
    target: "es2022",
    outdir: folder,
    logLevel: "error",
  });
  writeFileSync(
    `${folder}/index.html`,
    `<!doctype html><title>kills</title><link rel="icon" href="data:,"><script type="module" src="./page.js"></script>`,
  );
  const server = await serve(folder, { isolated: true });
  const errors: string[] = [];
  const done: Kill[] = [];
  try {
    await withBrowser("chromium", executable, async (browser) => {
      const page = await browser.newPage();
      watchPage(page, (error) => errors.push(error));
      await page.goto(`${server.url}/index.html`);
      await page.waitForFunction(() => "kills" in globalThis, { timeout: 60_000 });
      await page.evaluate((number) => kills.prepare(number), seed);
      for (let i = 0; i < count && errors.length === 0; i++) {
        const kill = await page.evaluate((number) => kills.kill(number), i);
        done.push(kill);
        each(kill);
      }
    });
  } finally {
    await server.close();
  }
  if (errors.length > 0) throw new Error(`in the page: ${errors.join("\n")}`);
  return done;
}

/** What is wrong about a kill, or null. */
export function complaint({ moment, longest, outcome }: Kill): string | null {
  if (outcome !== "right" && outcome !== "state-lost") return `${moment}: ${outcome}`;
  return longest > MISSED_MILLISECONDS ? `${moment}: ${Math.round(longest)} ms` : null;
}
