// Runs in the process or page that is measured: imports the application, trains one step, and says where the time went.

/** Milliseconds. */
export interface Startup {
  /** Fetching, parsing and running the modules. */
  readonly import: number;
  /** Decoding and unpacking the binaries, and finding out which can run. */
  readonly unpack: number;
  /** WebAssembly.compile and instantiate. */
  readonly compile: number;
  /** Making the model: tracing, planning, initial weights, loading the program. */
  readonly plan: number;
  /** The kernels of the first step, in the engine's first tier. */
  readonly kernels: number;
  readonly total: number;
  /** For comparison: the second step, all of it. */
  readonly secondStep: number;
}

/** As many and as large as in training. */
const BATCH = 64;
const PIXELS = 784;

type Application = typeof import("./startupApplication.ts");

/** Puts a clock around what the library asks of WebAssembly. */
function watchWebAssembly(): { compile: number; kernels: number } {
  const spent = { compile: 0, kernels: 0 };
  const { compile, instantiate } = WebAssembly;
  WebAssembly.compile = async (...args) => {
    const start = performance.now();
    const module = await compile(...args);
    spent.compile += performance.now() - start;
    return module;
  };
  const watched = async (module: WebAssembly.Module, imports?: WebAssembly.Imports) => {
    const start = performance.now();
    const { exports } = await instantiate(module, imports);
    spent.compile += performance.now() - start;
    const { run } = exports;
    if (typeof run !== "function") return { exports };
    const timed = (...args: unknown[]) => {
      const began = performance.now();
      const next = run(...args);
      spent.kernels += performance.now() - began;
      return next;
    };
    return { exports: { ...exports, run: timed } };
  };
  WebAssembly.instantiate = watched as typeof WebAssembly.instantiate;
  return spent;
}

export async function firstStep(load: () => Promise<Application>): Promise<Startup> {
  const spent = watchWebAssembly();
  const x = Uint8Array.from({ length: BATCH * PIXELS }, (_, i) => i % 251);
  const y = Uint8Array.from({ length: BATCH }, (_, i) => i % 10);

  const began = performance.now();
  const { init, lenet5 } = await load();
  const imported = performance.now();
  await init();
  const opened = performance.now();
  const model = lenet5({ seed: 1, epochs: 1, examples: BATCH });
  await model.trainOnBatch(x, y);
  const trained = performance.now();

  const { compile, kernels } = spent;
  await model.trainOnBatch(x, y);
  return {
    import: imported - began,
    unpack: opened - imported - compile,
    compile,
    plan: trained - opened - kernels,
    kernels,
    total: trained - began,
    secondStep: performance.now() - trained,
  };
}
