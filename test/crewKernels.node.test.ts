// Every kernel on real threads, several times: the bits are those of one thread, and nothing else is written to.

import { roundUp } from "../bindings/allocator.ts";
import type { Engine } from "../bindings/engine.ts";
import { fieldsOf } from "../bindings/engine.ts";
import { extents } from "../bindings/generated/extents.ts";
import type { Build } from "../bindings/variant.ts";
import { compileBuild, hasRelaxedSimd } from "../bindings/variant.ts";
import { openWasm } from "../bindings/wasm.ts";
import { families } from "./cases/families.ts";
import { assert, suite } from "./harness.ts";
import type { KernelCase } from "./kernelCase.ts";

const THREADS = 3;
const TURNS = 2;
/** Between arrays, and behind scratch. */
const GAP = 64;
/** What is nobody's, and what scratch holds before a call: a NaN, so that what was not written there is seen. */
const UNWRITTEN = 0x7fc0dead;

async function openThreads(build: Build): Promise<Engine> {
  const engine = await openWasm(await compileBuild(build, undefined, true), 64 << 20, 2 ** 31);
  await engine.complete();
  engine.staff?.want(THREADS);
  await engine.staff?.start();
  assert.is(engine.staff?.size, THREADS);
  return engine;
}

/** A case laid out in an engine's memory; `run` gives all bits from the first array on, scratch left out. */
function layOut(engine: Engine, { kernel, operands }: KernelCase) {
  const given = operands as unknown as Record<string, number | Float32Array | Int32Array | null | undefined>;
  const wanted = extents[kernel](operands as never) as Readonly<Record<string, number>>;
  const values: Record<string, number> = {};
  const codeBytes = roundUp(engine.codeBytes([{ kernel }]));
  const [alone, shared] = [engine.base, engine.base + codeBytes];
  const arrays = engine.base + 2 * codeBytes + GAP;
  let end = arrays;
  const places: { at: number; array: Float32Array | Int32Array }[] = [];
  for (const { name, type } of fieldsOf(kernel)) {
    const value = given[name];
    if (type !== "pointer") values[name] = value as number;
    if (type !== "pointer" || value == null) continue;
    const array = (value as Float32Array).subarray(0, wanted[name]);
    places.push({ at: end, array });
    values[name] = end;
    end = roundUp(end + array.length * 4, 64) + GAP;
  }
  const instruction = { kernel, operands: values };
  const scratchBytes = Math.max(
    engine.encode(alone, [instruction]),
    engine.encode(shared, [{ ...instruction, share: { threads: 32, parts: 1 } }]),
  );
  const behind = roundUp(end + scratchBytes) + GAP;
  assert.ok(engine.grow(behind));
  engine.setScratch(end);
  const all = engine.int32(arrays, (behind - arrays) / 4);
  return (code: "alone" | "shared"): Int32Array => {
    all.fill(UNWRITTEN);
    for (const { at, array } of places) {
      const view = array instanceof Float32Array ? engine.float32(at, array.length) : engine.int32(at, array.length);
      view.set(array);
    }
    engine.run(code === "alone" ? alone : shared, 0, 1);
    const kept = new Int32Array(all.length - scratchBytes / 4);
    const first = (end - arrays) / 4;
    kept.set(all.subarray(0, first));
    kept.set(all.subarray(first + scratchBytes / 4), first);
    return kept;
  };
}

const builds: readonly Build[] = hasRelaxedSimd() ? ["strict", "relaxed"] : ["strict"];
for (const build of builds) {
  suite(`threads that share a kernel at the same time, ${build}`, (test) => {
    for (const [family, all] of Object.entries(families)) {
      test(family, async () => {
        const engine = await openThreads(build);
        // the many small products in all transposes differ little
        const cases = family === "gemm" ? all.filter(({ name }, i) => i % 29 === 0 || /\d{3}/.test(name)) : all;
        try {
          for (const each of cases) {
            const run = layOut(engine, each);
            const one = run("alone");
            for (let turn = 0; turn < TURNS; turn++) {
              const several = run("shared");
              const different = several.findIndex((bits, i) => bits !== one[i]);
              assert.is(different, -1, `${each.kernel} (${each.name}), turn ${turn}: word ${different} differs`);
            }
          }
        } finally {
          engine.staff?.rest();
        }
      });
    }
  });
}
