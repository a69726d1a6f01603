// A library's process: asked in lines of JSON, ended when it does not answer.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface PeerProcess {
  /** Rejects with what the library said, or when no answer comes in time; then the process is gone. */
  ask<T>(request: object, secondsMax: number): Promise<T>;
  end(): void;
}

/**
 * What the libraries below PyTorch read: one thread, and an allocator that keeps memory instead of giving it back and faulting it
 * in again at every step, which its tuning guide advises (up to four times faster in a virtual machine).
 */
const NATIVE = {
  OMP_NUM_THREADS: "1",
  OPENBLAS_NUM_THREADS: "1",
  MALLOC_MMAP_THRESHOLD_: String(2 ** 30),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 32),
  MALLOC_TOP_PAD_: String(2 ** 26),
};

/** Of what a process printed before it ended unasked. */
const STDERR_KEPT = 2000;

export function startProcess(command: string, args: readonly string[]): PeerProcess {
  const env = { ...process.env, ...NATIVE };
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env });
  let printed = "";
  let waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | null = null;
  let ended: Error | null = null;
  const fail = (error: Error) => {
    ended ??= error;
    waiting?.reject(ended);
    waiting = null;
  };
  child.stderr.on("data", (data) => {
    printed = (printed + data).slice(-STDERR_KEPT);
  });
  child.stdin.on("error", () => {}); // a process that is gone: its exit says so
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.startsWith("{")) return; // a library that prints
    waiting?.resolve(line);
    waiting = null;
  });
  child.on("error", fail);
  child.on("close", (code, signal) => {
    const last = printed.trim().split("\n").at(-1) ?? "";
    fail(new Error(`the process ended with ${signal ?? code}${last && `: ${last}`}`));
  });

  return {
    async ask<T>(request: object, secondsMax: number): Promise<T> {
      if (ended) throw ended;
      const line = await new Promise<string>((resolve, reject) => {
        const timer = setTimeout(() => {
          fail(new Error(`not one step within ${secondsMax} s`));
          child.kill("SIGKILL");
        }, secondsMax * 1000);
        const settled = <V>(settle: (value: V) => void) => {
          return (value: V) => {
            clearTimeout(timer);
            settle(value);
          };
        };
        waiting = { resolve: settled(resolve), reject: settled(reject) };
        child.stdin.write(`${JSON.stringify(request)}\n`);
      });
      const answer = JSON.parse(line) as T & { error?: string };
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    },
    end() {
      child.stdin.end();
      child.kill("SIGKILL");
    },
  };
}
