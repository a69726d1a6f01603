// Opens the benchmark's page in headless browsers, one after the other, prints what it prints and writes its report.

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { BrowserName } from "../test/browsers.ts";
import { findBrowser, serve, watchPage, withBrowser } from "../test/browsers.ts";
import type { Report } from "./bench.ts";
import { commitOf, readOptions } from "./commandLine.ts";
import type { PageOptions } from "./page.ts";

async function runIn(name: BrowserName, folder: string, options: PageOptions): Promise<Report> {
  const executable = findBrowser(name);
  if (!executable) {
    throw new Error(`${name} is not installed (looked on PATH; LANEWISE_${name.toUpperCase()} names another place)`);
  }
  const server = await serve(folder, { isolated: true });
  try {
    return await withBrowser(name, executable, async (browser) => {
      const page = await browser.newPage();
      page.on("console", (message) => console.log(message.text()));
      const broken = new Promise<never>((_, reject) => watchPage(page, (error) => reject(new Error(error))));
      broken.catch(() => {}); // the page may be done before
      const engine = (await browser.version()).replace("/", " ");
      const hash = encodeURIComponent(JSON.stringify({ ...options, engine }));
      await page.goto(`${server.url}/page.html#${hash}`);
      const done = page.waitForFunction(() => "benchOutcome" in globalThis, { timeout: 0, polling: 500 });
      done.catch(() => {}); // the page may break before
      await Promise.race([done, broken]);
      const outcome = await page.evaluate(
        () => (globalThis as unknown as { benchOutcome: Report | string }).benchOutcome,
      );
      if (typeof outcome === "string") throw new Error(outcome);
      return outcome;
    });
  } finally {
    await server.close();
  }
}

const [name, folder, ...words] = process.argv.slice(2) as [BrowserName, string, ...string[]];
const { build, ...options } = readOptions(words);
writeFileSync(
  `${folder}/page.html`,
  `<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,"><script type="module" src="./page.js"></script>`,
);
const processor = cpus()[0]?.model.trim() ?? "unknown processor";
const report = await runIn(name, folder, {
  ...options,
  ...{ build: build ?? null, processor, engine: name, commit: commitOf() },
});
writeFileSync(`${folder}/report.json`, JSON.stringify(report));
process.exitCode = report.failures.length > 0 ? 1 : 0;
