// Stands before the effects of a program: a value that is not finite ends the run, the state untouched.

import { Span } from "./span";
import { InF32, Task } from "./task";

@unmanaged
export class GuardArgs {
  n: i32;
  value: InF32; // [n]
}

/** NaN where one of four values is not finite, 0 elsewhere: x - x, lane by lane. */
function unsettled(x: v128): v128 {
  return f32x4.sub(x, x);
}

export function guard(args: GuardArgs, task: Task): void {
  let at = args.value;
  let left = args.n;
  let bad = f32x4.splat(0);
  for (; left >= 16; left -= 16, at += 64) {
    const low = f32x4.add(unsettled(v128.load(at)), unsettled(v128.load(at, 16)));
    const high = f32x4.add(unsettled(v128.load(at, 32)), unsettled(v128.load(at, 48)));
    bad = f32x4.add(bad, f32x4.add(low, high));
  }
  for (; left > 0; left -= 4, at += 16) bad = f32x4.add(bad, unsettled(Span.load(at, left)));
  if (v128.any_true(f32x4.ne(bad, bad))) task.stop = 1;
}
