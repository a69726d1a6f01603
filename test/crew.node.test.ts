// Threads in Node, each case in a process of its own: how many there are, when they come and go, that they change no bit, and
// what happens where they cannot be had or are lost (crewScenarios.ts).

import { spawn } from "node:child_process";
import { build } from "esbuild";
import { hasRelaxedSimd } from "../bindings/variant.ts";
import { assert, suite } from "./harness.ts";
import type { Outcome } from "./kills.ts";

const script = ".cache/tests/crewScenarios.mjs";
const bundled = build({
  entryPoints: ["test/crewScenarios.ts"],
  bundle: true,
  ignoreAnnotations: true,
  format: "esm",
  platform: "node",
  conditions: ["lanewise-source"],
  target: "es2022",
  outfile: script,
  logLevel: "error",
});

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
  /** When it ended, in milliseconds of the clock. */
  readonly time: number;
}

/** Runs a command to its end; one that hangs is ended. */
async function execute(command: string, words: readonly string[]): Promise<Ended> {
  await bundled;
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"], timeout: 60_000, killSignal: "SIGKILL" });
    let [text, errors] = ["", ""];
    child.stdout.on("data", (part) => {
      text += part;
    });
    child.stderr.on("data", (part) => {
      errors += part;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, lines: text.trim().split("\n"), errors, time: Date.now() }));
  });
}

/** What a scenario came to. */
async function outcome(name: string, words: readonly (string | number)[] = [], flags: readonly string[] = []) {
  const ended = await execute(process.execPath, [...flags, script, name, ...words.map(String)]);
  assert.is(ended.code, 0, `${name}: ${ended.errors}`);
  return JSON.parse(ended.lines.at(-1) as string);
}

/** Of the dense network trained by Adam with the strict kernels (hashes.reproducible.test.ts). */
const HASH = "70bc17f75e88a01bc63779988de15afd049336fae1421d4ee3e9dac3f0b0d096";

/** Within which it goes on after a thread was lost: 2.5 s (bench/kills.ts), and what a busy machine takes beside. */
const BACK_MILLISECONDS = 5000;

suite("threads that come and go", (test) => {
  test("as many as were asked for, up and down between two fits", async () => {
    const { said, alive } = await outcome("numbers");
    assert.equal(said, [1, 2, 4, 3, 1, 2]);
    assert.ok(alive.every(Boolean), String(alive));
  });
  test("gone with the last model, also where they were just being started, and back when one is used", async () => {
    assert.equal(await outcome("lifetime"), { withOne: 1, without: true, again: true, atEnd: true });
  });
  test("there for who waits for them, also where the last model is collected meanwhile", async () => {
    const said: number[] = await outcome("left");
    assert.ok(
      said.every((threads) => threads === 3),
      String(said),
    );
  });
  test("by themselves for a program that is worth it only", async () => {
    const { ofSmall, ofLarge, shared } = await outcome("auto");
    assert.is(ofSmall, 0);
    assert.is(ofLarge, Math.min(8, (await import("node:os")).availableParallelism()) - 1);
    assert.equal(shared, [false, true]);
  });
  test("not to be changed during a step", async () => {
    assert.equal(await outcome("busy"), { code: "busy", threads: 1 });
  });
  for (const [how, code] of Object.entries({ work: 0, starting: 0, exception: 1, exit: 5 })) {
    test(`they keep no process alive: ${how}`, async () => {
      const ended = await execute(process.execPath, [script, "ends", how]);
      assert.is(ended.code, code, ended.errors);
      const late = ended.time - Number(ended.lines[0]);
      assert.ok(late < 1000, `${late} ms after the end of its work`);
    });
  }
});

