// The learning-rate option of every optimizer.

import type { Checker } from "../check.ts";
import { anyFunction, either, nonNegative } from "../check.ts";

export const learningRateOption: Checker = either(
  nonNegative,
  anyFunction,
  "a finite number of at least 0 or a function (step, epoch) => number",
);
