// Batch normalisation over the rows of [rows, channels], both ways, and moving averages (Ioffe and Szegedy 2015).
// Statistics are taken piece by piece, each about the mean of its first rows, and combined in order (Chan, Golub and
// LeVeque 1979): one pass over memory, exact also where the mean is large.
// What depends on the channel alone is laid out once a part, `group` times side by side (columns.ts).

import { Columns, foldColumns, foldGroups, foldPairs, Sum } from "./columns";
import { Own } from "./own";
import { Pieces } from "./pieces";
import { mapRow, Row } from "./rows";
import { InF32, InOutF32, OutF32, Task } from "./task";

@unmanaged
export class BatchNormStatisticsArgs {
  rows: i32;
  channels: i32;
  x: InF32; // [rows, channels]
  mean: OutF32; // [channels]
  variance: OutF32; // [channels]
}

@unmanaged
export class BatchNormArgs {
  rows: i32;
  channels: i32;
  epsilon: f32;
  x: InF32; // [rows, channels]
  mean: InF32; // [channels]
  variance: InF32; // [channels]
  gamma: InF32; // [channels]?
  beta: InF32; // [channels]?
  out: OutF32; // [rows, channels]
}

@unmanaged
export class BatchNormGradientArgs {
  rows: i32;
  channels: i32;
  epsilon: f32;
  x: InF32; // [rows, channels]
  mean: InF32; // [channels]
  variance: InF32; // [channels]
  gamma: InF32; // [channels]?
  dy: InF32; // [rows, channels]
  dx: OutF32; // [rows, channels]
  dgamma: OutF32; // [channels]
  dbeta: OutF32; // [channels]
}

/** Channels of a piece where partials are combined. */
const CHANNEL_BLOCK: i32 = 256;

/** Sums of x - m and of (x - m)^2. */
@final
@unmanaged
class Moments {
  @inline first<T>(x: usize, _y: usize, m: usize): T {
    if (isVector<T>()) return f32x4.sub(v128.load(x), v128.load(m));
    return load<f32>(x) - load<f32>(m);
  }
  @inline second<T>(first: T, _x: usize, _m: usize): T {
    if (isVector<T>()) return f32x4.mul(first, first);
    return first * first;
  }
}

/** Sums of y and of y (x - m). */
@final
@unmanaged
class Covariance {
  @inline first<T>(_x: usize, y: usize, _m: usize): T {
    return load<T>(y);
  }
  @inline second<T>(first: T, x: usize, m: usize): T {
    if (isVector<T>()) return f32x4.mul(first, f32x4.sub(v128.load(x), v128.load(m)));
    return first * (load<f32>(x) - load<f32>(m));
  }
}

/** How [rows, channels] is cut. */
@final
@unmanaged
class Cut {
  @inline static pieces(rows: i32, channels: i32): i32 {
    return max(1, Pieces.count(rows, Columns.pieceRows(Columns.group(rows, channels), channels)));
  }

  /** Bytes of values laid out for a group of rows. */
  @inline static width(rows: i32, channels: i32): usize {
    return (<usize>(Columns.group(rows, channels) * channels)) << 2;
  }

  /** Bytes of two partials for each piece and channel, then `own` groups of values for each thread. */
  @inline static scratch(rows: i32, channels: i32, threads: i32, own: usize): i32 {
    const partials = (<usize>(Cut.pieces(rows, channels) * channels)) << 3;
    return Own.bytes(partials, own * Cut.width(rows, channels), threads);
  }
}

/** Copies the first `channels` values at an address behind themselves until `width` bytes are full. */
function repeat(at: usize, channels: i32, width: usize): void {
  const step = (<usize>channels) << 2;
  for (let j = step; j < width; j += 4) store<f32>(at + j, load<f32>(at + j - step));
}

export function batchNormStatisticsScratch(args: BatchNormStatisticsArgs, threads: i32): i32 {
  return Cut.scratch(args.rows, args.channels, threads, 3);
}

export function batchNormStatisticsPhases(_args: BatchNormStatisticsArgs, _threads: i32): i32 {
  return 2;
}

