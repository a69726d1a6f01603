// The benchmark: its rows are whole and leave no kernel out, its baselines compute what the twins do, and it runs.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { baselines } from "../bench/baseline/baselines.ts";
import type { Values } from "../bench/operands.ts";
import { arraysOf, difference, fill, sampleOutputs } from "../bench/operands.ts";
import type { Row } from "../bench/row.ts";
import { nameOf, smallest } from "../bench/row.ts";
import { rows } from "../bench/rows.ts";
import { segmentsOf, trafficOf } from "../bench/traffic.ts";
import type { KernelName } from "../bindings/generated/kernels.ts";
import { layouts } from "../bindings/generated/kernels.ts";
import { twins } from "../src/reference/twins.ts";
import { assert, suite } from "./harness.ts";

const sizeOf = (row: Row): number => arraysOf(row).reduce((sum, { length }) => sum + length, 0);

/** A row in plain JavaScript; returns a sample of what it wrote. */
function run(functions: Readonly<Record<KernelName, unknown>>, row: Row): number[][] {
  const arrays = new Map<string, Values>();
  for (const { name, element, length } of arraysOf(row)) {
    arrays.set(name, element === "f32" ? new Float32Array(length) : new Int32Array(length));
  }
  fill(row, arrays);
  (functions[row.kernel] as (operands: unknown) => void)({ ...row.scalars, ...Object.fromEntries(arrays) });
  return sampleOutputs(row, arrays);
}

suite("bench", (test) => {
  test("every kernel has a row", () => {
    const without = Object.keys(layouts).filter((kernel) => !rows.some((row) => row.kernel === kernel));
    assert.is(without.join(), "", "add a row in bench/rows/");
  });

  test("names are unique, arrays are there, work is positive", () => {
    assert.is(new Set(rows.map(nameOf)).size, rows.length);
    for (const row of rows) {
      for (const { name, length } of arraysOf(row)) assert.ok(length > 0, `${nameOf(row)}: ${name} is empty`);
      assert.ok(row.flops >= 0 && Number.isSafeInteger(row.flops), nameOf(row));
    }
  });

  test("the roof has a loop for the streams of every row", () => {
    const source = readFileSync("bench/assembly/roof.ts", "utf8");
    for (const row of rows) {
      for (const { reads, updates, writes } of trafficOf(row).flatMap(segmentsOf)) {
        const name = `reads${reads}updates${updates}writes${writes}`;
        assert.ok(source.includes(`function ${name}(`), `${nameOf(row)}: ${name} in bench/assembly/roof.ts`);
      }
    }
  });

  test("baselines compute what the twins do", () => {
    const few = rows.map(smallest).filter((row) => sizeOf(row) < 1_500_000);
    const left = Object.keys(layouts).filter((kernel) => !few.some((row) => row.kernel === kernel));
    assert.is(left.join(), "", "kernels with large rows only");
    for (const row of few) assert.is(difference(run(baselines, row), run(twins, row)), "", nameOf(row));
  });

  test("a quick run of one row, as JSON", () => {
    const words = ["bench/run.mjs", "--quick", "--filter=add 4096", "--json"];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    assert.is(status, 0, stderr);
    const [report] = JSON.parse(stdout);
    assert.is(report.rows.length, 1);
    const { name, seconds, times, twin, percent, bytes } = report.rows[0];
    assert.is(name, "add 4096");
    assert.is(bytes, 3 * 4 * 4096);
    for (const value of [seconds, times, twin, percent]) assert.ok(value > 0, stdout);
  });

  test("kernels that are loaded on demand have rows, too", () => {
    const words = ["bench/run.mjs", "--alone", "--quick", "--filter=Winograd", "--json"];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    assert.is(status, 0, stderr);
    const [report] = JSON.parse(stdout);
    assert.equal(report.failures, []);
    assert.ok(report.rows.length > 0);
  });

  test("mixtures of examples have rows", () => {
    const words = ["bench/run.mjs", "--quick", "--filter=mixup 64x28,overlay by gain 64x28", "--json"];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    assert.is(status, 0, stderr);
    const [{ mixtures }] = JSON.parse(stdout);
    assert.is(mixtures.length, 2, stdout);
    for (const { seconds, times } of mixtures) assert.ok(seconds > 0 && times > 0, stdout);
  });

  test("a meeting of two threads is measured", () => {
    const { stdout, stderr } = spawnSync(process.execPath, ["bench/barrier.mjs"], { encoding: "utf8" });
    const nanoseconds = Number(/a meeting of 2 threads: (\d+) ns/.exec(stdout)?.[1]);
    assert.ok(nanoseconds > 10 && nanoseconds < 1e6, stdout + stderr); // goal: 2 us, where both have a core
  });

  test("the parts of a training step are measured", () => {
    const words = ["bench/parts.mjs", "MLP 64-32-10"];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    assert.is(status, 0, stderr);
    const lines = [...stdout.matchAll(/^ +(\d+ \w+|all) +([\d.]+) us +([\d.]+) us +[\d.]+ x$/gm)];
    assert.ok(lines.length > 10, stdout);
    assert.match(stdout, /^ +\d+ adam /m);
    for (const column of [2, 3]) {
      const microseconds = lines.map((line) => Number(line[column]));
      assert.ok((microseconds.at(-1) as number) >= Math.max(...microseconds.slice(0, -1)), stdout);
      assert.ok((microseconds.at(-1) as number) > 0, stdout);
    }
  });

  test("an unknown option is refused", () => {
    const { status, stderr } = spawnSync(process.execPath, ["bench/run.mjs", "--fliter=x"], { encoding: "utf8" });
    assert.is(status, 1);
    assert.match(stderr, /unknown option --fliter=x/);
  });

  test("a filter that nothing matches is an error", () => {
    const { status, stderr } = spawnSync(process.execPath, ["bench/run.mjs", "--filter=nosuch"], { encoding: "utf8" });
    assert.is(status, 1);
    assert.match(stderr, /no row matches --filter=nosuch/);
  });
});
