// The operands of imageWarp.

import { InF32, OutF32 } from "../task";

@unmanaged
export class ImageWarpArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  /** 0: the nearest pixel, 1: bilinear. */
  interpolation: i32;
  fillMode: i32;
  fillValue: f32;
  x: InF32; // [batch, height, width, channels]
  matrices: InF32; // [batch, 6]?
  field: InF32; // [batch, 2, outHeight, outWidth]?
  out: OutF32; // [batch, outHeight, outWidth, channels]
}
