// How a thread goes through a depthwise convolution or one of its gradients. Rows of the source are copied into a ring of
// strips in which neighbouring columns of four channels lie side by side, with the zeros around them: whatever the
// channels, strides and padding are, the loops read whole vectors 16 bytes apart.
//   scratch of a thread: DepthwisePlan | Axis y [phases] | Axis x [phases] | rows in the slots | row terms | column terms |
//     tile | taps [block][term][tap][4], then bias [4] | ring [block][term][slot][column % step][column / step][4]
// A block is four output channels. A term is one of the source channels that are added up in an output channel: there
// are several in the gradient to the input, where each input channel went into `multiplier` outputs.

import { Pieces } from "../pieces";
import { Task } from "../task";
import { Axis } from "./axis";
import { Span } from "./span";

/** Outputs of a tile, side by side in a row. */
export const TILE: i32 = 8;
const TILE_BYTES: i32 = TILE * 16;
/** An offset into the ring and one into the taps. */
export const TERM_BYTES: i32 = 8;
/** Bytes of a ring, unless a single block needs more. */
const RING_BYTES: i32 = 1 << 17;
/** Work is cut into at least so many pieces where the shape allows, of at least so many rows. */
const PIECES: i32 = 16;
const PIECE_ROWS: i32 = 8;

/** The operands that every kernel of this family begins with. */
@unmanaged
export class DepthwiseShape {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  multiplier: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dilationHeight: i32;
  dilationWidth: i32;
}

@unmanaged
export class DepthwisePlan {
  shape: DepthwiseShape;
  /** Does the source hold outputs, the destination inputs? */
  gradient: bool;
  /** The source: images of [sourceHeight, sourceWidth, pitch]. */
  source: usize;
  sourceHeight: i32;
  sourceWidth: i32;
  pitch: i32;
  /** Channels of the destination, and source channels that each is a sum over. */
  outs: i32;
  terms: i32;
  /** Columns of the destination a step apart read neighbours of the strip. */
  step: i32;
  phasesY: i32;
  phasesX: i32;
  /** Source column that is the first of a strip, columns of a strip / step, strips in the ring. */
  origin: i32;
  columns: i32;
  slots: i32;
  /** Blocks of all channels, of a group of them that the ring holds at once, and of the current one. */
  blocks: i32;
  groupBlocks: i32;
  firstBlock: i32;
  blockCount: i32;
  rowTermCount: i32;
  // where the parts of the scratch begin
  xAxes: usize;
  slotRows: usize;
  rowTerms: usize;
  columnTerms: usize;
  tile: usize;
  taps: usize;
  ring: usize;

  @inline get yAxes(): usize {
    return changetype<usize>(this) + offsetof<DepthwisePlan>();
  }
  @inline get stripBytes(): i32 {
    return (this.step * this.columns) << 4;
  }
  @inline get blockBytes(): i32 {
    return this.terms * this.slots * this.stripBytes;
  }
  @inline get tapCount(): i32 {
    return this.shape.kernelHeight * this.shape.kernelWidth;
  }
  @inline get tapBytes(): i32 {
    return (this.terms * this.tapCount + 1) << 4;
  }
  @inline get groups(): i32 {
    return Pieces.count(this.blocks, this.groupBlocks);
  }

