// Installs the development dependencies where they are missing or older than the lock file.

import { execSync } from "node:child_process";
import { statSync } from "node:fs";

const time = (path) => {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
};

if (time("node_modules/.package-lock.json") < time("package-lock.json")) {
  console.log("Installing development dependencies (npm ci) ...");
  execSync("npm ci --no-audit --no-fund --loglevel=error", { stdio: "inherit" });
}
