// Adam, AMSGrad and AdamW, and the rule that Nadam has in common with them. 1 - beta is taken of the float32 values.

import { InF32, InOutF32, Task } from "../task";
import { Epsilon, none, Pass, RULE_1, RULE_2, Slots } from "./pass";

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

/** The average square itself. */
@final
@unmanaged
export class Newest {
  @inline square<_LANES>(second: v128, _vMax: usize): v128 {
    return second;
  }
}

/** The largest so far. */
@final
@unmanaged
class Largest {
  @inline square<LANES>(second: v128, vMax: usize): v128 {
    const lanes = changetype<LANES>(0);
    const square = f32x4.max(lanes.load(vMax), second);
    lanes.store(vMax, square);
    return square;
  }
}

/** The average gradient itself. */
@final
@unmanaged
class Average {
  @inline ahead(first: v128, _gradient: v128, rate: v128, _rateG: v128): v128 {
    return f32x4.mul(rate, first);
  }
}

/** u = (rate m) / (sqrt(v + inside) + outside), SQUARE what v stands for, AHEAD what rate m does */
@final
@unmanaged
export class Adam<SQUARE, AHEAD> {
  @inline update<LANES>(
    gradient: v128,
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
    rateG: v128,
  ): v128 {
    const first = Slots.average<LANES>(m, beta1, share1, gradient);
    const second = Slots.averageSquare<LANES>(v, beta2, share2, gradient);
    const square = changetype<SQUARE>(0).square<LANES>(second, vMax);
    const ahead = changetype<AHEAD>(0).ahead(first, gradient, rate, rateG);
    return f32x4.div(ahead, Epsilon.root(square, inside, outside));
  }
}

function pass<SQUARE>(args: AdamArgs, task: Task): void {
  const learningRate = load<f32>(args.control);
  const correction1 = load<f32>(args.control + RULE_1);
  const correction2 = load<f32>(args.control + RULE_2);
  Pass.all<Adam<SQUARE, Average>, AdamArgs>(
    args,
    task,
    args.m,
    args.v,
    args.vMax,
    f32x4.splat(args.beta1),
    f32x4.splat(1 - args.beta1),
    f32x4.splat(args.beta2),
    f32x4.splat(1 - args.beta2),
    Epsilon.inside(args.epsilonForm, args.epsilon, correction2),
    Epsilon.outside(args.epsilonForm, args.epsilon, correction2),
    f32x4.splat((learningRate * correction1) / sqrt(correction2)),
    none(),
  );
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
  if (args.amsgrad && args.vMax !== 0) pass<Largest>(args, task);
  else pass<Newest>(args, task);
}
