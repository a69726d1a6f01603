// One pixel, or four, of an image at places between pixels: from the four around each, inside of the image or beyond its edges.

import { Span } from "../span";
import { Edges } from "./edges";
import { ImageWarpArgs } from "./warpArgs";

/** Steps below it are whole numbers of an i32, far from its ends. */
const WHOLE_MAX: f32 = 4194304;

@final
@unmanaged
export class Between {
  @inline static whole(step: f32): bool {
    return abs<f32>(step) < WHOLE_MAX && nearest<f32>(step) === step;
  }

  /** Whether every pixel of the result is a pixel of the source. */
  @inline static copies(m: usize): bool {
    return (
      load<f32>(m, 4) === 0 &&
      load<f32>(m, 12) === 0 &&
      abs<f32>(load<f32>(m)) === 1 &&
      abs<f32>(load<f32>(m, 16)) === 1 &&
      Between.whole(load<f32>(m, 8)) &&
      Between.whole(load<f32>(m, 20))
    );
  }

  /** One pixel of the source, row and column by the fill mode. */
  @inline static pixel(args: ImageWarpArgs, image: usize, iy: i32, ix: i32, out: usize): void {
    const channels = args.channels;
    const row = Edges.place(iy, args.height, args.fillMode);
    const column = Edges.place(ix, args.width, args.fillMode);
    if (row < 0 || column < 0) Span.fill(out, f32x4.splat(args.fillValue), channels);
    else Span.copy(out, image + ((<usize>(row * args.width + column) * channels) << 2), channels);
  }

  /** The address of a pixel, or 0 for the constant. */
  @inline static address(args: ImageWarpArgs, image: usize, row: i32, column: i32): usize {
    if (row < 0 || column < 0) return 0;
    return image + ((<usize>(row * args.width + column) * args.channels) << 2);
  }

  /** One pixel between the four around it, any of which may lie outside. */
  static between(args: ImageWarpArgs, image: usize, iy: i32, ix: i32, wy: f32, wx: f32, out: usize): void {
    const mode = args.fillMode;
    const top = Edges.place(iy, args.height, mode);
    const bottom = Edges.place(iy + 1, args.height, mode);
    const left = Edges.place(ix, args.width, mode);
    const right = Edges.place(ix + 1, args.width, mode);
    const a = Between.address(args, image, top, left);
    const b = Between.address(args, image, top, right);
    const c = Between.address(args, image, bottom, left);
    const d = Between.address(args, image, bottom, right);
    const value = f32x4.splat(args.fillValue);
    const weightY = f32x4.splat(wy);
    const weightX = f32x4.splat(wx);
    let at: usize = 0;
    for (let n = args.channels; n > 0; n -= 4, at += 16) {
      const va = a ? Span.load(a + at, n) : value;
      const vb = b ? Span.load(b + at, n) : value;
      const vc = c ? Span.load(c + at, n) : value;
      const vd = d ? Span.load(d + at, n) : value;
      Span.store(out + at, Between.blend(va, vb, vc, vd, weightY, weightX), n);
    }
  }

  /** Four values between four others each: a + wx (b - a) and c + wx (d - c), then down by wy. */
  @inline static blend(a: v128, b: v128, c: v128, d: v128, wy: v128, wx: v128): v128 {
    const upper = f32x4.add(a, f32x4.mul(wx, f32x4.sub(b, a)));
    const lower = f32x4.add(c, f32x4.mul(wx, f32x4.sub(d, c)));
    return f32x4.add(upper, f32x4.mul(wy, f32x4.sub(lower, upper)));
  }

  /** Four values at offsets in bytes. */
  @inline static gather(image: usize, places: v128): v128 {
    const v = v128.load32_zero(image + <usize>i32x4.extract_lane(places, 0));
    const w = v128.load32_lane(image + <usize>i32x4.extract_lane(places, 1), v, 1);
    const x = v128.load32_lane(image + <usize>i32x4.extract_lane(places, 2), w, 2);
    return v128.load32_lane(image + <usize>i32x4.extract_lane(places, 3), x, 3);
  }

  /** The next lane becomes the first. */
  @inline static turned(v: v128): v128 {
    return v128.shuffle<i32>(v, v, 1, 2, 3, 0);
  }

  /** A value at an address, the constant where the first lane of the mask is 0. */
  @inline static kept(at: usize, mask: v128, value: v128, n: i32): v128 {
    return i32x4.extract_lane(mask, 0) ? Span.load(at, n) : value;
  }

