// Starts the processes and browsers in which startupProbe.ts runs, and prints medians.

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { findBrowser, serve, withBrowser } from "../test/browsers.ts";
import type { Startup } from "./startupProbe.ts";

const RUNS = 10;

const folder = resolve(process.argv[2] as string);
const columns = ["total", "import", "unpack", "compile", "plan", "kernels", "secondStep"] as const;

function inNode(): Startup {
  const [probe, application] = ["startupProbe", "startupApplication"].map((name) =>
    JSON.stringify(pathToFileURL(`${folder}/${name}.mjs`).href),
  );
  const code = `import { firstStep } from ${probe};
    console.log(JSON.stringify(await firstStep(() => import(${application}))));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as Startup;
}

/** A browser of its own each time, so that nothing is compiled or cached before. */
async function inChromium(executable: string, url: string): Promise<{ startup: Startup; version: string }> {
  return withBrowser("chromium", executable, async (browser) => {
    const page = await browser.newPage();
    await page.goto(`${url}/index.html`);
    const startup = (await page.evaluate(
      `import("/startupProbe.js").then(({ firstStep }) => firstStep(() => import("/startupApplication.js")))`,
    )) as Startup;
    return { startup, version: await browser.version() };
  });
}

function report(where: string, runs: readonly Startup[]): void {
  const median = (name: keyof Startup) => {
    const sorted = runs.map((run) => run[name]).sort((a, b) => a - b);
    return (sorted[sorted.length >> 1] as number).toFixed(1);
  };
  console.log([where.padEnd(24), ...columns.map((name) => median(name).padStart(10))].join(" "));
}

console.log([`ms, median of ${RUNS}`.padEnd(24), ...columns.map((name) => name.padStart(10))].join(" "));
report(`Node ${process.version}`, Array.from({ length: RUNS }, inNode));

const executable = findBrowser("chromium");
if (executable) {
  const server = await serve(`${folder}/page`, { isolated: false });
  const runs: Startup[] = [];
  let name = "Chromium";
  for (let i = 0; i < RUNS; i++) {
    const { startup, version } = await inChromium(executable, server.url);
    runs.push(startup);
    name = version;
  }
  await server.close();
  report(name, runs);
} else console.log("Chromium is not installed.");
