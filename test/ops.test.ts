// Every op, layer, loss and activation on every engine: forward and gradient against float64.

import { createMachine } from "../bindings/machine.ts";
import * as lanewise from "../src/index.ts";
import { activationNames } from "../src/ops/activation.ts";
import { openReference } from "../src/reference/engine.ts";
import { machinesOf } from "./compiled.ts";
import { openEngines } from "./engines.ts";
import { assert, suite } from "./harness.ts";
import type { OpCase } from "./opCase.ts";
import { checkOp } from "./opCase.ts";
import { elementwiseCases } from "./opCases/elementwise.ts";
import { layerCases } from "./opCases/layers.ts";
import { lossCases } from "./opCases/losses.ts";
import { movingCases } from "./opCases/moving.ts";
import { productCases } from "./opCases/products.ts";
import { secondCases } from "./opCases/second.ts";
import { calls as layerCalls } from "./wrongCalls/layers.ts";

/** Groups of records, a test for each op or layer in them. */
function byExport(cases: readonly OpCase[]): Map<string, OpCase[]> {
  const groups = new Map<string, OpCase[]>();
  for (const each of cases) groups.set(each.of, [...(groups.get(each.of) ?? []), each]);
  return groups;
}

const opGroups = byExport([...elementwiseCases, ...movingCases, ...productCases, ...lossCases, ...secondCases]);
const layerGroups = byExport(layerCases);
const oracle = createMachine(openReference("float64"));

for (const [kind, groups] of [
  ["ops", opGroups],
  ["layers", layerGroups],
] as const) {
  for (const [i, machine] of machinesOf(await openEngines()).entries()) {
    suite(`${kind}, ${machine.engine.kernels}`, (test) => {
      for (const [of, cases] of groups) {
        test(of, () => {
          // the difference quotient is of the float64 engine alone: once is enough
          const problems = cases.flatMap((each) => checkOp(machine, oracle, each, i === 0));
          assert.is(problems.slice(0, 12).join("\n"), "");
        });
      }
    });
  }
}

suite("records", (test) => {
  test("every op has one", () => {
    const missing = Object.keys(lanewise.ops).filter((name) => !opGroups.has(name));
    assert.equal(missing, []);
  });
  test("every loss has one", () => {
    const missing = Object.keys(lanewise.losses).filter((name) => !opGroups.has(name));
    assert.equal(missing, []);
  });
  test("every activation has one", () => {
    const missing = activationNames.filter((name) => !opGroups.has(`activation ${name}`));
    assert.equal(missing, []);
  });
  test("every layer has one", () => {
    const names = layerCalls.map(({ name }) => name).filter((name) => name !== "defineLayer");
    const missing = names.filter((name) => !layerGroups.has(name));
    assert.equal(missing, []);
  });
});
