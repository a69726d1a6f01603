// The benchmark in a page: options from the address, a worker for what the kernels are compared with. web.ts opens the
// page and takes what it prints and reports.

import type { Build } from "../bindings/variant.ts";
import { hasRelaxedSimd } from "../bindings/variant.ts";
import type { Options, Report } from "./bench.ts";
import { runBench } from "./bench.ts";
import type { Partner } from "./measure.ts";
import type { Answer } from "./partner.ts";

/** What web.ts writes behind the # of the address. */
export interface PageOptions extends Omit<Options, "build"> {
  readonly build: Build | null;
  readonly processor: string;
  readonly engine: string;
  readonly commit: string;
}

function startPartner(): Partner {
  const worker = new Worker("partner.js", { type: "module" });
  return {
    ask: (request) =>
      new Promise<Answer>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(request);
      }),
    end: () => worker.terminate(),
  };
}

async function run(): Promise<Report> {
  const { build, processor, engine, commit, ...options } = JSON.parse(
    decodeURIComponent(location.hash.slice(1)),
  ) as PageOptions;
  const chosen = build ?? (hasRelaxedSimd() ? "relaxed" : "strict");
  const roof = await WebAssembly.compileStreaming(fetch(`roof.${chosen}.wasm`));
  const print = (line: string) => console.log(line);
  return runBench({ ...options, build: chosen }, { processor, engine, commit, roof, startPartner, print });
}

/** A report, or the text of an error. */
const outcome: Report | string = await run().catch((error: Error) => error.stack ?? error.message);
Object.assign(globalThis, { benchOutcome: outcome });
