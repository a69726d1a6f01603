// Copies into a contiguous array from one by strides, up to six dimensions, outermost first: transposes, broadcasts.

import { Lanes } from "../lanes";
import { Pieces } from "../pieces";
import { InF32, OutF32, Task } from "../task";

const PIECE: i32 = 1 << 14;

@unmanaged
export class StridedCopyArgs {
  d0: i32;
  d1: i32;
  d2: i32;
  d3: i32;
  d4: i32;
  d5: i32;
  s0: i32;
  s1: i32;
  s2: i32;
  s3: i32;
  s4: i32;
  s5: i32;
  x: InF32; // [min(1, d0 * d1 * d2 * d3 * d4 * d5), 1 + (d0 - 1) * s0 + (d1 - 1) * s1 + (d2 - 1) * s2 + (d3 - 1) * s3 + (d4 - 1) * s4 + (d5 - 1) * s5]
  out: OutF32; // [d0, d1, d2, d3, d4, d5]
}

@final
@unmanaged
class Strided {
  /** out = n floats that lie `stride` elements apart */
  @inline static row(strided: usize, out: usize, n: i32, stride: i32): void {
    if (stride === 1) {
      Lanes.copy(strided, out, n);
    } else {
      for (let i = 0; i < n; i += 4) {
        Lanes.write(out + ((<usize>i) << 2), Lanes.strided(strided, i, stride, n - i), n - i);
      }
    }
  }

  /** Rows of d5 elements in groups of `height` neighbours along d4, by pieces. */
  @inline static run(args: StridedCopyArgs, height: i32, task: Task): void {
    const width = args.d5;
    if (width === 0 || args.d4 === 0) return;
    const groups = (args.d4 + height - 1) / height;
    const n = args.d0 * args.d1 * args.d2 * args.d3 * groups;
    const size = max(1, PIECE / (width * height));
    const count = Pieces.count(n, size);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      const end = Pieces.end(piece, size, n);
      let group = Pieces.first(piece, size);
      while (group < end) {
        const plane = group / groups;
        let i4 = (group - plane * groups) * height;
        const i3 = plane % args.d3;
        const plane2 = plane / args.d3;
        const i2 = plane2 % args.d2;
        const plane1 = plane2 / args.d2;
        const i1 = plane1 % args.d1;
        const i0 = plane1 / args.d1;
        const first = i0 * args.s0 + i1 * args.s1 + i2 * args.s2 + i3 * args.s3;
        let far = args.x + ((<usize>(first + i4 * args.s4)) << 2);
        let near = args.out + ((<usize>((plane * args.d4 + i4) * width)) << 2);
        for (; i4 < args.d4 && group < end; group++) {
          const rows = min(height, args.d4 - i4);
          if (rows === 4) {
            Strided.transpose4(far, near, width, args.s5);
            far += 16; // s4 is 1
            near += (<usize>width) << 4;
          } else {
            for (let row = 0; row < rows; row++) {
              Strided.row(far, near, width, args.s5);
              far += (<usize>args.s4) << 2;
              near += (<usize>width) << 2;
            }
          }
          i4 += rows;
        }
      }
      task.beat++;
    }
  }

  /** Four rows of `width` elements from `width` columns of four neighbours, `stride` elements apart. */
  @inline static transpose4(x: usize, out: usize, width: i32, stride: i32): void {
    const step = (<usize>stride) << 2;
    const row = (<usize>width) << 2;
    let at = out;
    let i = 0;
    for (; i + 4 <= width; i += 4) {
      // ab = a0 b0 a1 b1, AB = a2 b2 a3 b3, and so on
      const a = v128.load(x);
      const b = v128.load(x + step);
      const c = v128.load(x + 2 * step);
      const d = v128.load(x + 3 * step);
      const abLow = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const cdLow = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      v128.store(at, v128.shuffle<f32>(abLow, cdLow, 0, 1, 4, 5));
      v128.store(at + row, v128.shuffle<f32>(abLow, cdLow, 2, 3, 6, 7));
      v128.store(at + 2 * row, v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5));
      v128.store(at + 3 * row, v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7));
      x += 4 * step;
      at += 16;
    }
    for (; i < width; i++) {
      const a = v128.load(x);
      v128.store32_lane(at, a, 0);
      v128.store32_lane(at + row, a, 1);
      v128.store32_lane(at + 2 * row, a, 2);
      v128.store32_lane(at + 3 * row, a, 3);
      x += step;
      at += 4;
    }
  }
}

/** out = x by strides (0 repeats); out is contiguous */
export function stridedCopy(args: StridedCopyArgs, task: Task): void {
  const height = args.s4 === 1 && args.s5 !== 1 ? 4 : 1;
  Strided.run(args, height, task);
}
