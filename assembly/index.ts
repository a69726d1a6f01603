// Exports only. The strict build holds everything that stands here.

export { copy, fill } from "./copy";
export { guard } from "./guard";
export { run } from "./run";
