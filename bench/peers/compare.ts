// Measures the rows: all libraries of a row are started, each in a process of its own, and take turns.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { writeRowData } from "./data.ts";
import type { PlacedModel, Row } from "./models.ts";
import { multiplyAdds, parameterCount, placeModel, rows } from "./models.ts";
import type { PeerProcess } from "./process.ts";
import { startProcess } from "./process.ts";
import type { RoofKind } from "./roof.ts";
import { compileRoof } from "./roof.ts";
import type { Entry, RowResult } from "./table.ts";
import { formatRow } from "./table.ts";

export const peers: readonly string[] = [
  "lanewise",
  "lanewise-strict",
  "pytorch",
  "jax-js",
  "tfjs-wasm",
  "tfjs-cpu",
  "ort-web",
  "convnetjs",
  "brain.js",
];

export interface CompareOptions {
  /** Folder of bench/peers. */
  readonly folder: string;
  /** Parts of rows' names; all without. */
  readonly filters: readonly string[];
  readonly peers: readonly string[];
  /** Seconds to warm up each way of a library, to compare losses, of a turn; turns; seconds after which a library is given up. */
  readonly secondsWarm: number;
  readonly secondsCompared: number;
  readonly secondsRound: number;
  readonly rounds: number;
  readonly secondsMax: number;
  /** What counts: the time that passes, or the processor's time of the process, for a machine that is busy with other things. */
  readonly clock: "wall" | "cpu";
  readonly python: string;
}

export interface Report {
  readonly processor: string;
  readonly engine: string;
  readonly date: string;
  readonly commit: string;
  readonly threads: 1;
  readonly clock: "wall" | "cpu";
  /** What each library said it is. */
  readonly libraries: Record<string, string>;
  readonly rows: RowResult[];
}

interface Prepared {
  readonly library: string;
  /** How it multiplies and adds, where it wants to be compared with the roof. */
  readonly roof?: RoofKind;
  readonly how: string;
  /** Losses of the first steps, or one prediction. */
  readonly results: readonly (number | null)[] | readonly (readonly number[])[];
  readonly secondsPerStep: number;
}

interface Contestant {
  readonly peer: string;
  readonly process: PeerProcess;
  readonly prepared: Prepared;
  /** Seconds a step: the samples of each turn. */
  readonly turns: number[][];
  secondsSpent: number;
  roof: number;
}

const roofKinds: readonly RoofKind[] = ["fused", "separate"];

const roofPath = (folder: string, kind: RoofKind) => join(folder, ".cache", `roof.${kind}.wasm`);

function start(peer: string, { folder, python }: CompareOptions): PeerProcess {
  if (peer === "pytorch") return startProcess(python, [join(folder, "pytorch.py")]);
  return startProcess(process.execPath, [join(folder, ".cache", "worker.mjs")]);
}

/** Largest difference of what two libraries computed, over as many steps as both made. */
export function differenceOf(
  kind: Row["kind"],
  mine: Pick<Prepared, "results">,
  theirs: Pick<Prepared, "results">,
): Pick<Entry, "difference" | "steps"> {
  const [a, b] = [mine.results.flat(), theirs.results.flat()];
  const steps = Math.min(a.length, b.length);
  if (steps === 0 || b.includes(null)) return { difference: null };
  let difference = 0;
  for (let i = 0; i < steps; i++) {
    const [left, right] = [a[i] as number, b[i] as number];
    difference = Math.max(difference, Math.abs(left - right) / (kind === "train" ? Math.abs(left) : 1));
  }
  return { difference, steps };
}

const median = (samples: readonly number[]) => [...samples].sort((a, b) => a - b)[samples.length >> 1] as number;

/** The library's process once it is ready; or the entry that says why not. */
async function prepare(peer: string, row: Row, model: PlacedModel, dataPath: string, options: CompareOptions) {
  const began = Date.now();
  const process = start(peer, options);
  try {
    const { secondsWarm, secondsCompared, secondsMax, clock: clockName } = options;
    const { kind, batch } = row;
    const seconds = { secondsWarm, secondsCompared, clockName };
    const request = { task: "prepare", peer, row: { kind, batch }, model, dataPath, ...seconds };
    const prepared = await process.ask<Prepared>(request, secondsMax);
    const secondsSpent = (Date.now() - began) / 1000;
    return { peer, process, prepared, turns: [], secondsSpent, roof: 0 } satisfies Contestant;
  } catch (error) {
    process.end();
    return { peer, error: (error as Error).message.split("\n")[0] as string } satisfies Entry;
  }
}

