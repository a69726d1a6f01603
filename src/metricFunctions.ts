// The namespace `metrics`.

export { binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy } from "./metrics.ts";
