// `node bench/frames.mjs`: how smooth the example's page is while it trains (frames.ts). Needs a build.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleScript } from "./build.mjs";

await import(pathToFileURL(resolve(await bundleScript("frames"))).href);