/** One turn; a library whose steps take too long for another turn sits it out. */
async function takeTurn(contestant: Contestant, options: CompareOptions): Promise<void> {
  const { prepared, process, turns } = contestant;
  if (turns.length > 0 && contestant.secondsSpent + prepared.secondsPerStep > options.secondsMax) return;
  const began = Date.now();
  const request = { task: "round", seconds: options.secondsRound };
  turns.push((await process.ask<{ samples: number[] }>(request, options.secondsMax)).samples);
  contestant.secondsSpent += (Date.now() - began) / 1000;
  if (!prepared.roof) return;
  const path = roofPath(options.folder, prepared.roof);
  const { roof } = await process.ask<{ roof: number }>({ task: "roof", path }, options.secondsMax);
  contestant.roof = Math.max(contestant.roof, roof);
}

/**
 * How many times faster `mine` is: the median over turns that stood side by side, so that what slows the machine down for a
 * while slows both.
 */
export function ratioOf(mine: readonly (readonly number[])[], theirs: readonly (readonly number[])[]): number {
  const turns = Math.min(mine.length, theirs.length);
  return median(Array.from({ length: turns }, (_, i) => median(theirs[i] ?? []) / median(mine[i] ?? [])));
}

function entryOf(row: Row, work: number, contestant: Contestant, reference: Contestant | undefined): Entry {
  const { peer, prepared, turns, roof } = contestant;
  const samples = turns.flat();
  const perStep = row.kind === "train" ? 1 : row.batch;
  const seconds = median(samples);
  return {
    peer,
    rate: perStep / seconds,
    rateBest: perStep / Math.min(...samples),
    samples: samples.length,
    how: prepared.how,
    ...(reference && reference !== contestant
      ? { ratio: ratioOf(reference.turns, turns), ...differenceOf(row.kind, reference.prepared, prepared) }
      : {}),
    ...(roof > 0 ? { roofShare: work / roof / seconds } : {}),
  };
}

async function measureRow(row: Row, options: CompareOptions, libraries: Record<string, string>): Promise<RowResult> {
  const model = placeModel(row.model);
  const dataPath = join(options.folder, ".cache", "row.f32");
  writeRowData(dataPath, model, row.batch);
  const work = multiplyAdds(model, row.kind, row.batch);
  const starters: (Contestant | Entry)[] = [];
  for (const peer of options.peers) starters.push(await prepare(peer, row, model, dataPath, options));
  const contestants = starters.filter((one): one is Contestant => "process" in one);
  const failures = new Map<string, Entry>();
  for (let i = 0; i < options.rounds; i++) {
    for (const contestant of contestants.filter(({ peer }) => !failures.has(peer))) {
      const { peer } = contestant;
      await takeTurn(contestant, options).catch((error: Error) => failures.set(peer, { peer, error: error.message }));
    }
  }
  for (const { peer, process, prepared } of contestants) {
    libraries[peer] = prepared.library;
    process.end();
  }
  const reference = contestants.find(({ peer }) => peer === "lanewise");
  const entries = starters.map((one): Entry => {
    if (!("process" in one)) return one;
    return failures.get(one.peer) ?? entryOf(row, work, one, reference);
  });
  return { name: row.name, kind: row.kind, parameters: parameterCount(model), multiplyAdds: work, entries };
}

function header(clock: "wall" | "cpu"): Omit<Report, "rows" | "libraries"> {
  const { stdout } = spawnSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" });
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    engine: `Node ${process.version} (V8 ${process.versions.v8})`,
    date: new Date().toISOString().slice(0, 10),
    commit: stdout?.trim() || "unknown",
    threads: 1,
    clock,
  };
}

/** Measures, and hands each row as text to `print` as soon as it is there. */
export async function compare(options: CompareOptions, print: (text: string) => void): Promise<Report> {
  mkdirSync(join(options.folder, ".cache"), { recursive: true });
  for (const kind of roofKinds) await compileRoof(kind, roofPath(options.folder, kind));
  const report: Report = { ...header(options.clock), libraries: {}, rows: [] };
  print(`${report.processor}, ${report.engine}, one thread, ${report.clock} time, ${report.date}, ${report.commit}`);
  const wanted = rows.filter(
    ({ name }) => options.filters.length === 0 || options.filters.some((part) => name.includes(part)),
  );
  for (const row of wanted) {
    const result = await measureRow(row, options, report.libraries);
    report.rows.push(result);
    print(`\n${formatRow(result)}`);
  }
  print(
    `\n${Object.entries(report.libraries)
      .map(([peer, about]) => `${peer}: ${about}`)
      .join("\n")}`,
  );
  return report;
}
