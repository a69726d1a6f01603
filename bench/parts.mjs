// `node bench/parts.mjs [network]`: what each instruction of a training step takes on one thread and on two (parts.ts); networks
// have the names of `npm run bench -- --filter=training`.

import { spawnSync } from "node:child_process";
import { bundleScript } from "./build.mjs";

const { status } = spawnSync(process.execPath, [await bundleScript("parts"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(status ?? 1);
