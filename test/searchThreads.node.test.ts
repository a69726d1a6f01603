// Searches in worker threads and with journals in files: the same trials for any number of workers, workers that break down, a process
// that is killed.

import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { Executor, SearchOptions, ThreadsOptions } from "../src/index.ts";
import { init, inThreads, type LanewiseError, mergeJournals, search, spaces } from "../src/index.ts";
import { rejects, thrownBy } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import { facts, least } from "./searchBowl.ts";
import { objective } from "./searchObjective.ts";

const folder = resolve(".cache/tests/search");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

/** Writes a module, and gives its URL. */
function moduleOf(name: string, code: string): URL {
  const path = `${folder}/${name}.mjs`;
  writeFileSync(path, code);
  return pathToFileURL(path);
}

/** Bundles what is written in TypeScript. */
async function bundled(name: string, contents: string): Promise<URL> {
  const outfile = `${folder}/${name}.mjs`;
  await build({
    stdin: { contents, resolveDir: "test", loader: "ts" },
    bundle: true,
    ignoreAnnotations: true,
    format: "esm",
    platform: "node",
    conditions: ["lanewise-source"],
    target: "es2022",
    outfile,
    logLevel: "error",
  });
  return pathToFileURL(outfile);
}
const training = bundled("training", `export * from "./searchObjective.ts";`);

const simple = { x: spaces.uniform(0, 1) };
const space = { learningRate: spaces.logUniform(1e-4, 1e-1), units: spaces.integer(2, 8) };

/** Status, or the name of the error, of each trial. */
const fates = ({ trials }: { trials: readonly { status: string; error: { name: string } | null }[] }): string[] =>
  trials.map(({ status, error }) => error?.name ?? status);

/** A search of x whose objective is the body of a function of x and the trial's context. */
function searched(
  name: string,
  body: string,
  more: Partial<SearchOptions<{ x: number }>> = {},
  threads: ThreadsOptions = {},
) {
  const url = moduleOf(
    name,
    `export default async ({ x }, context) => { const { trial: { index } } = context; ${body} };`,
  );
  return search(inThreads(url, { workers: 2, ...threads }), simple, { ...least, trials: 6, ...more });
}

