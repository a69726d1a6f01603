// When Winograd's algorithm computes a convolution: what both algorithms cost, in multiply-adds at the speed of the
// tile of assembly/product/, measured over 8 to 512 channels.

/** The operands that say what a convolution computes. */
export interface ConvSizes {
  readonly batch: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly groups: number;
}

/** What is summed over and what results: the gradient to the input is a convolution of dy. */
export interface ConvPlanes {
  /** Channels that are summed over, and that result. */
  readonly from: number;
  readonly to: number;
  /** Pixels that result. */
  readonly height: number;
  readonly width: number;
}

/** Columns of a register tile: what is missing of them is computed and dropped. */
const PANEL = 8;
/** Transforms of a 2x2 tile for each channel that comes in or results; of a 3x3 kernel; a row of a product for each panel. */
const TILE_COST = 60;
const KERNEL_COST = 16;
const ROW_COST = 48;
/** Direct products lose a little at borders and in tables. */
const DIRECT_COST = 1.06;

export interface Choice {
  readonly winograd: boolean;
  /** Both costs, for explain. */
  readonly note: string;
}

/** Null where only the direct algorithm can do it. */
export function chooseAlgorithm(sizes: ConvSizes, { from, to, height, width }: ConvPlanes): Choice | null {
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, groups, kernelHeight, kernelWidth } = sizes;
  const plain = [strideHeight, strideWidth, dilationHeight, dilationWidth, groups].every((value) => value === 1);
  if (!plain || kernelHeight !== 3 || kernelWidth !== 3) return null;
  const columns = Math.ceil(to / PANEL) * PANEL;
  const tiles = sizes.batch * Math.ceil(height / 2) * Math.ceil(width / 2);
  const direct = sizes.batch * height * width * 9 * from * columns * DIRECT_COST;
  const perTile = 16 * from * columns + TILE_COST * (from + to) + 16 * ROW_COST * (columns / PANEL);
  const winograd = tiles * perTile + KERNEL_COST * 16 * from * columns;
  const millions = (cost: number) => `${(cost / 1e6).toPrecision(3)} M`;
  return {
    winograd: winograd < direct,
    note: `costs in multiply-adds: winograd ${millions(winograd)}, direct ${millions(direct)}`,
  };
}
