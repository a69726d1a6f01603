// Cross-entropy of logits, row by row, against a class index or a distribution, and of single logits against
// a probability. Softmax or sigmoid and logarithm in one: no probability is rounded to 0 or 1 on the way.

import { Maths } from "./math";
import { Pieces } from "./pieces";
import { Loops } from "./pointwise/loops";
import { eachRow, expRow, mapRow, maxRow, Row, RowsArgs, rowsScratch, sumRow } from "./rows";
import { Plain, Scaled } from "./softmax";
import { InF32, InI32, OutF32, Task } from "./task";

@unmanaged
export class CrossEntropyInt32Args {
  rows: i32;
  columns: i32;
  logits: InF32; // [rows, columns]
  labels: InI32; // [rows]
  out: OutF32; // [rows]
}

export function crossEntropyInt32Scratch(args: CrossEntropyInt32Args, threads: i32): i32 {
  return rowsScratch(changetype<RowsArgs>(args), threads);
}

function labelLossRows(
  address: usize,
  row: i32,
  count: i32,
  x: usize,
  _y: usize,
  _to: usize,
  n: i32,
  aside: bool,
): void {
  const args = changetype<CrossEntropyInt32Args>(address);
  const columns = args.columns;
  const most = maxRow(x, n, aside);
  const log = Maths.log(Row.sum(expRow(0, x, n, most), aside));
  // the greatest logit, less the label's, plus the logarithm
  const out = args.out + ((<usize>row) << 2);
  Row.store(out, most, count);
  for (let k = 0; k < count; k++) {
    const at = out + ((<usize>k) << 2);
    const label = load<i32>(args.labels + ((<usize>(row + k)) << 2));
    let loss: f32 = NaN;
    if (<u32>label < <u32>columns) loss = load<f32>(at) - load<f32>(x + labelPlace(label, k, aside));
    store<f32>(at, loss);
  }
  Row.store(out, f32x4.add(Row.load(out, count), log), count);
}

/** Where the label of the k-th row stands among the elements of rows that lie side by side or not. */
function labelPlace(label: i32, k: i32, aside: bool): usize {
  return (<usize>(aside ? (label << 2) + k : label)) << 2;
}

/** out[r] = log(sum exp logits[r]) - logits[r][labels[r]]; NaN where the label is none of the columns. */
export function crossEntropyInt32(args: CrossEntropyInt32Args, task: Task): void {
  eachRow(task, changetype<usize>(args), labelLossRows.index, args.logits, 0, 0);
}

@unmanaged
export class CrossEntropyInt32GradientArgs {
  rows: i32;
  columns: i32;
  logits: InF32; // [rows, columns]
  labels: InI32; // [rows]
  dout: InF32; // [rows]
  dx: OutF32; // [rows, columns]
}

export function crossEntropyInt32GradientScratch(args: CrossEntropyInt32GradientArgs, threads: i32): i32 {
  return rowsScratch(changetype<RowsArgs>(args), threads);
}

function labelGradientRows(
  address: usize,
  row: i32,
  count: i32,
  x: usize,
  _y: usize,
  dx: usize,
  n: i32,
  aside: bool,
): void {
  const args = changetype<CrossEntropyInt32GradientArgs>(address);
  const labels = args.labels + ((<usize>row) << 2);
  const dout = args.dout + ((<usize>row) << 2);
  const sum = Row.sum(expRow(dx, x, n, maxRow(x, n, aside)), aside);
  const valid = i32x4.lt_u(Row.values(labels, count), i32x4.splat(args.columns));
  const scale = f32x4.div(Row.values(dout, count), sum);
  mapRow<Scaled>(dx, dx, dx, n, v128.bitselect(scale, f32x4.splat(NaN), valid), sum);
  for (let k = 0, lanes = aside ? 4 : 1; k < lanes; k++) {
    const own = (<usize>min(k, count - 1)) << 2; // lanes beyond repeat the last row
    const label = load<u32>(labels + own);
    if (label >= <u32>args.columns) continue;
    const at = dx + labelPlace(label, k, aside);
    store<f32>(at, load<f32>(at) - load<f32>(dout + own));
  }
}

/** dx[r] = (softmax(logits[r]) - oneHot(labels[r])) dout[r] */
export function crossEntropyInt32Gradient(args: CrossEntropyInt32GradientArgs, task: Task): void {
  eachRow(task, changetype<usize>(args), labelGradientRows.index, args.logits, 0, args.dx);
}

@unmanaged
export class CrossEntropyArgs {
  rows: i32;
  columns: i32;
  logits: InF32; // [rows, columns]
  targets: InF32; // [rows, columns]
  out: OutF32; // [rows]
}

/** b ((p - a) + q): target times log-sum-exp less logit */
@final
@unmanaged
class TargetLoss {
  @inline f(a: v128, b: v128, p: v128, q: v128): v128 {
    return f32x4.mul(b, f32x4.add(f32x4.sub(p, a), q));
  }
}

export function crossEntropyScratch(args: CrossEntropyArgs, threads: i32): i32 {
  return rowsScratch(changetype<RowsArgs>(args), threads);
}

