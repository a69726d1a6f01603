// What an application imports: the library, and a model made with it.

export { init } from "lanewise";
export { lenet5 } from "../examples/mnist/lenet5.ts";
