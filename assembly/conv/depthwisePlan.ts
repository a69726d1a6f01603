// How a thread goes through a depthwise convolution or one of its gradients: rows of the source are copied into a ring of
// strips in which neighbouring columns of four channels lie side by side, with the zeros around them.
//   scratch of a thread: plan | Axis y [phases] | Axis x | row in each slot | ColumnTerms [phases] | row terms |
//     column terms | tile | taps [block][1 + term * tap][4], the bias first | ring [block][term][slot][strip]
//   strip: [column % step][column / step][4]

import { Own } from "../own";
import { Pieces } from "../pieces";
import { Task } from "../task";
import { Axis } from "./axis";

/** Outputs of a tile, side by side in a row. */
export const TILE: i32 = 8;
const TILE_BYTES: i32 = TILE * 16;
/** An offset into the ring, or into a strip of it, and one into the taps. */
export const TERM_BYTES: i32 = 8;
/** Bytes of a ring, unless a single block needs more. */
const RING_BYTES: i32 = 1 << 17;

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

/** The columns of one phase of the strides, and the taps that they meet. */
@unmanaged
export class ColumnTerms {
  grid: i32;
  outFirst: i32;
  outStep: i32;
  /** Terms of taps in threes that meet neighbours in the strip, from `singles` on those of the other taps. */
  threes: usize;
  singles: usize;
  end: usize;
}