suite("searches in threads", (test) => {
  test("trained models: the same trials and the same best here, in one worker and in three", async () => {
    await init();
    const options = { ...least, method: "successiveHalving", trials: 9, budget: 9, seed: 3 } as const;
    const here = await search(objective, space, options);
    for (const workers of [1, 3]) {
      const result = await search(inThreads(await training, { workers }), space, options);
      assert.equal(facts(result), facts(here));
      assert.is(result.best.index, here.best.index);
    }
    assert.ok(here.best.budget === 9 && (here.best.value as number) < 0.6, here.table());
  });

  test("each worker's library computes on one thread", async () => {
    const result = await search(inThreads(await training, { workers: 2, exportName: "threads" }), simple, {
      ...least,
      trials: 2,
    });
    assert.equal(
      result.trials.map(({ value }) => value),
      [1, 1],
    );
  });

  test("as many at the same time as there are workers", async () => {
    // each waits for all the others, which one worker alone would never see
    const place = `${folder}/together`;
    mkdirSync(place);
    const body = `const { readdirSync, writeFileSync } = await import("node:fs"); writeFileSync("${place}/" + index, "");
      while (readdirSync("${place}").length < 3) await new Promise((r) => setTimeout(r, 5)); return x;`;
    const result = await searched("together", body, { trials: 3, trialSeconds: 30 }, { workers: 3 });
    assert.equal(fates(result), ["completed", "completed", "completed"]);
  });

  test("an error of the objective is a failed trial; its worker goes on", async () => {
    const result = await searched(
      "throws",
      "globalThis.runs = (globalThis.runs ?? 0) + 1; if (index === 2) throw new RangeError('too much'); return globalThis.runs;",
      {},
      { workers: 1 },
    );
    assert.equal(fates(result), ["completed", "completed", "RangeError", "completed", "completed", "completed"]);
    assert.is(result.trials[5]?.value, 6);
  });

  for (const [what, name, body] of [
    ["exits", "WorkerExit", "process.exit(3)"],
    [
      "throws in a callback",
      "TypeError",
      "setTimeout(() => { throw new TypeError('late') }); await new Promise(() => {})",
    ],
    [
      "leaves a rejection behind",
      "SyntaxError",
      "Promise.reject(new SyntaxError('unheard')); await new Promise(() => {})",
    ],
    ["runs out of memory", "Error", "const all = []; for (;;) all.push(new Array(1e5).fill(index))"],
  ] as const) {
    test(`a worker that ${what}: its trial has failed, another takes its place`, async () => {
      const url = moduleOf(
        `lost${name}`,
        `export default async ({ x }, { trial: { index } }) => { if (index === 1 || index === 4) { ${body} } return x; };`,
      );
      const make = () =>
        new Worker(new URL(`data:text/javascript,${encodeURIComponent(`import "${entry}";`)}`), {
          resourceLimits: { maxOldGenerationSizeMb: 40 },
        });
      const entry =
        what === "runs out of memory"
          ? await bundled(
              "serving",
              `import objective from "${url.pathname}"; import { serveTrials } from "../src/index.ts"; serveTrials(objective);`,
            )
          : url;
      const source = what === "runs out of memory" ? (make as unknown as () => globalThis.Worker) : url;
      const result = await search(inThreads(source, { workers: 2 }), simple, { ...least, trials: 6 });
      assert.equal(fates(result), ["completed", name, "completed", "completed", name, "completed"]);
      assert.ok(result.complete);
    });
  }

  test("a worker that hangs is ended when it has been silent for so long", async () => {
    const result = await searched("hangs", "if (index === 1) for (;;); return x;", {}, { silenceSeconds: 2 });
    assert.equal(fates(result), ["completed", "WorkerHang", "completed", "completed", "completed", "completed"]);
    assert.match(result.trials[1]?.error?.message ?? "", /2 s/);
  });

  test("a trial that takes too long is ended, whatever it does", async () => {
    const body = "if (index === 1) for (;;); if (index === 2) await new Promise(() => {}); return x;";
    const result = await searched("late", body, { trialSeconds: 1 });
    assert.equal(fates(result), ["completed", "TimeoutError", "TimeoutError", "completed", "completed", "completed"]);
  });

  test("a signal ends it at once, and its workers", async () => {
    const stop = new AbortController();
    const running = searched("endless", "for (;;);", { signal: stop.signal });
    setTimeout(() => stop.abort("enough"), 300);
    const begun = performance.now();
    assert.is(await thrownBy(() => running), "enough");
    assert.ok(performance.now() - begun < 2000);
  });

  test("a time limit leaves what was done", async () => {
    const result = await searched("halfway", "if (index > 1) for (;;); return x;", { timeLimitSeconds: 2 });
    assert.equal(fates(result), ["completed", "completed"]);
    assert.not(result.complete);
  });

  test("steered from outside", async () => {
    const body =
      "let rate = x; for (let step = 0; step < 3; step++) rate = (await context.report(step, rate)).x; return rate;";
    const steer: SearchOptions<{ x: number }>["steer"] = async ({ trial, step, parameters }) =>
      trial.index === 3 && step === 2 ? { stop: true } : { set: { x: parameters.x + 1 } };
    const result = await searched("steered", body, { steer });
    for (const { index, value, parameters, steered, status, reports } of result.trials) {
      assert.is(reports.length, 3);
      assert.is(status, index === 3 ? "stopped" : "completed");
      assert.is(value, index === 3 ? reports[2]?.value : parameters.x + 1 + 1 + 1);
      assert.is(steered.length, index === 3 ? 2 : 3);
    }
    const error = new Error("mine");
    const wrong = () => {
      throw error;
    };
    assert.is(await thrownBy(() => searched("steered", body, { steer: wrong })), error);
  });

  test("reports that nobody waited for are answered in their order", async () => {
    const body = "const [a, b] = await Promise.all([context.report(0, x), context.report(1, x)]); return b.x - a.x;";
    const result = await searched("together2", body, { steer: ({ step }) => ({ set: { x: step } }) });
    assert.equal(
      result.trials.map(({ value }) => value),
      [1, 1, 1, 1, 1, 1],
    );
  });

  test("what cannot be loaded ends the search and says why", async () => {
    const refused = async (executor: Executor, ...words: readonly string[]) => {
      const { message } = await rejects(
        search(executor, simple, { ...least, trials: 2 }),
        "invalid-argument",
        ...words,
      );
      assert.ok(message.length < 600, "the worker's own text is no part of it");
    };
    await refused(inThreads(`${folder}/none.mjs`), "none.mjs");
    await refused(inThreads(moduleOf("broken", "export default (")), "broken.mjs", "SyntaxError");
    await refused(inThreads(moduleOf("failing", "throw new TypeError('at once')")), "TypeError", "at once");
    await refused(inThreads(moduleOf("other", "export const run = 1;")), "default or objective", "run");
    await refused(inThreads(moduleOf("leaving", "process.exit(1)")), "WorkerExit");
    await refused(inThreads(await training, { exportName: "Objective" }), "Objective");
    await refused(
      inThreads(() => ({}) as never),
      "Worker",
    );
    const old = `import { parentPort } from "node:worker_threads"; parentPort.postMessage({ type: "hello", protocol: 0 }); setInterval(() => {}, 1000);`;
    await refused(inThreads((() => new Worker(old, { eval: true })) as never), "protocol 0");
  });

  test("every fold is steered from the hyperparameters of the trial, as they are here", async () => {
    const body =
      "let rate = x; for (let step = 0; step < 2; step++) rate = (await context.report(step, rate)).x; return rate;";
    const told: number[][] = [];
    const steer: SearchOptions<{ x: number }>["steer"] = ({ trial, parameters }) => {
      told.push([trial.index, parameters.x - trial.parameters.x]);
      return { set: { x: parameters.x + 1 } };
    };
    const options = { cv: 2, trials: 2, steer };
    const result = await searched("steeredFolds", body, options, { workers: 1 });
    const twice = [0, 1, 0, 1];
    assert.equal(
      told.map(([index, more]) => [index, Math.round(more as number)]),
      [0, 1].flatMap((index) => twice.map((more) => [index, more])),
    );
    const here = await search(
      async ({ x }: { x: number }, context) => {
        let rate = x;
        for (let step = 0; step < 2; step++) rate = (await context.report(step, rate)).x;
        return rate;
      },
      simple,
      { ...least, ...options },
    );
    assert.equal(facts(result), facts(here));
  });

  test("the process ends with the search", async () => {
    const script = async (name: string, objective: string, options: string) =>
      run(
        await bundled(
          name,
          `import { inThreads, search, spaces } from "../src/index.ts";
           const objective = inThreads(${JSON.stringify(moduleOf(`${name}Objective`, objective))}, { workers: 2 });
           await search(objective, { x: spaces.uniform(0, 1) }, { direction: "minimize", trials: 4, ${options} });
           console.log("done");`,
        ),
      );
    const { code, text } = await script("ending", "export const objective = ({ x }) => x;", "");
    assert.equal([code, text.trim()], [0, "done"]);
    // it is killed after a minute
    const hanging = "export const objective = () => new Promise(() => {});";
    const early = await script("endingEarly", hanging, "trialSeconds: 600, timeLimitSeconds: 1");
    assert.equal([early.code, early.text.trim()], [0, "done"]);
  });
});

