// The benchmark, the same in Node and in a page: measures the rows that are asked for and says what came out, line by
// line and as a record.

import type { Build } from "../bindings/variant.ts";
import type { Effort, Partner, Result, Tools } from "./measure.ts";
import { measure } from "./measure.ts";
import type { MixtureResult } from "./mixtures.ts";
import { runMixtures } from "./mixtures.ts";
import { openRoof } from "./roof.ts";
import { nameOf } from "./row.ts";
import { rows } from "./rows.ts";
import { openKernels } from "./subject.ts";
import type { Measured } from "./table.ts";
import { columns, rowLine, summaryLines, withPrefix } from "./table.ts";
import type { TrainingResult } from "./training.ts";
import { runTraining } from "./training.ts";

export interface Options {
  readonly build: Build;
  /** Rows whose group or name holds one of these words; all where there is none. */
  readonly filter: readonly string[];
  readonly quick: boolean;
  /** Without baseline and twin. */
  readonly alone: boolean;
  /** Where it is more than one, kernels and training are measured on so many threads, too. */
  readonly threads: number;
}

export interface Platform {
  readonly processor: string;
  readonly engine: string;
  readonly commit: string;
  readonly roof: WebAssembly.Module;
  startPartner(): Partner;
  print(line: string): void;
}

/** All that was measured, as it is written to a file. */
export interface Report {
  readonly date: string;
  readonly processor: string;
  readonly engine: string;
  readonly build: Build;
  readonly threads: number;
  readonly commit: string;
  readonly rows: readonly ({ readonly name: string; readonly group: string; readonly flops: number } & Result)[];
  readonly training: readonly TrainingResult[];
  readonly mixtures: readonly MixtureResult[];
  readonly failures: readonly string[];
}

const efforts: Readonly<Record<"full" | "quick", Omit<Effort, "alone">>> = {
  full: { seconds: 0.002, secondsMax: 0.6 },
  quick: { seconds: 0.002, secondsMax: 0.15 },
};

export async function runBench(options: Options, platform: Platform): Promise<Report> {
  const { build, filter, quick, alone, threads } = options;
  const { processor, engine, commit, print } = platform;
  const date = new Date().toISOString().slice(0, 10);
  print(
    `${processor}, ${engine}, ${build} kernels, ${threads} thread${threads > 1 ? "s" : ""}, commit ${commit}, ${date}`,
  );
  const tools: Tools = {
    kernels: await openKernels(build, threads),
    roof: await openRoof(platform.roof),
    startPartner: platform.startPartner,
  };
  const secondsAFlop = Math.min(...Array.from({ length: 50 }, () => tools.roof.compute(0.002)));
  print(`Multiply-adds in registers: ${withPrefix(1 / secondsAFlop, "FLOP/s")}\n`);
  print(columns);
  const matching = rows.filter(
    (row) => !filter.length || filter.some((word) => `${row.group} ${nameOf(row)}`.includes(word)),
  );
  // a quick run has few rows, unless all that were asked for are others
  const few = quick ? matching.filter((row) => row.quick) : matching;
  const wanted = few.length > 0 ? few : matching;
  const measured: Measured[] = [];
  const failures: string[] = [];
  for (const row of wanted) {
    try {
      const effort = { ...efforts[quick ? "quick" : "full"], alone };
      const result = await measure(row, tools, effort);
      measured.push({ row, result });
      print(rowLine({ row, result }, build));
    } catch (error) {
      failures.push(`${nameOf(row)}: ${(error as Error).message}`);
      print(failures.at(-1) as string);
    }
  }
  print("");
  for (const line of summaryLines(measured, build)) print(line);
  const training = await runTraining(build, filter, quick ? 0.3 : 3, threads, tools.roof.compute, print);
  const mixtures = runMixtures(filter, quick ? 0.1 : 1, print);
  if (wanted.length + training.length + mixtures.length === 0)
    throw new Error(`no row matches --filter=${filter.join()}`);
  return {
    ...{ date, processor, engine, build, threads, commit, training, mixtures, failures },
    rows: measured.map(({ row, result }) => ({ name: nameOf(row), group: row.group, flops: row.flops, ...result })),
  };
}
