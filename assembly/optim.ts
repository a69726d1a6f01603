// Optimizers: each one pass over one contiguous range of weights. What changes from step to step is read
// from `control` once, before the loop. Weight decay is decoupled: it takes learningRate * weightDecay * w
// off the old weight, beside the update. 1 - beta, 1 - rho, 1 - dampening are taken of the float32 values.

import { Four, One } from "./elements";
import { Pieces } from "./pieces";
import { InF32, InOutF32, Task } from "./task";

const OPTIM_PIECE: i32 = 1 << 14;

@unmanaged
export class SgdArgs {
  n: i32;
  momentum: f32;
  dampening: f32;
  nesterov: i32;
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  velocity: InOutF32; // [n]?
  control: InF32; // [8] learningRate
}

/** u = g */
@final
@unmanaged
class SgdPlain {
  @inline update<_LANES>(g: v128, _velocity: usize, _momentum: v128, _share: v128): v128 {
    return g;
  }
}

/** u = v = momentum v + share g */
@final
@unmanaged
class SgdMomentum {
  @inline update<LANES>(g: v128, velocity: usize, momentum: v128, share: v128): v128 {
    const lanes = changetype<LANES>(0);
    const v = f32x4.add(f32x4.mul(momentum, lanes.load(velocity)), f32x4.mul(share, g));
    lanes.store(velocity, v);
    return v;
  }
}

/** v = momentum v + share g, u = share g + momentum v */
@final
@unmanaged
class SgdNesterov {
  @inline update<LANES>(g: v128, velocity: usize, momentum: v128, share: v128): v128 {
    const lanes = changetype<LANES>(0);
    const shared = f32x4.mul(share, g);
    const v = f32x4.add(f32x4.mul(momentum, lanes.load(velocity)), shared);
    lanes.store(velocity, v);
    return f32x4.add(shared, f32x4.mul(momentum, v));
  }
}

@final
@unmanaged
class Sgd {
  /** w -= rate u + decay w */
  @inline static step<FORM, LANES>(
    w: usize,
    g: usize,
    velocity: usize,
    momentum: v128,
    share: v128,
    rate: v128,
    decay: v128,
  ): void {
    const lanes = changetype<LANES>(0);
    const u = changetype<FORM>(0).update<LANES>(lanes.load(g), velocity, momentum, share);
    const old = lanes.load(w);
    lanes.store(w, f32x4.sub(old, f32x4.add(f32x4.mul(rate, u), f32x4.mul(decay, old))));
  }

  @inline static all<FORM>(args: SgdArgs, task: Task): void {
    const learningRate = load<f32>(args.control);
    const rate = f32x4.splat(learningRate);
    const decay = f32x4.splat(learningRate * args.weightDecay);
    const momentum = f32x4.splat(args.momentum);
    const share = f32x4.splat(1 - args.dampening);
    const n = args.n;
    const w = args.w;
    const g = args.g;
    const velocity = args.velocity;
    const count = Pieces.count(n, OPTIM_PIECE);
    for (let piece = task.thread; piece < count; piece += task.threads) {
      let at = (<usize>Pieces.first(piece, OPTIM_PIECE)) << 2;
      const end = (<usize>Pieces.end(piece, OPTIM_PIECE, n)) << 2;
      for (; at + 16 <= end; at += 16)
        Sgd.step<FORM, Four>(w + at, g + at, velocity + at, momentum, share, rate, decay);
      for (; at < end; at += 4) Sgd.step<FORM, One>(w + at, g + at, velocity + at, momentum, share, rate, decay);
      task.beat++;
    }
  }
}

/**
 * Without velocity: u = g.
 * With it: v = momentum v + (1 - dampening) g, u = v, or (1 - dampening) g + momentum v where nesterov is set.
 * w -= learningRate (u + weightDecay w)
 */
export function sgd(args: SgdArgs, task: Task): void {
  if (args.velocity === 0) Sgd.all<SgdPlain>(args, task);
  else if (args.nesterov) Sgd.all<SgdNesterov>(args, task);
  else Sgd.all<SgdMomentum>(args, task);
}

@unmanaged
export class RmspropArgs {
  n: i32;
  rho: f32;
  epsilon: f32;
  epsilonForm: i32; // 0 outside, 1 inside
  momentum: f32;
  centered: i32;
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  s: InOutF32; // [n]
  average: InOutF32; // [n]? of the gradient, where centered
  velocity: InOutF32; // [n]?
  control: InF32; // [8] learningRate
}

