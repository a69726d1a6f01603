// What the twins of the optimizers read from control words.

import type { Floats } from "../../bindings/engine.ts";

/** Whether a call only gathers gradients; false where the word is NaN. */
export const isIdle = (control: Floats): boolean => (control[7] as number) > 0;
