// Stands before the effects of a program: a value that is not finite ends the run, the state untouched.

import { InF32, Task } from "./task";

@unmanaged
export class GuardArgs {
  n: i32;
  value: InF32; // [n]
}

export function guard(args: GuardArgs, task: Task): void {
  const n = args.n;
  for (let i = 0; i < n; i++) {
    // x - x is 0 for finite x, NaN otherwise
    const x = load<f32>(args.value + ((<usize>i) << 2));
    if (!(x - x === 0)) task.stop = 1;
  }
}
