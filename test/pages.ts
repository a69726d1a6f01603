// For tests that drive a page from Node (name.browser.test.ts).

import { mkdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import type { Page } from "puppeteer-core";
import type { BrowserName, Server } from "./browsers.ts";
import { browserNames, findBrowser, serve, watchPage, withBrowser } from "./browsers.ts";
import type { Test } from "./harness.ts";

export interface PageOptions {
  /** Served at `url`: a folder, or what a server of its own serves. */
  readonly folder: string | (() => Promise<Server>);
  /** With the headers that make pages cross-origin isolated. */
  readonly isolated?: boolean;
  readonly headers?: Record<string, string>;
  /** By default all. */
  readonly browsers?: readonly BrowserName[];
}

/**
 * Adds a case for each browser: `body` drives a fresh page while `folder` is served. An uncaught error in the page fails
 * the case. Where a browser is missing the case is skipped; with CI set it fails.
 */
export function inBrowsers(
  test: Test,
  name: string,
  options: PageOptions,
  body: (page: Page, url: string, browser: BrowserName) => Promise<void>,
): void {
  for (const browserName of options.browsers ?? browserNames) {
    const executable = findBrowser(browserName);
    if (!executable && !process.env.CI) {
      test.skip(`${name}, ${browserName}`, "not installed");
      continue;
    }
    test(`${name}, ${browserName}`, async () => {
      if (!executable) throw new Error(`${browserName} is not installed`);
      const { folder, isolated = false, headers = {} } = options;
      const server = await (typeof folder === "string" ? serve(folder, { isolated, headers }) : folder());
      const errors: string[] = [];
      try {
        await withBrowser(browserName, executable, async (browser) => {
          const page = await browser.newPage();
          watchPage(page, (error) => errors.push(error));
          await body(page, server.url, browserName);
        });
      } finally {
        await server.close();
      }
      if (errors.length) throw new Error(`in the page: ${errors.join("\n")}`);
    });
  }
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds by the clock, and of the thread's own time. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string; readonly data?: { readonly url?: string } };
}

/** Milliseconds of the thread's own time of each task on the thread of a page, from Chromium's trace. */
export function taskTimes(trace: Uint8Array, url: string): number[] {
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace)) as { traceEvents: TraceEvent[] };
  const pids = new Set(traceEvents.filter(({ args }) => args.data?.url?.startsWith(url)).map(({ pid }) => pid));
  const mains = traceEvents.filter(
    ({ pid, name, args }) => pids.has(pid) && name === "thread_name" && args.name === "CrRendererMain",
  );
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name.endsWith("RunTask") && mains.some((main) => main.pid === pid && main.tid === tid),
  );
  // where workers compute, few are left
  if (tasks.length < 5) throw new Error(`${tasks.length} tasks in the trace`);
  return tasks.map(({ tdur = 0 }) => tdur / 1000);
}

/** Bundles scripts, by name, of the sources into a folder, and writes a page NAME.html around each of `pages`. */
export async function bundlePages(
  folder: string,
  scripts: Readonly<Record<string, string>>,
  pages: readonly string[],
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: { ...scripts },
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["lanewise-source"],
    outdir: folder,
    logLevel: "error",
  });
  for (const name of pages) {
    const page = `<!doctype html><title>${name}</title><script type="module" src="./${name}.js"></script>`;
    writeFileSync(`${folder}/${name}.html`, page);
  }
}
