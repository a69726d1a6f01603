// CSV with a header: columns of numbers and of categories. The text is taken apart by Papa Parse.

import { LanewiseError } from "../../../bindings/errors.ts";
import { bool, checker, checkOptions, invalid, isRecord, oneOf } from "../../check.ts";
import type { ByteSource } from "../../io/source.ts";
import { bytesOf, nameOf } from "../../io/source.ts";
import { gunzip, isGzip } from "./gzip.ts";

/** Options of `readCsv`. */
export interface CsvOptions {
  /**
   * Whether the first row names the columns; by default true, but then a first row of nothing but numbers is an error. With false they are
   * column0, column1, ...
   */
  readonly header?: boolean;
  /** One character; by default ",". */
  readonly delimiter?: string;
  /** The columns to read, in this order; by default all. */
  readonly columns?: readonly string[];
  /** The column, or columns, of `y`, by name, or one by its place in the file: 0 is the first, -1 the last. All others are features. */
  readonly target?: string | number | readonly string[];
  /**
   * Columns of categories: names, whose categories are those found, sorted (numbers by value); or a record of the categories in the order of
   * their codes, such as `categories` of a file read before. A column in which nothing is a number is one by itself.
   */
  readonly categories?: readonly string[] | Readonly<Record<string, readonly string[]>>;
  /** What a cell that is empty does in a column of numbers: "error" (default) or "NaN". Of categories it is the category "". */
  readonly empty?: "error" | "NaN";
  /** Texts that stand for an empty cell, beside the empty one: ["NA", "?"]. */
  readonly emptyTexts?: readonly string[];
}

/** What `readCsv` resolves with. */
export interface Csv {
  /** The features, `[rows, names.length]`: numbers, and categories as codes from 0. */
  readonly x: { data: Float64Array; shape: number[] };
  /** The target, where one is named: codes of categories, numbers, or `[rows, targets]`. */
  readonly y: Int32Array | Float64Array | { data: Float64Array; shape: number[] } | undefined;
  /** Of the features. */
  readonly names: string[];
  /** Every column by name. */
  readonly columns: Record<string, Float64Array | Int32Array>;
  /** Of each column of categories, in the order of their codes. */
  readonly categories: Record<string, string[]>;
}

const names = (
  value: unknown,
  name: string,
  where: string,
  expected = "a non-empty array of names",
): readonly string[] => {
  if (!Array.isArray(value) || value.length === 0 || !value.every((each) => typeof each === "string"))
    throw invalid(where, name, expected, value);
  if (new Set(value).size < value.length) throw invalid(where, name, "names, each once", value);
  return value;
};

const checkers = {
  header: bool,
  delimiter: checker(
    "one character, no quote or line break",
    (value) => typeof value === "string" && value.length === 1 && !'\r\n"\ufeff'.includes(value),
  ),
  columns: (value: unknown, name: string, where: string) => names(value, name, where),
  target(value: unknown, name: string, where: string): void {
    if (typeof value === "string" || (typeof value === "number" && Number.isInteger(value))) return;
    names(
      value,
      name,
      where,
      "the name of a column, its place (0 is the first, -1 the last), or a non-empty array of names",
    );
  },
  categories(value: unknown, name: string, where: string): void {
    if (!isRecord(value)) names(value, name, where);
    else for (const [key, list] of Object.entries(value)) names(list, `${name}.${key}`, where);
  },
  empty: oneOf("error", "NaN"),
  emptyTexts: (value: unknown, name: string, where: string) => names(value, name, where),
};

const NUMBER = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i;

/** Columns by name. */
type Columns = Map<string, Float64Array | Int32Array>;

/** A text that was read, as rows of cells. */
interface Grid {
  readonly where: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Number of the first row of cells, for messages: the header is row 1. */
  readonly first: number;
}

/**
 * Reads CSV: bytes, a Blob, a path (Node), a URL, gzipped or not, or `{ text }`. Quoted cells, any line breaks and a byte order
 * mark are understood (RFC 4180; a line break in a cell is "\n"); texts become integer codes, whose list is in `categories`.
 * Throws `bad-file` for rows of other lengths, unclosed quotes, empty cells, texts among numbers, unknown categories and
 * bytes that are not UTF-8, with row and column.
 */
