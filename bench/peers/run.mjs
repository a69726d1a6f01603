// `npm run bench:peers`: the same training steps and the same predictions by Lanewise and by other libraries, one thread each.
// docs/benchmarks.md says how to read what comes out.

//   --filter=LeNet     rows whose names contain it (several times: any of them)
//   --peers=a,b        these libraries alone
//   --quick            fewer and shorter turns
//   --json             the report as JSON instead of text
//   --seconds-max=60   how long a library may take to get ready or for one turn
//   --clock=cpu        counts the processor's time of a process instead of the time that passes, where the machine is busy
//   --python=PATH      a Python that has torch, by default Debian's
//
// What is equal: the model (models.ts), weights and batch (data.ts), Adam's settings, float32, one thread; each step ends with
// its loss, each call with its probabilities, as JavaScript numbers. What is in the others' favour: they keep the batch as
// tensors of their own, made before; Lanewise is handed a typed array and copies it in each step. Each library runs as its
// documentation says is fastest; where there are several ways, all are tried and the fastest is kept ("how").
//
// Notes. ConvNetJS has no Adam: one over its parameters is in the adapter, written as its trainers are. brain.js has neither batches
// nor cross-entropy: a step is one pass over the batch, with squared error and an update an example. PyTorch has no padding
// for Keras's "same" at stride 2: two of the ResNet's convolutions pad before. Images are [B, H, W, C] for Lanewise,
// TensorFlow.js and ConvNetJS, [B, C, H, W] for jax-js, ONNX Runtime and PyTorch (which is also tried with channels_last); nobody
// transposes in the time measured. ONNX Runtime computes the model that adapters/onnx.mjs exports. A step's first call,
// compilation and warm-up are not counted; while steps are timed the learning rate is so small that the one batch is not
// learned by heart (models.ts says why); figures are medians over turns that alternate, ratios the median of those of neighbouring
// turns. The roof is a register-only loop of multiply-adds in Lanewise's own process, fused for the relaxed kernels and
// separate for the strict ones.

import { execSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = dirname(fileURLToPath(import.meta.url));
process.chdir(join(folder, "..", ".."));

/** The other libraries, where what is installed is not what the lock file says. */
function install() {
  const lockOf = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {});
  const installed = lockOf(join(folder, "node_modules", ".package-lock.json"));
  const wanted = Object.entries(lockOf(join(folder, "package-lock.json")));
  if (wanted.every(([path, { version }]) => !path || installed[path]?.version === version)) return;
  console.error("Installing the libraries to compare with (npm ci in bench/peers) ...");
  // no script of theirs is needed
  const command = "npm ci --ignore-scripts --no-audit --no-fund --loglevel=error";
  execSync(command, { cwd: folder, stdio: ["ignore", process.stderr, process.stderr] });
}

async function bundle() {
  await build({
    entryPoints: [join(folder, "compare.ts"), join(folder, "worker.mjs")],
    outdir: join(folder, ".cache"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    ignoreAnnotations: true,
    format: "esm",
    platform: "node",
    packages: "external",
    conditions: ["lanewise-source"],
    target: "es2023",
    logLevel: "error",
  });
}

const words = process.argv.slice(2);
const values = (name) =>
  words.filter((word) => word.startsWith(`--${name}=`)).map((word) => word.slice(name.length + 3));
const known = /^--(filter=.+|peers=.+|quick|json|seconds-max=\d+|clock=(wall|cpu)|python=.+)$/;
const unknown = words.find((word) => !known.test(word));
if (unknown) throw new Error(`unknown option ${unknown}; the options are listed in bench/peers/run.mjs`);

install();
await bundle();
const { compare, peers } = await import(pathToFileURL(join(folder, ".cache", "compare.mjs")).href);
const chosen = values("peers").flatMap((list) => list.split(","));
const stranger = chosen.find((peer) => !peers.includes(peer));
if (stranger) throw new Error(`no library ${stranger}; there are ${peers.join(", ")}`);
const quick = words.includes("--quick");
const json = words.includes("--json");
const report = await compare(
  {
    folder,
    filters: values("filter"),
    peers: chosen.length ? peers.filter((peer) => chosen.includes(peer)) : peers,
    secondsWarm: quick ? 0.3 : 1,
    secondsCompared: quick ? 2 : 15,
    secondsRound: quick ? 0.06 : 0.2,
    rounds: quick ? 5 : 15,
    secondsMax: Number(values("seconds-max")[0] ?? (quick ? 20 : 120)),
    clock: values("clock")[0] ?? "wall",
    python: values("python")[0] ?? "/usr/bin/python3",
  },
  json ? () => {} : (text) => console.log(text),
);
if (json) console.log(JSON.stringify(report, null, 2));
