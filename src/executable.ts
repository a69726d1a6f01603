// An executable: compiled stages on a machine. Places variables, loads the program, writes control words
// before a step and moves the numbers in and out. After the first step it allocates nothing.

import type { Floats, QueuePlaces, StepQueue } from "../bindings/engine.ts";
import { LanewiseError } from "../bindings/errors.ts";
import type { Loaded, Machine, Region, Storage, UnlinkedInstruction } from "../bindings/machine.ts";
import { StepLost } from "../bindings/stepLost.ts";
import type { Assembled } from "./compile/assemble.ts";
import { assemble } from "./compile/assemble.ts";
import type { Compiled } from "./compile/compile.ts";
import { lowerAndPlan } from "./compile/compile.ts";
import { accesses } from "./compile/lower.ts";
import { sharesOf, usualThreadCosts } from "./compile/threads.ts";
import type { Buffer, ControlSource, StepState } from "./graph/op.ts";
import type { Variable } from "./graph/variable.ts";
import { adoptStorage, giveBackStorage } from "./graph/variable.ts";
import { sizeOf } from "./shape.ts";

export type View = Floats | Int32Array;

/** The numbers of one step: what was fed to it and what it gave. */
export interface StepValues {
  readonly compiled: Compiled;
  /** Where an input is written; null where the program does not read it. */
  input(name: string): View | null;
  output(index: number): View;
}

/** What is another one in each step. */
export interface Places {
  readonly inputs: ReadonlyMap<string, View>;
  readonly controls: readonly { readonly view: View; readonly source: ControlSource }[];
  readonly outputs: readonly View[];
}

export interface Executable extends StepValues {
  readonly machine: Machine;
  /** Number of instructions, after prepare. */
  readonly length: number;
  /** Makes addresses hold and writes the control words; inputs are written after it and before running. */
  prepare(state: StepState): void;
  /** Index of the first instruction that writes a variable. */
  readonly effectsFrom: number;
  /**
   * Runs instructions [first, end); returns the index of the next: 0 where a thread was lost before anything had changed,
   * so that the step is to be run again. Throws `state-lost` where something had.
   */
  run(first: number, end: number): number;
  /** In how many parts an instruction may be run, so that something else can be done in between; runPart runs them in order. */
  partsOf(index: number): number;
  runPart(index: number, part: number): void;
  /** Whether workers run it while this thread goes on: not where it is too small to be shared. */
  readonly isAway: boolean;
  /** Like `run`, by workers. */
  runAway(first: number, end: number): Promise<number>;
  /** Whether a guard ended the last run. */
  readonly stopped: boolean;
  /** Counts the step, once all of it has run. */
  commit(): void;
  /** Makes what takes back all that commit counts from now on. */
  remember(): () => void;
  /** Where the numbers of a step lie, after prepare and until the next allocation; null where steps have to be prepared one by one. */
  readonly places: Places | null;
  /**
   * A queue of steps for the workers, where `isAway`. `push` resolves with true where the step ran to its end, with false where it
   * is to be run again without the queue: after a guard or a lost thread, and behind such a step.
   */
  openQueue(places: QueuePlaces): StepQueue<boolean>;
  /** After a guard stopped the step: leaves the state as it was before, and says which tensor was the first that is not finite. */
  findNonFinite(): Work<string>;
  /** Gives the program's memory back; variables stay. */
  dispose(): void;
}

/** Work that may be interrupted: it yields where the event loop may have a turn. */
export type Work<T> = Generator<void, T>;

/** Does all of it now. */
export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value as T;
  }
}

/** Puts variables that are nowhere yet side by side in a machine's memory, a block for each group. */
export function placeVariables(machine: Machine, variables: readonly Variable[]): void {
  atOnce(placing(machine, variables));
}

/** The same as work that may be interrupted. */
export function* placing(machine: Machine, variables: readonly Variable[]): Work<void> {
  const groups = new Map<string, Variable[]>();
  for (const variable of variables) {
    const { state } = variable;
    if (state.disposed) throw new LanewiseError("disposed", `variable "${variable.name}" belongs to a disposed model.`);
    if (state.storage) {
      if (state.machine !== machine)
        throw new LanewiseError("invalid-argument", `variable "${variable.name}" lies in another machine.`);
      continue;
    }
    const list = groups.get(variable.group);
    if (list) list.push(variable);
    else groups.set(variable.group, [variable]);
  }
  const fresh: Variable[] = [];
  try {
    for (const [group, members] of groups) {
      const storages = machine.place(
        members.map(({ shape }) => sizeOf(shape)),
        group,
      );
      for (const [i, variable] of members.entries()) {
        adoptStorage(variable, machine, storages[i] as NonNullable<(typeof storages)[number]>);
        fresh.push(variable);
      }
    }
    yield* drawInitialValues(machine, fresh);
  } catch (error) {
    for (const variable of fresh) giveBackStorage(variable); // as if nothing had been asked
    throw error;
  }
}

/** Nanoseconds that a random number takes. */
const DRAW = 15;