@final
@unmanaged
class Rmsprop {
  /** The plain form: w -= rate g / (sqrt(s + inside) + outside) + decay w */
  @inline static plain<LANES>(
    w: usize,
    g: usize,
    s: usize,
    rho: v128,
    share: v128,
    inside: v128,
    outside: v128,
    rate: v128,
    decay: v128,
  ): void {
    const lanes = changetype<LANES>(0);
    const gradient = lanes.load(g);
    const square = f32x4.add(f32x4.mul(rho, lanes.load(s)), f32x4.mul(f32x4.mul(share, gradient), gradient));
    lanes.store(s, square);
    const root = f32x4.add(f32x4.sqrt(f32x4.add(square, inside)), outside);
    const old = lanes.load(w);
    lanes.store(w, f32x4.sub(old, f32x4.add(f32x4.div(f32x4.mul(rate, gradient), root), f32x4.mul(decay, old))));
  }

  /** The plain form from byte `at` to byte `end`: a function of its own, whose few values all have registers. */
  static plainRange(
    first: usize,
    end: usize,
    w: usize,
    g: usize,
    s: usize,
    rho: v128,
    share: v128,
    inside: v128,
    outside: v128,
    rate: v128,
    decay: v128,
  ): void {
    let at = first;
    for (; at + 16 <= end; at += 16)
      Rmsprop.plain<Four>(w + at, g + at, s + at, rho, share, inside, outside, rate, decay);
    for (; at < end; at += 4) Rmsprop.plain<One>(w + at, g + at, s + at, rho, share, inside, outside, rate, decay);
  }

  /** Every form; `average` and `velocity` are 0 or the address of an element. */
  @inline static general<LANES>(
    w: usize,
    g: usize,
    s: usize,
    average: usize,
    velocity: usize,
    rho: v128,
    share: v128,
    inside: v128,
    outside: v128,
    rate: v128,
    decay: v128,
    momentum: v128,
  ): void {
    const lanes = changetype<LANES>(0);
    const gradient = lanes.load(g);
    let square = f32x4.add(f32x4.mul(rho, lanes.load(s)), f32x4.mul(f32x4.mul(share, gradient), gradient));
    lanes.store(s, square);
    if (average) {
      const mean = f32x4.add(f32x4.mul(rho, lanes.load(average)), f32x4.mul(share, gradient));
      lanes.store(average, mean);
      square = f32x4.max(f32x4.sub(square, f32x4.mul(mean, mean)), f32x4.splat(0));
    }
    const root = f32x4.add(f32x4.sqrt(f32x4.add(square, inside)), outside);
    let update = f32x4.div(f32x4.mul(rate, gradient), root);
    if (velocity) {
      update = f32x4.add(f32x4.mul(momentum, lanes.load(velocity)), update);
      lanes.store(velocity, update);
    }
    const old = lanes.load(w);
    lanes.store(w, f32x4.sub(old, f32x4.add(update, f32x4.mul(decay, old))));
  }
}

/**
 * s = rho s + (1 - rho) g^2
 * centered: a = rho a + (1 - rho) g, d = max(s - a^2, 0); otherwise d = s
 * u = learningRate g / (sqrt(d) + epsilon), or learningRate g / sqrt(d + epsilon) where epsilonForm is 1
 * with velocity (TensorFlow's form): v = momentum v + u, u = v
 * w -= u + learningRate weightDecay w
 */
export function rmsprop(args: RmspropArgs, task: Task): void {
  const learningRate = load<f32>(args.control);
  const rate = f32x4.splat(learningRate);
  const decay = f32x4.splat(learningRate * args.weightDecay);
  const rho = f32x4.splat(args.rho);
  const share = f32x4.splat(1 - args.rho);
  const inside = f32x4.splat(args.epsilonForm === 1 ? args.epsilon : 0);
  const outside = f32x4.splat(args.epsilonForm === 1 ? 0 : args.epsilon);
  const momentum = f32x4.splat(args.momentum);
  const n = args.n;
  const w = args.w;
  const g = args.g;
  const s = args.s;
  const average = args.centered ? args.average : 0;
  const velocity = args.velocity;
  const count = Pieces.count(n, OPTIM_PIECE);
  for (let piece = task.thread; piece < count; piece += task.threads) {
    let at = (<usize>Pieces.first(piece, OPTIM_PIECE)) << 2;
    const end = (<usize>Pieces.end(piece, OPTIM_PIECE, n)) << 2;
    if (average === 0 && velocity === 0) {
      Rmsprop.plainRange(at, end, w, g, s, rho, share, inside, outside, rate, decay);
    } else {
      let a = average ? average + at : 0;
      let v = velocity ? velocity + at : 0;
      const aStep: usize = average ? 1 : 0;
      const vStep: usize = velocity ? 1 : 0;
      for (; at + 16 <= end; at += 16) {
        Rmsprop.general<Four>(w + at, g + at, s + at, a, v, rho, share, inside, outside, rate, decay, momentum);
        a += aStep << 4;
        v += vStep << 4;
      }
      for (; at < end; at += 4) {
        Rmsprop.general<One>(w + at, g + at, s + at, a, v, rho, share, inside, outside, rate, decay, momentum);
        a += aStep << 2;
        v += vStep << 2;
      }
    }
    task.beat++;
  }
}

