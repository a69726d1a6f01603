// Installs the development dependencies where what is installed is not what the lock file says.

import { execSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const packagesOf = (path) => {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return {};
  }
};

const installed = packagesOf("node_modules/.package-lock.json");
const stale = Object.entries(packagesOf("package-lock.json")).some(
  // optional packages belong to one platform each
  ([path, { version, optional }]) => path && !optional && installed[path]?.version !== version,
);
if (stale) {
  console.log("Installing development dependencies (npm ci) ...");
  execSync("npm ci --no-audit --no-fund --loglevel=error", { stdio: "inherit" });
}
