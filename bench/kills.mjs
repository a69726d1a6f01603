// `node bench/kills.mjs [kills] [seed]`: workers are terminated, throw, exit, hang and run out of memory while a network is
// trained. Prints each, and hangs, wrong results and the longest time until it went on. Ten minutes for 200.

import { spawn } from "node:child_process";
import { bundleScript } from "./build.mjs";

/** Longer than any of the trainings takes. */
const SILENCE_MILLISECONDS = 60_000;

const words = [await bundleScript("kills"), ...process.argv.slice(2)];
const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
const giveUp = () => {
  console.log("a hang: nothing for a minute");
  child.kill("SIGKILL");
};
let timer = setTimeout(giveUp, SILENCE_MILLISECONDS);
child.stdout.on("data", (text) => {
  process.stdout.write(text);
  clearTimeout(timer);
  timer = setTimeout(giveUp, SILENCE_MILLISECONDS);
});
child.on("close", (code) => {
  clearTimeout(timer);
  process.exitCode = code ?? 1;
});
