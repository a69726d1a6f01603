// Finds and starts the browsers that tests drive, and serves files to their pages.

import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, extname, join, resolve, sep } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import puppeteer from "puppeteer-core";

export const browserNames = ["chromium", "firefox"] as const;
export type BrowserName = (typeof browserNames)[number];

const places: Readonly<Record<BrowserName, { names: string[]; variables: string[]; paths: string[] }>> = {
  chromium: {
    names: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"],
    variables: ["LANEWISE_CHROMIUM", "CHROME_PATH"],
    paths: [
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
      "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
      "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
    ],
  },
  firefox: {
    names: ["firefox-esr", "firefox"],
    variables: ["LANEWISE_FIREFOX", "FIREFOX_PATH"],
    paths: ["/Applications/Firefox.app/Contents/MacOS/firefox", "C:\\Program Files\\Mozilla Firefox\\firefox.exe"],
  },
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A file of one of these names that can be run, in the folders where programs are; or null. */
export function onPath(...names: readonly string[]): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter).concat("/usr/bin", "/usr/local/bin", "/snap/bin");
  return folders.flatMap((folder) => names.map((file) => join(folder, file))).find(isExecutable) ?? null;
}

/** Where a browser is, or null. */
export function findBrowser(name: BrowserName): string | null {
  const { names, variables, paths } = places[name];
  for (const variable of variables) {
    const path = process.env[variable];
    if (path) return isExecutable(path) ? path : null;
  }
  return onPath(...names) ?? paths.find(isExecutable) ?? null;
}

/** Starts a browser, hands it to `use`, and ends it whatever happens. */
export async function withBrowser<T>(
  name: BrowserName,
  executablePath: string,
  use: (browser: Browser) => Promise<T>,
): Promise<T> {
  const quietChromium = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage", // /dev/shm is small in containers
  ];
  const browser = await puppeteer.launch({
    browser: name === "chromium" ? "chrome" : "firefox",
    executablePath,
    headless: true,
    args: name === "chromium" ? quietChromium : [],
    timeout: 90_000,
    protocolTimeout: 600_000,
  });
  try {
    return await use(browser);
  } finally {
    // a page in an endless loop does not let its browser close
    await within(5000, browser.close());
    browser.process()?.kill("SIGKILL");
  }
}

/** Waits for a promise, but not longer than so many milliseconds. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Collects what goes wrong in a page: uncaught errors, crashes, requests that fail. */
export function watchPage(page: Page, report: (error: string) => void): void {
  page.on("pageerror", (error) => report(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  page.on("error", (error) => report(`page crashed: ${error.message}`));
  page.on("requestfailed", (request) => report(`${request.url()}: ${request.failure()?.errorText}`));
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface Server {
  /** Without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a folder on 127.0.0.1; `isolated` sends the headers that make a page cross-origin isolated. */
export function serve(
  folder: string,
  options: { isolated: boolean; headers?: Record<string, string> },
): Promise<Server> {
  const root = resolve(folder);
  const headers = {
    "cache-control": "no-store",
    ...(options.isolated
      ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
      : {}),
    ...options.headers,
  };
  const server = createServer(async (request, response) => {
    const path = resolve(root, `.${decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname)}`);
    try {
      if (!path.startsWith(root + sep)) throw new Error("outside");
      const bytes = await readFile(path);
      response.writeHead(200, { ...headers, "content-type": types[extname(path)] ?? "application/octet-stream" });
      response.end(bytes);
    } catch {
      response.writeHead(404, headers).end("not found");
    }
  });
  return new Promise((done, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      done({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () =>
          new Promise((closed) => {
            server.closeAllConnections();
            server.close(() => closed());
          }),
      });
    });
  });
}
