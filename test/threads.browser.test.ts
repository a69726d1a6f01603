// Threads in pages: who computes, that the bits are those of one thread, that the page's own thread stays free, what is said
// where threads cannot be had, and what is done where workers are lost. Sources are bundled; nothing built is needed.

import type { Page } from "puppeteer-core";
import { assert, suite } from "./harness.ts";
import { bundlePages, inBrowsers, taskTimes } from "./pages.ts";
import type { ThreadsPage } from "./threadsPage.ts";
import type { Probed } from "./threadsProbe.ts";

declare const threads: ThreadsPage;

const LONG_TASK_MS = 50;
const SLICE_MS = 20;
const folder = ".cache/threads";
const scripts = { page: "test/threadsPage.ts", probe: "test/threadsProbe.ts", worker: "bindings/worker.ts" };
await bundlePages(folder, scripts, ["page", "probe"]);

/** Opens the page; returns the list to which what the library says on its console is added. */
async function open(page: Page, url: string): Promise<string[]> {
  const said: string[] = [];
  // what is said about threads: a network of the page has a bias before its batch normalisation, which is said, too
  const isMeant = (text: string) => text.startsWith("lanewise") && !text.includes("its bias has no effect");
  page.on("console", (message) => isMeant(message.text()) && said.push(message.text()));
  await page.goto(`${url}/page.html`);
  // puppeteer's own waiting needs eval, which a page may forbid
  while (!(await page.evaluate(() => "threads" in globalThis))) await new Promise((done) => setTimeout(done, 20));
  return said;
}

/** In the page: starts probe.js in all other places that can run it. */
async function probeAll(): Promise<Record<string, Probed | string>> {
  const told = async (name: string, start: (heard: (told: Probed | string) => void) => void) =>
    [
      name,
      await new Promise<Probed | string>((heard) => {
        setTimeout(() => heard("said nothing"), 60_000);
        start(heard);
      }),
    ] as const;
  const inFrame = (sandbox: string | null) => (heard: (told: Probed | string) => void) => {
    const frame = document.createElement("iframe");
    if (sandbox !== null) frame.setAttribute("sandbox", sandbox);
    addEventListener("message", ({ source, data }) => source === frame.contentWindow && heard(data));
    frame.src = "./probe.html";
    document.body.append(frame);
  };
  const found: Record<string, Probed | string> = {};
  for (const each of [
    () =>
      told("worker", (heard) => {
        const worker = new Worker("./probe.js", { type: "module" });
        worker.onmessage = ({ data }) => heard(data);
        worker.onerror = ({ message }) => heard(message);
      }),
    () =>
      told("shared worker", (heard) => {
        const { port } = new SharedWorker("./probe.js", { type: "module" });
        port.onmessage = ({ data }) => heard(data);
      }),
    () => told("frame of the same origin", inFrame(null)),
    () => told("sandbox with allow-same-origin", inFrame("allow-scripts allow-same-origin")),
    () => told("sandbox", inFrame("allow-scripts")),
  ]) {
    const [name, probed] = await each();
    found[name] = probed;
  }
  return found;
}

/** What differs little between browsers is tested in one of them. */
const chromium = { folder, isolated: true, browsers: ["chromium"] as const };

