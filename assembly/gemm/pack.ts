// Copies of matrix parts into panels: panel[k][0 .. width), width being TILE_ROWS (of A) or 8 (columns of B).
// "Across": the panel's width runs along the source's memory. "Along": k does, so it is transposed.
// Rows and columns that are not there may hold anything: what they lead to is not stored.

import { Lanes } from "../lanes";
import { TILE_ROWS } from "./tile";

@final
@unmanaged
class Transpose {
  /** Four k of four rows at r, into four lines of the panel. */
  @inline static quad(to: usize, step: usize, r0: usize, r1: usize, r2: usize, r3: usize): void {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const c = v128.load(r2);
    const d = v128.load(r3);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store(to + step, v128.shuffle<f64>(ab, cd, 1, 3));
    const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to + step * 2, v128.shuffle<f64>(ef, gh, 0, 2));
    v128.store(to + step * 3, v128.shuffle<f64>(ef, gh, 1, 3));
  }

  /** Four k of two rows. */
  @inline static pair(to: usize, step: usize, r0: usize, r1: usize): void {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    v128.store_lane<u64>(to, ab, 0);
    v128.store_lane<u64>(to + step, ab, 1);
    const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    v128.store_lane<u64>(to + step * 2, ef, 0);
    v128.store_lane<u64>(to + step * 3, ef, 1);
  }
}

/** Four rows at any addresses, over `depth` neighbouring k, into lines `step` bytes apart. */
export function packQuad(to: usize, step: usize, r0: usize, r1: usize, r2: usize, r3: usize, depth: i32): void {
  let k: usize = 0;
  const end = (<usize>depth) << 2;
  for (; k + 16 <= end; k += 16, to += step << 2) Transpose.quad(to, step, r0 + k, r1 + k, r2 + k, r3 + k);
  for (; k < end; k += 4, to += step) {
    store<f32>(to, load<f32>(r0 + k));
    store<f32>(to, load<f32>(r1 + k), 4);
    store<f32>(to, load<f32>(r2 + k), 8);
    store<f32>(to, load<f32>(r3 + k), 12);
  }
}

/** Two rows at any addresses. */
export function packPair(to: usize, step: usize, r0: usize, r1: usize, depth: i32): void {
  let k: usize = 0;
  const end = (<usize>depth) << 2;
  for (; k + 16 <= end; k += 16, to += step << 2) Transpose.pair(to, step, r0 + k, r1 + k);
  for (; k < end; k += 4, to += step) {
    store<f32>(to, load<f32>(r0 + k));
    store<f32>(to, load<f32>(r1 + k), 4);
  }
}

/** `count` <= width rows, `stride` bytes apart, each contiguous over k; the last stands for those missing. */
export function packAlong(to: usize, from: usize, stride: usize, width: i32, count: i32, depth: i32): void {
  const step = (<usize>width) << 2;
  const last = from + <usize>(count - 1) * stride;
  for (let r = 0; r < width; r += 4) {
    const r0 = min(from, last);
    const r1 = min(from + stride, last);
    if (width - r >= 4) packQuad(to, step, r0, r1, min(r1 + stride, last), min(r1 + stride * 2, last), depth);
    else packPair(to, step, r0, r1, depth);
    to += 16;
    from += stride << 2;
  }
}

/** `depth` lines, `stride` bytes apart, each with `count` <= width neighbouring elements. */
export function packAcross(to: usize, from: usize, stride: usize, width: i32, count: i32, depth: i32): void {
  const step = (<usize>width) << 2;
  const end = to + <usize>depth * step;
  if (count < width) {
    // may write into the next line, before that is written; behind the last one a buffer has room
    const low = min(count, 4);
    for (; to < end; to += step, from += stride) {
      if (low === 4) v128.store(to, v128.load(from));
      else v128.store(to, Lanes.load(from, low));
      if (count > 4) v128.store(to, Lanes.load(from + 16, count - 4), 16);
    }
  } else if (width === 8) {
    for (; to < end; to += 32, from += stride) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  } else {
    for (; to < end; to += step, from += stride) {
      v128.store(to, v128.load(from));
      if (TILE_ROWS === 6) store<u64>(to, load<u64>(from, 16), 16);
    }
  }
}

/** Elements of a panel times `factor`. */
export function scalePanel(at: usize, width: i32, depth: i32, factor: f32): void {
  const scale = f32x4.splat(factor);
  const end = at + ((<usize>(width * depth)) << 2);
  for (; at + 16 <= end; at += 16) v128.store(at, f32x4.mul(v128.load(at), scale));
  for (; at < end; at += 4) store<f32>(at, load<f32>(at) * factor);
}
