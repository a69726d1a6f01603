// The sums that both the depthwise convolution and its gradient to the input are: eight outputs of a row at a time.

import { Activation } from "../activation";
import { Pieces } from "../pieces";
import { Span } from "../span";
import { Task } from "../task";
import { Vec } from "../vec";
import { ColumnTerms, DepthwisePlan, TERM_BYTES, TILE } from "./depthwisePlan";

/** Work is cut into at least so many pieces where the shape allows, of at least so many rows. */
const PIECES: i32 = 16;
const PIECE_ROWS: i32 = 8;

@final
@unmanaged
export class DepthwiseCorrelation {
  /** out [batch, height, width, outs] = activation(the correlation of the plan + bias) */
  static run(plan: DepthwisePlan, task: Task, kernel: usize, bias: usize, activation: i32, out: usize): void {
    const shape = plan.shape;
    const height = plan.gradient ? shape.height : shape.outHeight;
    const width = plan.gradient ? shape.width : shape.outWidth;
    const images = plan.groups * shape.batch;
    const cuts = min(Pieces.count(height, PIECE_ROWS), Pieces.count(PIECES, max(1, images)));
    const size = Pieces.count(height, max(1, cuts));
    const bands = Pieces.count(height, max(1, size));
    let packed = -1;
    for (let piece = Pieces.from(task, images * bands), last = Pieces.to(task, images * bands); piece < last; piece++) {
      const group = piece / (shape.batch * bands);
      const rest = piece - group * shape.batch * bands;
      const image = rest / bands;
      const band = rest - image * bands;
      if (packed !== group) {
        plan.toGroup(group);
        plan.packTaps(kernel, bias);
        packed = group;
      }
      const first = plan.firstBlock << 2;
      const channels = min(plan.blockCount << 2, plan.outs - first);
      const end = Pieces.end(band, size, height);
      for (let row = Pieces.first(band, size); row < end; row++, task.beat++) {
        const i = row / plan.phasesY;
        plan.toRow(plan.yAxis(row - i * plan.phasesY), i, image);
        let to = out + (((<usize>image * height + row) * width * plan.outs + first) << 2);
        for (let phase = 0; phase < plan.phasesX; phase++) {
          DepthwiseCorrelation.row(plan, plan.columnTermsOf(phase), to);
        }
        if (activation === 0) continue;
        if (channels === plan.outs) Activation.applyRange(to, width * channels, activation);
        else {
          for (let x = 0; x < width; x++, to += (<usize>plan.outs) << 2) {
            Activation.applyRange(to, channels, activation);
          }
        }
      }
    }
  }

  /** One phase of a row, all blocks of the group. */
  static row(plan: DepthwisePlan, columns: ColumnTerms, out: usize): void {
    const grid = columns.grid;
    const pixel = (<usize>(columns.outStep * plan.outs)) << 2;
    const rowTerms = plan.rowTerms;
    const rowTermsEnd = plan.rowTermsEnd;
    const threes = columns.threes;
    const singles = columns.singles;
    const end = columns.end;
    let taps = plan.taps;
    let strips = plan.ring;
    let lanes = plan.outs - (plan.firstBlock << 2);
    out += (<usize>(columns.outFirst * plan.outs)) << 2;
    for (let block = 0; block < plan.blockCount; block++) {
      const bias = v128.load(taps);
      for (let i = 0; i < grid; i += TILE) {
        // whole tiles where there is room: the last one overlaps the one before
        if (i + TILE > grid) i = max(0, grid - TILE);
        let c0 = bias;
        let c1 = bias;
        let c2 = bias;
        let c3 = bias;
        let c4 = bias;
        let c5 = bias;
        let c6 = bias;
        let c7 = bias;
        for (let term = rowTerms; term < rowTermsEnd; term += TERM_BYTES) {
          const strip = strips + load<i32>(term) + ((<usize>i) << 4);
          const tapRow = taps + load<i32>(term, 4);
          let column = threes;
          for (; column < singles; column += 3 * TERM_BYTES) {
            const at = strip + load<i32>(column);
            const t0 = v128.load(tapRow + load<i32>(column, 4), 16);
            const t1 = v128.load(tapRow + load<i32>(column, 4 + TERM_BYTES), 16);
            const t2 = v128.load(tapRow + load<i32>(column, 4 + 2 * TERM_BYTES), 16);
            c0 = Vec.madd(v128.load(at), t0, c0);
            let x = v128.load(at, 16);
            c0 = Vec.madd(x, t1, c0);
            c1 = Vec.madd(x, t0, c1);
            x = v128.load(at, 32);
            c0 = Vec.madd(x, t2, c0);
            c1 = Vec.madd(x, t1, c1);
            c2 = Vec.madd(x, t0, c2);
            x = v128.load(at, 48);
            c1 = Vec.madd(x, t2, c1);
            c2 = Vec.madd(x, t1, c2);
            c3 = Vec.madd(x, t0, c3);
            x = v128.load(at, 64);
            c2 = Vec.madd(x, t2, c2);
            c3 = Vec.madd(x, t1, c3);
            c4 = Vec.madd(x, t0, c4);
            x = v128.load(at, 80);
            c3 = Vec.madd(x, t2, c3);
            c4 = Vec.madd(x, t1, c4);
            c5 = Vec.madd(x, t0, c5);
            x = v128.load(at, 96);
            c4 = Vec.madd(x, t2, c4);
            c5 = Vec.madd(x, t1, c5);
            c6 = Vec.madd(x, t0, c6);
            x = v128.load(at, 112);
            c5 = Vec.madd(x, t2, c5);
            c6 = Vec.madd(x, t1, c6);
            c7 = Vec.madd(x, t0, c7);
            x = v128.load(at, 128);
            c6 = Vec.madd(x, t2, c6);
            c7 = Vec.madd(x, t1, c7);
            c7 = Vec.madd(v128.load(at, 144), t2, c7);
          }
          for (; column < end; column += TERM_BYTES) {
            const at = strip + load<i32>(column);
            const tap = v128.load(tapRow + load<i32>(column, 4), 16);
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
        let to = out + <usize>i * pixel;
        let count = min(TILE, grid - i);
        if (lanes >= 4) {
          v128.store(to, c0);
          if (count > 1) v128.store(to + pixel, c1);
          if (count > 2) v128.store(to + 2 * pixel, c2);
          if (count > 3) v128.store(to + 3 * pixel, c3);
          if (count > 4) v128.store(to + 4 * pixel, c4);
          if (count > 5) v128.store(to + 5 * pixel, c5);
          if (count > 6) v128.store(to + 6 * pixel, c6);
          if (count > 7) v128.store(to + 7 * pixel, c7);
          continue;
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
        for (; count > 0; count--, from += 16, to += pixel) Span.store(to, v128.load(from), lanes);
      }
      taps += plan.tapsBytes;
      strips += plan.blockBytes;
      out += 16;
      lanes -= 4;
    }
  }
}
