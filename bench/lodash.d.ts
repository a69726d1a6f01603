// Benchmark.js's own dependency, which harness.ts hands to it.

declare module "lodash" {
  const lodash: object;
  export = lodash;
}
