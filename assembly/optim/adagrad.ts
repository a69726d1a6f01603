// Adagrad (Duchi, Hazan and Singer 2011).

import { InF32, InOutF32, Task } from "../task";
import { isIdle, none, Pass, Slots } from "./pass";

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

/** w -= rate g / (sqrt(s + inside) + outside) + decay w */
@final
@unmanaged
class Adagrad {
  @inline step<LANES>(
    w: usize,
    g: usize,
    s: usize,
    _b: usize,
    _c: usize,
    inside: v128,
    outside: v128,
    rate: v128,
    decay: v128,
    _k4: v128,
    _k5: v128,
    _k6: v128,
    _k7: v128,
    _k8: v128,
  ): void {
    const lanes = changetype<LANES>(0);
    const gradient = lanes.load(g);
    const sum = f32x4.add(lanes.load(s), f32x4.mul(gradient, gradient));
    lanes.store(s, sum);
    Slots.takeOff<LANES>(w, f32x4.div(f32x4.mul(rate, gradient), Slots.root(sum, inside, outside)), decay);
  }
}

/**
 * s = s + g^2
 * u = g / (sqrt(s) + epsilon), or g / sqrt(s + epsilon) where epsilonForm is 1
 * w -= learningRate (u + weightDecay w)
 */
export function adagrad(args: AdagradArgs, task: Task): void {
  if (isIdle(args.control)) return;
  const learningRate = load<f32>(args.control);
  const isInside = args.epsilonForm === 1;
  const inside = f32x4.splat(isInside ? args.epsilon : 0);
  const outside = f32x4.splat(isInside ? 0 : args.epsilon);
  const rate = f32x4.splat(learningRate);
  const decay = f32x4.splat(learningRate * args.weightDecay);
  const o = none();
  Pass.all<Adagrad>(args.n, task, args.w, args.g, args.s, 0, 0, inside, outside, rate, decay, o, o, o, o, o);
}
