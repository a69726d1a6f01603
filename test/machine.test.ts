// The machine on every engine: storage, programs that are linked again after arenas have moved, and what is left
// when memory runs out.

import type { Engine, Instruction } from "../bindings/engine.ts";
import { LanewiseError } from "../bindings/errors.ts";
import type { ArenaRole, Machine, Program, Region, Storage, UnlinkedInstruction } from "../bindings/machine.ts";
import { createMachine } from "../bindings/machine.ts";
import { compileBuild } from "../bindings/variant.ts";
import { openWasm } from "../bindings/wasm.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";

const KB = 1024;

/** An engine that cannot grow beyond `bytesMax`. */
const limited = (engine: Engine, bytesMax: number): Engine =>
  Object.create(engine, {
    bytesMax: { value: bytesMax },
    grow: { value: (bytes: number) => bytes <= bytesMax && engine.grow(bytes) },
  }) as Engine;

const region = (role: ArenaRole, length: number, offset = 0): Region => ({ role, offset, length });

function program(instructions: UnlinkedInstruction[], arenas: Partial<Record<ArenaRole, number>>): Program {
  const none = { activations: 0, gradients: 0, data: 0, constants: 0, control: 0, outputs: 0 };
  return { instructions, arenas: { ...none, ...arenas } };
}

/** activations = value, outputs = activations, through an arena of `length` values, and out to a storage. */
function fillProgram(value: number, length: number, target: Storage | null = null): Program {
  const n = length;
  const inside = region("activations", n);
  const out = region("outputs", n);
  const instructions: UnlinkedInstruction[] = [
    { kernel: "fill", operands: { n, value, out: inside } },
    { kernel: "copy", operands: { n, x: inside, out } },
  ];
  if (target) instructions.push({ kernel: "copy", operands: { n, x: inside, out: target } });
  return program(instructions, { activations: n * 4, outputs: n * 4 });
}

/** Any address that is free in an engine just opened. */
const HEAP = 64 * KB;
const clip: Instruction = { kernel: "clip", operands: { n: 3, low: -1, high: 1, x: HEAP, out: HEAP } };

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof LanewiseError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing was thrown";
}

/** Loads, runs and unloads a small program. */
function works(machine: Machine, value: number): void {
  const loaded = machine.load(fillProgram(value, 5));
  machine.prepare(loaded);
  assert.is(machine.run(loaded, 0, 2), 2);
  assert.equal([...machine.float32(loaded, region("outputs", 5))], Array(5).fill(value));
  machine.unload(loaded);
}