/** Fills fresh variables: given values are written, random ones drawn by a program made for this once. */
function* drawInitialValues(machine: Machine, variables: readonly Variable[]): Work<void> {
  const instructions: UnlinkedInstruction[] = [];
  const keys: number[] = [];
  for (const { state } of variables) {
    const { initial, storage } = state;
    if (!storage) continue;
    if (initial.kind === "data") machine.values(storage).set(initial.data);
    else if (initial.kind === "constant") {
      if (!Object.is(initial.value, 0)) machine.values(storage).fill(initial.value); // zeros stand in fresh storage
    } else {
      const control: Region = { role: "control", offset: keys.length * 4, length: 4 };
      keys.push((state.seed % 2 ** 32) | 0, Math.floor(state.seed / 2 ** 32) | 0, 0, 0);
      const common = { n: storage.length, stream: state.stream, control, out: storage };
      // by this thread alone: where one is lost nothing would repeat it
      const work = { nanoseconds: storage.length * DRAW, written: storage.length };
      const [{ parts } = { parts: 1 }] = sharesOf([work], usualThreadCosts);
      const share = { threads: 1, parts };
      instructions.push(
        initial.kind === "uniform"
          ? { kernel: "randomUniform", operands: { ...common, low: initial.low, high: initial.high }, share }
          : {
              kernel: initial.kind === "normal" ? "randomNormal" : "randomTruncatedNormal",
              operands: { ...common, mean: initial.mean, deviation: initial.deviation },
              share,
            },
      );
    }
  }
  if (instructions.length > 0) {
    const arenas = { activations: 0, gradients: 0, data: 0, constants: 0, control: keys.length * 4, outputs: 0 };
    const loaded = machine.load({ instructions, arenas });
    machine.int32(loaded, { role: "control", offset: 0, length: keys.length }).set(keys);
    try {
      for (let i = 0; i < instructions.length; i++) {
        const parts = machine.engine.partsOf(loaded.address, i);
        for (let part = 0; part < parts; part++) {
          if (parts > 1) machine.engine.runPart(loaded.address, i, part);
          else machine.run(loaded, i, i + 1);
          yield;
        }
      }
    } finally {
      machine.unload(loaded);
    }
  }
  // what was given is real now and need not be kept; how the others began can still be asked for
  for (const { state } of variables)
    if (state.initial.kind === "data") state.initial = { kind: "data", data: new Float32Array(0) };
}

/** Collected executables give their memory back by themselves. */
const collected: FinalizationRegistry<{ machine: Machine; box: { loaded: Loaded | null } }> = new FinalizationRegistry(
  ({ machine, box }) => {
    if (box.loaded) machine.unload(box.loaded);
  },
);