export async function readCsv(source: ByteSource | { readonly text: string }, options: CsvOptions = {}): Promise<Csv> {
  const where = `readCsv${nameOf(source)}`;
  checkOptions("readCsv", options, checkers);
  const grid = await readGrid(where, await textOf(where, source), options);
  const chosen = options.columns ?? grid.header;
  const targets = targetsOf(where, options.target, grid.header);
  const categories = categoriesOf(options);
  for (const [option, list] of [
    ["columns", chosen],
    ["target", targets],
    ["categories", [...categories.keys()]],
  ] as const) {
    const unknown = list.find((name) => !grid.header.includes(name));
    if (unknown !== undefined) throw unknownColumn(where, option, unknown, grid.header);
  }
  const columns: Columns = new Map();
  const found = new Map<string, string[]>();
  const wanted = [...new Set([...chosen, ...targets])];
  for (const name of wanted) {
    const cells = cellsOf(grid, name, options);
    const known = categories.get(name);
    const filled = cells.filter((cell) => cell !== null);
    if (known === undefined && (filled.length === 0 || filled.some((cell) => NUMBER.test(cell)))) {
      columns.set(name, readNumbers(grid, name, cells, options.empty ?? "error"));
    } else {
      const list = known ?? categoriesIn(cells);
      columns.set(name, readCategories(grid, name, cells, list));
      found.set(name, [...list]);
    }
  }
  const features = wanted.filter((name) => !targets.includes(name));
  if (features.length === 0) throw invalid("readCsv", "target", "some of the columns, not all", targets);
  const [only] = targets;
  return {
    x: sideBySide(features, columns, grid.rows.length),
    y:
      targets.length > 1
        ? sideBySide(targets, columns, grid.rows.length)
        : only === undefined
          ? undefined
          : columns.get(only),
    names: features,
    columns: Object.fromEntries(columns),
    categories: Object.fromEntries(found),
  };
}

/** The names of the target's columns. */
function targetsOf(where: string, target: CsvOptions["target"], header: readonly string[]): readonly string[] {
  if (typeof target !== "number") return typeof target === "string" ? [target] : (target ?? []);
  const name = header.at(target);
  if (name !== undefined) return [name];
  const span = `from 0 to ${header.length - 1}, or from -${header.length} to -1`;
  throw invalid(where, "target", `the place of one of ${header.length} columns, ${span}`, target);
}

const unknownColumn = (where: string, option: string, name: string, header: readonly string[]): LanewiseError =>
  new LanewiseError(
    "invalid-argument",
    `${where}: ${option} names "${name}", which is no column. Columns: ${header.slice(0, 20).join(", ")}${header.length > 20 ? ", ..." : ""}.`,
  );

async function textOf(where: string, source: ByteSource | { readonly text: string }): Promise<string> {
  if (
    isRecord(source) &&
    "text" in source &&
    !(source instanceof URL) &&
    typeof Reflect.get(source, "text") !== "function"
  ) {
    if (typeof source.text !== "string") throw invalid(where, "source.text", "a text", source.text);
    return source.text.replace(/^\ufeff/, "");
  }
  let bytes = await bytesOf(where, source);
  if (isGzip(bytes)) bytes = await gunzip(where, bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LanewiseError("bad-file", `${where}: its bytes are not UTF-8.`, { cause });
  }
}

const NO_HEADER =
  "Give { header: false } where the first row is an example, { header: true } where these are names of columns.";

