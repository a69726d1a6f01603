// What follows a sum of products while its tile is still in registers' reach: bias, then activation.

import { Activation } from "../activation";
import { Lanes } from "../lanes";

@final
@unmanaged
export class Epilogue {
  /** Activations that a tile gets where it lies; for the others it must be a copy without gaps. */
  @inline static inPlace(activation: i32): bool {
    return activation <= 1;
  }

  /** Up to eight floats, four at a time; those missing are 0. */
  @inline static part(at: usize, first: i32, count: i32): v128 {
    const left = count - first;
    if (left >= 4) return v128.load(at + ((<usize>first) << 2));
    if (left > 0) return Lanes.load(at + ((<usize>first) << 2), left);
    return f32x4.splat(0);
  }

  /**
   * tile = activation(tile + bias), `rows` rows of eight, `stride` bytes apart. bias [columns] or 0 is the
   * address of what stands under the tile's first column; columns <= 8.
   */
  static columns(tile: usize, stride: usize, rows: i32, bias: usize, columns: i32, activation: i32): void {
    if (bias !== 0 || activation === 1) {
      const zero = f32x4.splat(0);
      const low = bias ? Epilogue.part(bias, 0, columns) : zero;
      const high = bias ? Epilogue.part(bias, 4, columns) : zero;
      // relu is andnot(x, x < 0), which keeps NaN; nothing is less than -infinity
      const least = f32x4.splat(activation === 1 ? 0 : -Infinity);
      let at = tile;
      for (let r = 0; r < rows; r++, at += stride) {
        const x = f32x4.add(v128.load(at), low);
        const y = f32x4.add(v128.load(at, 16), high);
        v128.store(at, v128.andnot(x, f32x4.lt(x, least)));
        v128.store(at, v128.andnot(y, f32x4.lt(y, least)), 16);
      }
    }
    if (activation > 1) Activation.applyRange(tile, rows << 3, activation);
  }
}
