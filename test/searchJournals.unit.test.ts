// Journals of searches: going on with what was begun, several at once.

import type { JournalStorage, Objective, SearchOptions } from "../src/index.ts";
import { mergeJournals, search, spaces } from "../src/index.ts";
import { rejects, thrownBy } from "./errors.ts";
import { assert, suite } from "./harness.ts";
import type { Hyperparameters } from "./searchBowl.ts";
import { bowl, facts, least, memory, space } from "./searchBowl.ts";

suite("journals", (test) => {
  const options = (journal: unknown, more: object = {}): SearchOptions<Hyperparameters> => ({
    ...least,
    trials: 8,
    seed: 4,
    journal: journal as JournalStorage,
    ...more,
  });

  /** Stops a search after so many trials. */
  async function interrupted(journal: JournalStorage, after: number, more: object = {}): Promise<void> {
    const stop = new AbortController();
    const onTrial = (_: unknown, { done }: { done: number }) => done === after && stop.abort("stopped");
    assert.is(
      await thrownBy(() => search(bowl, space, options(journal, { ...more, onTrial, signal: stop.signal }))),
      "stopped",
    );
  }

  for (const more of [
    {},
    { method: "grid", trials: undefined, points: 2 },
    { method: "coarseToFine", trials: 9 },
    { method: "hyperband", trials: undefined, budget: 9 },
  ])
    test(`${(more as { method?: string }).method ?? "random"}: what was begun is gone on with, to the same trials and the same best`, async () => {
      const whole = await search(bowl, space, options(undefined, more));
      const journal = memory();
      await interrupted(journal, 5, more);
      let run = 0;
      const counted: Objective<Hyperparameters> = (parameters, context) => {
        run++;
        return bowl(parameters, context);
      };
      const resumed = await search(counted, space, options(journal, more));
      assert.is(run, whole.trials.length - 5);
      assert.equal(facts(resumed), facts(whole));
      assert.is(resumed.best.index, whole.best.index);
      assert.equal(resumed.notes, []);
      const again = await search(() => 1e9, space, options(journal, more));
      assert.equal(facts(again), facts(whole));
    });

  test("a line is written for each trial before the next result is taken, the search's first", async () => {
    const journal = memory();
    const lines: number[] = [];
    await search(bowl, space, options(journal, { onTrial: () => lines.push(journal.text.split("\n").length - 1) }));
    assert.equal(lines, [2, 3, 4, 5, 6, 7, 8, 9]);
    const [first, second] = journal.text.split("\n").map((line) => line && JSON.parse(line));
    assert.is(first.event, "search");
    assert.is(second.event, "trial");
    assert.is(second.index, 0);
  });

  test("cut off at any character, it is gone on with; twice", async () => {
    const whole = await search(bowl, space, options(undefined, { trials: 3 }));
    const journal = memory();
    await search(bowl, space, options(journal, { trials: 2 }));
    for (let cut = 0; cut <= journal.text.length; cut += 7) {
      const torn = memory(journal.text.slice(0, cut));
      const isTorn = !["", "\n"].includes(torn.text.at(-1) ?? "") && journal.text[cut] !== "\n";
      const { notes, ...result } = await search(bowl, space, options(torn, { trials: 2 }));
      assert.is(notes.length, isTorn ? 1 : 0, `${cut}: ${notes}`);
      assert.is(result.trials.length, 2);
      torn.text = torn.text.slice(0, -11);
      const last = await search(bowl, space, options(torn, { trials: 3 }));
      assert.equal(facts(last), facts(whole));
      assert.is((await search(bowl, space, options(torn, { trials: 3 }))).notes.length, isTorn ? 2 : 1);
    }
  });

  test("more trials of a random search are added to those that are there", async () => {
    const journal = memory();
    await search(bowl, space, options(journal, { trials: 3 }));
    const longer = await search(bowl, space, options(journal, { trials: 6 }));
    assert.equal(facts(longer), facts(await search(bowl, space, options(undefined, { trials: 6 }))));
  });

  test("failed trials stay failed", async () => {
    const journal = memory();
    const failing: Objective<Hyperparameters> = (_, { trial }) => (trial.index === 1 ? Number.NaN : 1);
    const first = await search(failing, space, options(journal));
    assert.equal(facts(await search(() => 1, space, options(journal))), facts(first));
  });

  test("one of another search is refused, by what differs", async () => {
    const journal = memory();
    await search(bowl, space, options(journal));
    const { text } = journal;
    const wider = { ...space, rate: spaces.logUniform(1e-5, 1) };
    await rejects(() => search(bowl, space, options(journal, { seed: 5 })), "bad-file", "seed is 4", "5");
    await rejects(() => search(bowl, wider as typeof space, options(journal)), "bad-file", "space");
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`p${i}`, spaces.uniform(0, 1)]));
    const long = memory();
    await search(() => 1, many, options(long) as never);
    await rejects(
      () => search(() => 1, { ...many, p8: spaces.uniform(0, 0.5) }, options(long) as never),
      "bad-file",
      "its space",
      "p8",
      "is 1, here it is 0.5",
    );
    await rejects(
      () => search(bowl, space, options(journal, { method: "coarseToFine" })),
      "bad-file",
      "method",
      "random",
    );
    await rejects(() => search(bowl, space, options(journal, { direction: "maximize" })), "bad-file", "direction");
    await rejects(() => search(bowl, space, options(journal, { cv: 2 })), "bad-file", "folds");
    assert.is(journal.text, text);
  });

  test("what is no journal, or damaged, is refused and stays as it is", async () => {
    const good = memory();
    await search(bowl, space, options(good));
    const lines = good.text.split("\n");
    const damaged = [lines[0], `${lines[1]?.slice(0, 40)}`, ...lines.slice(2)].join("\n");
    const incomplete = `${lines[0]}\n{"event":"trial","index":0}\n`;
    for (const text of ["hello", "a,b\n1,2\n", '{"a":1}\n', damaged, incomplete, `${lines[1]}\n`]) {
      const journal = memory(text);
      await rejects(() => search(bowl, space, options(journal)), "bad-file", "line");
      assert.is(journal.text, text);
    }
    await rejects(
      () => search(bowl, space, options({ ...memory(), append: () => Promise.reject(new Error("full")) })),
      "bad-file",
      "full",
    );
    await rejects(
      () => search(bowl, space, options({ ...memory(), read: () => Promise.reject(new Error("gone")) })),
      "bad-file",
      "gone",
    );
  });

  test("another condition under the same name is found by the hyperparameters that it gives", async () => {
    const conditional = (when: (kind: string) => boolean) => ({
      ...space,
      momentum: spaces.conditional("kind", when, spaces.uniform(0, 1)),
    });
    const journal = memory();
    const run = (when: (kind: string) => boolean) => search(() => 1, conditional(when), options(journal) as never);
    await run((kind) => kind === "a");
    await rejects(() => run((kind) => kind === "b"), "bad-file", "trial 0");
  });
});

