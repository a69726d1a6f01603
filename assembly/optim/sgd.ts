// Stochastic gradient descent with its two forms of momentum. 1 - dampening is taken of the float32 value.

import { InF32, InOutF32, Task } from "../task";
import { none, Pass, Slots } from "./pass";

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
class Plain {
  @inline update<_LANES>(g: v128, _velocity: usize, _momentum: v128, _share: v128): v128 {
    return g;
  }
}

/** u = v = momentum v + share g */
@final
@unmanaged
class Momentum {
  @inline update<LANES>(g: v128, velocity: usize, momentum: v128, share: v128): v128 {
    return Slots.average<LANES>(velocity, momentum, share, g);
  }
}

/** v = momentum v + share g, u = share g + momentum v */
@final
@unmanaged
class Nesterov {
  @inline update<LANES>(g: v128, velocity: usize, momentum: v128, share: v128): v128 {
    const lanes = changetype<LANES>(0);
    const shared = f32x4.mul(share, g);
    const v = f32x4.add(f32x4.mul(momentum, lanes.load(velocity)), shared);
    lanes.store(velocity, v);
    return f32x4.add(shared, f32x4.mul(momentum, v));
  }
}

/** rate u */
@final
@unmanaged
class Sgd<FORM> {
  @inline update<LANES>(
    gradient: v128,
    velocity: usize,
    _b: usize,
    _c: usize,
    momentum: v128,
    share: v128,
    rate: v128,
    _k3: v128,
    _k4: v128,
    _k5: v128,
    _k6: v128,
    _k7: v128,
  ): v128 {
    return f32x4.mul(rate, changetype<FORM>(0).update<LANES>(gradient, velocity, momentum, share));
  }
}

function pass<FORM>(args: SgdArgs, task: Task): void {
  const o = none();
  Pass.all<Sgd<FORM>, SgdArgs>(
    args,
    task,
    args.velocity,
    0,
    0,
    f32x4.splat(args.momentum),
    f32x4.splat(1 - args.dampening),
    v128.load32_splat(args.control),
    o,
    o,
    o,
    o,
    o,
  );
}

/**
 * Without velocity: u = g.
 * With it: v = momentum v + (1 - dampening) g, u = v, or (1 - dampening) g + momentum v where nesterov is set.
 * w -= learningRate (u + weightDecay w)
 */
export function sgd(args: SgdArgs, task: Task): void {
  if (args.velocity === 0) pass<Plain>(args, task);
  else if (args.nesterov) pass<Nesterov>(args, task);
  else pass<Momentum>(args, task);
}
