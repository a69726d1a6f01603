// `node bench/mixtures.mjs`: what augment.mixup and augment.overlay take for a batch of 64, beside plain loops over the same numbers.

import { spawnSync } from "node:child_process";
import { bundleScript } from "./build.mjs";

const { status } = spawnSync(process.execPath, [await bundleScript("mixtures")], { stdio: "inherit" });
process.exit(status ?? 1);
