// Sine and cosine of an angle in quarter turns. Whole quarters are exact: a picture turned by them is copied.

import { QUARTER } from "../random";

@final
@unmanaged
export class Turn {
  /** t in [-1/2, 1/2], what is left of the angle beside whole quarters. */
  @inline private static rest(quarters: f32): f32 {
    return quarters - nearest<f32>(quarters);
  }

  @inline private static odd(t: f32): f32 {
    const z = t * t;
    const s = z * (z * (z * load<f32>(QUARTER, 12) + load<f32>(QUARTER, 8)) + load<f32>(QUARTER, 4));
    return t * (s + load<f32>(QUARTER));
  }

  @inline private static even(t: f32): f32 {
    const z = t * t;
    const c = z * (z * (z * load<f32>(QUARTER, 28) + load<f32>(QUARTER, 24)) + load<f32>(QUARTER, 20));
    return z * (c + load<f32>(QUARTER, 16)) + 1;
  }

  /** sin(pi/2 quarters) */
  static sin(quarters: f32): f32 {
    const t = Turn.rest(quarters);
    const quadrant = <i32>nearest<f32>(quarters);
    const value = quadrant & 1 ? Turn.even(t) : Turn.odd(t);
    return quadrant & 2 ? -value : value;
  }

  /** cos(pi/2 quarters) */
  static cos(quarters: f32): f32 {
    return Turn.sin(quarters + 1);
  }
}