  /** Four pixels of which some lie outside, but near: the first n are stored. False where one lies too far. */
  static fourNear(args: ImageWarpArgs, image: usize, iy: v128, ix: v128, wy: v128, wx: v128, n: i32, out: usize): bool {
    const mode = args.fillMode;
    const channels = args.channels;
    const rows = i32x4.splat(args.height);
    const columns = i32x4.splat(args.width);
    const one = i32x4.splat(1);
    const below = i32x4.add(iy, one);
    const behind = i32x4.add(ix, one);
    const top = Edges.near(iy, rows, mode);
    const bottom = Edges.near(below, rows, mode);
    const left = Edges.near(ix, columns, mode);
    const right = Edges.near(behind, columns, mode);
    const vertical = v128.and(i32x4.lt_u(top, rows), i32x4.lt_u(bottom, rows));
    const horizontal = v128.and(i32x4.lt_u(left, columns), i32x4.lt_u(right, columns));
    if (!i32x4.all_true(v128.and(vertical, horizontal))) return false;
    const pixel = i32x4.splat(channels << 2);
    const upper = i32x4.mul(top, columns);
    const lower = i32x4.mul(bottom, columns);
    let pa = i32x4.mul(i32x4.add(upper, left), pixel);
    let pb = i32x4.mul(i32x4.add(upper, right), pixel);
    let pc = i32x4.mul(i32x4.add(lower, left), pixel);
    let pd = i32x4.mul(i32x4.add(lower, right), pixel);
    // all bits where a neighbour is not the constant
    const any = i32x4.splat(mode === 0 ? 0 : -1);
    const inTop = v128.or(any, i32x4.lt_u(iy, rows));
    const inBottom = v128.or(any, i32x4.lt_u(below, rows));
    const inLeft = v128.or(any, i32x4.lt_u(ix, columns));
    const inRight = v128.or(any, i32x4.lt_u(behind, columns));
    let ma = v128.and(inTop, inLeft);
    let mb = v128.and(inTop, inRight);
    let mc = v128.and(inBottom, inLeft);
    let md = v128.and(inBottom, inRight);
    const value = f32x4.splat(args.fillValue);
    if (channels === 1) {
      const a = v128.bitselect(Between.gather(image, pa), value, ma);
      const b = v128.bitselect(Between.gather(image, pb), value, mb);
      const c = v128.bitselect(Between.gather(image, pc), value, mc);
      const d = v128.bitselect(Between.gather(image, pd), value, md);
      Span.store(out, Between.blend(a, b, c, d, wy, wx), n);
      return true;
    }
    const next = (<usize>channels) << 2;
    for (let i = min<i32>(n, 4); i > 0; i--, out += next) {
      const a = image + <usize>i32x4.extract_lane(pa, 0);
      const b = image + <usize>i32x4.extract_lane(pb, 0);
      const c = image + <usize>i32x4.extract_lane(pc, 0);
      const d = image + <usize>i32x4.extract_lane(pd, 0);
      const weightY = v128.shuffle<f32>(wy, wy, 0, 0, 0, 0);
      const weightX = v128.shuffle<f32>(wx, wx, 0, 0, 0, 0);
      let at: usize = 0;
      for (let rest = channels; rest > 0; rest -= 4, at += 16) {
        const va = Between.kept(a + at, ma, value, rest);
        const vb = Between.kept(b + at, mb, value, rest);
        const vc = Between.kept(c + at, mc, value, rest);
        const vd = Between.kept(d + at, md, value, rest);
        Span.store(out + at, Between.blend(va, vb, vc, vd, weightY, weightX), rest);
      }
      pa = Between.turned(pa);
      pb = Between.turned(pb);
      pc = Between.turned(pc);
      pd = Between.turned(pd);
      ma = Between.turned(ma);
      mb = Between.turned(mb);
      mc = Between.turned(mc);
      md = Between.turned(md);
      wy = Between.turned(wy);
      wx = Between.turned(wx);
    }
    return true;
  }

  /** Four pixels of one channel, all inside, from the addresses of their upper left neighbours. */
  @inline static four(image: usize, places: v128, line: usize, wy: v128, wx: v128): v128 {
    const p0 = image + <usize>i32x4.extract_lane(places, 0);
    const p1 = image + <usize>i32x4.extract_lane(places, 1);
    const p2 = image + <usize>i32x4.extract_lane(places, 2);
    const p3 = image + <usize>i32x4.extract_lane(places, 3);
    const upper01 = v128.load64_lane(p1, v128.load64_zero(p0), 1);
    const upper23 = v128.load64_lane(p3, v128.load64_zero(p2), 1);
    const lower01 = v128.load64_lane(p1 + line, v128.load64_zero(p0 + line), 1);
    const lower23 = v128.load64_lane(p3 + line, v128.load64_zero(p2 + line), 1);
    return Between.blend(
      v128.shuffle<f32>(upper01, upper23, 0, 2, 4, 6),
      v128.shuffle<f32>(upper01, upper23, 1, 3, 5, 7),
      v128.shuffle<f32>(lower01, lower23, 0, 2, 4, 6),
      v128.shuffle<f32>(lower01, lower23, 1, 3, 5, 7),
      wy,
      wx,
    );
  }

  /** One pixel of any channels, all four around it inside; `p` is the upper left one. */
  @inline static inside(p: usize, line: usize, channels: i32, wy: v128, wx: v128, out: usize): void {
    const next = (<usize>channels) << 2;
    for (let n = channels; n > 0; n -= 4, p += 16, out += 16) {
      const a = Span.load(p, n);
      const b = Span.load(p + next, n);
      const c = Span.load(p + line, n);
      const d = Span.load(p + line + next, n);
      Span.store(out, Between.blend(a, b, c, d, wy, wx), n);
    }
  }

  /** One pixel of three channels, read as four: the one behind them is dropped. */
  @inline static three(p: usize, line: usize, wy: v128, wx: v128): v128 {
    return Between.blend(v128.load(p), v128.load(p, 12), v128.load(p + line), v128.load(p + line, 12), wy, wx);
  }
}
