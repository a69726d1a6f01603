// What a worker runs: instances of the binaries over the memory of an engine, and a wait for jobs. It stands alone: it is
// bundled into a text (bindings/build.mjs), and is what lanewise/worker is.

import { callAll, callFirst } from "./jobs.ts";
import { CREW_ADDRESS, crewWord, messagesOf, THREADS_MAX, taskAddress, turns, wordOf } from "./layout.ts";

/** The first message; those that follow have a module only. */
export interface Start {
  readonly memory: WebAssembly.Memory;
  /** base, which has the table, products, what else there is, and the loop for several threads. */
  readonly modules: readonly WebAssembly.Module[];
  readonly loop: WebAssembly.Module;
  /** Kernels in the order in which they stand in the table. */
  readonly names: readonly string[];
  readonly slot: number;
  readonly era: number;
}

export interface More {
  readonly module: WebAssembly.Module;
}

/** What a worker tells: the number of a job that is done, or why it cannot go on. */
export type Told = number | { readonly error: string };

/** assembly/crew.ts */
interface Loop {
  share(first: number, end: number, task: number, crew: number, job: number): number;
  move(copies: number, end: number, own: number, back: boolean): void;
}

interface Port {
  postMessage(told: Told): void;
  on?(event: "message", listener: (message: Start | More) => void): void;
  onmessage: ((event: { data: Start | More }) => void) | null;
}

/** What there is in Node; older ones have no getBuiltinModule, and bindings/host.threads.node.ts puts the port there. */
interface NodeGlobals {
  readonly process?: { getBuiltinModule?(name: string): { readonly parentPort: Port | null } };
  readonly parentPort?: Port;
}

/** How long a worker looks out for the next job before it sleeps: longer than between two steps of a loop. */
const LOOKOUT_MILLISECONDS = 0.3;

/** After so long a parked worker looks by itself whether the others have come. */
const PARK_MILLISECONDS = 100;

const { process, parentPort } = globalThis as NodeGlobals;
const port =
  parentPort ?? process?.getBuiltinModule?.("node:worker_threads").parentPort ?? (globalThis as unknown as Port);

let words: Int32Array;
let slot = 0;
let era = 0;
/** What the host reads as the messages that this worker has received. */
let received = 0;
let table: WebAssembly.Table;
let firstKernel = 0;
let names: readonly string[] = [];
const env: WebAssembly.ModuleImports = {};
let loop: Loop;
let job = 0;

/** What the loop for several threads calls. Who waits here is ended by the host, if those it waits for are lost. */
const crew = {
  park(round: number): void {
    Atomics.add(words, crewWord.parked, 1);
    // who counts those that wait may have missed this one
    while (Atomics.load(words, crewWord.round) === round) Atomics.wait(words, crewWord.round, round, PARK_MILLISECONDS);
    Atomics.sub(words, crewWord.parked, 1);
  },
  wake: () => Atomics.notify(words, crewWord.round),
};

const at = (word: Parameters<typeof wordOf>[1]): number => wordOf(slot, word);

function add(module: WebAssembly.Module): WebAssembly.Exports {
  const { exports } = new WebAssembly.Instance(module, { env, crew });
  table ??= exports.table as WebAssembly.Table;
  if (firstKernel === 0) firstKernel = table.grow(names.length);
  names.forEach((name, i) => {
    const kernel = exports[name];
    if (typeof kernel === "function") table.set(firstKernel + i, kernel);
  });
  return exports;
}

function start({ memory, modules, loop: loopModule, names: all, ...own }: Start): void {
  words = new Int32Array(memory.buffer);
  slot = own.slot;
  era = own.era;
  received = messagesOf(era);
  names = all;
  env.memory = memory;
  for (const module of modules) add(module);
  env.table = table;
  loop = add(loopModule) as unknown as Loop;
  job = Atomics.load(words, at("job"));
}

/** Waits for a call that was not seen yet; first awake, because the next one is near where many steps are run. */
function sleep(calls: number): void {
  const until = performance.now() + LOOKOUT_MILLISECONDS;
  do {
    for (let i = 0; i < 100; i++) if (Atomics.load(words, at("calls")) !== calls) return;
  } while (performance.now() < until);
  Atomics.wait(words, at("calls"), calls);
}

const isDismissed = (): boolean => Atomics.load(words, crewWord.era) !== era;

const common = (word: keyof typeof crewWord): number => Atomics.load(words, crewWord[word]);

/** Address of what the step of this job has of its own. */
const stepOf = (number: number): number =>
  common("steps") + (((number - common("base")) | 0) % common("depth")) * common("stepBytes");

/** Slots of those that take part in a queue, the first of them first. */
function members(): number[] {
  const slots: number[] = [];
  for (let other = 1; other < THREADS_MAX; other++) if (words[wordOf(other, "member")]) slots.push(other);
  return slots;
}

/** Who is the first of a queue's crew brings what the step needs to its place, and calls all to the job. */
function beginOfQueue(): void {
  loop.move(common("copies"), common("results"), stepOf(job), false);
  callAll(words, members(), job);
}

/** After a job of a queue: whether the first of the crew goes on with the next one. Otherwise the host begins it. */
function goesOn(): boolean {
  if (words[at("stop")]) {
    Atomics.store(words, crewWord.turn, turns.nobody);
    return false;
  }
  const isMore = (): boolean => ((common("queued") - job) | 0) > 0;
  if (isMore()) return true;
  Atomics.store(words, crewWord.turn, turns.host);
  // what was put in the queue meanwhile is begun by whoever takes the turn
  return isMore() && Atomics.compareExchange(words, crewWord.turn, turns.host, turns.crew) === turns.host;
}

function takePart(): void {
  const tells = words[at("tells")] !== 0;
  const isQueue = tells && common("steps") !== 0;
  if (isQueue) beginOfQueue();
  loop.share(common("first"), common("end"), taskAddress(slot), CREW_ADDRESS, job);
  if (isDismissed()) return;
  if (isQueue) loop.move(common("results"), common("copiesEnd"), stepOf(job), true);
  Atomics.store(words, at("finished"), job);
  const next = isQueue && goesOn();
  if (tells) port.postMessage(job);
  if (next) callFirst(words, members(), job + 1);
}

/** Takes part in jobs until there is a message to be read, which the event loop brings. */
function work(): void {
  for (;;) {
    const calls = Atomics.load(words, at("calls"));
    const wanted = Atomics.load(words, at("job"));
    if (isDismissed()) return; // what was read may be meant for who has the slot now
    if (wanted !== job) {
      job = wanted;
      takePart();
    } else if (Atomics.load(words, at("posted")) !== Atomics.load(words, at("received"))) return;
    else sleep(calls);
  }
}

function receive(message: Start | More): void {
  try {
    if ("memory" in message) start(message);
    else add(message.module);
    // one that is dismissed at this moment counts nothing for who has its slot now
    if (Atomics.compareExchange(words, at("received"), received, received + 1) !== received++) return;
    work();
  } catch (error) {
    if (words && !isDismissed()) Atomics.store(words, at("failed"), 1);
    port.postMessage({ error: String(error) });
  }
}

if (port.on) port.on("message", receive);
else port.onmessage = ({ data }) => receive(data);
