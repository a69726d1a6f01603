// What is published: the files, what the manifest promises, what it weighs, and that its types and its modules work
// for who installs it. Needs a build.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { assert, suite } from "./harness.ts";

const folder = resolve(".cache/consumer");

function run(command: string, args: readonly string[], cwd = "."): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 120_000 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Packs the library and unpacks it as an application's dependency; returns the files in the tarball. */
function installPacked(): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules/lanewise"), { recursive: true });
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder])) as {
    filename: string;
    files: { path: string }[];
  }[];
  if (!packed) throw new Error("npm pack packed nothing");
  run("tar", ["-xzf", packed.filename, "-C", "node_modules/lanewise", "--strip-components=1"], folder);
  writeFileSync(join(folder, "package.json"), `{ "name": "consumer", "private": true, "type": "module" }`);
  for (const name of ["first.ts", "types.ts"]) copyFileSync(`test/consumer/${name}`, join(folder, name));
  return packed.files.map((file) => file.path);
}

const files = installPacked();
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, unknown> & {
  exports: Record<string, Record<string, string> | string>;
  scripts: Record<string, string>;
};

suite("package", (test) => {
  test("holds dist, types, README, LICENSE and nothing else", () => {
    const alone = ["package.json", "README.md", "LICENSE"];
    const others = files.filter((path) => !/^(dist|types)\//.test(path) && !alone.includes(path));
    assert.equal(others, []);
    for (const path of [
      ...alone,
      "dist/src/index.js",
      "dist/wasm/moreStrict.wasm",
      "dist/wasm/moreRelaxed.wasm",
      "types/src/index.d.ts",
    ]) {
      assert.ok(files.includes(path), `${path} is missing`);
    }
  });

  test("nothing to install, nothing runs on install", () => {
    for (const key of ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"]) {
      assert.is(manifest[key], undefined, key);
    }
    for (const key of ["preinstall", "install", "postinstall", "prepare"]) {
      assert.is(manifest.scripts[key], undefined, key);
    }
    assert.equal(manifest.sideEffects, ["./dist/worker.js"]); // a worker is nothing but effects
  });

  test("exports name their types first, and exist", () => {
    for (const [name, target] of Object.entries(manifest.exports)) {
      if (typeof target === "string") continue;
      assert.is(Object.keys(target)[0], "types", name);
      for (const path of Object.values(target)) assert.ok(files.includes(path.replace("./", "")), `${name}: ${path}`);
    }
  });

  test("weighs at most 67.5 kB in the first example, 116 kB in one file, 228 kB as a whole", () => {
    const sizes = JSON.parse(run(process.execPath, ["bindings/sizes.mjs", "--json"])) as {
      name: string;
      gzip: number;
    }[];
    const gzip = (name: string) => sizes.find((size) => size.name === name)?.gzip ?? Number.NaN;
    for (const [name, limit] of [
      ["first example", 67_500],
      ["first example, bundled into one file", 116_000], // with what is loaded on demand, both builds of it
      ["whole library", 228_000],
    ] as const) {
      assert.ok(gzip(name) <= limit, `${name}: ${gzip(name)} bytes of gzip, at most ${limit}`);
    }
  });

  for (const [module, moduleResolution] of [
    ["ESNext", "bundler"],
    ["NodeNext", "nodenext"],
  ]) {
    for (const [lib, types] of [
      [["ES2022"], []],
      [["ES2022"], ["node"]],
      [["ES2022", "DOM"], []],
    ]) {
      test(`types, moduleResolution ${moduleResolution}, lib ${lib}, types ${types}`, () => {
        const options = { module, moduleResolution, lib, target: "ES2022", types, strict: true, noEmit: true };
        const strictest = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
        const compilerOptions = { ...options, ...strictest };
        writeFileSync(
          join(folder, "tsconfig.json"),
          JSON.stringify({ compilerOptions, files: ["first.ts", "types.ts"] }),
        );
        run(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", "."], folder);
      });
    }
  }

  test("is imported by Node as it is, binaries found by name", () => {
    const code = `import * as all from "lanewise"; import * as kernels from "lanewise/kernels";
      import { readFileSync } from "node:fs"; import { fileURLToPath } from "node:url";
      const strict = readFileSync(fileURLToPath(import.meta.resolve("lanewise/wasm/strict.wasm")));
      if (!all.sequential || !kernels.open || !WebAssembly.validate(strict)) throw new Error("incomplete");`;
    run(process.execPath, ["--input-type=module", "-e", code], folder);
  });

  test("a search in threads, whose module imports the package, too", () => {
    writeFileSync(
      join(folder, "objective.mjs"),
      `import { init } from "lanewise"; export default async ({ x }) => x + (await init()).threads;`,
    );
    const code = `import { inThreads, search, spaces } from "lanewise";
      const { trials, complete } = await search(inThreads("objective.mjs", { workers: 2 }), { x: spaces.integer(1, 9) }, { direction: "minimize", trials: 4 });
      if (!complete || trials.some(({ value, parameters }) => value !== parameters.x + 1)) throw new Error(JSON.stringify(trials));`;
    run(process.execPath, ["--input-type=module", "-e", code], folder);
  });
});
