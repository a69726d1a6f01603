// Activation functions as functors f(x, p, q) for the loops, and by code for the epilogues of gemm and conv.
// p holds the slope of leakyRelu and the alpha of elu.

import { Maths } from "./math";
import { Loops } from "./pointwise/loops";

@final
@unmanaged
export class Relu {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return v128.andnot(x, f32x4.lt(x, f32x4.splat(0))); // keeps NaN
  }
}

@final
@unmanaged
export class LeakyRelu {
  @inline f(x: v128, p: v128, _q: v128): v128 {
    return v128.bitselect(f32x4.mul(x, p), x, f32x4.lt(x, f32x4.splat(0)));
  }
}

@final
@unmanaged
export class Sigmoid {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return Maths.sigmoid(x);
  }
}

@final
@unmanaged
export class Tanh {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return Maths.tanh(x);
  }
}

@final
@unmanaged
export class Elu {
  @inline f(x: v128, p: v128, _q: v128): v128 {
    return v128.bitselect(f32x4.mul(p, Maths.expm1Below(x)), x, f32x4.lt(x, f32x4.splat(0)));
  }
}

@final
@unmanaged
export class Softplus {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return Maths.softplus(x);
  }
}

@final
@unmanaged
export class Gelu {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    // x Phi(x); a finite x makes the limit at -inf a zero
    return f32x4.mul(Maths.finiteBelow(x), Maths.normalCdf(x));
  }
}

@final
@unmanaged
export class Silu {
  @inline f(x: v128, _p: v128, _q: v128): v128 {
    return f32x4.mul(Maths.finiteBelow(x), Maths.sigmoid(x));
  }
}

@final
@unmanaged
export class Activation {
  /**
   * x = activation(x) for n floats at an address. Codes: 0 linear, 1 relu, 2 sigmoid, 3 tanh, 4 elu (alpha 1),
   * 5 softplus, 6 gelu, 7 silu, 8 leakyRelu (slope 0.01).
   */
  static applyRange(address: usize, n: i32, code: i32): void {
    const none = f32x4.splat(0);
    switch (code) {
      case 1:
        Loops.map<Relu>(n, address, address, none, none);
        break;
      case 2:
        Loops.mapLong<Sigmoid>(n, address, address, none, none);
        break;
      case 3:
        Loops.mapLong<Tanh>(n, address, address, none, none);
        break;
      case 4:
        Loops.mapLong<Elu>(n, address, address, f32x4.splat(1), none);
        break;
      case 5:
        Loops.mapLong<Softplus>(n, address, address, none, none);
        break;
      case 6:
        Loops.mapLong<Gelu>(n, address, address, none, none);
        break;
      case 7:
        Loops.mapLong<Silu>(n, address, address, none, none);
        break;
      case 8:
        Loops.map<LeakyRelu>(n, address, address, f32x4.splat(0.01), none);
        break;
    }
  }
}
