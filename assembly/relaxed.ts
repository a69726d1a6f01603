// The kernels that multiply and add: built a second time with fused multiply-add. The host takes these
// from the relaxed build where it may, and everything else from the strict one.

export { guard } from "./guard";
