// Every block of code in the documents runs. A block that imports begins a program, blocks after it go on with it;
// names of docsData.ts are given. What console.log prints is compared where a comment says "// => text".

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { assert, suite } from "./harness.ts";

const folder = resolve(".cache/docs");
const given = ["xTrain", "yTrain", "xTest", "yTest"];

interface Example {
  /** "README.md, line 30" */
  readonly name: string;
  readonly file: string;
  readonly code: string;
}

/** Later blocks nest in earlier ones: they see their names and may use them again. */
function joined(blocks: readonly string[]): string {
  return `${blocks.join("\n{\n")}${"\n}".repeat(blocks.length - 1)}\n`;
}

function examplesIn(page: string): Example[] {
  const text = readFileSync(page, "utf8");
  const found: { line: number; typed: boolean; blocks: string[] }[] = [];
  for (const match of text.matchAll(/^```(ts|js)\n([\s\S]*?)^```$/gm)) {
    const code = match[2] as string;
    const line = text.slice(0, match.index).split("\n").length;
    if (/^import /m.test(code)) found.push({ line, typed: match[1] === "ts", blocks: [code] });
    else if (found.length > 0) found.at(-1)?.blocks.push(code);
    else throw new Error(`${page}, line ${line}: the first block must import what it uses`);
  }
  return found.map(({ line, typed, blocks }) => {
    const code = joined(blocks);
    const names = given.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
    const data = names.length ? `import { ${names.join(", ")} } from "../../test/docsData.ts";\n` : "";
    const file = `${page.replace(/\W/g, "_")}_${line}.${typed ? "ts" : "js"}`;
    return { name: `${page}, line ${line}`, file: join(folder, file), code: `${data}${code}\nexport {};\n` };
  });
}

const pages = ["README.md", "ARCHITECTURE.md", ...readdirSync("docs").map((file) => `docs/${file}`)].filter((path) =>
  path.endsWith(".md"),
);
const examples = pages.flatMap(examplesIn);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const { file, code } of examples) writeFileSync(file, code);

suite("documents", (test) => {
  test("examples have the right types", () => {
    const options = {
      extends: "../../tsconfig.json",
      compilerOptions: {
        noEmit: true,
        paths: { lanewise: ["../../src/index.ts"], "lanewise/kernels": ["../../src/kernels.ts"] },
      },
      include: ["*.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
    const { stdout } = spawnSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", folder], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.is(stdout, "");
  });

  for (const { name, file, code } of examples) {
    test(name, async () => {
      const outfile = file.replace(/\.[tj]s$/, ".mjs");
      await build({
        entryPoints: [file],
        bundle: true,
        format: "esm",
        platform: "node",
        conditions: ["lanewise-source"],
        alias: { "lanewise/kernels": resolve("src/kernels.ts"), lanewise: resolve("src/index.ts") },
        outfile,
        logLevel: "error",
      });
      const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], { encoding: "utf8", timeout: 60_000 });
      assert.is(status, 0, stderr);
      const expected = [...code.matchAll(/\/\/ => (.*)$/gm)].map((match) => match[1] as string);
      const printed = stdout.split("\n");
      for (const line of expected) {
        const at = printed.indexOf(line);
        assert.ok(at >= 0, `"${line}" is not printed, or not in this order:\n${stdout}`);
        printed.splice(0, at + 1);
      }
    });
  }

  test("links lead somewhere", () => {
    const broken: string[] = [];
    for (const page of pages) {
      const text = readFileSync(page, "utf8");
      for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        const path = join(page, "..", target);
        try {
          readFileSync(path);
        } catch {
          if (!path.endsWith("docs") && !path.endsWith("docs/")) broken.push(`${page}: ${target}`);
        }
      }
    }
    assert.equal(broken, []);
  });
});
