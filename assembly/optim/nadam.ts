// Adam with Nesterov's momentum (Dozat 2016).

import { InF32, InOutF32, Task } from "../task";
import { isIdle, Pass, RULE_1, RULE_2, RULE_3, Slots } from "./pass";

@unmanaged
export class NadamArgs {
  n: i32;
  beta1: f32;
  beta2: f32;
  epsilon: f32;
  epsilonForm: i32; // 0 outside, 1 inside, 2 hat
  weightDecay: f32;
  w: InOutF32; // [n]
  g: InF32; // [n]
  m: InOutF32; // [n]
  v: InOutF32; // [n]
  control: InF32; // [8] learningRate, the factors cm of m and cg of g, 1 / (1 - beta2^t) of the float32 beta2
}

/** w -= (rateM m + rateG g) / (sqrt(v + inside) + outside) + decay w */
@final
@unmanaged
class Nadam {
  @inline step<LANES>(
    w: usize,
    g: usize,
    m: usize,
    v: usize,
    _c: usize,
    beta1: v128,
    share1: v128,
    beta2: v128,
    share2: v128,
    inside: v128,
    outside: v128,
    rateM: v128,
    rateG: v128,
    decay: v128,
  ): void {
    const gradient = changetype<LANES>(0).load(g);
    const first = Slots.average<LANES>(m, beta1, share1, gradient);
    const second = Slots.averageSquare<LANES>(v, beta2, share2, gradient);
    const ahead = f32x4.add(f32x4.mul(rateM, first), f32x4.mul(rateG, gradient));
    Slots.takeOff<LANES>(w, f32x4.div(ahead, Slots.root(second, inside, outside)), decay);
  }
}

/**
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2; with momentum u_t, its product P_t and c2 the correction of v,
 * cm = u_(t+1) / (1 - P_(t+1)) and cg = (1 - u_t) / (1 - P_t):
 * u = (cm m + cg g) / (sqrt(c2 v) + epsilon), other forms as adam's
 * w -= learningRate (u + weightDecay w)
 */
export function nadam(args: NadamArgs, task: Task): void {
  if (isIdle(args.control)) return;
  const learningRate = load<f32>(args.control);
  const correction = load<f32>(args.control + RULE_3);
  const form = args.epsilonForm;
  const scale = sqrt(correction); // leaves the loop as in adam
  Pass.all<Nadam>(
    args.n,
    task,
    args.w,
    args.g,
    args.m,
    args.v,
    0,
    f32x4.splat(args.beta1),
    f32x4.splat(1 - args.beta1),
    f32x4.splat(args.beta2),
    f32x4.splat(1 - args.beta2),
    f32x4.splat(form === 1 ? args.epsilon / correction : 0),
    f32x4.splat(form === 0 ? args.epsilon / scale : form === 2 ? args.epsilon : 0),
    f32x4.splat((learningRate * load<f32>(args.control + RULE_1)) / scale),
    f32x4.splat((learningRate * load<f32>(args.control + RULE_2)) / scale),
    f32x4.splat(learningRate * args.weightDecay),
  );
}
