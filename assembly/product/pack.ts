// Copies of matrix parts into panels: panel[k][0 .. width). "Across": the panel's width runs along the source's memory.
// "Along": k does, so it is transposed. What is missing of a panel's width is filled up with zeros.

import { Lanes } from "../lanes";
import { Span } from "../span";
import { PANEL, PANEL_BYTES } from "./tile";

/** Bytes from panel to panel that keep those of any depth from meeting in few sets of the cache. */
export function panelStride(depth: i32): usize {
  return <usize>depth * PANEL_BYTES + 2 * PANEL_BYTES;
}

@final
@unmanaged
class Transpose {
  /** Four k of four rows at r, into four lines of a panel. */
  @inline static quad(to: usize, r0: usize, r1: usize, r2: usize, r3: usize): void {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const c = v128.load(r2);
    const d = v128.load(r3);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store(to, v128.shuffle<f64>(ab, cd, 1, 3), PANEL_BYTES);
    const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(ef, gh, 0, 2), 2 * PANEL_BYTES);
    v128.store(to, v128.shuffle<f64>(ef, gh, 1, 3), 3 * PANEL_BYTES);
  }

  /** Up to four rows, `stride` bytes apart, each of `depth` neighbouring k, into four columns of a panel. */
  static rows(to: usize, from: usize, stride: usize, count: i32, depth: i32): void {
    const end = from + ((<usize>depth) << 2);
    if (count >= 4) {
      const r2 = stride * 2;
      const r3 = stride * 3;
      for (; from + 16 <= end; from += 16, to += 4 * PANEL_BYTES) {
        Transpose.quad(to, from, from + stride, from + r2, from + r3);
      }
    }
    const zero = i32x4.splat(0);
    for (; from < end; from += 4, to += PANEL_BYTES) {
      v128.store(to, count > 0 ? Lanes.gather(from, stride, min(count, 4)) : zero);
    }
  }
}

/** `n` rows, `stride` bytes apart, each of `depth` neighbouring k, become panels `panelBytes` apart. */
export function packAlong(to: usize, panelBytes: usize, from: usize, stride: usize, n: i32, depth: i32): void {
  for (let left = n; left > 0; left -= PANEL) {
    Transpose.rows(to, from, stride, left, depth);
    Transpose.rows(to + 16, from + (stride << 2), stride, left - 4, depth);
    from += stride << 3;
    to += panelBytes;
  }
}

/** `depth` lines, `stride` bytes apart, each of `n` neighbouring elements. */
export function packAcross(to: usize, panelBytes: usize, from: usize, stride: usize, n: i32, depth: i32): void {
  // two panels at a time are a whole line of the cache; line by line, as memory likes it
  const wide = n & -(2 * PANEL);
  let line = from;
  let low = to;
  for (const end = to + (wide > 0 ? <usize>depth * PANEL_BYTES : 0); low < end; low += PANEL_BYTES, line += stride) {
    let at = line;
    let panel = low;
    for (const last = line + ((<usize>wide) << 2); at < last; at += 2 * PANEL_BYTES, panel += 2 * panelBytes) {
      v128.store(panel, v128.load(at));
      v128.store(panel, v128.load(at, 16), 16);
      const high = panel + panelBytes;
      v128.store(high, v128.load(at, 32));
      v128.store(high, v128.load(at, 48), 16);
    }
  }
  let left = n - wide;
  from += (<usize>wide) << 2;
  to += <usize>(wide / PANEL) * panelBytes;
  for (; left > 0; left -= PANEL, from += PANEL_BYTES, to += panelBytes) packNarrow(to, from, stride, left, depth);
}

/** One panel. Whole vectors are read as long as they end before the last line does. */
function packNarrow(to: usize, from: usize, stride: usize, n: i32, depth: i32): void {
  const low = Span.mask(n);
  const high = Span.mask(n - 4);
  let left = depth;
  const end = from + <usize>(depth - 1) * stride + ((<usize>min(n, PANEL)) << 2);
  for (; left > 0 && from + PANEL_BYTES <= end; left--, from += stride, to += PANEL_BYTES) {
    v128.store(to, v128.and(v128.load(from), low));
    v128.store(to, v128.and(v128.load(from, 16), high), 16);
  }
  for (; left > 0; left--, from += stride, to += PANEL_BYTES) {
    v128.store(to, Span.load(from, n));
    v128.store(to, Span.load(from + 16, n - 4), 16);
  }
}
