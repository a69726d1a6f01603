// A transform of the AssemblyScript compiler: reads the operand class of every exported kernel. When all binaries
// are compiled, writeKernels writes bindings/generated/kernels.ts (layouts and types) and extents.ts (elements
// that each pointer must hold).

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Transform } from "assemblyscript/transform";

const generated = join(dirname(fileURLToPath(import.meta.url)), "generated");

/** Fields of each kernel that was compiled, by name. */
const compiled = new Map();

const pointers = {
  InF32: "in.f32",
  OutF32: "out.f32",
  InOutF32: "inout.f32",
  InI32: "in.i32",
  OutI32: "out.i32",
  InOutI32: "inout.i32",
};
/** How a type is written behind the name of an operand in `layouts`; bindings/engine.ts reads it. */
const marks = {
  i32: "",
  u32: "+",
  f32: ".",
  "in.f32": "<",
  "out.f32": ">",
  "inout.f32": "<>",
  "in.i32": "<#",
  "out.i32": ">#",
  "inout.i32": "<>#",
};
const scalars = { i32: "i32", u32: "u32", f32: "f32" };

/** CommonFlags.Export of the compiler. */
const EXPORT = 2;

/** Operands of a kernel that may be a step of a chain (assembly/chain.ts). */
const OPERANDS_MAX = 32;

/**
 * Marks the operands of a kernel that goes over units along one size, each by itself: then a part of them is the
 * same kernel with a smaller size and pointers further on. The size is marked "", a pointer with what it moves by from
 * unit to unit: "" is one element, else the name of an operand, or in loops over d0, d1, ... the letter of its strides (d: of
 * a contiguous array). A pointer without a mark is shared by all units, and only read. Words of a fixed number
 * ([4]) are control words: they may go by the place of an element, so such a kernel is not of this kind.
 */
function markUnits(fields) {
  const pointers = fields.filter((field) => field.extent !== undefined);
  const loops = fields.filter((field) => /^d\d$/.test(field.name)).map((field) => field.name);
  const movedBy = ({ extent }, size) => {
    if (loops.length > 0) return extent === loops.join(", ") ? "d" : /\(d0 - 1\) \* ([a-z])0\b/.exec(extent)?.[1];
    const [first, ...rest] = extent.split(", ");
    return first === size && rest.length < 2 ? (rest[0] ?? "") : undefined;
  };
  const isShared = ({ type, extent }, size) => type.startsWith("in.") && /^[a-z]\w*$/i.test(extent) && extent !== size;
  const fits = (size) => pointers.every((p) => movedBy(p, size) !== undefined || isShared(p, size));
  if (!pointers.some(({ type }) => type.includes("out")) || fields.length > OPERANDS_MAX) return;
  const size = fields.find(({ name, type }) => type === "i32" && fits(name));
  if (!size) return;
  size.moves = "";
  for (const pointer of pointers) pointer.moves = movedBy(pointer, size.name);
}

const typeName = (node) => node?.name?.identifier?.text;

/** The fields of an operand class: [{ name, type, optional, extent }], in memory order, four bytes each. */
function fieldsOf(declaration) {
  const fields = [];
  for (const member of declaration.members) {
    const name = member.name.text;
    const type = typeName(member.type);
    const where = `${declaration.name.text}.${name}`;
    if (scalars[type]) {
      fields.push({ name, type: scalars[type] });
      continue;
    }
    if (!pointers[type]) throw new Error(`${where}: type ${type} is neither a four-byte scalar nor a pointer`);
    const rest = member.range.source.text.slice(member.range.end).split("\n", 1)[0];
    const comment = /\/\/\s*\[(.*?)\](\?)?(?:\s|$)/.exec(rest);
    if (!comment) throw new Error(`${where}: a pointer needs its elements in a comment: // [n]`);
    fields.push({ name, type: pointers[type], optional: comment[2] === "?", extent: comment[1] });
  }
  return fields;
}

/** Turns "m, lda" into "o.m * o.lda", top-level commas being products. */
function extentExpression(extent, fields) {
  let depth = 0;
  let text = "";
  for (const character of extent) {
    if (character === "(") depth++;
    if (character === ")") depth--;
    text += character === "," && depth === 0 ? ") * (" : character;
  }
  const names = new Set(fields.map((field) => field.name));
  const expression = `(${text})`.replace(/[A-Za-z_]\w*/g, (word) => {
    if (names.has(word)) return `o.${word}`;
    if (word === "min" || word === "max") return `Math.${word}`;
    throw new Error(`unknown name ${word} in [${extent}]`);
  });
  return `Math.max(0, ${expression})`;
}

