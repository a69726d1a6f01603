// One axis of a convolution or of its gradient: which element of the source a grid index and a tap meet.
//   source(i, t) = i * step + first + t * tapStep        (outside [0, size) lie zeros)
//   kernel(t) = kernelFirst + t * kernelStep, output(i) = outFirst + i * outStep

@unmanaged
export class Axis {
  size: i32;
  /** Number of grid indices, and of taps. */
  grid: i32;
  taps: i32;
  step: i32;
  first: i32;
  tapStep: i32;
  kernelFirst: i32;
  kernelStep: i32;
  outFirst: i32;
  outStep: i32;
  /** Grid indices of a tile, taps of a block. */
  tile: i32;
  block: i32;

  /** Output index i meets input i * stride + t * dilation - pad. */
  forward(size: i32, grid: i32, taps: i32, stride: i32, pad: i32, dilation: i32): void {
    this.size = size;
    this.grid = grid;
    this.taps = taps;
    this.step = stride;
    this.first = -pad;
    this.tapStep = dilation;
    this.kernelFirst = 0;
    this.kernelStep = 1;
    this.outFirst = 0;
    this.outStep = 1;
  }

  /**
   * Input h meets output o where h + pad = o * stride + k * dilation. Of the inputs h = phase + i * stride, every one
   * meets the same k: those where phase + pad - k * dilation divides by the stride, at o = i + (that quotient).
   * Taken backwards, so that o rises.
   */
  inputGradient(size: i32, inputs: i32, kernel: i32, stride: i32, pad: i32, dilation: i32, phase: i32): void {
    let between = 1; // neighbouring k of one phase
    while ((between * dilation) % stride !== 0) between++;
    let k = 0;
    while (k < kernel && (phase + pad - k * dilation) % stride !== 0) k++;
    this.size = size;
    this.grid = phase < inputs ? (inputs - phase + stride - 1) / stride : 0;
    this.taps = k < kernel ? (kernel - 1 - k) / between + 1 : 0;
    this.step = 1;
    this.kernelFirst = k + (this.taps - 1) * between;
    this.kernelStep = -between;
    this.first = this.taps > 0 ? (phase + pad - this.kernelFirst * dilation) / stride : 0;
    this.tapStep = (between * dilation) / stride;
    this.outFirst = phase;
    this.outStep = stride;
  }

  /** Elements of the source between the first and the last that so many grid indices and taps meet. */
  span(grid: i32, taps: i32): i32 {
    return max(grid - 1, 0) * this.step + max(taps - 1, 0) * this.tapStep + 1;
  }

  /** Does any tap reach beyond the source? */
  get padded(): bool {
    return this.first < 0 || this.first + this.span(this.grid, this.taps) > this.size;
  }

  /** How many of `count` indices, `step` apart from `base`, lie below `limit`. */
  @inline static below(limit: i32, base: i32, step: i32, count: i32): i32 {
    const distance = limit - base;
    return distance <= 0 ? 0 : min(count, (distance + step - 1) / step);
  }
}
