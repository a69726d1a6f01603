// Noise of the normal distribution added to values within a range.

import { Drawn, Normal } from "../random";
import { Span } from "../span";
import { InF32, InI32, OutF32, Task } from "../task";

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
  return Drawn.scratch(threads);
}

@final
@unmanaged
class Noise {
  @inline write(args: AddNoiseArgs, words: usize, first: i32, elements: i32): void {
    const deviation = f32x4.splat(args.deviation);
    const low = f32x4.splat(args.low);
    const high = f32x4.splat(args.high);
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

/** out = min(max(x + deviation z, low), high), z standard normal; NaN stays */
export function addNoise(args: AddNoiseArgs, task: Task): void {
  Drawn.all<Noise, AddNoiseArgs>(args, task);
}