/**
 * Whatever the channels, strides and padding are, the loops read whole vectors 16 bytes apart. A block is four output
 * channels. A term is one of the source channels that are added up in an output channel: there are several in the gradient
 * to the input, where an input channel went into `multiplier` outputs.
 */
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
  /** Source columns between neighbours in the destination. */
  step: i32;
  phasesY: i32;
  phasesX: i32;
  /** Source column that is the first of a strip, columns of a strip / step, strips in the ring. */
  origin: i32;
  columns: i32;
  slots: i32;
  stripBytes: i32;
  blockBytes: i32;
  /** Bytes of the taps of a block. */
  tapsBytes: i32;
  /** Blocks of all channels, of a group of them that the ring holds at once, and of the current one. */
  blocks: i32;
  groupBlocks: i32;
  firstBlock: i32;
  blockCount: i32;
  // where the parts of the scratch begin
  xAxis: Axis;
  slotRows: usize;
  phases: usize;
  rowTerms: usize;
  rowTermsEnd: usize;
  columnTerms: usize;
  tile: usize;
  taps: usize;
  ring: usize;

  /** Lays out the scratch of a thread; `shared` bytes of the whole come before. */
  static of(shape: DepthwiseShape, gradient: bool, task: Task, shared: usize): DepthwisePlan {
    const scratch = Own.at(task, shared, DepthwisePlan.bytes(shape, gradient));
    const plan = changetype<DepthwisePlan>(scratch);
    const filters = shape.channels * shape.multiplier;
    const reach = (shape.kernelWidth - 1) * shape.dilationWidth;
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
    plan.origin = gradient ? (shape.padLeft - reach) / shape.strideWidth - 1 : -shape.padLeft;
    plan.columns = DepthwisePlan.columnsOf(shape, gradient);
    plan.slots = DepthwisePlan.slotsOf(shape, gradient);
    plan.stripBytes = (plan.step * plan.columns) << 4;
    plan.blockBytes = plan.terms * plan.slots * plan.stripBytes;
    plan.tapsBytes = (plan.terms * shape.kernelHeight * shape.kernelWidth + 1) << 4;
    plan.blocks = Pieces.count(plan.outs, 4);
    plan.groupBlocks = DepthwisePlan.groupBlocksOf(shape, gradient);
    plan.xAxis = changetype<Axis>(changetype<usize>(plan.yAxis(plan.phasesY)));
    plan.slotRows = changetype<usize>(plan.xAxis) + offsetof<Axis>();
    plan.phases = plan.slotRows + ((<usize>plan.slots) << 2);
    plan.rowTerms = plan.phases + plan.phasesX * offsetof<ColumnTerms>();
    plan.columnTerms = plan.rowTerms + plan.terms * shape.kernelHeight * TERM_BYTES;
    plan.tile = (plan.columnTerms + shape.kernelWidth * TERM_BYTES + 15) & ~15;
    plan.taps = plan.tile + TILE_BYTES;
    plan.ring = plan.taps + <usize>(plan.groupBlocks * plan.tapsBytes);
    return plan;
  }

  /** Bytes of the scratch of a thread. */
  static bytes(shape: DepthwiseShape, gradient: bool): i32 {
    const terms = gradient ? shape.multiplier : 1;
    const tables =
      (gradient ? shape.strideHeight + 1 : 2) * offsetof<Axis>() +
      (DepthwisePlan.slotsOf(shape, gradient) << 2) +
      (gradient ? shape.strideWidth : 1) * offsetof<ColumnTerms>() +
      (terms * shape.kernelHeight + shape.kernelWidth) * TERM_BYTES;
    const tapsBytes = (terms * shape.kernelHeight * shape.kernelWidth + 1) << 4;
    const blocks = DepthwisePlan.groupBlocksOf(shape, gradient);
    const bytes = blocks * (tapsBytes + DepthwisePlan.blockBytesOf(shape, gradient));
    return <i32>((offsetof<DepthwisePlan>() + tables + 15) & ~15) + TILE_BYTES + bytes;
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

  /** Blocks of a group; all groups are about as large. */
  private static groupBlocksOf(shape: DepthwiseShape, gradient: bool): i32 {
    const outs = gradient ? shape.channels : shape.channels * shape.multiplier;
    const blocks = max(1, Pieces.count(outs, 4));
    const most = max(1, RING_BYTES / max(1, DepthwisePlan.blockBytesOf(shape, gradient)));
    return Pieces.count(blocks, Pieces.count(blocks, most));
  }

  @inline get groups(): i32 {
    return Pieces.count(this.blocks, this.groupBlocks);
  }
  @inline yAxis(phase: i32): Axis {
    return changetype<Axis>(changetype<usize>(this) + offsetof<DepthwisePlan>() + phase * offsetof<Axis>());
  }
  @inline columnTermsOf(phase: i32): ColumnTerms {
    return changetype<ColumnTerms>(this.phases + phase * offsetof<ColumnTerms>());
  }

  /** Axes and tables that stay. */
  begin(source: usize): void {
    this.source = source;
    const s = this.shape;
    const x = this.xAxis;
    let at = this.columnTerms;
    for (let i = 0; i < this.phasesY; i++) {
      const y = this.yAxis(i);
      this.set(y, s.height, s.outHeight, s.kernelHeight, s.strideHeight, s.padTop, s.dilationHeight, i);
    }
    for (let i = 0; i < this.phasesX; i++) {
      this.set(x, s.width, s.outWidth, s.kernelWidth, s.strideWidth, s.padLeft, s.dilationWidth, i);
      at = this.listColumns(this.columnTermsOf(i), at);
    }
    memory.fill(this.taps, 0, this.groupBlocks * (this.tapsBytes + this.blockBytes));
  }

  private set(axis: Axis, n: i32, outs: i32, taps: i32, stride: i32, pad: i32, dilation: i32, phase: i32): void {
    if (this.gradient) axis.inputGradient(outs, n, taps, stride, pad, dilation, phase);
    else axis.forward(n, outs, taps, stride, pad, dilation);
  }

  /** Lists the taps of the axis x. */
  listColumns(terms: ColumnTerms, at: usize): usize {
    const x = this.xAxis;
    // taps that are `apart` from each other meet neighbours
    const apart = this.step % x.tapStep === 0 ? this.step / x.tapStep : max(1, x.taps);
    terms.grid = x.grid;
    terms.outFirst = x.outFirst;
    terms.outStep = x.outStep;
    terms.threes = at;
    // threes first, then what they leave
    for (let rest = 0; rest < 2; rest++) {
      for (let first = 0; first < apart && first < x.taps; first++) {
        const inThrees = (Pieces.count(x.taps - first, apart) / 3) * 3;
        const from = first + (rest ? inThrees * apart : 0);
        const to = rest ? x.taps : first + inThrees * apart;
        for (let tap = from; tap < to; tap += apart, at += TERM_BYTES) {
          const column = x.first + tap * x.tapStep - this.origin;
          const quotient = column / this.step;
          store<i32>(at, ((column - quotient * this.step) * this.columns + quotient) << 4);
          store<i32>(at, (x.kernelFirst + tap * x.kernelStep) << 4, 4);
        }
      }
      if (!rest) terms.singles = at;
    }
    terms.end = at;
    return at;
  }

  toGroup(group: i32): void {
    this.firstBlock = Pieces.first(group, this.groupBlocks);
    this.blockCount = Pieces.end(group, this.groupBlocks, this.blocks) - this.firstBlock;
    for (let slot = 0; slot < this.slots; slot++) store<i32>(this.slotRows + ((<usize>slot) << 2), -1);
  }

  /** Copies the taps of the blocks of the group, and the bias where there is one. */
  packTaps(kernel: usize, bias: usize): void {
    const filters = this.shape.channels * this.shape.multiplier;
    const taps = this.shape.kernelHeight * this.shape.kernelWidth;
    if (bias) this.copy(bias, filters, 1, this.taps, this.tapsBytes, 0, true);
    this.copy(kernel, filters, taps, this.taps + 16, this.tapsBytes, taps << 4, true);
  }

  /** Row `i` of the grid of an axis: makes the source rows that it meets lie in the ring, and lists them. */
  toRow(y: Axis, i: i32, image: i32): void {
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
      const kernelRow = y.kernelFirst + tap * y.kernelStep;
      for (let q = 0; q < this.terms; q++, term += TERM_BYTES) {
        store<i32>(term, (q * this.slots + slot) * this.stripBytes);
        store<i32>(term, ((q * this.shape.kernelHeight + kernelRow) * this.shape.kernelWidth) << 4, 4);
      }
    }
    this.rowTermsEnd = term;
  }

  /** Copies a row of the source (of all images, one below the other) into its strips. */
  private packRow(row: i32, slot: i32): void {
    const step = this.step;
    // columns [first, end) of the strip lie inside the source
    const first = max(0, -this.origin);
    const end = min(this.sourceWidth - this.origin, this.columns * step);
    for (let phase = 0; phase < step; phase++) {
      const skip = phase < first ? (first - phase + step - 1) / step : 0;
      const column = phase + skip * step;
      if (column >= end) continue;
      const from = this.source + (((<usize>row * this.sourceWidth + (column + this.origin)) * this.pitch) << 2);
      const to = this.ring + <usize>(slot * this.stripBytes + ((phase * this.columns + skip) << 4));
      const count = (end - column + step - 1) / step;
      this.copy(from, this.pitch * step, count, to, this.blockBytes, this.slots * this.stripBytes, false);
    }
  }

  /** Copies `count` values, `step` floats apart, of each channel of the group; blocks and terms go so far apart. */
  private copy(from: usize, step: i32, count: i32, to: usize, block: usize, term: usize, ofKernel: bool): void {
    const stepBytes = (<usize>step) << 2;
    let i = 0;
    if (this.shape.multiplier === 1) {
      const whole = min(this.blockCount, (this.outs >> 2) - this.firstBlock);
      for (; i + 4 <= whole; i += 4, to += block << 2) {
        DepthwisePlan.copyFour(from + ((<usize>(this.firstBlock + i)) << 4), stepBytes, count, to, block);
      }
    }
    for (; i < this.blockCount; i++, to += block) {
      for (let q = 0; q < this.terms; q++) {
        this.copyBlock((this.firstBlock + i) << 2, q, ofKernel, from, stepBytes, count, to + <usize>q * term);
      }
    }
  }

  /** Four whole blocks, a line of the cache at a time. */
  private static copyFour(from: usize, step: usize, count: i32, to: usize, block: usize): void {
    let to1 = to + block;
    let to2 = to1 + block;
    let to3 = to2 + block;
    for (; count > 0; count--) {
      v128.store(to, v128.load(from));
      v128.store(to1, v128.load(from, 16));
      v128.store(to2, v128.load(from, 32));
      v128.store(to3, v128.load(from, 48));
      from += step;
      to += 16;
      to1 += 16;
      to2 += 16;
      to3 += 16;
    }
  }

  /** One block and term; of the kernel, or of the source of its channels. */
  private copyBlock(out: i32, term: i32, ofKernel: bool, from: usize, step: usize, count: i32, to: usize): void {
    // bytes to the channel of each lane; lanes beyond the channels read the last one
    for (let lane = 0; lane < 4; lane++) {
      const last = min(out + lane, this.outs - 1);
      let channel = last;
      if (this.gradient) channel = last * this.terms + term;
      else if (!ofKernel && this.shape.multiplier > 1) channel = last / this.shape.multiplier;
      store<i32>(this.tile + ((<usize>lane) << 2), channel << 2);
    }
    from += load<i32>(this.tile);
    const at1: usize = load<i32>(this.tile, 4) - load<i32>(this.tile);
    const at2: usize = load<i32>(this.tile, 8) - load<i32>(this.tile);
    const at3: usize = load<i32>(this.tile, 12) - load<i32>(this.tile);
    // what is read beyond the channels belongs to the next value, and its lanes are not used
    if (this.shape.multiplier === 1) {
      for (; count > 1 && <usize>(count - 1) * step >= 12; count--, from += step, to += 16) {
        v128.store(to, v128.load(from));
      }
    }
    for (; count > 0; count--, from += step, to += 16) {
      let v = v128.load32_zero(from);
      v = v128.load32_lane(from + at1, v, 1);
      v = v128.load32_lane(from + at2, v, 2);
      v128.store(to, v128.load32_lane(from + at3, v, 3));
    }
  }
}