suite("threads in a page", (test) => {
  inBrowsers(
    test,
    "isolated: workers compute, with the bits of one thread",
    { folder, isolated: true },
    async (page, url) => {
      const said = await open(page, url);
      const one = await page.evaluate(async () => ({
        chosen: await threads.init({ threads: 1 }),
        ...(await threads.callAll(2)),
      }));
      assert.is(one.chosen.threads, 1);
      const two = await page.evaluate(async () => ({
        chosen: await threads.init({ threads: 2 }),
        ...(await threads.callAll(2)),
      }));
      assert.is(two.chosen.threads, 2);
      assert.is(two.chosen.sharedMemory, true);
      assert.is(two.hash, one.hash);
      for (const [name, moved] of Object.entries(one.moved))
        assert.ok((moved[0] as number) > 0 && moved[1] === 0 && moved[2] === 0, `one thread, ${name}: ${moved}`);
      // a worker may take all parts of a short call before the other is awake, not those of all calls
      const both = [0, 0, 0];
      for (const [name, moved] of Object.entries(two.moved)) {
        assert.ok(moved[0] === 0 && (moved[1] as number) + (moved[2] as number) > 0, `two, ${name}: ${moved}`);
        both.forEach((sum, slot) => {
          both[slot] = sum + (moved[slot] as number);
        });
      }
      assert.ok((both[1] as number) > 0 && (both[2] as number) > 0, `two, all calls: ${both}`);
      assert.equal(said, []);
    },
  );

  // a worker that was sent home goes on for two seconds in Chromium, and its slot has another one
  inBrowsers(test, "isolated: workers come and go, the bits stay", chromium, async (page, url) => {
    const said = await open(page, url);
    const hashes = await page.evaluate(async () => {
      const found: string[] = [];
      for (const number of [2, 1, 3, 2]) {
        await threads.init({ threads: number });
        found.push(await threads.trained("image"));
      }
      const [first, second] = await Promise.all([threads.init({ threads: 3 }), threads.init({ threads: 2 })]);
      return { found, first: first.threads, second: second.threads };
    });
    assert.is(new Set(hashes.found).size, 1, `${hashes.found}`);
    assert.is(hashes.second, 2);
    assert.equal(said, []);
  });

  inBrowsers(test, "isolated: as many workers as there can be", chromium, async (page, url) => {
    await open(page, url);
    const [one, many] = await page.evaluate(async () => {
      const found: { threads: number; hash: string }[] = [];
      for (const number of [1, 64]) {
        const chosen = await threads.init({ threads: number });
        found.push({ threads: chosen.threads, hash: (await threads.callAll(2)).hash });
      }
      return found as [(typeof found)[0], (typeof found)[0]];
    });
    assert.is(many.threads, 31);
    assert.is(many.hash, one.hash);
  });

  inBrowsers(
    test,
    "not isolated: the same bits, and one message that names the headers",
    { folder },
    async (page, url) => {
      const said = await open(page, url);
      const found = await page.evaluate(async () => {
        const chosen = await threads.init({ threads: 4 });
        await threads.init({ threads: 2 });
        return { chosen, hash: await threads.trained("image") };
      });
      assert.is(found.chosen.threads, 1);
      assert.is(found.chosen.sharedMemory, false);
      assert.is(said.length, 1, `${said}`);
      assert.match(said[0] as string, /Cross-Origin-Opener-Policy: same-origin/);
      assert.match(said[0] as string, /Cross-Origin-Embedder-Policy: require-corp/);
    },
  );

  for (const isolated of [true, false]) {
    const options = { ...chromium, isolated };
    const name = `${isolated ? "isolated" : "not isolated"}: no task over ${LONG_TASK_MS} ms where a step takes 300`;
    inBrowsers(test, name, options, async (page, url) => {
      await open(page, url);
      await page.evaluate(
        async (number) => {
          await threads.init({ threads: number });
          await threads.slowSteps(1); // compiles
        },
        isolated ? 2 : 1,
      );
      await page.tracing.start({ categories: ["toplevel", "devtools.timeline"] });
      const step = await page.evaluate(() => threads.slowSteps(2));
      const times = taskTimes((await page.tracing.stop()) as Uint8Array, url);
      assert.ok(step > LONG_TASK_MS, `a step took ${step} ms`);
      const longest = Math.max(...times);
      assert.ok(longest <= LONG_TASK_MS, `${longest} ms`);
      if (isolated) return; // what is left to the page's thread is to hand over the batch
      // a busy machine makes some slices longer, but not most
      const working = times.filter((each) => each > 1).sort((a, b) => a - b);
      assert.ok((working[working.length >> 1] as number) <= SLICE_MS, `${working}`);
    });
  }

  inBrowsers(
    test,
    `not isolated: no task over ${LONG_TASK_MS} ms where four million weights are drawn`,
    { folder, browsers: ["chromium"] },
    async (page, url) => {
      await open(page, url);
      await page.evaluate(() => threads.trained("dense")); // loads the kernels
      // a busy machine is slow to give memory that was never touched: the best of a few
      let longest = Number.POSITIVE_INFINITY;
      for (let tries = 0; tries < 4 && longest > LONG_TASK_MS; tries++) {
        await page.tracing.start({ categories: ["toplevel", "devtools.timeline"] });
        const error = await page.evaluate(() => threads.largeSteps());
        longest = Math.max(...taskTimes((await page.tracing.stop()) as Uint8Array, url));
        assert.match(error, /^non-finite: .* input "x" \(element 0\)/);
      }
      assert.ok(longest <= LONG_TASK_MS, `${longest} ms`);
    },
  );

  // no blob may be a worker there
  const headers = { "content-security-policy": "default-src 'self' 'wasm-unsafe-eval'" };
  inBrowsers(test, "a strict Content-Security-Policy", { ...chromium, headers }, async (page, url) => {
    const said = await open(page, url);
    const alone = await page.evaluate(async () => ({
      ...(await threads.init({ threads: 2 })),
      hash: await threads.trained("image"),
    }));
    assert.is(alone.threads, 1);
    assert.is(said.length, 1, `${said}`);
    assert.match(said[0] as string, /Content-Security-Policy|insecure|security/i);
    const served = await page.evaluate(async () => ({
      ...(await threads.init({ threads: 2, worker: () => new Worker("/worker.js") })),
      ...(await threads.callAll(2)),
      again: await threads.trained("image"),
    }));
    assert.is(served.threads, 2);
    assert.ok((served.moved.fit?.[1] as number) > 0, `${served.moved.fit}`);
    assert.is(served.again, alone.hash);
  });

  inBrowsers(test, "a worker that cannot be made", chromium, async (page, url) => {
    const said = await open(page, url);
    const hashes = await page.evaluate(async () => {
      const makers = [
        () => new Worker("data:text/javascript,throw new Error('broken')"),
        () => new Worker("data:text/javascript,"), // starts, and does nothing
        () => {
          throw new Error("no worker today");
        },
      ];
      const found: { threads: number; hash: string }[] = [];
      for (const worker of makers) {
        const chosen = await threads.init({ threads: 2, worker });
        found.push({ threads: chosen.threads, hash: await threads.trained("image") });
      }
      return found;
    });
    assert.is(new Set(hashes.map(({ hash }) => hash)).size, 1);
    assert.ok(hashes.every((each) => each.threads === 1));
    assert.is(said.length, 3, `${said}`);
    assert.match(said[0] as string, /broken/);
    assert.match(said[1] as string, /did not start in time/);
    assert.match(said[2] as string, /no worker today/);
  });

  // a frame that is sandboxed has an origin of its own
  const fromAnywhere = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };
  for (const isolated of [true, false]) {
    const name = `${isolated ? "isolated" : "not isolated"}: inside workers and frames`;
    const options = { ...(isolated ? { folder } : chromium), isolated, headers: fromAnywhere };
    inBrowsers(test, name, options, async (page, url) => {
      await open(page, url);
      const hash = await page.evaluate(() => threads.trained("image"));
      const probed = await page.evaluate(probeAll);
      for (const [place, found] of Object.entries(probed)) {
        if (typeof found === "string") throw new Error(`${place}: ${found}`);
        assert.is(found.hash, hash, place);
        assert.is(found.threads, found.shared ? 2 : 1, place);
      }
      for (const place of ["worker", "frame of the same origin"]) {
        const found = probed[place] as Probed;
        assert.is(found.threads, isolated ? 2 : 1, place);
      }
    });
  }

  for (const cores of [1, undefined]) {
    inBrowsers(test, `hardwareConcurrency ${cores}`, chromium, async (page, url) => {
      await page.evaluateOnNewDocument((value) => {
        Object.defineProperty(navigator, "hardwareConcurrency", { value });
      }, cores);
      await open(page, url);
      const found = await page.evaluate(async () => ({
        ...(await threads.init()),
        ...(await threads.callAll(2)),
      }));
      assert.is(found.threads, 1);
      assert.equal(found.moved.fit?.slice(1), [0, 0]);
    });
  }

  inBrowsers(test, "no memory left in the page", chromium, async (page, url) => {
    await open(page, url);
    const { error, milliseconds } = await page.evaluate(() => {
      const memories: WebAssembly.Memory[] = [];
      Object.assign(globalThis, { memories });
      try {
        for (;;) memories.push(new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }));
      } catch {
        return threads.outcome(() => threads.init());
      }
    });
    assert.match(error ?? "", /^out-of-memory: .*memory/);
    assert.ok(milliseconds < 1000, `${milliseconds} ms`);
    // when there is memory again, it works
    const hash = await page.evaluate(() => {
      Object.assign(globalThis, { memories: [] });
      return threads.trained("image");
    });
    assert.is(hash.length, 64);
  });

  inBrowsers(test, "memory that may not grow", { folder }, async (page, url) => {
    await open(page, url);
    const hash = await page.evaluate(() => threads.trained("image"));
    const { error, milliseconds } = await page.evaluate(() => {
      Object.assign(globalThis, { grow: WebAssembly.Memory.prototype.grow });
      WebAssembly.Memory.prototype.grow = () => {
        throw new RangeError("no more");
      };
      return threads.outcome(() => threads.slowSteps(1));
    });
    assert.match(error ?? "", /^out-of-memory: .*cannot grow/);
    assert.ok(milliseconds < 1000, `${milliseconds} ms`);
    // what there was works still, and more when there is memory again
    assert.is(await page.evaluate(() => threads.trained("image")), hash);
    const again = await page.evaluate(() => {
      const { grow } = globalThis as unknown as { grow: typeof WebAssembly.Memory.prototype.grow };
      WebAssembly.Memory.prototype.grow = grow;
      return threads.outcome(() => threads.slowSteps(1));
    });
    assert.is(again.error, undefined);
  });
});
