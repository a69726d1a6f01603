// Every kernel record on every engine, aligned and one element off; those that go over units also block by block.

import { fieldsOf } from "../bindings/engine.ts";
import { batchNormCases } from "./cases/batchNorm.ts";
import { convCases } from "./cases/conv.ts";
import { copyCases } from "./cases/copy.ts";
import { gatherCases } from "./cases/gather.ts";
import { gemmCases } from "./cases/gemm.ts";
import { optimCases } from "./cases/optim.ts";
import { pointwiseCases } from "./cases/pointwise.ts";
import { poolCases } from "./cases/pool.ts";
import { randomCases } from "./cases/random.ts";
import { argMaxCases, reduceCases } from "./cases/reduce.ts";
import { softmaxCases } from "./cases/softmax.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";
import type { KernelCase } from "./kernelCase.ts";
import { checkEnds, checkKernel, inBlocks } from "./kernelCase.ts";

const families: Readonly<Record<string, readonly KernelCase[]>> = {
  batchNorm: batchNormCases,
  conv: convCases,
  copy: copyCases,
  gather: gatherCases,
  gemm: gemmCases,
  optim: optimCases,
  pointwise: pointwiseCases,
  pool: poolCases,
  random: randomCases,
  reduce: [...reduceCases, ...argMaxCases],
  softmax: softmaxCases,
};

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
