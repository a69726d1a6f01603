// RMSprop: plain, centered, with momentum. 1 - rho is taken of the float32 value.

import { InF32, InOutF32, Task } from "../task";
import { Epsilon, none, Pass, RULE_1, Slots } from "./pass";

@unmanaged
export class RmspropArgs {
  n: i32;
  rho: f32;
  epsilon: f32;
  epsilonForm: i32; // 0 outside, 1 inside
  momentum: f32;
  centered: i32;
  biasCorrection: i32;
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  s: InOutF32; // [n]
  average: InOutF32; // [n]? of the gradient, where centered
  velocity: InOutF32; // [n]?
  control: InF32; // [8] learningRate, with biasCorrection 1 / (1 - rho^t) of the float32 rho
}

/** The mean square, or the variance about the mean: s - correction a^2. */
@final
@unmanaged
class Raw {
  @inline spread<_LANES>(square: v128, _g: v128, _average: usize, _rho: v128, _share: v128, _correction: v128): v128 {
    return square;
  }
}

@final
@unmanaged
class Centered {
  @inline spread<LANES>(square: v128, g: v128, average: usize, rho: v128, share: v128, correction: v128): v128 {
    const mean = Slots.average<LANES>(average, rho, share, g);
    const variance = f32x4.sub(square, f32x4.mul(f32x4.mul(correction, mean), mean));
    return f32x4.pmax(variance, f32x4.splat(0)); // NaN stays
  }
}

/** What is taken off the weight: the update itself, or the velocity that it adds to. */
@final
@unmanaged
class Direct {
  @inline update<_LANES>(u: v128, _velocity: usize, _momentum: v128): v128 {
    return u;
  }
}

@final
@unmanaged
class Velocity {
  @inline update<LANES>(u: v128, velocity: usize, momentum: v128): v128 {
    const lanes = changetype<LANES>(0);
    const v = f32x4.add(f32x4.mul(momentum, lanes.load(velocity)), u);
    lanes.store(velocity, v);
    return v;
  }
}

/** u = rate g / (sqrt(d + inside) + outside), or the velocity that it adds to */
@final
@unmanaged
class Rmsprop<SPREAD, FORM> {
  @inline update<LANES>(
    gradient: v128,
    s: usize,
    average: usize,
    velocity: usize,
    rho: v128,
    share: v128,
    inside: v128,
    outside: v128,
    rate: v128,
    momentum: v128,
    correction: v128,
    _k7: v128,
  ): v128 {
    const square = Slots.averageSquare<LANES>(s, rho, share, gradient);
    const spread = changetype<SPREAD>(0).spread<LANES>(square, gradient, average, rho, share, correction);
    const u = f32x4.div(f32x4.mul(rate, gradient), Epsilon.root(spread, inside, outside));
    return changetype<FORM>(0).update<LANES>(u, velocity, momentum);
  }
}

function pass<SPREAD, FORM>(args: RmspropArgs, task: Task): void {
  const correction: f32 = args.biasCorrection ? load<f32>(args.control + RULE_1) : 1;
  // the correction c leaves the loop: c s - (c a)^2 = c (s - c a^2)
  Pass.all<Rmsprop<SPREAD, FORM>, RmspropArgs>(
    args,
    task,
    args.s,
    args.average,
    args.velocity,
    f32x4.splat(args.rho),
    f32x4.splat(1 - args.rho),
    Epsilon.inside(args.epsilonForm, args.epsilon, correction),
    Epsilon.outside(args.epsilonForm, args.epsilon, correction),
    f32x4.splat(load<f32>(args.control) / sqrt(correction)),
    f32x4.splat(args.momentum),
    f32x4.splat(correction),
    none(),
  );
}

/**
 * s = rho s + (1 - rho) g^2
 * centered: a = rho a + (1 - rho) g, d = max(s - a^2, 0); otherwise d = s; with biasCorrection of s and a over 1 - rho^t
 * u = learningRate g / (sqrt(d) + epsilon), or learningRate g / sqrt(d + epsilon) where epsilonForm is 1
 * with velocity (TensorFlow's form): v = momentum v + u, u = v
 * w -= u + learningRate weightDecay w
 */
export function rmsprop(args: RmspropArgs, task: Task): void {
  const isCentered = args.centered && args.average !== 0;
  if (args.velocity) {
    if (isCentered) pass<Centered, Velocity>(args, task);
    else pass<Raw, Velocity>(args, task);
  } else if (isCentered) pass<Centered, Direct>(args, task);
  else pass<Raw, Direct>(args, task);
}
