// The loop that all optimizers share: one pass over one contiguous range of weights, gradients and slots, w -= u + decay w. A rule
// is what happens to the slots of four elements, and their u; its constants are parameters, so that each has a register. What
// changes from step to step is read from `control` once, before the loop:
//   0 learning rate   1 2 3 what the rule needs   4 momentum of the averages   5 whether weights become their averages
//   6 whether a sum of gradients is there to add to   7 above 0: an idle call, which only adds to that sum

import { Four, One } from "../elements";
import { Pieces } from "../pieces";
import { Task } from "../task";

const OPTIM_PIECE: i32 = 1 << 12;

/** Words of `control`, in bytes. */
export const RULE_1: usize = 4;
export const RULE_2: usize = 8;
export const RULE_3: usize = 12;
export const AVERAGE_MOMENTUM: usize = 16;
export const OVERWRITE: usize = 20;
export const HAS_SUM: usize = 24;
const IDLE: usize = 28;

/** Whether a call only gathers gradients; false where the word is NaN. */
export function isIdle(control: usize): bool {
  return load<f32>(control + IDLE) > 0;
}

@final
@unmanaged
export class Pass {
  /**
   * Rule by rule a function of its own, whose few values all have registers. ARGS have n, w, g, weightDecay and control; a, b
   * and c are slots. Absent ones are 0 and not touched; an idle call touches nothing. Weight decay is decoupled: it takes learningRate weightDecay w off the old weight.
   */
  static all<RULE, ARGS>(
    args: ARGS,
    task: Task,
    a: usize,
    b: usize,
    c: usize,
    k0: v128,
    k1: v128,
    k2: v128,
    k3: v128,
    k4: v128,
    k5: v128,
    k6: v128,
    k7: v128,
  ): void {
    if (isIdle(args.control)) return;
    const decay = f32x4.splat(load<f32>(args.control) * args.weightDecay);
    const n = args.n;
    const w = args.w;
    const g = args.g;
    const count = Pieces.count(n, OPTIM_PIECE);
    for (let piece = Pieces.from(task, count), last = Pieces.to(task, count); piece < last; piece++) {
      let at = (<usize>Pieces.first(piece, OPTIM_PIECE)) << 2;
      const end = (<usize>Pieces.end(piece, OPTIM_PIECE, n)) << 2;
      for (; at + 16 <= end; at += 16)
        Pass.step<RULE, Four>(w + at, g + at, a + at, b + at, c + at, decay, k0, k1, k2, k3, k4, k5, k6, k7);
      for (; at < end; at += 4)
        Pass.step<RULE, One>(w + at, g + at, a + at, b + at, c + at, decay, k0, k1, k2, k3, k4, k5, k6, k7);
      task.beat++;
    }
  }

  @inline private static step<RULE, LANES>(
    w: usize,
    g: usize,
    a: usize,
    b: usize,
    c: usize,
    decay: v128,
    k0: v128,
    k1: v128,
    k2: v128,
    k3: v128,
    k4: v128,
    k5: v128,
    k6: v128,
    k7: v128,
  ): void {
    const lanes = changetype<LANES>(0);
    const u = changetype<RULE>(0).update<LANES>(lanes.load(g), a, b, c, k0, k1, k2, k3, k4, k5, k6, k7);
    const old = lanes.load(w);
    lanes.store(w, f32x4.sub(old, f32x4.add(u, f32x4.mul(decay, old))));
  }
}

/** What rules are made of, for four elements or one. */
@final
@unmanaged
export class Slots {
  /** slot = decay slot + share x, which it returns */
  @inline static average<LANES>(slot: usize, decay: v128, share: v128, x: v128): v128 {
    const lanes = changetype<LANES>(0);
    const average = f32x4.add(f32x4.mul(decay, lanes.load(slot)), f32x4.mul(share, x));
    lanes.store(slot, average);
    return average;
  }

  /** slot = decay slot + share x^2, which it returns */
  @inline static averageSquare<LANES>(slot: usize, decay: v128, share: v128, x: v128): v128 {
    const lanes = changetype<LANES>(0);
    const average = f32x4.add(f32x4.mul(decay, lanes.load(slot)), f32x4.mul(f32x4.mul(share, x), x));
    lanes.store(slot, average);
    return average;
  }
}

/**
 * Where epsilon stands below an update: sqrt(c x) + epsilon (form 0, outside), sqrt(c x + epsilon) (1, inside) or
 * sqrt(c) (sqrt(x) + epsilon) (2, hat), c a correction. It leaves the loop: each is sqrt(c) (sqrt(x + inside) + outside),
 * so that all run the same body, and rates are divided by sqrt(c).
 */
@final
@unmanaged
export class Epsilon {
  @inline static inside(form: i32, epsilon: f32, correction: f32): v128 {
    return f32x4.splat(form === 1 ? epsilon / correction : 0);
  }

  @inline static outside(form: i32, epsilon: f32, correction: f32): v128 {
    return f32x4.splat(form === 0 ? epsilon / sqrt(correction) : form === 2 ? epsilon : 0);
  }

  /** sqrt(x + inside) + outside */
  @inline static root(x: v128, inside: v128, outside: v128): v128 {
    return f32x4.add(f32x4.sqrt(f32x4.add(x, inside)), outside);
  }
}

/** A constant that a rule does without. */
export function none(): v128 {
  return f32x4.splat(0);
}
