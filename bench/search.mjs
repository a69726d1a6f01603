// `node bench/search.mjs [--trials=40] [--epochs=1000] [--rounds=3]`: a search over one worker and over two: how many times as fast it is, and whether trials and
// the best are the same. It exits with 1 where they are not.

import { spawnSync } from "node:child_process";
import { bundleScript } from "./build.mjs";

await bundleScript("searchObjective");
const { status } = spawnSync(process.execPath, [await bundleScript("search"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(status ?? 1);
