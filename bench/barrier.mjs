// `node bench/barrier.mjs`: nanoseconds that two threads take to meet, with a core for each.

import { spawnSync } from "node:child_process";
import { bundleScript } from "./build.mjs";

const { status } = spawnSync(process.execPath, [await bundleScript("barrier")], { stdio: "inherit" });
process.exit(status ?? 1);
