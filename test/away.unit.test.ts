// The host's side of a queue of jobs (bindings/away.ts), with a first worker whose words a test writes as it likes.

import { type Away, createAway, type Workers } from "../bindings/away.ts";
import { crewWord, HEAP_BASE, turns, wordOf } from "../bindings/layout.ts";
import { StepLost } from "../bindings/stepLost.ts";
import { assert, suite } from "./harness.ts";

const places = { steps: 4096, stepBytes: 64, depth: 4, copies: 0, results: 0, copiesEnd: 0 } as const;
const FIRST = 1024;
const LAST = 1040;
const END = 1056;

/** What became of a promise by now: "waits" where nothing did. */
function now(promise: Promise<number | null>): Promise<number | null | string> {
  const later = new Promise<string>((resolve) => setTimeout(resolve, 1, "waits"));
  return Promise.race([promise.catch(String), later]);
}

function createFakes() {
  const words = new Int32Array(HEAP_BASE / 4);
  let jobs = 0;
  let slots = [1, 2];
  const given: string[] = [];
  let look = (): void => {};
  const workers: Workers = {
    words,
    get slots() {
      return slots;
    },
    gather(first, end) {
      words[crewWord.first] = first;
      words[crewWord.end] = end;
    },
    nextJob: () => ++jobs,
    watch() {},
    look: () => look(),
    giveUp: (slot, reason) => given.push(`${slot}: ${reason}`),
  };
  const away: Away = createAway(workers);
  /** What the first worker does at the end of a job, before it looks for the next one. */
  const finish = (job: number): void => {
    Atomics.store(words, wordOf(1, "job"), job);
    Atomics.store(words, wordOf(1, "finished"), job);
  };
  return {
    words,
    away,
    queue: away.open(FIRST, END, places),
    finish,
    given,
    lose(error: unknown) {
      look = () => {
        throw error;
      };
    },
    leaveNone() {
      slots = [];
    },
  };
}

suite("queues of jobs", (test) => {
  test("a job is not given up while the first worker lays the turn down and takes it up again", async () => {
    const { words, away, queue, finish } = createFakes();
    const first = queue.push();
    const second = queue.push();
    finish(1);
    Atomics.store(words, crewWord.turn, turns.host); // it found no second job, which has come meanwhile
    away.heard();
    assert.is(await now(first), END);
    assert.is(await now(second), "waits");
    Atomics.store(words, crewWord.turn, turns.crew);
    finish(2);
    Atomics.store(words, crewWord.turn, turns.host);
    away.heard();
    assert.is(await now(second), END);
  });
  test("what was cancelled is given up when the first worker lays the turn down", async () => {
    const { words, away, queue, finish } = createFakes();
    const first = queue.push();
    const second = queue.push();
    queue.cancel();
    assert.is(await now(first), "waits");
    finish(1);
    Atomics.store(words, crewWord.turn, turns.host);
    away.heard();
    assert.is(await now(first), END);
    assert.is(await now(second), null);
  });
  test("what was cancelled is not begun by a first worker that has seen it and takes the turn up", async () => {
    const { words, away, queue, finish } = createFakes();
    const first = queue.push();
    const second = queue.push();
    finish(1);
    Atomics.store(words, crewWord.turn, turns.host); // and now it sees the second job
    queue.cancel();
    assert.is(Atomics.compareExchange(words, crewWord.turn, turns.host, turns.crew), turns.nobody);
    away.heard();
    assert.is(await now(first), END);
    assert.is(await now(second), null);
  });
  test("a step behind one that a kernel ended is given up at once", async () => {
    const { words, away, queue, finish, given } = createFakes();
    const first = queue.push();
    finish(1);
    Atomics.store(words, crewWord.turn, turns.nobody);
    away.heard();
    assert.is(await now(first), END);
    assert.is(await now(queue.push()), null);
    assert.equal(given, []);
  });
  test("nothing of a job has begun where the first worker did not come to it", async () => {
    const { words, away, queue, finish } = createFakes();
    queue.push();
    for (const slot of [1, 2]) words[wordOf(slot, "at")] = LAST;
    finish(1);
    Atomics.store(words, crewWord.turn, turns.host);
    away.heard();
    queue.push();
    assert.not(away.isBetween);
    for (const slot of [1, 2]) assert.is(words[wordOf(slot, "at")], FIRST);
    finish(2);
    Atomics.store(words, crewWord.turn, turns.host);
    away.heard();
  });
  test("a queue whose workers were lost takes no more", async () => {
    const { queue, lose } = createFakes();
    const first = queue.push();
    const second = queue.push();
    lose(new StepLost(FIRST, "it has ended"));
    const { next } = (await first.catch((error: unknown) => error)) as StepLost;
    assert.is(next, FIRST);
    assert.is(await now(second), null);
    assert.is(await now(queue.push()), null);
  });
  test("without any worker that is ready a step is given up", async () => {
    const { queue, leaveNone } = createFakes();
    leaveNone();
    assert.is(await now(queue.push()), null);
    assert.is(await now(queue.push()), null);
  });
});
