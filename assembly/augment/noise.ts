// Noise of the normal distribution added to values within a range.

import { Pieces } from "../pieces";
import { Normal, Philox } from "../random";
import { Span } from "../span";
import { InF32, InI32, OutF32, Task } from "../task";

/** Elements of a piece, whose numbers lie in scratch. */
const NOISE_PIECE: i32 = 1024;
const NOISE_BYTES: usize = 4 * 1024 + 128;

@unmanaged
export class AddNoiseArgs {
  n: i32;
  deviation: f32;
  low: f32;
  high: f32;
  stream: i32;
  control: InI32; // [4] seed low, seed high, step, 0
  x: InF32; // [n]
  out: OutF32; // [n] may be x
}

export function addNoiseScratch(_args: AddNoiseArgs, threads: i32): i32 {
  return threads * <i32>NOISE_BYTES;
}

/** out = min(max(x + deviation z, low), high), z standard normal; NaN stays */
export function addNoise(args: AddNoiseArgs, task: Task): void {
  const words = task.scratch + <usize>task.thread * NOISE_BYTES;
  const deviation = f32x4.splat(args.deviation);
  const low = f32x4.splat(args.low);
  const high = f32x4.splat(args.high);
  const count = Pieces.count(args.n, NOISE_PIECE);
  for (let piece = task.thread; piece < count; piece += task.threads, task.beat++) {
    const first = Pieces.first(piece, NOISE_PIECE);
    const elements = Pieces.end(piece, NOISE_PIECE, args.n) - first;
    Philox.fill(words, first >> 2, elements, args.stream, args.control, 0);
    Normal.transform(words, elements);
    let x = args.x + ((<usize>first) << 2);
    let out = args.out + ((<usize>first) << 2);
    let z = words;
    for (let n = elements; n > 0; n -= 4, x += 16, out += 16, z += 16) {
      const sum = f32x4.add(Span.load(x, n), f32x4.mul(deviation, v128.load(z)));
      Span.store(out, f32x4.pmin(f32x4.pmax(sum, low), high), n);
    }
  }
}
