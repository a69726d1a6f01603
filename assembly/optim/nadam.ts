// Adam with Nesterov's momentum (Dozat 2016).

import { InF32, InOutF32, Task } from "../task";
import { Adam, Newest } from "./adam";
import { Epsilon, Pass, RULE_1, RULE_2, RULE_3 } from "./pass";

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

/** Where the average gradient will be, as far as it is known. */
@final
@unmanaged
class Nesterov {
  @inline ahead(first: v128, gradient: v128, rateM: v128, rateG: v128): v128 {
    return f32x4.add(f32x4.mul(rateM, first), f32x4.mul(rateG, gradient));
  }
}

/**
 * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2; with momentum u_t, its product P_t and c2 the correction of v,
 * cm = u_(t+1) / (1 - P_(t+1)) and cg = (1 - u_t) / (1 - P_t):
 * u = (cm m + cg g) / (sqrt(c2 v) + epsilon), other forms as adam's
 * w -= learningRate (u + weightDecay w)
 */
export function nadam(args: NadamArgs, task: Task): void {
  const learningRate = load<f32>(args.control);
  const correction = load<f32>(args.control + RULE_3);
  const scale = sqrt(correction);
  Pass.all<Adam<Newest, Nesterov>, NadamArgs>(
    args,
    task,
    args.m,
    args.v,
    0,
    f32x4.splat(args.beta1),
    f32x4.splat(1 - args.beta1),
    f32x4.splat(args.beta2),
    f32x4.splat(1 - args.beta2),
    Epsilon.inside(args.epsilonForm, args.epsilon, correction),
    Epsilon.outside(args.epsilonForm, args.epsilon, correction),
    f32x4.splat((learningRate * load<f32>(args.control + RULE_1)) / scale),
    f32x4.splat((learningRate * load<f32>(args.control + RULE_2)) / scale),
  );
}