function cases(engineName: string, open: () => Promise<Engine>): void {
  suite(`machine, ${engineName}`, (test) => {
    test("storage is zero, neighbouring, apart, and freed with the last of its block", async () => {
      const machine = createMachine(await open());
      const before = machine.memory.used;
      const [a, b, c] = machine.place([3, 0, 5], "weights") as [Storage, Storage, Storage];
      assert.ok(a.address % 16 === 0 && b.address % 16 === 0 && c.address % 16 === 0);
      assert.ok(b.address >= a.address + 12 && c.address >= b.address);
      assert.equal([...machine.values(c)], [0, 0, 0, 0, 0]);
      machine.values(a).set([1, 2, 3]);
      machine.values(c).fill(7);
      assert.equal([...machine.values(a)], [1, 2, 3]);
      machine.release(a);
      machine.release(a); // a second time changes nothing
      machine.release(b);
      assert.equal([...machine.values(c)], [7, 7, 7, 7, 7]);
      assert.ok(machine.memory.used > before);
      machine.release(c);
      assert.is(machine.memory.used, before);
      // the same bytes again, and zero again
      assert.equal([...machine.values(machine.place([16], "weights")[0] as Storage)], Array(16).fill(0));
    });

    test("programs are linked again after an arena has moved", async () => {
      const machine = createMachine(await open());
      const [target] = machine.place([100], "target") as [Storage];
      const small = machine.load(fillProgram(2, 100, target));
      machine.prepare(small);
      machine.run(small, 0, small.length);
      const old = machine.addressOf(small, region("activations", 100));

      const large = machine.load(fillProgram(3, 5000));
      assert.is.not(machine.addressOf(small, region("activations", 100)), old, "the arena has not moved");
      // what was the arena belongs to somebody else now
      const [other] = machine.place([100], "other") as [Storage];
      assert.is(other.address, old, "the old place is not used again");
      machine.values(other).fill(-1);
      machine.values(target).fill(0);

      machine.prepare(small);
      machine.run(small, 0, small.length);
      assert.equal([...machine.float32(small, region("outputs", 100))], Array(100).fill(2));
      assert.equal([...machine.values(target)], Array(100).fill(2));
      assert.equal([...machine.values(other)], Array(100).fill(-1));

      machine.prepare(large);
      machine.run(large, 0, large.length);
      assert.ok(machine.float32(large, region("outputs", 5000)).every((x) => x === 3));
      assert.equal([...machine.values(other)], Array(100).fill(-1));
    });

    test("programs and storage survive growth of the memory", async () => {
      const machine = createMachine(await open());
      const [target] = machine.place([10], "target") as [Storage];
      const loaded = machine.load(fillProgram(4, 10, target));
      const generation = machine.generation;
      const bytes = machine.memory.total;
      const [large] = machine.place([bytes / 4], "large") as [Storage];
      assert.ok(machine.memory.total > bytes);
      assert.is.not(machine.generation, generation, "views made before must be known to be old");
      machine.values(large).fill(9);
      machine.prepare(loaded);
      machine.run(loaded, 0, loaded.length);
      assert.equal([...machine.values(target)], Array(10).fill(4));
      assert.ok(machine.values(large).every((x) => x === 9));
    });

    test("scratch is as large as the program that needs most", async () => {
      const engine = await open();
      let wanted = 0;
      let scratch = 0;
      const machine = createMachine(
        Object.create(engine, {
          encode: { value: (...given: Parameters<Engine["encode"]>) => Math.max(engine.encode(...given), wanted) },
          setScratch: {
            value: (address: number) => {
              scratch = address;
              engine.setScratch(address);
            },
          },
        }) as Engine,
      );
      wanted = 1000;
      const first = machine.load(fillProgram(1, 8));
      assert.is(machine.memory.scratch, 1000);
      wanted = 50_000;
      machine.load(fillProgram(1, 8));
      assert.is(machine.memory.scratch, 50_000);
      wanted = 1000;
      machine.prepare(first);
      assert.is(machine.memory.scratch, 50_000);
      const address = machine.addressOf(first, region("outputs", 8));
      assert.ok(scratch + 50_000 <= address || scratch > address, "scratch and outputs overlap");
      works(machine, 6);
    });

    test("out of memory is named, and everything goes on", async () => {
      const machine = createMachine(limited(await open(), 2048 * KB));
      const [kept] = machine.place([1000], "kept") as [Storage];
      machine.values(kept).fill(5);
      const loaded = machine.load(fillProgram(8, 1000, kept));
      const used = machine.memory.used;

      for (const floats of [600 * KB, 2 ** 27]) {
        const message = codeOf(() => machine.place([floats], 'dense "big"'));
        assert.match(message, /^out-of-memory: dense "big": /);
        assert.match(message, String(floats * 4)); // what was wanted
        assert.is(machine.memory.used, used);
      }
      assert.match(
        codeOf(() => machine.load(fillProgram(1, 600 * KB))),
        /^out-of-memory: /,
      );
      const outputs = program([], { outputs: 4096 * KB });
      assert.match(
        codeOf(() => machine.load(outputs)),
        /^out-of-memory: program: /,
      );
      assert.is(machine.memory.used, used);
      assert.ok(machine.memory.total <= 2048 * KB);

      assert.ok(machine.values(kept).every((x) => x === 5));
      machine.prepare(loaded);
      machine.run(loaded, 0, loaded.length);
      assert.ok(machine.values(kept).every((x) => x === 8));
      works(machine, 3);
      // what is there can still be had to nearly the last byte
      const left = 2048 * KB - machine.engine.base - machine.memory.used;
      const [rest] = machine.place([left / 4 - KB], "rest") as [Storage];
      machine.release(rest);
      works(machine, 4);
    });

    test("a program disposed of cannot run, and its bytes come back", async () => {
      const machine = createMachine(await open());
      works(machine, 1); // the shared arenas are there now
      const used = machine.memory.used;
      const loaded = machine.load(fillProgram(2, 5));
      machine.unload(loaded);
      machine.unload(loaded);
      assert.is(machine.memory.used, used);
      assert.match(
        codeOf(() => machine.prepare(loaded)),
        /^disposed: /,
      );
    });

    test("loading again and again takes no more memory", async () => {
      const machine = createMachine(await open());
      works(machine, 1);
      const { used, total } = machine.memory;
      for (let i = 0; i < 500; i++) works(machine, i);
      assert.equal([machine.memory.used, machine.memory.total], [used, total]);
    });

    test("a run may be cut between any two instructions; a guard ends it", async () => {
      const machine = createMachine(await open());
      const [loss, state] = machine.place([1, 4], "state") as [Storage, Storage];
      const loaded = machine.load(
        program(
          [
            { kernel: "fill", operands: { n: 4, value: 1, out: region("outputs", 4) } },
            { kernel: "guard", operands: { n: 1, value: loss } },
            { kernel: "fill", operands: { n: 4, value: 2, out: state } },
          ],
          { outputs: 16 },
        ),
      );
      machine.prepare(loaded);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        machine.values(loss)[0] = bad;
        assert.is(machine.run(loaded, 0, 3), 2);
        assert.equal([...machine.values(state)], [0, 0, 0, 0]);
      }
      machine.values(loss)[0] = 1;
      assert.is(machine.run(loaded, 0, 1), 1);
      assert.is(machine.run(loaded, 1, 2), 2);
      assert.equal([...machine.values(state)], [0, 0, 0, 0]);
      assert.is(machine.run(loaded, 2, 3), 3);
      assert.equal([...machine.values(state)], [2, 2, 2, 2]);
    });
  });
}

const names = (await openEngines()).map((engine) => engine.kernels);
names.forEach((name, i) => {
  // a fresh engine for each case
  cases(name, async () => (await openEngines())[i] as Engine);
});

suite("engine, kernels that are seldom needed", (test) => {
  test("are loaded once, when one of them is asked for, and after a failure again", async () => {
    const binaries = await compileBuild("strict");
    let asked = 0;
    const more = async () => {
      if (++asked === 1) throw new Error("no network");
      return binaries.more();
    };
    const engine = await openWasm({ ...binaries, more }, 128 * KB, 256 * KB);
    assert.is(engine.complete(["adam", "gemm"]), null);
    assert.throws(() => engine.encode(engine.base, [clip]), /"clip"/);
    await engine.complete(["adam", "clip"])?.then(
      () => assert.unreachable("the binary could not be loaded"),
      (error: Error) => assert.match(error.message, /no network/),
    );
    await Promise.all([engine.complete(["clip"]), engine.complete()]);
    assert.is(asked, 2);
    assert.is(engine.complete(), null);
    engine.float32(HEAP, 4).set([-2, 0.5, 3, 7]);
    engine.encode(HEAP + 64, [clip]);
    engine.run(HEAP + 64, 0, 1);
    assert.equal([...engine.float32(HEAP, 4)], [-1, 0.5, 1, 7]);
  });
});
