// Who may import whom: read from esbuild's metafile of every source, and for assembly/ from its text.
// Types are free to point anywhere (they are gone when the code runs) except where a rule says so.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { build } from "esbuild";
import { assert, suite } from "./harness.ts";

interface Rule {
  readonly says: string;
  readonly from: RegExp;
  /** Imports of the files above that are wrong. */
  readonly never: RegExp;
  readonly except?: RegExp;
}

/** Imports that exist when the code runs. */
const rules: readonly Rule[] = [
  { says: "bindings/ never imports src/", from: /^bindings\//, never: /^src\// },
  {
    says: "src/compile/ and src/graph/ know no op, layer or optimizer by name",
    from: /^src\/(compile|graph)\//,
    never: /^src\/(ops|layers|losses|optimizers|train|io)\b/,
  },
  {
    says: "only what trains, reads, writes or starts workers meets a machine or a host",
    from: /^src\//,
    never: /^bindings\/(machine|wasm|variant|staff|crew|worker|layout|host\..*)\.ts$|^#host/,
    except: /^src\/(train\/.*|io\/.*|search\/(executor|inThreads|journal)|program|machine|kernels|index)\.ts$/,
  },
  {
    says: "the reference engine needs the names and layouts of kernels alone",
    from: /^src\/reference\//,
    never: /^src\/(?!reference\/|random\.ts$)|^bindings\/(?!(engine|errors|generated\/kernels)\.ts$)/,
  },
  {
    says: "Node's modules only in bindings/host.node.ts and host.threads.node.ts",
    from: /^(src|bindings)\/.*\.ts$/,
    never: /^node:/,
    except: /^bindings\/host(\.threads)?\.node\.ts$/,
  },
  {
    says: "src/draw/ shows what the others find; they know nothing of drawings",
    from: /^src\/(?!draw\/|index\.ts$)/,
    never: /^src\/draw\//,
  },
  {
    says: "uvu only in test/harness.ts",
    from: /./,
    never: /^uvu\b/,
    except: /^test\/harness\.ts$/,
  },
  {
    says: "the library imports nothing that is not its own",
    from: /^(src|bindings)\/.*\.ts$/,
    never: /^(?!(src|bindings)\/|node:|#host(\/threads)?$)/,
  },
];

/** Imports that may be there for types, too. */
const typeRules: readonly Rule[] = [
  { says: "bindings/ never imports src/, not even types", from: /^bindings\//, never: /^src\// },
  {
    says: "src/compile/ sees the interface of an op (src/graph/), never an op",
    from: /^src\/compile\//,
    never: /^src\/(ops|layers|losses|optimizers)\b/,
  },
];

function filesIn(folder: string, ext: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ext.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !path.includes("node_modules"));
}

type Imports = ReadonlyMap<string, readonly { path: string; dynamic: boolean }[]>;

/** What each file imports when it runs. */
async function importsOf(entryPoints: string[]): Promise<Imports> {
  const { metafile } = await build({
    entryPoints,
    bundle: true,
    write: false,
    metafile: true,
    outdir: ".cache/structure",
    format: "esm",
    platform: "neutral",
    external: ["node:*", "#host", "#host/threads"],
    packages: "external",
    ignoreAnnotations: true,
    loader: { ".json": "empty" },
    logLevel: "error",
  });
  return new Map(
    Object.entries(metafile.inputs).map(([path, { imports }]) => [
      path,
      imports.map((each) => ({ path: each.path, dynamic: each.kind === "dynamic-import" })),
    ]),
  );
}

/** What the text of each file imports, types included. */
function importsInText(paths: readonly string[]): Imports {
  const pattern = /\b(?:from|import)\s*\(?\s*"([^"]+)"/g;
  return new Map(
    paths.map((path) => [
      path,
      [...readFileSync(path, "utf8").matchAll(pattern)].map(([, name = ""]) => ({
        path: name.startsWith(".") ? normalize(join(dirname(path), name)) : name,
        dynamic: false,
      })),
    ]),
  );
}

function broken(imports: Imports, rule: Rule): string[] {
  return [...imports]
    .filter(([path]) => rule.from.test(path) && !rule.except?.test(path))
    .flatMap(([path, list]) =>
      list.filter((each) => rule.never.test(each.path)).map((each) => `${path}: ${each.path}`),
    );
}

/** A path that comes back to where it began, for each cycle found; dynamic imports break a cycle. */
function cycles(imports: Imports): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push([...trail.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) if (!next.dynamic) visit(next.path, [...trail, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return found;
}

const sources = [...filesIn("src", /\.ts$/), ...filesIn("bindings", /\.ts$/)];
const tests = filesIn("test", /\.ts$/).filter((path) => !path.startsWith("test/consumer/"));
const imports = await importsOf([...sources, ...tests]);
const written = importsInText(sources);
const assembly = filesIn("assembly", /\.ts$/);

suite("structure", (test) => {
  test("every source is looked at", () => {
    for (const path of sources) assert.ok(imports.has(path), path);
    assert.ok(sources.length > 10 && assembly.length > 5);
  });
  for (const rule of rules) test(rule.says, () => assert.equal(broken(imports, rule), []));
  for (const rule of typeRules) test(rule.says, () => assert.equal(broken(written, rule), []));

  test("assembly/ imports nothing outside", () => {
    const outside = { says: "", from: /./, never: /^(?!assembly\/)/ };
    assert.equal(broken(importsInText(assembly), outside), []);
  });
  test("no import cycle", () => assert.equal(cycles(imports), []));
  test("no import cycle in assembly/", () => {
    const withEnding = [...importsInText(assembly)].map(
      ([path, list]) => [path, list.map((each) => ({ ...each, path: `${each.path}.ts` }))] as const,
    );
    assert.equal(cycles(new Map(withEnding)), []);
  });
  test("index.ts only where the public entries are", () => {
    const all = [...sources, ...tests, ...assembly].filter((path) => path.endsWith("/index.ts"));
    assert.equal(all.sort(), ["assembly/index.ts", "src/index.ts"]);
  });
});
