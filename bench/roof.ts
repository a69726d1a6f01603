// The roof: what this machine does at most, measured beside every row with loops that do nothing else. They are
// WebAssembly too (assembly/roof.ts), built like the kernels.

import type { Sampler } from "./harness.ts";
import { sampler } from "./harness.ts";
import type { Traffic } from "./row.ts";
import type { Segment } from "./traffic.ts";
import { segmentsOf } from "./traffic.ts";

const PAGE = 65536;
/** Where the addresses of the streams are written, and where the streams begin. */
const STREAMS = 2048;
const FIRST = PAGE;
const STREAMS_BYTES = 32;
/** Read and update streams that assembly/roof.ts knows. */
const [READS, UPDATES] = [3, 4];
/** Bytes between two streams: no two at the same place of a cache's set. */
const GAP = 320;
const ROUNDS = 2000;
/** Samples of the compute roof that are looked at: those of a row or two. */
const RECENT = 40;

interface Exports {
  multiplyAdd(rounds: number, factor: number, term: number, out: number): void;
  multiplyAddFlops(): number;
  readonly [pass: `reads${number}updates${number}writes${number}`]: (streams: number, bytes: number) => number;
}

export interface Roof {
  /** Multiply-adds in registers; seconds a floating-point operation, the best of a sample and those just before it. */
  readonly compute: Sampler;
  /** The bytes of a row, streamed; samples are seconds for all of them. */
  stream(traffic: Traffic): Sampler;
}

/** What the streams of the largest row need; taken at once, so that views stay good. */
const BYTES = 384 << 20;

interface Placed {
  readonly run: (streams: number, bytes: number) => number;
  /** Address of the addresses. */
  readonly streams: number;
  readonly bytes: number;
}

export async function openRoof(module: WebAssembly.Module): Promise<Roof> {
  const memory = new WebAssembly.Memory({ initial: BYTES / PAGE, maximum: BYTES / PAGE });
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const exports = instance.exports as unknown as Exports;
  const sums = new Float32Array(memory.buffer, 1024, 4);
  const flops = ROUNDS * exports.multiplyAddFlops();
  const multiplyAdd = sampler(() => {
    exports.multiplyAdd(ROUNDS, 0.999, 0.001, 1024);
    if (!(sums[0] as number)) throw new Error("the sums are lost");
  });
  let touched = FIRST;

  /** Pages that were never written would all be the one page of zeros. */
  const touch = (end: number): void => {
    if (end > BYTES) throw new Error(`${end} bytes are streamed, at most ${BYTES}`);
    if (end > touched) new Uint8Array(memory.buffer, touched, end - touched).fill(1);
    touched = Math.max(touched, end);
  };

  /** The segments of a pass, one behind the other. */
  const place = (segments: readonly Segment[], slot: number): Placed[] => {
    let at = FIRST;
    const take = (bytes: number): number => {
      const address = at;
      at += Math.ceil(bytes / 64) * 64 + GAP;
      return address;
    };
    const placed = segments.map(({ reads, updates, writes, bytes }, i) => {
      const run = exports[`reads${reads}updates${updates}writes${writes}`];
      if (!run) throw new Error(`assembly/roof.ts knows no ${reads} reads, ${updates} updates, ${writes} writes`);
      const streams = STREAMS + (slot + i) * STREAMS_BYTES;
      const addresses = new Uint32Array(memory.buffer, streams, READS + UPDATES + 1);
      for (let j = 0; j < reads; j++) addresses[j] = take(bytes);
      for (let j = 0; j < updates; j++) addresses[READS + j] = take(bytes);
      if (writes > 0) addresses[READS + UPDATES] = take(bytes);
      return { run, streams, bytes: Math.ceil(bytes / 64) * 64 };
    });
    touch(at);
    return placed;
  };

  const recent: number[] = [];
  /** Of the last samples the best: what else runs on the machine makes samples longer, never shorter. */
  const compute = (seconds: number): number => {
    recent.push(multiplyAdd(seconds) / flops);
    if (recent.length > RECENT) recent.shift();
    return Math.min(...recent);
  };

  return {
    compute,
    stream(traffic) {
      let slot = 0;
      const placed = traffic.flatMap((pass) => {
        const part = place(segmentsOf(pass), slot);
        slot += part.length;
        return part;
      });
      return sampler(() => {
        for (const { run, streams, bytes } of placed) run(streams, bytes);
      });
    },
  };
}