suite("shards", (test) => {
  const options: SearchOptions<Hyperparameters> = { ...least, trials: 11, seed: 6 };
  const shards = ["1/3", "2/3", { index: 2, count: 3 }] as const;

  test("each runs every third trial; all together are the whole, by several journals or by one", async () => {
    const whole = await search(bowl, space, options);
    const journals = shards.map(() => memory());
    for (const [i, shard] of shards.entries()) {
      const part = await search(bowl, space, { ...options, shard, journal: journals[i] as JournalStorage });
      assert.equal(
        part.trials.map(({ index }) => index),
        whole.trials.map(({ index }) => index).filter((index) => index % 3 === i),
      );
      assert.not(part.complete);
      assert.match(part.notes[0] as string, /other shards/);
    }
    const unused: Objective<Hyperparameters> = () => {
      throw new Error("nothing is left to run");
    };
    const [first, second, third] = journals as unknown as [JournalStorage, JournalStorage, JournalStorage];
    const together = await search(unused, space, { ...options, journal: [first, second, third] });
    assert.equal(facts(together), facts(whole));
    const merged = memory();
    assert.is(await mergeJournals(journals, merged), 11);
    const byOne = await search(unused, space, { ...options, journal: merged });
    assert.equal(facts(byOne), facts(whole));
    assert.ok(byOne.complete);
    const twice = memory();
    assert.is(await mergeJournals([first, first, second], twice), 8);
  });

  test("a method that goes by results goes on, stage by stage, with the journals of all", async () => {
    const fine: SearchOptions<Hyperparameters> = { ...options, method: "coarseToFine" };
    const whole = await search(bowl, space, fine);
    const journals = [memory(), memory()];
    let rounds = 0;
    for (let complete = false; !complete; rounds++) {
      for (const index of [0, 1]) {
        const own = [journals[index], journals[1 - index]] as JournalStorage[];
        const part = await search(bowl, space, { ...fine, shard: { index, count: 2 }, journal: own });
        complete = part.complete;
        if (complete) assert.equal(facts(part), facts(whole));
      }
    }
    assert.is(rounds, 2); // the second one goes on to the next stage at once
  });

  test("journals of different searches are not merged, and a target must be empty", async () => {
    const [a, b] = [memory(), memory()];
    await search(bowl, space, { ...options, journal: a });
    await search(bowl, space, { ...options, seed: 7, journal: b });
    const target = memory();
    await rejects(() => mergeJournals([a, b], target), "bad-file", "seed");
    await rejects(() => mergeJournals([a], b), "invalid-argument", "empty");
    await rejects(() => mergeJournals([memory()], target), "empty-data", "sources");
    assert.is(target.text, "");
  });

  test("shards that are none", async () => {
    for (const shard of ["0/4", "5/4", "1", "1/0", { index: 2, count: 2 }, { index: 0 }, 1])
      await rejects(() => search(bowl, space, { ...options, shard: shard as never }), "invalid-argument", "shard");
  });
});
