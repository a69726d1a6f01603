// What the machine can do at most, as WebAssembly: multiply-adds that stay in registers, and streams of bytes with
// nothing to compute. Built for the benchmark alone, in both builds of the kernels; no part of the library.

import { Vec } from "../../assembly/vec";

/** Four-byte fields, written by the host: where each stream begins; unused ones are 0. */
@unmanaged
class Streams {
  read0: usize;
  read1: usize;
  read2: usize;
  update0: usize;
  update1: usize;
  update2: usize;
  update3: usize;
  write0: usize;
}

@final
@unmanaged
class Sum {
  /**
   * What an engine does best with one multiply-add: fused, the sum is what is added to. Otherwise it is a factor,
   * because products that are all alike would be computed once; the factors keep it near 1.
   */
  @inline static next(sum: v128, a: v128, b: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return Vec.madd(a, b, sum);
    return Vec.madd(sum, a, b);
  }
}

/** Vectors a round of multiplyAdd: 12 sums in registers, twice. */
const SUMS: i32 = 12;

/** `rounds` times 24 vectors of multiply-adds, into `out`. */
export function multiplyAdd(rounds: i32, factor: f32, term: f32, out: usize): void {
  const a = f32x4.splat(factor);
  const b = f32x4.splat(term);
  let s0 = a;
  let s1 = a;
  let s2 = a;
  let s3 = a;
  let s4 = a;
  let s5 = a;
  let s6 = a;
  let s7 = a;
  let s8 = a;
  let s9 = a;
  let s10 = a;
  let s11 = a;
  for (let i = 0; i < 2 * rounds; i++) {
    s0 = Sum.next(s0, a, b);
    s1 = Sum.next(s1, a, b);
    s2 = Sum.next(s2, a, b);
    s3 = Sum.next(s3, a, b);
    s4 = Sum.next(s4, a, b);
    s5 = Sum.next(s5, a, b);
    s6 = Sum.next(s6, a, b);
    s7 = Sum.next(s7, a, b);
    s8 = Sum.next(s8, a, b);
    s9 = Sum.next(s9, a, b);
    s10 = Sum.next(s10, a, b);
    s11 = Sum.next(s11, a, b);
  }
  s0 = f32x4.add(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), f32x4.add(s4, s5));
  s6 = f32x4.add(f32x4.add(f32x4.add(s6, s7), f32x4.add(s8, s9)), f32x4.add(s10, s11));
  v128.store(out, f32x4.add(s0, s6));
}

/** Floating-point operations of a round. */
export function multiplyAddFlops(): i32 {
  return 2 * SUMS * 4 * 2;
}

@final
@unmanaged
class Pass {
  /** One pass over `bytes` bytes (a multiple of 64) of each stream; returns something of what was read. */
  @inline static run(reads: i32, updates: i32, writes: i32, s: Streams, bytes: usize): i32 {
    let r0 = s.read0;
    let r1 = s.read1;
    let r2 = s.read2;
    let u0 = s.update0;
    let u1 = s.update1;
    let u2 = s.update2;
    let u3 = s.update3;
    let w0 = s.write0;
    let a = i64x2.splat(0);
    let b = a;
    let c = a;
    let d = a;
    for (let lines = bytes / 64; lines > 0; lines--) {
      if (updates + writes === 0) {
        a = v128.xor(a, v128.load(r0));
        b = v128.xor(b, v128.load(r0, 16));
        c = v128.xor(c, v128.load(r0, 32));
        d = v128.xor(d, v128.load(r0, 48));
      } else if (reads > 0) {
        a = v128.load(r0);
        b = v128.load(r0, 16);
        c = v128.load(r0, 32);
        d = v128.load(r0, 48);
      }
      if (reads > 1) {
        a = v128.or(a, v128.load(r1));
        b = v128.or(b, v128.load(r1, 16));
        c = v128.or(c, v128.load(r1, 32));
        d = v128.or(d, v128.load(r1, 48));
      }
      if (reads > 2) {
        a = v128.or(a, v128.load(r2));
        b = v128.or(b, v128.load(r2, 16));
        c = v128.or(c, v128.load(r2, 32));
        d = v128.or(d, v128.load(r2, 48));
      }
      if (updates > 0) {
        v128.store(u0, v128.or(a, v128.load(u0)));
        v128.store(u0, v128.or(b, v128.load(u0, 16)), 16);
        v128.store(u0, v128.or(c, v128.load(u0, 32)), 32);
        v128.store(u0, v128.or(d, v128.load(u0, 48)), 48);
      }
      if (updates > 1) {
        v128.store(u1, v128.or(a, v128.load(u1)));
        v128.store(u1, v128.or(b, v128.load(u1, 16)), 16);
        v128.store(u1, v128.or(c, v128.load(u1, 32)), 32);
        v128.store(u1, v128.or(d, v128.load(u1, 48)), 48);
      }
      if (updates > 2) {
        v128.store(u2, v128.or(a, v128.load(u2)));
        v128.store(u2, v128.or(b, v128.load(u2, 16)), 16);
        v128.store(u2, v128.or(c, v128.load(u2, 32)), 32);
        v128.store(u2, v128.or(d, v128.load(u2, 48)), 48);
      }
      if (updates > 3) {
        v128.store(u3, v128.or(a, v128.load(u3)));
        v128.store(u3, v128.or(b, v128.load(u3, 16)), 16);
        v128.store(u3, v128.or(c, v128.load(u3, 32)), 32);
        v128.store(u3, v128.or(d, v128.load(u3, 48)), 48);
      }
      if (writes > 0) {
        v128.store(w0, a);
        v128.store(w0, b, 16);
        v128.store(w0, c, 32);
        v128.store(w0, d, 48);
      }
      r0 += 64;
      r1 += 64;
      r2 += 64;
      u0 += 64;
      u1 += 64;
      u2 += 64;
      u3 += 64;
      w0 += 64;
    }
    return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
  }
}

// Streams that are read, updated and written: reads1updates0writes1 copies.

export function reads1updates0writes0(s: Streams, bytes: usize): i32 {
  return Pass.run(1, 0, 0, s, bytes);
}

export function reads2updates0writes0(s: Streams, bytes: usize): i32 {
  return Pass.run(2, 0, 0, s, bytes);
}

export function reads3updates0writes0(s: Streams, bytes: usize): i32 {
  return Pass.run(3, 0, 0, s, bytes);
}

export function reads0updates1writes0(s: Streams, bytes: usize): i32 {
  return Pass.run(0, 1, 0, s, bytes);
}

export function reads1updates1writes0(s: Streams, bytes: usize): i32 {
  return Pass.run(1, 1, 0, s, bytes);
}

export function reads1updates2writes0(s: Streams, bytes: usize): i32 {
  return Pass.run(1, 2, 0, s, bytes);
}

export function reads1updates3writes0(s: Streams, bytes: usize): i32 {
  return Pass.run(1, 3, 0, s, bytes);
}

export function reads1updates4writes0(s: Streams, bytes: usize): i32 {
  return Pass.run(1, 4, 0, s, bytes);
}

export function reads0updates0writes1(s: Streams, bytes: usize): i32 {
  return Pass.run(0, 0, 1, s, bytes);
}

export function reads1updates0writes1(s: Streams, bytes: usize): i32 {
  return Pass.run(1, 0, 1, s, bytes);
}

export function reads2updates0writes1(s: Streams, bytes: usize): i32 {
  return Pass.run(2, 0, 1, s, bytes);
}

export function reads3updates0writes1(s: Streams, bytes: usize): i32 {
  return Pass.run(3, 0, 1, s, bytes);
}
