// What model.save and model.load need: loaded when one of them is called.

export { encodeCheckpoint, restoreCheckpoint } from "./checkpoint.ts";
export { bytesOf, writeBytes } from "./source.ts";
