// The convolution that both the forward pass and the gradient to the input are: pixels are rows, taps and channels are
// the terms of the sums.

import { Pieces } from "../pieces";
import { packAcross, packAlong } from "../product/pack";
import { PANEL_BYTES } from "../product/tile";
import { Task } from "../task";
import { FewFilters } from "./fewFilters";
import { ConvShape, Plan } from "./plan";

@final
@unmanaged
export class Correlation {
  /**
   * One product for each tile of each image: pixels are rows. `before` pieces came before; returns how many there
   * are then, so that no part has more of them than others.
   */
  static run(
    plan: Plan,
    task: Task,
    before: i32,
    kernel: usize,
    transposed: bool,
    shape: ConvShape,
    bias: usize,
    activation: i32,
    out: usize,
  ): i32 {
    const tiles = plan.tiles;
    const blocks = plan.blocks;
    const columnBlocks = plan.columnBlocks;
    const pieces = plan.groups * columnBlocks * plan.batch * tiles;
    const pitch = transposed ? shape.channels : shape.filters;
    const outWidth = transposed ? shape.width : shape.outWidth;
    const imageFloats = <usize>(transposed ? shape.height : shape.outHeight) * outWidth * pitch;
    // with a single block and tile, tables and panels serve many pieces
    let tabled = false;
    let packed = -1;
    const behind = Pieces.before(task.thread + 1, task.threads, pieces, before);
    for (let piece = Pieces.before(task.thread, task.threads, pieces, before); piece < behind; piece++) {
      const columns = piece / (plan.batch * tiles);
      const rest = piece - columns * plan.batch * tiles;
      const image = rest / tiles;
      const group = columns / columnBlocks;
      const n0 = (columns - group * columnBlocks) * plan.columnBlock;
      const n = min(plan.columnBlock, plan.n - n0);
      plan.toTile(rest - image * tiles);
      for (let block = 0; block < blocks; block++) {
        task.beat++;
        plan.toBlock(block);
        if (!tabled) {
          plan.pixelRows(outWidth, pitch);
          plan.tapTerms();
          tabled = blocks * tiles === 1;
        }
        if (packed !== columns) {
          Correlation.pack(plan, kernel, transposed, shape, group, n0, n);
          packed = blocks === 1 ? columns : -1;
        }
        plan.gather(image, group);
        const first = group * plan.n + n0;
        const product = plan.product;
        product.n = n;
        product.out = out + ((<usize>image * imageFloats + <usize>first) << 2);
        product.beta = block > 0 ? 1 : 0;
        const last = block === blocks - 1;
        product.biases = last && bias ? bias + ((<usize>first) << 2) : 0;
        product.activation = last ? activation : 0;
        if (FewFilters.fitsForward(plan, n)) FewFilters.forward(plan, (<usize>pitch) << 2);
        else product.multiply();
      }
    }
    return before + pieces;
  }

  /** Columns [n0, n0 + n) of the current block of the kernel, as panels. */
  static pack(plan: Plan, kernel: usize, transposed: bool, shape: ConvShape, group: i32, n0: i32, n: i32): void {
    const y = plan.y;
    const x = plan.x;
    const filters = shape.filters;
    const tapFloats = (shape.channels / shape.groups) * filters;
    const inTap = transposed ? n0 * filters + group * plan.channels + plan.c0 : plan.c0 * filters + group * plan.n + n0;
    const panelBytes = plan.product.panelBytes;
    const row = (<usize>filters) << 2;
    let to = plan.product.panels;
    for (let i = plan.tapY; i < plan.tapY + plan.tapsY; i++) {
      for (let j = plan.tapX; j < plan.tapX + plan.tapsX; j++) {
        const tap = (y.kernelFirst + i * y.kernelStep) * shape.kernelWidth + x.kernelFirst + j * x.kernelStep;
        const from = kernel + ((<usize>tap * tapFloats + <usize>inTap) << 2);
        if (transposed) packAlong(to, panelBytes, from, row, n, plan.c);
        else packAcross(to, panelBytes, from, row, n, plan.c);
        to += <usize>plan.c * PANEL_BYTES;
      }
    }
  }
}
