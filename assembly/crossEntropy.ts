// Cross-entropy of logits, row by row, against a class index or a distribution, and of single logits against
// a probability. Softmax or sigmoid and logarithm in one: no probability is rounded to 0 or 1 on the way.

import { Max, Sum } from "./columns";
import { Maths } from "./math";
import { Pieces } from "./pieces";
import { foldRow } from "./reduce";
import { eachRow, expRow, logOne, mapRow, Row, sumRow } from "./rows";
import { Scaled } from "./softmax";
import { InF32, InI32, OutF32, Task } from "./task";

@unmanaged
export class CrossEntropyInt32Args {
  rows: i32;
  columns: i32;
  logits: InF32; // [rows, columns]
  labels: InI32; // [rows]
  out: OutF32; // [rows]
}

@final
@unmanaged
class LabelLossRow {
  @inline row(address: usize, row: i32, columns: i32): void {
    const args = changetype<CrossEntropyInt32Args>(address);
    const x = args.logits + ((<usize>row * columns) << 2);
    const label = load<i32>(args.labels + ((<usize>row) << 2));
    let loss: f32 = NaN;
    if (<u32>label < <u32>columns) {
      const most = foldRow<Max>(x, columns);
      loss = most - load<f32>(x + ((<usize>label) << 2)) + logOne(expRow(0, x, columns, most));
    }
    store<f32>(args.out + ((<usize>row) << 2), loss);
  }
}

/** out[r] = log(sum exp logits[r]) - logits[r][labels[r]]; NaN where the label is none of the columns. */
export function crossEntropyInt32(args: CrossEntropyInt32Args, task: Task): void {
  eachRow<LabelLossRow>(task, changetype<usize>(args));
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

@final
@unmanaged
class LabelGradientRow {
  @inline row(address: usize, row: i32, columns: i32): void {
    const args = changetype<CrossEntropyInt32GradientArgs>(address);
    const offset = (<usize>row * columns) << 2;
    const dx = args.dx + offset;
    const label = load<i32>(args.labels + ((<usize>row) << 2));
    const dout = load<f32>(args.dout + ((<usize>row) << 2));
    const x = args.logits + offset;
    const sum = expRow(dx, x, columns, foldRow<Max>(x, columns));
    const valid = <u32>label < <u32>columns;
    mapRow<Scaled>(dx, dx, dx, columns, valid ? dout / sum : NaN, 0);
    if (valid) {
      const at = dx + ((<usize>label) << 2);
      store<f32>(at, load<f32>(at) - dout);
    }
  }
}

/** dx[r] = (softmax(logits[r]) - oneHot(labels[r])) dout[r] */
export function crossEntropyInt32Gradient(args: CrossEntropyInt32GradientArgs, task: Task): void {
  eachRow<LabelGradientRow>(task, changetype<usize>(args));
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

@final
@unmanaged
class TargetsLossRow {
  @inline row(address: usize, row: i32, columns: i32): void {
    const args = changetype<CrossEntropyArgs>(address);
    const offset = (<usize>row * columns) << 2;
    const x = args.logits + offset;
    const most = foldRow<Max>(x, columns);
    const log = logOne(expRow(0, x, columns, most));
    const loss = sumRow<TargetLoss>(x, args.targets + offset, columns, most, log);
    store<f32>(args.out + ((<usize>row) << 2), loss);
  }
}

/** out[r] = sum over j of targets[r][j] (log(sum exp logits[r]) - logits[r][j]) */
export function crossEntropy(args: CrossEntropyArgs, task: Task): void {
  eachRow<TargetsLossRow>(task, changetype<usize>(args));
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

@final
@unmanaged
class TargetsGradientRow {
  @inline row(address: usize, row: i32, columns: i32): void {
    const args = changetype<CrossEntropyGradientArgs>(address);
    const offset = (<usize>row * columns) << 2;
    const x = args.logits + offset;
    const targets = args.targets + offset;
    const dx = args.dx + offset;
    const scale = foldRow<Sum>(targets, columns) / expRow(dx, x, columns, foldRow<Max>(x, columns));
    mapRow<TargetGradient>(dx, dx, targets, columns, scale, load<f32>(args.dout + ((<usize>row) << 2)));
  }
}

/** dx[r] = (softmax(logits[r]) sum(targets[r]) - targets[r]) dout[r] */
export function crossEntropyGradient(args: CrossEntropyGradientArgs, task: Task): void {
  eachRow<TargetsGradientRow>(task, changetype<usize>(args));
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
  const pieces = Pieces.count(n, PIECE);
  for (let piece = task.thread; piece < pieces; piece += task.threads, task.beat++) {
    const first = Pieces.first(piece, PIECE);
    const offset = (<usize>first) << 2;
    const count = Pieces.end(piece, PIECE, n) - first;
    mapRow<SigmoidLoss>(args.out + offset, args.logits + offset, args.targets + offset, count, 0, 0);
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
  for (let piece = task.thread; piece < pieces; piece += task.threads, task.beat++) {
    const first = Pieces.first(piece, PIECE);
    let offset = (<usize>first) << 2;
    for (let left = Pieces.end(piece, PIECE, n) - first; left > 0; left -= 4, offset += 16) {
      const sigmoid = Maths.sigmoid(Row.load(args.logits + offset, left));
      const difference = f32x4.sub(sigmoid, Row.load(args.targets + offset, left));
      Row.store(args.dx + offset, f32x4.mul(difference, Row.load(args.dout + offset, left)), left);
    }
  }
}
