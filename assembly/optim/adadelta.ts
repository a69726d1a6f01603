// Adadelta (Zeiler 2012). 1 - rho is taken of the float32 value.

import { InF32, InOutF32, Task } from "../task";
import { none, Pass, Slots } from "./pass";

@unmanaged
export class AdadeltaArgs {
  n: i32;
  rho: f32;
  epsilon: f32;
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  s: InOutF32; // [n]
  delta: InOutF32; // [n]
  control: InF32; // [8] learningRate
}

/** u = rate sqrt(delta + epsilon) / sqrt(s + epsilon) g */
@final
@unmanaged
class Adadelta {
  @inline update<LANES>(
    gradient: v128,
    s: usize,
    delta: usize,
    _c: usize,
    rho: v128,
    share: v128,
    epsilon: v128,
    rate: v128,
    _k4: v128,
    _k5: v128,
    _k6: v128,
    _k7: v128,
  ): v128 {
    const lanes = changetype<LANES>(0);
    const square = Slots.averageSquare<LANES>(s, rho, share, gradient);
    const before = lanes.load(delta);
    const ratio = f32x4.div(f32x4.sqrt(f32x4.add(before, epsilon)), f32x4.sqrt(f32x4.add(square, epsilon)));
    const u = f32x4.mul(ratio, gradient);
    lanes.store(delta, f32x4.add(f32x4.mul(rho, before), f32x4.mul(f32x4.mul(share, u), u)));
    return f32x4.mul(rate, u);
  }
}

/**
 * s = rho s + (1 - rho) g^2
 * u = sqrt(delta + epsilon) / sqrt(s + epsilon) g
 * delta = rho delta + (1 - rho) u^2
 * w -= learningRate (u + weightDecay w)
 */
export function adadelta(args: AdadeltaArgs, task: Task): void {
  const o = none();
  Pass.all<Adadelta, AdadeltaArgs>(
    args,
    task,
    args.s,
    args.delta,
    0,
    f32x4.splat(args.rho),
    f32x4.splat(1 - args.rho),
    f32x4.splat(args.epsilon),
    v128.load32_splat(args.control),
    o,
    o,
    o,
    o,
  );
}