export default class KernelTransform extends Transform {
  afterParse(parser) {
    const classes = new Map();
    const functions = [];
    const names = new Set();
    for (const source of parser.sources) {
      if (source.isLibrary) continue;
      for (const statement of source.statements) {
        if (statement.members && statement.name) classes.set(statement.name.text, statement);
        else if (statement.signature && statement.name) {
          functions.push(statement);
          names.add(statement.name.text);
        }
      }
    }
    for (const declaration of functions) {
      const parameters = declaration.signature.parameters;
      const isExported = (declaration.flags & EXPORT) !== 0; // what is not is a helper
      if (!isExported || parameters.length !== 2 || typeName(parameters[1].type) !== "Task") continue;
      const name = declaration.name.text;
      const expected = `${name[0].toUpperCase()}${name.slice(1)}Args`;
      const argsName = typeName(parameters[0].type);
      const argsClass = classes.get(argsName);
      if (!argsClass || !argsName.endsWith("Args")) throw new Error(`kernel ${name}: no operand class ${expected}`);
      const fields = fieldsOf(argsClass);
      if (!fields.some((field) => field.extent !== undefined)) continue; // no kernel: a loop over kernels
      // phases need all units, and what is laid out in scratch at each call would be laid out for each block
      if (!names.has(`${name}Phases`) && !names.has(`${name}Scratch`)) markUnits(fields);
      compiled.set(name, fields);
    }
  }
}

export function writeKernels() {
  const kernels = [...compiled].map(([name, fields]) => ({ name, fields })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const moves = (f) => (f.moves === undefined ? "" : `*${f.moves}`);
  const layout = ({ fields }) =>
    fields.map((f) => `${f.name}${marks[f.type]}${f.optional ? "?" : ""}${moves(f)}`).join(" ");
  const tsType = (f) => {
    if (!f.type.includes(".")) return "number";
    const type = f.type.endsWith("f32") ? "F" : "I";
    return f.optional ? `${type} | null` : type;
  };
  const types = kernels.map(
    ({ name, fields }) =>
      `  ${name}: { ${fields.map((f) => `${f.name}${f.optional ? "?" : ""}: ${tsType(f)}`).join("; ")} };`,
  );
  const table = kernels.map((kernel) => `  ${kernel.name}: ${JSON.stringify(layout(kernel))},`);
  writeIfChanged(
    "kernels.ts",
    `// Generated by bindings/transform.mjs from assembly/. Do not edit.

/** Operands of every kernel: F stands for a float32 operand, I for an int32 one. */
export interface Operands<F, I> {
${types.join("\n")}
}

export type KernelName = keyof Operands<unknown, unknown>;

/**
 * Operands in memory order, four bytes each. Behind the name: nothing for an i32, + for a u32, . for an f32; < and >
 * for what a pointer reads and writes, # where it points to int32, ? where it may be absent. * marks a size over whose
 * units the kernel goes one by one, and behind it what a pointer moves by from unit to unit (bindings/engine.ts, Field).
 */
export const layouts: Readonly<Record<KernelName, string>> = {
${table.join("\n")}
};
`,
  );
  const extents = kernels.map(({ name, fields }) => {
    const rows = fields
      .filter((f) => f.extent !== undefined)
      .map((f) => `${f.name}: ${extentExpression(f.extent, fields)}`);
    return `  ${name}: (o) => ({ ${rows.join(", ")} }),`;
  });
  writeIfChanged(
    "extents.ts",
    `// Generated by bindings/transform.mjs from assembly/. Do not edit.

import type { KernelName, Operands } from "./kernels.ts";

type Scalars = Readonly<Record<string, number>>;

/** For each kernel, how many elements each of its pointers must hold. */
export const extents: { readonly [K in KernelName]: (o: Operands<unknown, unknown>[K]) => Scalars } = {
${extents.join("\n")}
};
`,
  );
}

function writeIfChanged(name, text) {
  mkdirSync(generated, { recursive: true });
  const path = join(generated, name);
  let old = "";
  try {
    old = readFileSync(path, "utf8");
  } catch {
    // first build
  }
  if (old !== text) writeFileSync(path, text);
}
