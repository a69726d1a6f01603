// How a loop over vectors and the loop over what remains share one body.

/** Four neighbouring elements. */
@final
@unmanaged
export class Four {
  @inline load(at: usize): v128 {
    return v128.load(at);
  }
  @inline store(at: usize, value: v128): void {
    v128.store(at, value);
  }
}

/** One element, in lane 0, so that a tail runs the same body as the vectors before it. */
@final
@unmanaged
export class One {
  @inline load(at: usize): v128 {
    return v128.load32_zero(at);
  }
  @inline store(at: usize, value: v128): void {
    v128.store_lane<f32>(at, value, 0);
  }
}