function targetsLossRows(
  address: usize,
  row: i32,
  count: i32,
  x: usize,
  targets: usize,
  _to: usize,
  n: i32,
  aside: bool,
): void {
  const most = maxRow(x, n, aside);
  const log = Maths.log(Row.sum(expRow(0, x, n, most), aside));
  const loss = Row.sum(sumRow<TargetLoss>(x, targets, n, most, log), aside);
  Row.store(changetype<CrossEntropyArgs>(address).out + ((<usize>row) << 2), loss, count);
}

/** out[r] = sum over j of targets[r][j] (log(sum exp logits[r]) - logits[r][j]) */
export function crossEntropy(args: CrossEntropyArgs, task: Task): void {
  eachRow(task, changetype<usize>(args), targetsLossRows.index, args.logits, args.targets, 0);
}

@unmanaged
export class CrossEntropyGradientArgs {
  rows: i32;
  columns: i32;
  logits: InF32; // [rows, columns]
  targets: InF32; // [rows, columns]
  dout: InF32; // [rows]
  dx: OutF32; // [rows, columns]
}

/** (a p - b) q */
@final
@unmanaged
class TargetGradient {
  @inline f(a: v128, b: v128, p: v128, q: v128): v128 {
    return f32x4.mul(f32x4.sub(f32x4.mul(a, p), b), q);
  }
}

export function crossEntropyGradientScratch(args: CrossEntropyGradientArgs, threads: i32): i32 {
  return rowsScratch(changetype<RowsArgs>(args), threads);
}

function targetsGradientRows(
  address: usize,
  row: i32,
  count: i32,
  x: usize,
  targets: usize,
  dx: usize,
  n: i32,
  aside: bool,
): void {
  const dout = Row.values(changetype<CrossEntropyGradientArgs>(address).dout + ((<usize>row) << 2), count);
  const whole = Row.sum(sumRow<Plain>(targets, targets, n, dout, dout), aside);
  const sum = Row.sum(expRow(dx, x, n, maxRow(x, n, aside)), aside);
  mapRow<TargetGradient>(dx, dx, targets, n, f32x4.div(whole, sum), dout);
}

/** dx[r] = (softmax(logits[r]) sum(targets[r]) - targets[r]) dout[r] */
export function crossEntropyGradient(args: CrossEntropyGradientArgs, task: Task): void {
  eachRow(task, changetype<usize>(args), targetsGradientRows.index, args.logits, args.targets, args.dx);
}

/** Elements of a piece. */
const PIECE: i32 = 2048;

@unmanaged
export class SigmoidCrossEntropyArgs {
  n: i32;
  logits: InF32; // [n]
  targets: InF32; // [n]
  out: OutF32; // [n]
}

/** max(a, 0) - a b + log(1 + exp(-|a|)) */
@final
@unmanaged
class SigmoidLoss {
  @inline f(a: v128, b: v128, p: v128, _q: v128): v128 {
    const linear = f32x4.sub(f32x4.max(a, p), f32x4.mul(a, b));
    return f32x4.add(linear, Maths.log1pUnit(Maths.expFold(a)));
  }
}

/** out = max(x, 0) - x t + log(1 + exp(-|x|)), x a logit and t the probability wanted */
export function sigmoidCrossEntropy(args: SigmoidCrossEntropyArgs, task: Task): void {
  const n = args.n;
  const none = f32x4.splat(0);
  const pieces = Pieces.count(n, PIECE);
  for (let piece = Pieces.from(task, pieces), last = Pieces.to(task, pieces); piece < last; piece++, task.beat++) {
    const first = Pieces.first(piece, PIECE);
    const offset = (<usize>first) << 2;
    const count = Pieces.end(piece, PIECE, n) - first;
    Loops.mapGradientLong<SigmoidLoss>(
      count,
      args.logits + offset,
      args.targets + offset,
      args.out + offset,
      none,
      none,
    );
  }
}

@unmanaged
export class SigmoidCrossEntropyGradientArgs {
  n: i32;
  logits: InF32; // [n]
  targets: InF32; // [n]
  dout: InF32; // [n]
  dx: OutF32; // [n]
}

/** dx = (sigmoid(logits) - targets) dout */
export function sigmoidCrossEntropyGradient(args: SigmoidCrossEntropyGradientArgs, task: Task): void {
  const n = args.n;
  const pieces = Pieces.count(n, PIECE);
  for (let piece = Pieces.from(task, pieces), last = Pieces.to(task, pieces); piece < last; piece++, task.beat++) {
    const first = Pieces.first(piece, PIECE);
    let offset = (<usize>first) << 2;
    for (let left = Pieces.end(piece, PIECE, n) - first; left > 0; left -= 4, offset += 16) {
      const sigmoid = Maths.sigmoid(Row.load(args.logits + offset, left));
      const difference = f32x4.sub(sigmoid, Row.load(args.targets + offset, left));
      Row.store(args.dx + offset, f32x4.mul(difference, Row.load(args.dout + offset, left)), left);
    }
  }
}
