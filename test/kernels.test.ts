// Every kernel record on every engine, aligned and one element off; those that go over units also block by block.

import { fieldsOf } from "../bindings/engine.ts";
import { families } from "./cases/families.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";
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