  /** Lays out the scratch of a thread; `shared` bytes of the whole come before. */
  static of(shape: DepthwiseShape, gradient: bool, task: Task, shared: usize = 0): DepthwisePlan {
    const scratch = task.scratch + shared + <usize>task.thread * DepthwisePlan.bytes(shape, gradient);
    const plan = changetype<DepthwisePlan>(scratch);
    const filters = shape.channels * shape.multiplier;
    plan.shape = shape;
    plan.gradient = gradient;
    plan.sourceHeight = gradient ? shape.outHeight : shape.height;
    plan.sourceWidth = gradient ? shape.outWidth : shape.width;
    plan.pitch = gradient ? filters : shape.channels;
    plan.outs = gradient ? shape.channels : filters;
    plan.terms = gradient ? shape.multiplier : 1;
    plan.step = gradient ? 1 : shape.strideWidth;
    plan.phasesY = gradient ? shape.strideHeight : 1;
    plan.phasesX = gradient ? shape.strideWidth : 1;
    const reach = (shape.kernelWidth - 1) * shape.dilationWidth;
    plan.origin = gradient ? (shape.padLeft - reach) / shape.strideWidth - 1 : -shape.padLeft;
    plan.columns = DepthwisePlan.columnsOf(shape, gradient);
    plan.slots = DepthwisePlan.slotsOf(shape, gradient);
    plan.blocks = Pieces.count(plan.outs, 4);
    plan.groupBlocks = DepthwisePlan.groupBlocksOf(shape, gradient);
    plan.xAxes = plan.yAxes + plan.phasesY * offsetof<Axis>();
    plan.slotRows = plan.xAxes + plan.phasesX * offsetof<Axis>();
    plan.rowTerms = plan.slotRows + ((<usize>plan.slots) << 2);
    plan.columnTerms = plan.rowTerms + plan.terms * shape.kernelHeight * TERM_BYTES;
    plan.tile = (plan.columnTerms + plan.phasesX * shape.kernelWidth * TERM_BYTES + 15) & ~15;
    plan.taps = plan.tile + TILE_BYTES;
    plan.ring = plan.taps + <usize>plan.groupBlocks * plan.tapBytes;
    return plan;
  }

  /** Bytes of the scratch of a thread. */
  static bytes(shape: DepthwiseShape, gradient: bool): i32 {
    const terms = gradient ? shape.multiplier : 1;
    const phases = gradient ? shape.strideHeight + shape.strideWidth : 2;
    const columnPhases = gradient ? shape.strideWidth : 1;
    const tables =
      phases * offsetof<Axis>() +
      (DepthwisePlan.slotsOf(shape, gradient) << 2) +
      (terms * shape.kernelHeight + columnPhases * shape.kernelWidth) * TERM_BYTES;
    const tapBytes = (terms * shape.kernelHeight * shape.kernelWidth + 1) << 4;
    const blocks = DepthwisePlan.groupBlocksOf(shape, gradient);
    const bytes = blocks * (tapBytes + DepthwisePlan.blockBytesOf(shape, gradient));
    return <i32>offsetof<DepthwisePlan>() + ((tables + 31) & ~15) + TILE_BYTES + bytes;
  }

  /** Columns of a strip / step. */
  private static columnsOf(shape: DepthwiseShape, gradient: bool): i32 {
    const reach = ((shape.kernelWidth - 1) * shape.dilationWidth) / shape.strideWidth;
    // the phases of the strides begin up to two columns apart, and the origin is rounded
    if (gradient) return max(TILE, Pieces.count(shape.width, shape.strideWidth)) + reach + 3;
    return max(TILE, shape.outWidth) + reach;
  }

  /** Strips of the ring: as many rows of the source as a row of the destination meets. */
  private static slotsOf(shape: DepthwiseShape, gradient: bool): i32 {
    const reach = (shape.kernelHeight - 1) * shape.dilationHeight;
    if (gradient) return max(1, min(reach / shape.strideHeight + 1, shape.outHeight));
    return max(1, min(reach + 1, shape.height));
  }

  private static blockBytesOf(shape: DepthwiseShape, gradient: bool): i32 {
    const strips = DepthwisePlan.slotsOf(shape, gradient) * (gradient ? shape.multiplier : shape.strideWidth);
    return (strips * DepthwisePlan.columnsOf(shape, gradient)) << 4;
  }

