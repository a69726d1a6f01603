// Every kernel called for one thread after the other, phase by phase, as several threads would share its work: the bits
// are those of one thread. It knows the layout of Task (assembly/task.ts); real threads are not started.

import { fieldsOf } from "../bindings/engine.ts";
import { extents } from "../bindings/generated/extents.ts";
import type { Build } from "../bindings/variant.ts";
import { compileBuild, hasRelaxedSimd } from "../bindings/variant.ts";
import { families } from "./cases/families.ts";
import { assert, suite } from "./harness.ts";
import type { KernelCase } from "./kernelCase.ts";

const PAGE = 65536;
/** Below lie the constants of the binaries; then a Task, the operands, and the arrays. */
const TASK = 32768;
const ARGS = TASK + 64;
const ARRAYS = ARGS + 512;
/** What scratch holds before a call: a NaN, so that what was not written there is seen. */
const UNWRITTEN = 0x7fc0dead;
/** Bytes behind scratch that nobody may write. */
const BEHIND = 1 << 16;

type Exports = Readonly<Record<string, (args: number, more: number) => number>>;

async function openKernels(build: Build) {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 32768 });
  const binaries = await compileBuild(build);
  const exports: Exports[] = [];
  for (const module of [binaries.base, binaries.products, await binaries.more()]) {
    exports.push((await WebAssembly.instantiate(module, { env: { memory } })).exports as Exports);
  }
  return { memory, exports };
}

/** The bits of all that a kernel may write, after `threads` threads took their turns. */
function run(
  { memory, exports }: Awaited<ReturnType<typeof openKernels>>,
  { kernel, operands }: KernelCase,
  threads: number,
): Int32Array {
  const given = operands as unknown as Record<string, number | Float32Array | Int32Array | null | undefined>;
  const from = exports.find((each) => kernel in each) as Exports;
  const wanted = extents[kernel](operands as never) as Readonly<Record<string, number>>;
  const fields = fieldsOf(kernel);
  const places = new Map<string, number>();
  let end = ARRAYS;
  for (const { name, type } of fields) {
    if (type !== "pointer" || given[name] == null) continue;
    places.set(name, end);
    end += Math.ceil(((wanted[name] as number) * 4 + 64) / 64) * 64;
  }
  const reserve = (bytes: number) => {
    const pages = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
    if (pages > 0) memory.grow(pages);
  };
  reserve(end);
  const args = new DataView(memory.buffer, ARGS);
  fields.forEach(({ name, type }, i) => {
    const value = type === "pointer" ? (places.get(name) ?? 0) : (given[name] as number);
    if (type === "f32") args.setFloat32(i * 4, value, true);
    else args.setInt32(i * 4, value, true);
  });
  // fewer runners than parts: what a part needs for itself goes by its runner
  const runners = Math.max(1, threads - 1);
  const scratch = (from[`${kernel}Scratch`]?.(ARGS, runners) ?? 0) >>> 0;
  reserve(end + scratch + BEHIND);
  new Int32Array(memory.buffer, end, (scratch + BEHIND) >> 2).fill(UNWRITTEN);
  for (const [name, at] of places) {
    const values = (given[name] as Float32Array).subarray(0, wanted[name]);
    new (values.constructor as typeof Float32Array)(memory.buffer, at, values.length).set(values);
  }
  const task = new Int32Array(memory.buffer, TASK, 9);
  const phases = from[`${kernel}Phases`]?.(ARGS, threads) ?? 1;
  for (let phase = 0; phase < phases; phase++) {
    for (let i = 0; i < threads; i++) {
      const thread = phase % 2 ? i : threads - 1 - i;
      task.set([thread, threads, phase, end, 0, 0, 0, 0, (thread + phase) % runners]);
      (from[kernel] as (args: number, task: number) => number)(ARGS, TASK);
    }
  }
  const behind = new Int32Array(memory.buffer, end + scratch, BEHIND >> 2);
  assert.ok(
    behind.every((word) => word === UNWRITTEN),
    `${kernel} wrote behind its scratch for ${runners}`,
  );
  return new Int32Array(memory.buffer, ARRAYS, (end - ARRAYS) >> 2).slice();
}

const isNaNWord = (bits: number): boolean => (bits & 0x7fffffff) > 0x7f800000;
/** Which NaN comes of several is left open by WebAssembly: an engine may compile a loop anew between two runs. */
const sameBits = (a: number, b: number): boolean => a === b || (isNaNWord(a) && isNaNWord(b));

const builds: readonly Build[] = hasRelaxedSimd() ? ["strict", "relaxed"] : ["strict"];
for (const build of builds) {
  suite(`threads that share a kernel, ${build}`, (test) => {
    for (const [family, all] of Object.entries(families)) {
      test(family, async () => {
        const kernels = await openKernels(build);
        // the many small products in all transposes differ little
        const cases = family === "gemm" ? all.filter(({ name }, i) => i % 29 === 0 || /\d{3}/.test(name)) : all;
        for (const each of cases) {
          const one = run(kernels, each, 1);
          for (const threads of [2, 3, 5]) {
            const different = run(kernels, each, threads).findIndex((bits, i) => !sameBits(bits, one[i] as number));
            assert.is(different, -1, `${each.kernel} (${each.name}), ${threads} threads: word ${different} differs`);
          }
        }
      });
    }
  });
}
