// Adagrad (Duchi, Hazan and Singer 2011).

import { InF32, InOutF32, Task } from "../task";
import { Epsilon, none, Pass } from "./pass";

@unmanaged
export class AdagradArgs {
  n: i32;
  epsilon: f32;
  epsilonForm: i32; // 0 outside, 1 inside
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  s: InOutF32; // [n]
  control: InF32; // [8] learningRate
}

/** u = rate g / (sqrt(s + inside) + outside) */
@final
@unmanaged
class Adagrad {
  @inline update<LANES>(
    gradient: v128,
    s: usize,
    _b: usize,
    _c: usize,
    inside: v128,
    outside: v128,
    rate: v128,
    _k3: v128,
    _k4: v128,
    _k5: v128,
    _k6: v128,
    _k7: v128,
  ): v128 {
    const lanes = changetype<LANES>(0);
    const sum = f32x4.add(lanes.load(s), f32x4.mul(gradient, gradient));
    lanes.store(s, sum);
    return f32x4.div(f32x4.mul(rate, gradient), Epsilon.root(sum, inside, outside));
  }
}

/**
 * s = s + g^2
 * u = g / (sqrt(s) + epsilon), or g / sqrt(s + epsilon) where epsilonForm is 1
 * w -= learningRate (u + weightDecay w)
 */
export function adagrad(args: AdagradArgs, task: Task): void {
  const o = none();
  Pass.all<Adagrad, AdagradArgs>(
    args,
    task,
    args.s,
    0,
    0,
    Epsilon.inside(args.epsilonForm, args.epsilon, 1),
    Epsilon.outside(args.epsilonForm, args.epsilon, 1),
    v128.load32_splat(args.control),
    o,
    o,
    o,
    o,
    o,
  );
}