  /** Blocks of a group, all groups being as large. */
  private static groupBlocksOf(shape: DepthwiseShape, gradient: bool): i32 {
    const outs = gradient ? shape.channels : shape.channels * shape.multiplier;
    const blocks = max(1, Pieces.count(outs, 4));
    const most = max(1, RING_BYTES / DepthwisePlan.blockBytesOf(shape, gradient));
    return Pieces.count(blocks, Pieces.count(blocks, most));
  }

  /** Axes, and the tables that stay. A tap is `tapBytes` long for who reads the column terms. */
  begin(source: usize, tapBytes: i32): void {
    const shape = this.shape;
    this.source = source;
    for (let phase = 0; phase < this.phasesY; phase++) {
      const y = this.yAxis(phase);
      if (this.gradient) {
        y.inputGradient(
          shape.outHeight,
          shape.height,
          shape.kernelHeight,
          shape.strideHeight,
          shape.padTop,
          shape.dilationHeight,
          phase,
        );
      } else {
        y.forward(
          shape.height,
          shape.outHeight,
          shape.kernelHeight,
          shape.strideHeight,
          shape.padTop,
          shape.dilationHeight,
        );
      }
    }
    for (let phase = 0; phase < this.phasesX; phase++) {
      const x = this.xAxis(phase);
      if (this.gradient) {
        x.inputGradient(
          shape.outWidth,
          shape.width,
          shape.kernelWidth,
          shape.strideWidth,
          shape.padLeft,
          shape.dilationWidth,
          phase,
        );
      } else {
        x.forward(
          shape.width,
          shape.outWidth,
          shape.kernelWidth,
          shape.strideWidth,
          shape.padLeft,
          shape.dilationWidth,
        );
      }
      let term = this.columnTermsOf(phase);
      for (let tap = 0; tap < x.taps; tap++, term += TERM_BYTES) {
        const column = x.first + tap * x.tapStep - this.origin;
        store<i32>(term, this.columnBytes(column));
        store<i32>(term, (x.kernelFirst + tap * x.kernelStep) * tapBytes, 4);
      }
    }
    Span.clear(this.ring, (this.groupBlocks * this.blockBytes) >> 2);
    this.forget();
  }

  @inline yAxis(phase: i32): Axis {
    return changetype<Axis>(this.yAxes + phase * offsetof<Axis>());
  }
  @inline xAxis(phase: i32): Axis {
    return changetype<Axis>(this.xAxes + phase * offsetof<Axis>());
  }
  @inline columnTermsOf(phase: i32): usize {
    return this.columnTerms + phase * this.shape.kernelWidth * TERM_BYTES;
  }

  /** Where a column lies in a strip. */
  @inline columnBytes(column: i32): i32 {
    const quotient = column / this.step;
    return ((column - quotient * this.step) * this.columns + quotient) << 4;
  }

  /** No slot holds a row. */
  forget(): void {
    for (let slot = 0; slot < this.slots; slot++) store<i32>(this.slotRows + ((<usize>slot) << 2), -1);
  }

  toGroup(group: i32): void {
    this.firstBlock = Pieces.first(group, this.groupBlocks);
    this.blockCount = Pieces.end(group, this.groupBlocks, this.blocks) - this.firstBlock;
    this.forget();
  }

  /** The channel of the source (of the kernel, where `ofKernel`) that an output channel and a term read. */
  channel(out: i32, term: i32, ofKernel: bool): i32 {
    const last = min(out, this.outs - 1);
    if (this.gradient) return last * this.terms + term;
    return ofKernel ? last : last / this.shape.multiplier;
  }

  /** Copies the taps, and the bias where there is one, of the blocks of the group. */
  packTaps(kernel: usize, bias: usize): void {
    const filters = this.shape.channels * this.shape.multiplier;
    let to = this.taps;
    for (let block = 0; block < this.blockCount; block++) {
      const out = (this.firstBlock + block) << 2;
      for (let term = 0; term < this.terms; term++) {
        this.packColumn(out, term, true, kernel, filters, this.tapCount, to);
        to += this.tapCount << 4;
      }
      v128.store(to, bias ? Span.load(bias + ((<usize>out) << 2), this.outs - out) : i32x4.splat(0));
      to += 16;
    }
  }

