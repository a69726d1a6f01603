// `node bench/soak.mjs`: many steps, to see that nothing grows. A few minutes; `--short` a few seconds. With `--minutes=30` one
// network is trained so long on all cores: it is to be as fast afterwards as before, each beside a process that has just begun, and
// memory flat.

import { spawnSync } from "node:child_process";
import { bundleScript } from "./build.mjs";

const { status } = spawnSync(process.execPath, ["--expose-gc", await bundleScript("soak"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(status ?? 1);
