// `node bench/killsPage.mjs [--kills=200] [--seed=1]`: kills workers of a page in Chromium at random moments (killsPage.ts).
// Ends with 1 where something came out wrong or took longer than a thread may be missed.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bundleScript } from "./build.mjs";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
const { complaint, killInChromium } = await import(pathToFileURL(resolve(await bundleScript("killsWeb"))).href);
const show = ({ moment, longest, outcome, threads }) =>
  console.log(
    `${moment.padEnd(10)} ${String(Math.round(longest)).padStart(6)} ms  ${outcome}, ${threads} threads left`,
  );
const kills = await killInChromium(Number(values.kills), Number(values.seed), show);
if (!kills) throw new Error("Chromium is not installed");
const wrong = kills.map(complaint).filter((text) => text !== null);
const lost = kills.filter(({ outcome }) => outcome === "state-lost").length;
const slowest = Math.max(...kills.map(({ longest }) => longest));
console.log(
  `${kills.length} kills: ${wrong.length} wrong, ${lost} state-lost, the slowest call ${Math.round(slowest)} ms`,
);
for (const text of wrong) console.log(text);
process.exitCode = wrong.length > 0 ? 1 : 0;