  /** Copies `count` times the four channels of an output block and a term, `pitch` floats apart. */
  packColumn(out: i32, term: i32, ofKernel: bool, from: usize, pitch: i32, count: i32, to: usize): void {
    const first = this.channel(out, term, ofKernel);
    const step = (<usize>pitch) << 2;
    const end = to + ((<usize>count) << 4);
    from += (<usize>first) << 2;
    const at1 = (<usize>(this.channel(out + 1, term, ofKernel) - first)) << 2;
    const at2 = (<usize>(this.channel(out + 2, term, ofKernel) - first)) << 2;
    const at3 = (<usize>(this.channel(out + 3, term, ofKernel) - first)) << 2;
    if (at1 === 4 && at3 === 12) {
      for (; to < end; to += 16, from += step) v128.store(to, v128.load(from));
      return;
    }
    for (; to < end; to += 16, from += step) {
      let v = v128.load32_zero(from);
      v = v128.load32_lane(from + at1, v, 1);
      v = v128.load32_lane(from + at2, v, 2);
      v128.store(to, v128.load32_lane(from + at3, v, 3));
    }
  }

  /** Row `i` of the grid of an axis: makes the source rows that it meets lie in the ring and lists them. */
  toRow(y: Axis, i: i32, image: i32, tapBytes: i32): void {
    let term = this.rowTerms;
    const first = i * y.step + y.first;
    for (let tap = 0; tap < y.taps; tap++) {
      const row = first + tap * y.tapStep;
      if (row < 0 || row >= this.sourceHeight) continue;
      const slot = row % this.slots;
      const id = image * this.sourceHeight + row;
      const slotRow = this.slotRows + ((<usize>slot) << 2);
      if (load<i32>(slotRow) !== id) {
        this.packRow(id, slot);
        store<i32>(slotRow, id);
      }
      const taps = (y.kernelFirst + tap * y.kernelStep) * this.shape.kernelWidth * tapBytes;
      for (let q = 0; q < this.terms; q++, term += TERM_BYTES) {
        store<i32>(term, (q * this.slots + slot) * this.stripBytes);
        store<i32>(term, ((q * this.tapCount) << 4) + taps, 4);
      }
    }
    this.rowTermCount = <i32>(term - this.rowTerms) / TERM_BYTES;
  }

  /** Copies a row of the source (of all images, one below the other) into its strips. */
  packRow(row: i32, slot: i32): void {
    const step = this.step;
    const pitch = this.pitch;
    const from = this.source + ((<usize>row * this.sourceWidth * pitch) << 2);
    // columns [first, end) of the strip lie inside the source
    const first = max(0, -this.origin);
    const end = min(this.sourceWidth - this.origin, this.columns * step);
    for (let phase = 0; phase < step; phase++) {
      // the first column of this phase that is inside
      const skip = max(0, (first - phase + step - 1) / step);
      const column = phase + skip * step;
      if (column >= end) continue;
      const count = (end - column + step - 1) / step;
      const at = from + ((<usize>((column + this.origin) * pitch)) << 2);
      let to = this.ring + slot * this.stripBytes + ((phase * this.columns + skip) << 4);
      for (let block = 0; block < this.blockCount; block++) {
        for (let term = 0; term < this.terms; term++, to += this.slots * this.stripBytes) {
          this.packColumn((this.firstBlock + block) << 2, term, false, at, pitch * step, count, to);
        }
      }
    }
  }

  /** Rows of the destination in a piece: of `height` rows, where there are `others` times as many pieces. */
  @inline static pieceRows(height: i32, others: i32): i32 {
    const pieces = max(1, min(Pieces.count(height, PIECE_ROWS), Pieces.count(PIECES, max(1, others))));
    return max(1, Pieces.count(height, pieces));
  }
}