/** mean = the mean of each channel, variance = the mean of (x - mean)^2 */
export function batchNormStatistics(args: BatchNormStatisticsArgs, task: Task): void {
  const rows = args.rows;
  const channels = args.channels;
  const pixel = (<usize>channels) << 2;
  const group = Columns.group(rows, channels);
  const size = Columns.pieceRows(group, channels);
  const pieces = Cut.pieces(rows, channels);
  const partials = task.scratch; // [pieces, 2, channels]: mean, sum of (x - mean)^2
  if (task.phase === 0) {
    const width = Cut.width(rows, channels);
    const sums = Own.at(task, <usize>pieces * 2 * pixel, 3 * width); // [2, group, channels]
    const shifts = sums + 2 * width; // [group, channels]
    for (let piece = Pieces.from(task, pieces), last = Pieces.to(task, pieces); piece < last; piece++, task.beat++) {
      const first = Pieces.first(piece, size);
      const count = min(rows - first, size);
      const x = args.x + <usize>first * pixel;
      const partial = partials + <usize>piece * 2 * pixel;
      // With k of n rows in the shift s, (mean - s)^2 is at most n / k variances, whatever the rows are: taking
      // it off below costs digits of n / k = 16 at worst.
      const lead = (count + 15) >> 4;
      foldGroups<Sum>(sums, x, channels, group, lead);
      foldColumns<Sum>(shifts, sums, pixel, pixel, group);
      for (let j: usize = 0; j < pixel; j += 4) store<f32>(shifts + j, load<f32>(shifts + j) / <f32>lead);
      repeat(shifts, channels, width);
      foldPairs<Moments>(sums, x, x, shifts, channels, group, count);
      foldColumns<Sum>(partial, sums, pixel, pixel, group);
      foldColumns<Sum>(partial + pixel, sums + width, pixel, pixel, group);
      for (let j: usize = 0; j < pixel; j += 4) {
        // sum of (x - mean)^2 = sum of (x - s)^2 - n (mean - s)^2; max keeps NaN
        const off = load<f32>(partial + j) / <f32>count;
        const squares = load<f32>(partial + pixel + j) - load<f32>(partial + j) * off;
        store<f32>(partial + j, load<f32>(shifts + j) + off);
        store<f32>(partial + pixel + j, max<f32>(squares, 0));
      }
    }
    return;
  }
  // mean of both = mean + d nb / n, squares of both = the sum of both + d^2 na nb / n, d = difference of means
  const blocks = Pieces.count(channels, 4);
  for (let block = Pieces.from(task, blocks), last = Pieces.to(task, blocks); block < last; block++) {
    const at = Pieces.first(block, 4);
    const left = channels - at;
    const offset = (<usize>at) << 2;
    let partial = partials + offset;
    let mean = Row.load(partial, left);
    let squares = Row.load(partial + pixel, left);
    for (let piece = 1; piece < pieces; piece++) {
      partial += 2 * pixel;
      const before = <f32>Pieces.first(piece, size);
      const ratio =
        <f32>(Pieces.end(piece, size, rows) - Pieces.first(piece, size)) / <f32>Pieces.end(piece, size, rows);
      const d = f32x4.sub(Row.load(partial, left), mean);
      mean = f32x4.add(mean, f32x4.mul(d, f32x4.splat(ratio)));
      const between = f32x4.mul(f32x4.mul(d, d), f32x4.splat(before * ratio));
      squares = f32x4.add(squares, f32x4.add(Row.load(partial + pixel, left), between));
    }
    Row.store(args.mean + offset, mean, left);
    Row.store(args.variance + offset, f32x4.div(squares, f32x4.splat(<f32>rows)), left);
  }
}

/** (x - mean) a + beta; beside m lie a and beta. */
@final
@unmanaged
class Normalise {
  @inline at<T>(x: usize, _y: usize, m: usize, width: usize): T {
    if (isVector<T>()) {
      const scaled = f32x4.mul(f32x4.sub(v128.load(x), v128.load(m)), v128.load(m + width));
      return f32x4.add(scaled, v128.load(m + 2 * width));
    }
    return (load<f32>(x) - load<f32>(m)) * load<f32>(m + width) + load<f32>(m + 2 * width);
  }
}

/** dy a */
@final
@unmanaged
class ThroughFixed {
  @inline at<T>(_x: usize, y: usize, m: usize, width: usize): T {
    if (isVector<T>()) return f32x4.mul(v128.load(y), v128.load(m + width));
    return load<f32>(y) * load<f32>(m + width);
  }
}

