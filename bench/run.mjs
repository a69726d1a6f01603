// `npm run bench`: builds the roof and the bundles of the benchmark and runs it in Node.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildRoof, bundle } from "./build.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));
const folder = ".cache/bench";
mkdirSync(folder, { recursive: true });
await buildRoof(folder);
await bundle("node", { node: "bench/node.ts", partner: "bench/partner.node.ts" }, folder);
const { status } = spawnSync(process.execPath, [`${folder}/node.mjs`, ...process.argv.slice(2)], { stdio: "inherit" });
process.exit(status ?? 1);