suite("threads and bits", (test) => {
  // of the strict kernels the hashes are written down (hashes.reproducible.test.ts)
  test("one hash on one and three threads, relaxed", async () => {
    const flags = hasRelaxedSimd() ? [] : ["--experimental-wasm-relaxed-simd"];
    const { kernels, all, hashes } = await outcome("bits", ["relaxed", 1, 1, 3], flags);
    assert.is(kernels, "relaxed");
    assert.ok(all, "not all threads took part");
    for (const [name, found] of Object.entries(hashes)) assert.is((found as string[]).length, 1, name);
  });
  test("steps that a guard ends", async () => {
    assert.equal(await outcome("guards"), { same: true, warnings: [] });
  });
  test("steps that a guard ends before any meeting, one after the other", async () => {
    assert.equal(await outcome("earlyEnds"), { threads: 8, codes: ["non-finite"], same: true, warnings: [] });
  });
  test("inside a worker, with workers of its own", async () => {
    const { all, hashes } = await outcome("insideWorker");
    assert.ok(all);
    assert.equal(hashes["dense adam"], [HASH]);
  });
});

suite("threads that cannot be had", (test) => {
  const factories = {
    factory: /no workers here/,
    nothing: /what init's worker\(\) gave is no Worker of node:worker_threads/,
    dies: /it died/,
    exits: /exited with code 1/,
    silent: /./,
  };
  for (const [how, why] of Object.entries(factories)) {
    test(`a worker factory: ${how}`, async () => {
      const { threads, warnings, hash } = await outcome("alone", [how]);
      assert.is(threads, 1);
      assert.is(warnings.length, 1, warnings.join("\n"));
      assert.match(warnings[0], why);
      assert.is(hash, HASH);
    });
  }
  test("no permission to start workers", async () => {
    const permission = process.allowedNodeEnvironmentFlags.has("--permission")
      ? "--permission"
      : "--experimental-permission";
    const { threads, warnings, hash } = await outcome("alone", ["permission"], [permission, "--allow-fs-read=*"]);
    assert.is(threads, 1);
    assert.is(warnings.length, 1, warnings.join("\n"));
    assert.is(hash, HASH);
  });
  test("little address space: it computes, or names the cause", async () => {
    const shell = (flags: string) => `ulimit -v 4000000; exec "${process.execPath}" ${flags} ${script} limited`;
    const plain = await execute("/bin/sh", ["-c", shell("")]);
    if (plain.code !== 0)
      assert.ok(/LanewiseError: A WebAssembly memory of .*ulimit -v/.test(plain.errors), plain.errors);
    const ended = plain.code === 0 ? plain : await execute("/bin/sh", ["-c", shell("--disable-wasm-trap-handler")]);
    assert.is(ended.code, 0, ended.errors);
    const { hash, after, refused, milliseconds } = JSON.parse(ended.lines.at(-1) as string);
    assert.equal([hash, after, refused], [HASH, HASH, "out-of-memory"]);
    assert.ok(milliseconds < 1000, `${milliseconds} ms`);
  });
});

suite("threads that are lost", (test) => {
  test("while idle: one less, and as many as before when they are asked for", async () => {
    assert.equal(await outcome("endsIdle"), { size: 2, threads: 3, warnings: 1 });
  });
  test("at random moments, in all ways; an instruction of four seconds is not taken for it", async () => {
    // they wait most of the time
    const [long, ...killed] = await Promise.all([outcome("long"), outcome("kills", [5, 3]), outcome("kills", [5, 4])]);
    const { threads, milliseconds, same, warnings } = long;
    assert.is(threads, 2);
    assert.ok(milliseconds > 3500, `${milliseconds} ms`);
    assert.ok(same);
    assert.equal(warnings, []);
    const outcomes: Outcome[] = killed.flat();
    assert.is(outcomes.filter(({ happened }) => happened).length, 10);
    for (const { kill, at, back, wrong } of outcomes) {
      assert.is(wrong, "", `${kill}, ${at}`);
      assert.ok(back < BACK_MILLISECONDS, `${kill}, ${at}: ${back} ms`);
    }
  });
});