/** Runs a script to its end; the code is null where it was killed. */
function run(script: URL, words: readonly string[] = []): Promise<{ code: number | null; text: string }> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [script.pathname, ...words], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    let text = "";
    child.stdout.on("data", (part) => {
      text += part;
    });
    child.on("error", reject);
    child.on("close", (code) => done({ code, text }));
  });
}

suite("journals in files", (test) => {
  const scripts = (workers: number | null) =>
    bundled(
      `searching${workers}`,
      `import { inThreads, search, spaces } from "../src/index.ts";
       const objective = ${workers === null ? "async ({ x }) => { await new Promise((r) => setTimeout(r, 5)); return (x - 0.5) ** 2; }" : `inThreads(${JSON.stringify(moduleOf("slow", "export default async ({ x }) => { await new Promise((r) => setTimeout(r, 5)); return (x - 0.5) ** 2; };"))}, { workers: ${workers} })`};
       let run = 0;
       const result = await search(objective, { x: spaces.uniform(0, 1) }, { direction: "minimize", method: "coarseToFine", trials: 30, journal: process.argv[2], onTrial: ({ index }) => { console.log("trial " + index); if (++run === Number(process.argv[3])) setTimeout(() => process.kill(process.pid, "SIGKILL"), 3); } });
       console.log(JSON.stringify(result.trials.map(({ seconds, ...rest }) => rest)));
       console.log(result.best.index + " " + result.notes.length);`,
    );

  test("a process that is killed, again and again, comes to the same trials and the same best", async () => {
    const whole = await run(await scripts(null), [`${folder}/whole.jsonl`]);
    assert.is(whole.code, 0);
    const last = (text: string): string[] => text.trim().split("\n").slice(-2);
    for (const workers of [null, 2]) {
      const script = await scripts(workers);
      const journal = `${folder}/killed${workers}.jsonl`;
      let runs = 0;
      for (const most of [5, 6, 8]) {
        const { code, text } = await run(script, [journal, String(most)]);
        assert.is(code, null);
        runs += text.split("trial").length - 1;
      }
      // as a crash in the middle of a write leaves it
      const text = readFileSync(journal, "utf8");
      writeFileSync(journal, text.slice(0, -9));
      const ended = await run(script, [journal]);
      assert.is(ended.code, 0);
      const [trials, best] = last(ended.text);
      assert.is(trials, last(whole.text)[0]);
      assert.is(best, last(whole.text)[1]?.replace(" 0", " 1"));
      assert.ok(runs >= 19 && ended.text.split("trial ").length - 1 < 15, ended.text);
    }
  });

  test("shards by path, put together", async () => {
    const options = { ...least, trials: 9 };
    const value = ({ x }: { x: number }) => x;
    const whole = await search(value, simple, options);
    const paths = [1, 2].map((i) => `${folder}/shard${i}.jsonl`);
    for (const [i, journal] of paths.entries())
      await search(value, simple, { ...options, journal, shard: `${i + 1}/2` });
    const target = `${folder}/merged.jsonl`;
    assert.is(await mergeJournals(paths, target), 9);
    const result = await search(() => Number.NaN, simple, { ...options, journal: target });
    assert.equal(facts(result), facts(whole));
  });

  test("a path that cannot be written, or read", async () => {
    for (const journal of [`${folder}/none/journal.jsonl`, folder]) {
      const error = await thrownBy(() => search(() => 1, simple, { ...least, trials: 1, journal }));
      assert.is((error as LanewiseError).code, "bad-file", String(error));
      assert.match((error as Error).message, /journal/);
    }
  });
});
