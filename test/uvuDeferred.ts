// Prepares uvu before it is loaded: its suites are queued and run by the harness, not by a timer of its own,
// and what its runner writes between the cases is swallowed. What the cases write is not.

type Run = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>;

const globals = globalThis as unknown as { UVU_DEFER: number; UVU_QUEUE: Run[][] };
globals.UVU_DEFER = 1;
globals.UVU_QUEUE = [[]];

export const quiet: { now: boolean } = { now: false };

// uvu writes to process.stdout, and where there is none to console.log
if (typeof process === "object" && process.stdout) {
  const { stdout } = process;
  const write = stdout.write.bind(stdout) as (...given: unknown[]) => boolean;
  stdout.write = (...given: unknown[]) => quiet.now || write(...given);
} else {
  const log = console.log.bind(console);
  console.log = (...given) => {
    if (!quiet.now) log(...given);
  };
}

/** The suite that was queued last. */
export function takeQueued(): Run {
  const run = globals.UVU_QUEUE[0]?.pop();
  if (!run) throw new Error("uvu queued nothing");
  return run;
}
