// WebKitGTK, driven over WebDriver: what puppeteer does for the other browsers. Pages need a display, so a virtual one is
// started where there is none.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { onPath, within } from "./browsers.ts";

/** The driver, and the browser that it starts. */
export interface Webkit {
  readonly driver: string;
  readonly browser: string;
}

/** Where Debian's webkit2gtk-driver puts its parts; null where they are missing. */
export function findWebkit(): Webkit | null {
  const driver = onPath("WebKitWebDriver");
  if (!driver || (!process.env.DISPLAY && !onPath("Xvfb"))) return null;
  const libraries = "/usr/lib";
  const browser = (existsSync(libraries) ? readdirSync(libraries) : [])
    .flatMap((machine) =>
      ["4.1", "4.0", "6.0"].map((api) => join(libraries, machine, `webkit2gtk-${api}`, "MiniBrowser")),
    )
    .find((path) => existsSync(path));
  return browser ? { driver, browser } : null;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** Starts a virtual display; resolves with its name. */
async function startDisplay(started: ChildProcess[]): Promise<string> {
  if (process.env.DISPLAY) return process.env.DISPLAY;
  const display = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  started.push(display);
  const output = display.stdio[3] as Readable;
  const number = await within(
    20_000,
    new Promise<string>((resolve, reject) => {
      output.once("data", (text) => resolve(String(text).trim()));
      display.once("error", reject);
      display.once("exit", (code) => reject(new Error(`Xvfb ended with exit code ${code}`)));
    }),
  );
  if (number === undefined) throw new Error("Xvfb did not start within 20 s");
  return `:${number}`;
}

/** One page. */
export interface WebkitPage {
  open(url: string): Promise<void>;
  /** Runs the body of a function in the page; what it returns must be plain. */
  evaluate(body: string): Promise<unknown>;
}

/**
 * Starts the browser, hands a page to `use`, and ends everything whatever happens. `shared` switches on what the engine has and
 * WebKitGTK keeps from pages: memory that is shared with workers.
 */
export async function withWebkit<T>(
  { driver, browser }: Webkit,
  shared: boolean,
  use: (page: WebkitPage) => Promise<T>,
): Promise<T> {
  const started: ChildProcess[] = [];
  try {
    const display = await startDisplay(started);
    const port = await freePort();
    const env = { ...process.env, DISPLAY: display, JSC_useSharedArrayBuffer: shared ? "1" : "0" };
    const child = spawn(driver, [`--port=${port}`], { stdio: "ignore", env });
    started.push(child);
    child.on("error", () => {}); // asking it fails then
    const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
        signal: AbortSignal.timeout(120_000),
      });
      const { value } = (await response.json()) as { value: unknown };
      if (!response.ok) throw new Error(`WebKit: ${JSON.stringify(value)}`);
      return value;
    };
    for (let tries = 0; !(await ask("GET", "/status").catch(() => null)); tries++) {
      if (tries === 100) throw new Error("WebKitWebDriver does not answer");
      await new Promise((done) => setTimeout(done, 100));
    }
    const capabilities = {
      alwaysMatch: { "webkitgtk:browserOptions": { binary: browser, args: ["--automation"] } },
    };
    const { sessionId } = (await ask("POST", "/session", { capabilities })) as { sessionId: string };
    try {
      return await use({
        open: async (url) => void (await ask("POST", `/session/${sessionId}/url`, { url })),
        evaluate: (script) => ask("POST", `/session/${sessionId}/execute/sync`, { script, args: [] }),
      });
    } finally {
      await within(5000, ask("DELETE", `/session/${sessionId}`)).catch(() => {});
    }
  } finally {
    for (const child of started.reverse()) child.kill("SIGKILL");
  }
}