/** a ((dy - s) - (x - mean) t), s the mean of dy, t the mean of dy (x - mean), over variance + epsilon */
@final
@unmanaged
class ThroughBatch {
  @inline at<T>(x: usize, y: usize, m: usize, width: usize): T {
    if (isVector<T>()) {
      const own = f32x4.mul(f32x4.sub(v128.load(x), v128.load(m)), v128.load(m + 3 * width));
      const rest = f32x4.sub(f32x4.sub(v128.load(y), v128.load(m + 2 * width)), own);
      return f32x4.mul(rest, v128.load(m + width));
    }
    const own = (load<f32>(x) - load<f32>(m)) * load<f32>(m + 3 * width);
    return (load<f32>(y) - load<f32>(m + 2 * width) - own) * load<f32>(m + width);
  }
}

/** out = op(x, y, values of the channel) for this thread's pieces; `values` are laid out for a group of rows. */
function eachElement<OP>(task: Task, rows: i32, channels: i32, out: usize, x: usize, y: usize, values: usize): void {
  const op = changetype<OP>(0);
  const width = Cut.width(rows, channels);
  const size = Columns.pieceRows(Columns.group(rows, channels), channels);
  const pixel = (<usize>channels) << 2;
  const count = Pieces.count(rows, size);
  for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++, task.beat++) {
    const behind = <usize>Pieces.end(piece, size, rows) * pixel;
    for (let base = <usize>Pieces.first(piece, size) * pixel; base < behind; base += width) {
      const end = min(width, behind - base);
      let j: usize = 0;
      for (; j + 16 <= end; j += 16) {
        v128.store(out + base + j, op.at<v128>(x + base + j, y + base + j, values + j, width));
      }
      for (; j < end; j += 4) store<f32>(out + base + j, op.at<f32>(x + base + j, y + base + j, values + j, width));
    }
  }
}

export function batchNormScratch(args: BatchNormArgs, threads: i32): i32 {
  return Own.bytes(0, 3 * Cut.width(args.rows, args.channels), threads);
}

/** out = gamma (x - mean) / sqrt(variance + epsilon) + beta; gamma is 1 and beta 0 where absent */
export function batchNorm(args: BatchNormArgs, task: Task): void {
  const channels = args.channels;
  const width = Cut.width(args.rows, channels);
  const values = Own.at(task, 0, 3 * width); // mean, a, beta
  for (let j: usize = 0, end = (<usize>channels) << 2; j < end; j += 4) {
    const gamma: f32 = args.gamma ? load<f32>(args.gamma + j) : 1;
    store<f32>(values + j, load<f32>(args.mean + j));
    store<f32>(values + width + j, gamma / sqrt<f32>(load<f32>(args.variance + j) + args.epsilon));
    store<f32>(values + 2 * width + j, args.beta ? load<f32>(args.beta + j) : 0);
  }
  for (let k: usize = 0; k < 3; k++) repeat(values + k * width, channels, width);
  eachElement<Normalise>(task, args.rows, channels, args.out, args.x, args.x, values);
}

