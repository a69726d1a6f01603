// Steps that workers compute one after the other while the page's thread feeds the next ones and takes what the last ones gave.
// Loaded where workers compute without the thread that calls, so it is handed what it needs: a module that both import would be
// a file of its own for everybody.

import type { roundUp } from "../../bindings/allocator.ts";
import type { QueuePlaces, StepQueue } from "../../bindings/engine.ts";
import type { Storage } from "../../bindings/machine.ts";
import type { Executable, Places, StepValues, View } from "../executable.ts";
import type { StepState } from "../graph/op.ts";
import type { Loop, Step } from "./loop.ts";

/** Steps ahead at most, and the bytes that they may take. */
const DEPTH_MAX = 8;
const BYTES_MAX = 32 * 2 ** 20;
/** Bytes of a row of the tables of what is copied: address, offset, bytes (assembly/crew.ts). */
const ROW_BYTES = 12;

/** Steps of one executable that are in the queue or can be put into it. */
interface Opened {
  readonly executable: Executable;
  readonly queue: StepQueue<boolean>;
  readonly rooms: readonly Room[];
  readonly storages: readonly Storage[];
}

/** Where the numbers of one step lie until it is run, and what it gave until it is taken. */
interface Room {
  readonly values: StepValues;
  readonly controls: Places["controls"];
}

interface Given {
  readonly step: Step;
  readonly room: Room;
  readonly ended: Promise<boolean>;
  /** Takes back what counts it as done. */
  readonly undo: (() => void) | undefined;
}

/** The ranges of a step, one behind the other. */
function layOut(places: Places, round: typeof roundUp) {
  let bytes = 0;
  const lay = (view: View) => {
    const offset = bytes;
    bytes = round(bytes + view.byteLength, 16);
    return { view, offset };
  };
  const inputs = [...places.inputs].map(([name, view]) => ({ name, ...lay(view) }));
  const controls = places.controls.map(({ view, source }) => ({ source, ...lay(view) }));
  const outputs = places.outputs.map(lay);
  return { inputs, controls, outputs, stepBytes: round(Math.max(bytes, 1), 64) };
}

/** Null where not even two steps have room, or the memory has none. */
function open(
  executable: Executable,
  what: string,
  state: StepState,
  most: number,
  round: typeof roundUp,
): Opened | null {
  const { machine } = executable;
  const { engine } = machine;
  executable.prepare(state);
  if (!executable.places) return null;
  const { stepBytes } = layOut(executable.places, round);
  const depth = Math.min(DEPTH_MAX, most, Math.floor(BYTES_MAX / stepBytes));
  if (depth < 2) return null;
  const { inputs, outputs } = executable.places;
  const rows = inputs.size + executable.places.controls.length + outputs.length;
  let storages: Storage[];
  try {
    storages = machine.place([(stepBytes * depth) / 4, (rows * ROW_BYTES) / 4], `${what}, queue of steps`);
  } catch {
    return null; // it goes without
  }
  executable.prepare(state); // the memory may have grown
  const laid = layOut(executable.places, round);
  const [steps, tables] = storages as [Storage, Storage];
  const copied = [...laid.inputs, ...laid.controls];
  const table = [...copied, ...laid.outputs].flatMap(({ view, offset }) => [view.byteOffset, offset, view.byteLength]);
  engine.int32(tables.address, table.length).set(table);
  const places: QueuePlaces = {
    steps: steps.address,
    stepBytes,
    depth,
    copies: tables.address,
    results: tables.address + copied.length * ROW_BYTES,
    copiesEnd: tables.address + table.length * 4,
  };
  const rooms = Array.from({ length: depth }, (_, i): Room => {
    const at = <V extends View>({ view, offset }: { view: V; offset: number }): View => {
      const address = steps.address + i * stepBytes + offset;
      return view instanceof Int32Array ? engine.int32(address, view.length) : engine.float32(address, view.length);
    };
    const inputViews = new Map(laid.inputs.map((input) => [input.name, at(input)]));
    const outputViews = laid.outputs.map(at);
    return {
      values: {
        compiled: executable.compiled,
        input: (name) => inputViews.get(name) ?? null,
        output: (index) => outputViews[index] as View,
      },
      controls: laid.controls.map((control) => ({ source: control.source, view: at(control) })),
    };
  });
  return { executable, queue: executable.openQueue(places), rooms, storages };
}

export interface StepsAhead {
  /** Puts a step into the queue, once there is room; false where it cannot be, and the queue is empty then. */
  give(executable: Executable, step: Step): Promise<boolean>;
  /** Takes what all that was given gives. */
  end(): Promise<void>;
  /** Takes out what has not begun, and waits for what has. */
  drop(): Promise<void>;
}

/** At most `most` steps are given in a row. */
export function createStepsAhead(
  { machine, what, signal, slices, state }: Loop,
  most: number,
  round: typeof roundUp,
): StepsAhead {
  let opened: Opened | null = null;
  /** An executable that has no queue: it is not asked again for each step. */
  let refused: Executable | null = null;
  let given: Given[] = [];
  let count = 0;

  const close = (): void => {
    for (const storage of opened?.storages ?? []) machine.release(storage);
    opened = null;
  };
  /** While steps are ahead the machine is busy, also for what a user's function calls, or what runs between two of them. */
  const mark = (): void => {
    machine.busy = given.length > 0 ? what : null;
  };
  const marked = <T>(body: () => T): T => {
    mark();
    try {
      return body();
    } finally {
      mark();
    }
  };
  /** Takes back all that was given and is not done. */
  const takeBack = (): Given[] => {
    const rest = given;
    given = [];
    for (let i = rest.length - 1; i >= 0; i--) rest[i]?.undo?.();
    close();
    mark();
    return rest;
  };
  /** Takes what the oldest step gave. Where it did not come to its end, it and all behind it are run without the queue. */
  const takeOldest = async (): Promise<void> => {
    if (signal?.aborted) opened?.queue.cancel();
    const { step, room, ended } = given[0] as Given;
    if (await ended) {
      given.shift();
      marked(() => step.take(room.values));
      await slices.turn();
      return;
    }
    const rest = takeBack();
    signal?.throwIfAborted();
    for (const { step } of rest) await step.direct();
  };
  const takeAll = async (): Promise<void> => {
    while (given.length > 0) await takeOldest();
  };
  const push = ({ queue, rooms }: Opened, step: Step): void => {
    const room = rooms[count++ % rooms.length] as Room;
    step.begin?.();
    for (const { view, source } of room.controls) source.write(view, state);
    step.feed(room.values);
    const undo = step.commit?.();
    const ended = queue.push();
    ended.catch(() => {}); // whoever awaits it hears of it
    given.push({ step, room, undo, ended });
  };

  return {
    async give(executable, step) {
      if (opened?.executable !== executable || !executable.places) {
        await takeAll();
        close();
        if (!executable.isAway || executable === refused) return false;
        step.begin?.();
        opened = open(executable, what, state, most, round);
        count = 0;
        if (!opened) refused = executable;
      }
      while (opened && given.length === opened.rooms.length) await takeOldest();
      const into = opened;
      if (!into) return false;
      try {
        marked(() => push(into, step));
      } catch (error) {
        await takeAll(); // what was given before is done, as without a queue
        throw error;
      }
      return true;
    },
    async end() {
      await takeAll();
      close();
      signal?.throwIfAborted();
    },
    async drop() {
      opened?.queue.cancel();
      try {
        while (given.length > 0 && (await (given[0] as Given).ended)) given.shift();
      } finally {
        takeBack();
      }
    },
  };
}
