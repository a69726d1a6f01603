// The sums that both the depthwise convolution and its gradient to the input are: eight outputs of a row at a time, each
// tap loaded once for all of them.

import { Activation } from "../activation";
import { Pieces } from "../pieces";
import { Task } from "../task";
import { Vec } from "../vec";
import { Axis } from "./axis";
import { DepthwisePlan, TERM_BYTES, TILE } from "./depthwisePlan";
import { Span } from "./span";

/** The activation that is worth no call (its code in the epilogue of GEMM). */
const RELU: i32 = 1;

@final
@unmanaged
export class DepthwiseCorrelation {
  /** out [batch, rows, width, outs] = activation(the correlation of the plan + bias) */
  static run(plan: DepthwisePlan, task: Task, kernel: usize, bias: usize, activation: i32, out: usize): void {
    const shape = plan.shape;
    const height = plan.gradient ? shape.height : shape.outHeight;
    const width = plan.gradient ? shape.width : shape.outWidth;
    const size = DepthwisePlan.pieceRows(height, plan.groups * shape.batch);
    const bands = Pieces.count(height, size);
    let packed = -1;
    for (let piece = task.thread; piece < plan.groups * shape.batch * bands; piece += task.threads) {
      const group = piece / (shape.batch * bands);
      const rest = piece - group * shape.batch * bands;
      const image = rest / bands;
      const band = rest - image * bands;
      if (packed !== group) {
        plan.toGroup(group);
        plan.packTaps(kernel, bias);
        packed = group;
      }
      const end = Pieces.end(band, size, height);
      for (let row = Pieces.first(band, size); row < end; row++, task.beat++) {
        const i = row / plan.phasesY;
        plan.toRow(plan.yAxis(row - i * plan.phasesY), i, image, 16);
        const to = out + (((<usize>image * height + row) * width * plan.outs) << 2);
        for (let phase = 0; phase < plan.phasesX; phase++) DepthwiseCorrelation.row(plan, phase, activation, to);
      }
    }
  }

  /** One phase of one row, all blocks of the group. */
  static row(plan: DepthwisePlan, phase: i32, activation: i32, out: usize): void {
    const x = plan.xAxis(phase);
    const grid = x.grid;
    const pixel = (<usize>(x.outStep * plan.outs)) << 2;
    const start = out + ((<usize>(x.outFirst * plan.outs + (plan.firstBlock << 2))) << 2);
    for (let block = 0; block < plan.blockCount; block++) {
      const lanes = plan.outs - ((plan.firstBlock + block) << 2);
      const taps = plan.taps + <usize>block * plan.tapBytes;
      const strips = plan.ring + <usize>block * plan.blockBytes;
      const to = start + ((<usize>block) << 4);
      for (let i = 0; i < grid; i += TILE) {
        // whole tiles: the last one overlaps the one before
        if (grid >= TILE) i = min(i, grid - TILE);
        const count = min(TILE, grid - i);
        DepthwiseCorrelation.tile(
          plan, x, phase, strips + ((<usize>i) << 4), taps, to + <usize>i * pixel, pixel, count, lanes, activation,
        );
      }
    }
  }

  static tile(
    plan: DepthwisePlan,
    x: Axis,
    phase: i32,
    strips: usize,
    taps: usize,
    out: usize,
    pixel: usize,
    count: i32,
    lanes: i32,
    activation: i32,
  ): void {
    const bias = v128.load(taps + plan.tapBytes - 16);
    let c0 = bias;
    let c1 = bias;
    let c2 = bias;
    let c3 = bias;
    let c4 = bias;
    let c5 = bias;
    let c6 = bias;
    let c7 = bias;
    const rowsEnd = plan.rowTerms + plan.rowTermCount * TERM_BYTES;
    const columns = plan.columnTermsOf(phase);
    const columnsEnd = columns + x.taps * TERM_BYTES;
    for (let row = plan.rowTerms; row < rowsEnd; row += TERM_BYTES) {
      const xRow: usize = strips + load<i32>(row);
      const tapRow: usize = taps + load<i32>(row, 4);
      for (let column = columns; column < columnsEnd; column += TERM_BYTES) {
        const at = xRow + load<i32>(column);
        const tap = v128.load(tapRow + load<i32>(column, 4));
        c0 = Vec.madd(v128.load(at), tap, c0);
        c1 = Vec.madd(v128.load(at, 16), tap, c1);
        c2 = Vec.madd(v128.load(at, 32), tap, c2);
        c3 = Vec.madd(v128.load(at, 48), tap, c3);
        c4 = Vec.madd(v128.load(at, 64), tap, c4);
        c5 = Vec.madd(v128.load(at, 80), tap, c5);
        c6 = Vec.madd(v128.load(at, 96), tap, c6);
        c7 = Vec.madd(v128.load(at, 112), tap, c7);
      }
    }
    if (activation === RELU) {
      const zero = i32x4.splat(0);
      c0 = v128.andnot(c0, f32x4.lt(c0, zero)); // keeps NaN
      c1 = v128.andnot(c1, f32x4.lt(c1, zero));
      c2 = v128.andnot(c2, f32x4.lt(c2, zero));
      c3 = v128.andnot(c3, f32x4.lt(c3, zero));
      c4 = v128.andnot(c4, f32x4.lt(c4, zero));
      c5 = v128.andnot(c5, f32x4.lt(c5, zero));
      c6 = v128.andnot(c6, f32x4.lt(c6, zero));
      c7 = v128.andnot(c7, f32x4.lt(c7, zero));
    }
    if (count === TILE && lanes >= 4 && activation <= RELU) {
      v128.store(out, c0);
      out += pixel;
      v128.store(out, c1);
      out += pixel;
      v128.store(out, c2);
      out += pixel;
      v128.store(out, c3);
      out += pixel;
      v128.store(out, c4);
      out += pixel;
      v128.store(out, c5);
      out += pixel;
      v128.store(out, c6);
      out += pixel;
      v128.store(out, c7);
      return;
    }
    let from = plan.tile;
    v128.store(from, c0);
    v128.store(from, c1, 16);
    v128.store(from, c2, 32);
    v128.store(from, c3, 48);
    v128.store(from, c4, 64);
    v128.store(from, c5, 80);
    v128.store(from, c6, 96);
    v128.store(from, c7, 112);
    if (activation > RELU) Activation.applyRange(from, TILE * 4, activation);
    for (; count > 0; count--, from += 16, out += pixel) Span.store(out, v128.load(from), lanes);
  }
}
