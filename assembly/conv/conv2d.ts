// Convolution as a gathered product (product.ts), tile by tile (plan.ts). NHWC images, HWIO kernels.
// Padding is zeros; a NaN or an infinity in the kernel may or may not meet them.

import { Own } from "../own";
import { InF32, OutF32, Task } from "../task";
import { Correlation } from "./correlation";
import { ConvShape, PLAN_SCRATCH, Plan } from "./plan";

@unmanaged
export class Conv2dArgs {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  filters: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  groups: i32;
  /** Codes as in the epilogue of GEMM. */
  activation: i32;
  x: InF32; // [batch, height, width, channels]
  kernel: InF32; // [kernelHeight, kernelWidth, channels / groups, filters]
  bias: InF32; // [filters]?
  out: OutF32; // [batch, outHeight, outWidth, filters]
}

/** out = activation(x * kernel + bias) */
export function conv2d(args: Conv2dArgs, task: Task): void {
  const shape = changetype<ConvShape>(args);
  const plan = Plan.at(Own.at(task, 0, PLAN_SCRATCH));
  plan.forward(shape, args.x, shape.filters / shape.groups);
  plan.cut(false, false);
  Correlation.run(plan, task, 0, args.kernel, false, shape, args.bias, args.activation, args.out);
}

export function conv2dScratch(_args: Conv2dArgs, threads: i32): i32 {
  return Own.bytes(0, PLAN_SCRATCH, threads);
}
