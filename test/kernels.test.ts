// Every kernel record on every engine, aligned and one element off; those that go over units also block by block; a gradient that
// takes its input's place, and the guard.

import type { Instruction } from "../bindings/engine.ts";
import { fieldsOf } from "../bindings/engine.ts";
import { families } from "./cases/families.ts";
import { poolCases } from "./cases/pool.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";
import type { KernelCase } from "./kernelCase.ts";
import { checkEnds, checkKernel, inBlocks } from "./kernelCase.ts";

const engines = await openEngines();
for (const engine of engines) {
  suite(`kernels in blocks, ${engine.kernels}`, (test) => {
    for (const shift of [0, 1]) {
      test(`shift ${shift}`, () => {
        const cases = Object.values(families)
          .flat()
          .filter(({ kernel }) => fieldsOf(kernel).some(({ moves }) => moves !== null));
        const problems = cases.flatMap((each) => checkKernel(engine, each, shift, inBlocks));
        const kernels = new Set(cases.map(({ kernel }) => kernel));
        assert.is(problems.slice(0, 20).join("\n"), "");
        assert.ok(kernels.size > 50, `${kernels.size} kernels go over units`);
      });
    }
  });
}
for (const engine of engines) {
  if (engine.kernels === "reference") continue; // its arrays end where they end
  suite(`kernels at the end of memory, ${engine.kernels}`, (test) => {
    for (const [family, cases] of Object.entries(families)) {
      test(family, () => {
        // the many small products in all transposes differ little
        const some = family === "gemm" ? cases.filter((_, i) => i % 29 === 0) : cases;
        assert.is(
          some
            .flatMap((each) => checkEnds(engine, each))
            .slice(0, 20)
            .join("\n"),
          "",
        );
      });
    }
  });
}
for (const [family, cases] of Object.entries(families)) {
  for (const engine of engines) {
    suite(`kernels ${family}, ${engine.kernels}`, (test) => {
      for (const shift of [0, 1]) {
        test(`shift ${shift}`, () => {
          const problems = cases.flatMap((each) => checkKernel(engine, each, shift));
          assert.is(problems.slice(0, 20).join("\n"), "");
        });
      }
    });
  }
}

for (const engine of engines) {
  suite(`kernels in the place of an input, ${engine.kernels}`, (test) => {
    test("the gradient of a maximum where each pixel is in one window", () => {
      const cases = poolCases.filter(({ kernel, operands }) => {
        if (kernel !== "maxPool2dGradient") return false;
        const {
          height,
          width,
          outHeight,
          outWidth,
          poolHeight,
          poolWidth,
          strideHeight,
          strideWidth,
          padTop,
          padLeft,
        } = operands as KernelCase<"maxPool2dGradient">["operands"];
        const covered = [poolHeight * outHeight, poolWidth * outWidth, strideHeight, strideWidth, padTop, padLeft];
        return `${covered}` === `${[height, width, poolHeight, poolWidth, 0, 0]}`;
      });
      assert.ok(cases.length > 100, `${cases.length} records`);
      for (const { name, operands } of cases) {
        const { x, dy, dx: _, ...scalars } = operands as unknown as Record<string, Float32Array>;
        const run = (apart: number): Int32Array => {
          const at = engine.base + 1024;
          const dyAt = at + (x as Float32Array).byteLength;
          const dxAt = apart ? dyAt + (dy as Float32Array).byteLength : at;
          const instruction = {
            kernel: "maxPool2dGradient",
            operands: { ...scalars, x: at, dy: dyAt, dx: dxAt },
          } as const;
          engine.grow(dxAt + (x as Float32Array).byteLength + 1024);
          engine.encode(engine.base, [instruction as unknown as Instruction]);
          engine.float32(at, (x as Float32Array).length).set(x as Float32Array);
          engine.float32(dyAt, (dy as Float32Array).length).set(dy as Float32Array);
          engine.run(engine.base, 0, 1);
          return engine.int32(dxAt, (x as Float32Array).length).slice();
        };
        assert.equal(run(0), run(1), name);
      }
    });
  });
}

for (const engine of engines) {
  suite(`guard, ${engine.kernels}`, (test) => {
    test("ends a run where any of its values is not finite", () => {
      const code = engine.base;
      const at = code + 1024;
      for (let n = 0; n <= 37; n++) {
        const program = [1, 2].map(() => ({ kernel: "guard", operands: { n, value: at } }) as const);
        engine.grow(at + 40 * 4);
        engine.encode(code, program as unknown as Instruction[]);
        const values = engine.float32(at, 40);
        for (let i = 0; i < n; i++) {
          for (const special of [NaN, Infinity, -Infinity]) {
            values.fill(3.4e38).fill(NaN, n)[i] = special;
            assert.is(engine.run(code, 0, 2), 1, `${special} at ${i} of ${n}`);
          }
        }
        values.fill(-3.4e38).fill(NaN, n); // finite, though the sum is not
        assert.is(engine.run(code, 0, 2), 2, `${n} finite values`);
      }
    });
  });
}