@unmanaged
export class AdamArgs {
  n: i32;
  beta1: f32;
  beta2: f32;
  epsilon: f32;
  epsilonForm: i32; // 0 outside, 1 inside, 2 hat
  amsgrad: i32;
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  m: InOutF32; // [n]
  v: InOutF32; // [n]
  vMax: InOutF32; // [n]? where amsgrad
  control: InF32; // [8] learningRate, 1 / (1 - beta1^t), 1 / (1 - beta2^t), of the float32 betas
}

@final
@unmanaged
class Adam {
  /** w -= rate m / (sqrt(v + inside) + outside) + decay w */
  @inline static step<LANES>(
    w: usize,
    g: usize,
    m: usize,
    v: usize,
    vMax: usize,
    beta1: v128,
    share1: v128,
    beta2: v128,
    share2: v128,
    inside: v128,
    outside: v128,
    rate: v128,
    decay: v128,
  ): void {
    const lanes = changetype<LANES>(0);
    const gradient = lanes.load(g);
    const first = f32x4.add(f32x4.mul(beta1, lanes.load(m)), f32x4.mul(share1, gradient));
    lanes.store(m, first);
    const second = f32x4.add(f32x4.mul(beta2, lanes.load(v)), f32x4.mul(f32x4.mul(share2, gradient), gradient));
    lanes.store(v, second);
    let square = second;
    if (vMax) {
      square = f32x4.max(lanes.load(vMax), second);
      lanes.store(vMax, square);
    }
    const root = f32x4.add(f32x4.sqrt(f32x4.add(square, inside)), outside);
    const old = lanes.load(w);
    lanes.store(w, f32x4.sub(old, f32x4.add(f32x4.div(f32x4.mul(rate, first), root), f32x4.mul(decay, old))));
  }
}

/**
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, c1 and c2 the corrections of step t
 * amsgrad: vMax = max(vMax, v) stands for v below
 * outside: u = c1 m / (sqrt(c2 v) + epsilon)         (Kingma and Ba 2015, algorithm 1)
 * inside:  u = c1 m / sqrt(c2 v + epsilon)
 * hat:     u = c1 m / (sqrt(c2) (sqrt(v) + epsilon)) (the same, end of section 2; Keras)
 * w -= learningRate (u + weightDecay w)               (Loshchilov and Hutter 2019)
 */
export function adam(args: AdamArgs, task: Task): void {
  const learningRate = load<f32>(args.control);
  const correction1 = load<f32>(args.control, 4);
  const correction2 = load<f32>(args.control, 8);
  const form = args.epsilonForm;
  // sqrt(c2 v) + eps = sqrt(c2) (sqrt(v) + eps / sqrt(c2)), sqrt(c2 v + eps) = sqrt(c2) sqrt(v + eps / c2):
  // the correction leaves the loop, and all three forms run the same body
  const scale = sqrt(correction2);
  const rate = f32x4.splat((learningRate * correction1) / scale);
  const inside = f32x4.splat(form === 1 ? args.epsilon / correction2 : 0);
  const outside = f32x4.splat(form === 0 ? args.epsilon / scale : form === 2 ? args.epsilon : 0);
  const decay = f32x4.splat(learningRate * args.weightDecay);
  const beta1 = f32x4.splat(args.beta1);
  const share1 = f32x4.splat(1 - args.beta1);
  const beta2 = f32x4.splat(args.beta2);
  const share2 = f32x4.splat(1 - args.beta2);
  const n = args.n;
  const w = args.w;
  const g = args.g;
  const m = args.m;
  const v = args.v;
  const vMax = args.amsgrad ? args.vMax : 0;
  const count = Pieces.count(n, OPTIM_PIECE);
  for (let piece = task.thread; piece < count; piece += task.threads) {
    let at = (<usize>Pieces.first(piece, OPTIM_PIECE)) << 2;
    const end = (<usize>Pieces.end(piece, OPTIM_PIECE, n)) << 2;
    for (; at + 16 <= end; at += 16)
      Adam.step<Four>(
        w + at,
        g + at,
        m + at,
        v + at,
        vMax ? vMax + at : 0,
        beta1,
        share1,
        beta2,
        share2,
        inside,
        outside,
        rate,
        decay,
      );
    for (; at < end; at += 4)
      Adam.step<One>(
        w + at,
        g + at,
        m + at,
        v + at,
        vMax ? vMax + at : 0,
        beta1,
        share1,
        beta2,
        share2,
        inside,
        outside,
        rate,
        decay,
      );
    task.beat++;
  }
}