export function createExecutable(machine: Machine, initial: Compiled): Executable {
  for (const { state } of initial.listing.variables) state.check?.();
  let compiled = initial;
  let program: Assembled | null = null;
  let isShared = false;
  const box: { loaded: Loaded | null } = { loaded: null };
  let generation = -1;
  let lastState: StepState | null = null;
  let controls: { view: View; source: NonNullable<Buffer["source"]> }[] = [];
  const inputs = new Map<string, View>();
  let outputs: View[] = [];

  const viewOf = (buffer: Buffer): View => {
    if (buffer.variable?.state.storage) return machine.values(buffer.variable.state.storage);
    const region = compiled.plan.regions.get(buffer) as Region;
    return buffer.dtype === "int32"
      ? machine.int32(box.loaded as Loaded, region)
      : machine.float32(box.loaded as Loaded, region);
  };
  const load = (): void => {
    placeVariables(machine, compiled.listing.variables);
    program = assemble(compiled.listing, compiled.plan);
    isShared = program.instructions.some(({ share }) => share && share.threads > 1);
    box.loaded = machine.load(program);
    for (const buffer of compiled.listing.buffers) {
      if (buffer.values && compiled.plan.regions.has(buffer)) (viewOf(buffer) as Floats).set(buffer.values);
    }
    generation = -1;
  };
  const refreshViews = (): void => {
    controls = [];
    const seen = new Set<Buffer>();
    for (const buffer of compiled.listing.buffers) {
      if (buffer.source && compiled.plan.regions.has(buffer) && !seen.has(buffer)) {
        seen.add(buffer);
        controls.push({ view: viewOf(buffer), source: buffer.source });
      }
    }
    inputs.clear();
    for (const [name, buffer] of compiled.listing.inputs) inputs.set(name, viewOf(buffer));
    outputs = compiled.listing.outputs.map(viewOf);
    generation = machine.generation;
  };
  // also before the first load: what is lowered may have gone stale since it was compiled
  const sourcesOf = ({ listing }: Compiled) => listing.buffers.flatMap(({ source }) => (source ? [source] : []));
  let sources = sourcesOf(compiled);
  const isStale = (): boolean => sources.some(({ stale }) => stale === true);

  // where a guard needs the result of an effect it cannot stand before it: what the effects change is kept aside
  let kept: { variable: Variable; values: Floats }[] = [];
  const keepsAside = (): boolean => (program as Assembled).guardsUntil > (program as Assembled).effectsFrom;
  const keep = (): void => {
    if (!keepsAside()) return;
    if (kept.length === 0) {
      kept = compiled.listing.written.map((variable) => ({
        variable,
        values: machine.values(variable.state.storage as Storage).slice(),
      }));
      return;
    }
    for (const { variable, values } of kept) values.set(machine.values(variable.state.storage as Storage));
  };
  const putBack = (): void => {
    for (const { variable, values } of kept) machine.values(variable.state.storage as Storage).set(values);
  };

  /** After a thread was lost: where to go on, if nothing that lasts had changed. */
  const recovered = (error: unknown): number => {
    if (!(error instanceof StepLost)) throw error;
    refreshViews();
    if (error.next < (program as Assembled).effectsFrom) return 0;
    if (kept.length > 0) {
      putBack();
      return 0;
    }
    throw new LanewiseError(
      "state-lost",
      `a thread was lost while the step changed variables (${error.message}): some have their new values, others their old ones. Load what was saved last; everything else still works.`,
      { cause: error },
    );
  };

  const self: Executable = {
    get compiled() {
      return compiled;
    },
    machine,
    get length() {
      return box.loaded?.length ?? 0;
    },
    prepare(state) {
      lastState = state;
      if (isStale()) {
        if (box.loaded) machine.unload(box.loaded);
        box.loaded = null;
        compiled = { ...compiled, ...lowerAndPlan(compiled.schedule) };
        sources = sourcesOf(compiled);
      }
      if (!box.loaded) load();
      machine.prepare(box.loaded as unknown as Loaded);
      if (generation !== machine.generation) refreshViews();
      for (const { view, source } of controls) source.write(view, state);
      keep();
    },
    input: (name) => inputs.get(name) ?? null,
    get effectsFrom() {
      return (program as Assembled).effectsFrom;
    },
    run(first, end) {
      try {
        return machine.run(box.loaded as Loaded, first, end);
      } catch (error) {
        return recovered(error);
      }
    },
    partsOf: (index) => machine.engine.partsOf((box.loaded as Loaded).address, index),
    runPart: (index, part) => machine.engine.runPart((box.loaded as Loaded).address, index, part),
    get isAway() {
      return isShared && machine.engine.staff?.isAway === true;
    },
    async runAway(first, end) {
      try {
        return await machine.runAway(box.loaded as Loaded, first, end);
      } catch (error) {
        return recovered(error);
      }
    },
    get stopped() {
      return machine.engine.stopped;
    },
    commit() {
      for (const { source } of controls) source.committed?.();
    },
    remember() {
      const before = controls.map(({ source }) => source.remember?.());
      return () => {
        for (const putBack of before) putBack?.();
      };
    },
    get places() {
      if (keepsAside() || isStale()) return null;
      return { inputs, controls, outputs };
    },
    openQueue(places) {
      const { push, cancel } = machine.openQueue(box.loaded as Loaded, places);
      const isLast = (next: number | null): boolean => next === self.length;
      return { push: () => push().catch(recovered).then(isLast), cancel };
    },
    output: (index) => outputs[index] as View,
    *findNonFinite() {
      putBack();
      if (lastState && compiled.listing.instructions.some(({ kernel }) => kernel === "chain")) {
        // the same step without chains, in which every result can be looked at
        const apart = createExecutable(machine, { ...compiled, ...lowerAndPlan(compiled.schedule, null) });
        try {
          apart.prepare(lastState); // inputs lie where they lay
          return yield* apart.findNonFinite();
        } catch {
          // there is not enough memory for that: what a chain hides stays hidden
        } finally {
          apart.dispose();
        }
      }
      const firstBad = (view: View): number => {
        if (view instanceof Int32Array) return -1;
        for (let i = 0; i < view.length; i++) if (!Number.isFinite(view[i])) return i;
        return -1;
      };
      for (const buffer of compiled.listing.buffers) {
        yield;
        if (buffer.place !== "data" && buffer.place !== "variable") continue;
        const at = firstBad(viewOf(buffer));
        if (at >= 0) return `${buffer.place === "data" ? "input" : "variable"} "${buffer.label}" (element ${at})`;
      }
      const { origins, effectsFrom, guardsUntil } = program as Assembled;
      try {
        for (let i = 0; i < Math.max(effectsFrom, guardsUntil); i++) {
          const parts = self.partsOf(i);
          for (let part = 0; parts > 1 && part < parts; part++) {
            self.runPart(i, part);
            yield;
          }
          // where a thread was lost: all up to here again
          if (parts === 1 && self.run(i, i + 1) === 0) i = self.run(0, i + 1) - 1;
          yield;
          for (const origin of origins[i] ?? []) {
            const instruction = compiled.listing.instructions[origin];
            if (!instruction) continue;
            for (const buffer of accesses(instruction).writes) {
              const view = viewOf(buffer);
              const at = firstBad(view);
              if (at >= 0) return `the output of ${instruction.label} (element ${at} is ${view[at]})`;
            }
          }
        }
        return "the loss";
      } finally {
        putBack();
      }
    },
    dispose() {
      collected.unregister(box);
      if (box.loaded) machine.unload(box.loaded);
      box.loaded = null;
    },
  };
  collected.register(self, { machine, box }, box);
  return self;
}