/** The three phases of both gradients: partial sums, combining them, dx. */
function gradient<OP>(task: Task, args: BatchNormGradientArgs): void {
  const rows = args.rows;
  const channels = args.channels;
  const pixel = (<usize>channels) << 2;
  const group = Columns.group(rows, channels);
  const size = Columns.pieceRows(group, channels);
  const pieces = Cut.pieces(rows, channels);
  const width = Cut.width(rows, channels);
  const partials = task.scratch; // [pieces, 2, channels]: sums of dy and of dy (x - mean)
  const sums = Own.at(task, <usize>pieces * 2 * pixel, 6 * width); // [2, group, channels]
  const values = sums + 2 * width; // mean, a, s, t
  if (task.phase === 0) {
    memory.copy(values, args.mean, pixel);
    repeat(values, channels, width);
    for (let piece = Pieces.from(task, pieces), last = Pieces.to(task, pieces); piece < last; piece++, task.beat++) {
      const first = Pieces.first(piece, size);
      const count = min(rows - first, size);
      const x = args.x + <usize>first * pixel;
      const dy = args.dy + <usize>first * pixel;
      const partial = partials + <usize>piece * 2 * pixel;
      foldPairs<Covariance>(sums, x, dy, values, channels, group, count);
      foldColumns<Sum>(partial, sums, pixel, pixel, group);
      foldColumns<Sum>(partial + pixel, sums + width, pixel, pixel, group);
    }
  } else if (task.phase === 1) {
    const blocks = Pieces.count(channels, CHANNEL_BLOCK);
    for (let block = Pieces.from(task, blocks), last = Pieces.to(task, blocks); block < last; block++) {
      const offset = (<usize>Pieces.first(block, CHANNEL_BLOCK)) << 2;
      const bytes = ((<usize>Pieces.end(block, CHANNEL_BLOCK, channels)) << 2) - offset;
      const from = partials + offset;
      foldColumns<Sum>(args.dbeta + offset, from, bytes, 2 * pixel, pieces);
      foldColumns<Sum>(args.dgamma + offset, from + pixel, bytes, 2 * pixel, pieces);
      for (let j = offset; j < offset + bytes; j += 4) {
        // d gamma = sum dy (x - mean) / sqrt(variance + epsilon)
        const deviation = sqrt<f32>(load<f32>(args.variance + j) + args.epsilon);
        store<f32>(args.dgamma + j, load<f32>(args.dgamma + j) / deviation);
      }
    }
  } else {
    for (let j: usize = 0; j < pixel; j += 4) {
      const gamma: f32 = args.gamma ? load<f32>(args.gamma + j) : 1;
      const deviation = sqrt<f32>(load<f32>(args.variance + j) + args.epsilon);
      store<f32>(values + j, load<f32>(args.mean + j));
      store<f32>(values + width + j, gamma / deviation);
      store<f32>(values + 2 * width + j, load<f32>(args.dbeta + j) / <f32>rows);
      store<f32>(values + 3 * width + j, load<f32>(args.dgamma + j) / deviation / <f32>rows);
    }
    for (let k: usize = 0; k < 4; k++) repeat(values + k * width, channels, width);
    eachElement<OP>(task, rows, channels, args.dx, args.x, args.dy, values);
  }
}

export function batchNormGradientScratch(args: BatchNormGradientArgs, threads: i32): i32 {
  return Cut.scratch(args.rows, args.channels, threads, 6);
}

export function batchNormGradientPhases(_args: BatchNormGradientArgs, _threads: i32): i32 {
  return 3;
}

/** Gradients where mean and variance are those of x, through them. */
export function batchNormGradient(args: BatchNormGradientArgs, task: Task): void {
  gradient<ThroughBatch>(task, args);
}

export function batchNormInferenceGradientScratch(args: BatchNormGradientArgs, threads: i32): i32 {
  return Cut.scratch(args.rows, args.channels, threads, 6);
}

export function batchNormInferenceGradientPhases(_args: BatchNormGradientArgs, _threads: i32): i32 {
  return 3;
}

/** Gradients where mean and variance are given numbers. */
export function batchNormInferenceGradient(args: BatchNormGradientArgs, task: Task): void {
  gradient<ThroughFixed>(task, args);
}

@unmanaged
export class MovingAverageArgs {
  n: i32;
  momentum: f32;
  value: InF32; // [n]
  moving: InOutF32; // [n]
}

/** a p + b q */
@final
@unmanaged
class Blend {
  @inline f(a: v128, b: v128, p: v128, q: v128): v128 {
    return f32x4.add(f32x4.mul(a, p), f32x4.mul(b, q));
  }
}

const MOVING_PIECE: i32 = 1 << 13;

/** moving = moving momentum + value (1 - momentum) */
export function movingAverage(args: MovingAverageArgs, task: Task): void {
  const momentum = f32x4.splat(args.momentum);
  const share = f32x4.splat(1 - args.momentum);
  const pieces = Pieces.count(args.n, MOVING_PIECE);
  for (let piece = Pieces.from(task, pieces), last = Pieces.to(task, pieces); piece < last; piece++) {
    const first = Pieces.first(piece, MOVING_PIECE);
    const offset = (<usize>first) << 2;
    const count = Pieces.end(piece, MOVING_PIECE, args.n) - first;
    const moving = args.moving + offset;
    mapRow<Blend>(moving, moving, args.value + offset, count, momentum, share);
  }
}