async function readGrid(where: string, text: string, options: CsvOptions): Promise<Grid> {
  const { header = true, delimiter = "," } = options;
  const { Parser } = await import("../../../bindings/generated/csv.ts");
  const { data, errors } = new Parser({ delimiter, newline: "\n" }).parse(text.replace(/\r\n?/g, "\n"));
  const [error] = errors;
  if (error) throw new LanewiseError("bad-file", `${where}: row ${(error.row ?? 0) + 1}: ${error.message}.`);
  const isBlank = (row: readonly string[] | undefined): boolean => row?.length === 1 && row[0] === "";
  let end = data.length;
  while (end > 0 && isBlank(data[end - 1])) end--; // a line break at the end begins no row
  const named = header ? data[0] : data[0]?.map((_, i) => `column${i}`);
  const first = header ? 1 : 0;
  if (!named || end <= first)
    throw new LanewiseError("empty-data", `${where}: it has no rows${header ? " below a header" : ""}.`);
  if (options.header === undefined && named.every((name) => NUMBER.test(name)))
    throw new LanewiseError("bad-file", `${where}: its first row holds numbers alone. ${NO_HEADER}`);
  const names = named.map((name, i) => (name === "" ? `column${i}` : name));
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new LanewiseError(
      "bad-file",
      `${where}: its header names "${twice}" twice. Give names of their own, or { header: false } where the first row is an example.`,
    );
  const rows = data.slice(first, end);
  rows.forEach((row, i) => {
    if (row.length === names.length) return;
    throw new LanewiseError(
      "bad-file",
      `${where}: row ${i + first + 1} has ${row.length} cells, ${header ? "the header" : "the first row"} has ${names.length}.`,
    );
  });
  return { where, header: names, rows, first: first + 1 };
}

/** Columns that are to be categories; null where their list is not given. */
function categoriesOf({ categories }: CsvOptions): Map<string, readonly string[] | null> {
  if (categories === undefined) return new Map();
  if (Array.isArray(categories)) return new Map(categories.map((name: string) => [name, null]));
  return new Map(Object.entries(categories as Readonly<Record<string, readonly string[]>>));
}

/** The texts of a column, each once: sorted, numbers by their value. */
function categoriesIn(cells: readonly (string | null)[]): string[] {
  const texts = [...new Set(cells.map((cell) => cell ?? ""))].sort();
  return texts.every((text) => NUMBER.test(text)) ? texts.sort((a, b) => Number(a) - Number(b)) : texts;
}

/** The cells of a column; null where one is empty. */
function cellsOf({ header, rows }: Grid, name: string, { emptyTexts = [] }: CsvOptions): (string | null)[] {
  const at = header.indexOf(name);
  const empty = new Set(["", ...emptyTexts]);
  return rows.map((row) => (empty.has((row[at] as string).trim()) ? null : (row[at] as string)));
}

function readNumbers(
  { where, first }: Grid,
  name: string,
  cells: readonly (string | null)[],
  empty: string,
): Float64Array {
  return Float64Array.from(cells, (cell, i) => {
    const place = `${where}: row ${i + first}, column "${name}"`;
    if (cell === null) {
      if (empty === "NaN") return Number.NaN;
      throw new LanewiseError("bad-file", `${place} is empty. Use { empty: "NaN" } to read NaN there.`);
    }
    const value = NUMBER.test(cell) ? Number(cell) : Number.NaN;
    if (Number.isFinite(value)) return value;
    throw new LanewiseError(
      "bad-file",
      `${place} holds ${JSON.stringify(cell.slice(0, 40))}, which is no finite number. Name the column in categories, or the text in emptyTexts.`,
    );
  });
}

function readCategories(
  { where, first }: Grid,
  name: string,
  cells: readonly (string | null)[],
  list: readonly string[],
): Int32Array {
  const codes = new Map(list.map((text, code) => [text, code]));
  return Int32Array.from(cells, (cell, i) => {
    const code = codes.get(cell ?? "");
    if (code !== undefined) return code;
    throw new LanewiseError(
      "bad-file",
      `${where}: row ${i + first}, column "${name}" holds ${JSON.stringify(cell ?? "")}, which is none of its categories: ${list.slice(0, 20).join(", ")}${list.length > 20 ? ", ..." : ""}.`,
    );
  });
}

function sideBySide(names: readonly string[], columns: Columns, rows: number): { data: Float64Array; shape: number[] } {
  const data = new Float64Array(rows * names.length);
  names.forEach((name, c) => {
    const column = columns.get(name) as Float64Array | Int32Array;
    for (let row = 0; row < rows; row++) data[row * names.length + c] = column[row] as number;
  });
  return { data, shape: [rows, names.length] };
}
