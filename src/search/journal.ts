// Journals of searches: text, a line of JSON for each event, appended when it happens. What a journal holds is not run again.
//
//   {"event":"search","version":1,"search":{...}}     which search it is, first
//   {"event":"trial","index":7,"parameters":{...},"status":"completed","value":0.93,...}
//   {"event":"torn"}                                  the line before was cut off by a crash
//
// Lines are whole or the last one: a writer that finds a torn line says so before it goes on.

import { openLog } from "#host";
import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, isRecord, show } from "../check.ts";
import type { PlainValue } from "./space.ts";
import type { Parameters, TrialResult } from "./trial.ts";

/** Where a journal is kept, where it is no file. */
export interface JournalStorage {
  /** All that was appended, "" at first. */
  read(): string | Promise<string>;
  /** Keeps a line, with its end, before it resolves. */
  append(line: string): void | Promise<void>;
}

/** A path (Node) or a storage. */
export type Journal = string | JournalStorage;

/** What tells searches apart. */
export type Fingerprint = Readonly<Record<string, PlainValue>>;

export type Entry = Omit<TrialResult, "states"> & { readonly parameters: Parameters };

export interface OpenJournal {
  readonly name: string;
  readonly fingerprint: Fingerprint | null;
  readonly entries: readonly Entry[];
  readonly notes: readonly string[];
  append(line: object): Promise<void>;
  close(): Promise<void>;
}

const VERSION = 1;
const BEGINNING = '{"event":"';

const isStorage = (value: unknown): value is JournalStorage =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as JournalStorage).read === "function" &&
  typeof (value as JournalStorage).append === "function";

export function requireJournal(where: string, name: string, value: unknown): asserts value is Journal {
  if (!isStorage(value) && (typeof value !== "string" || value === ""))
    throw invalid(where, name, "a path or { read(), append(line) }", value);
}

interface Line {
  readonly number: number;
  readonly text: string;
  /** Null where it is no JSON. */
  readonly record: Readonly<Record<string, unknown>> | null;
}

function linesOf(text: string): Line[] {
  const parse = (line: string): Line["record"] => {
    try {
      const record: unknown = JSON.parse(line);
      return isRecord(record) ? record : null;
    } catch {
      return null;
    }
  };
  return text
    .split("\n")
    .map((line, i) => ({ line, number: i + 1 }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, number }) => ({ number, text: line, record: parse(line) }));
}

/** Whether a line may be the beginning of one of ours: nothing is appended to a file of another kind. */
const isBeginning = (text: string): boolean => BEGINNING.startsWith(text.slice(0, BEGINNING.length));

const bad = (name: string, number: number, why: string): LanewiseError =>
  new LanewiseError("bad-file", `${name}, line ${number}: ${why}.`);

function entryOf(name: string, { number, record }: Line): Entry {
  const { index, status, value, parameters, seconds, error } = record as unknown as Entry;
  const fits =
    Number.isSafeInteger(index) &&
    index >= 0 &&
    ["completed", "stopped", "failed"].includes(status) &&
    (value === null) === (status === "failed") &&
    (value === null || Number.isFinite(value)) &&
    (error === null || isRecord(error)) &&
    typeof seconds === "number" &&
    isRecord(parameters);
  if (!fits) throw bad(name, number, "what it says of a trial is incomplete");
  const entry = record as unknown as Entry;
  const { scores = [], metrics = {}, reports = [], steered = [] } = entry;
  return { index, status, value, parameters, seconds, error, scores, metrics, reports, steered };
}

/** Reads what a journal holds, and keeps it open for more. */
export async function openJournal(journal: Journal, name: string): Promise<OpenJournal> {
  const storage =
    typeof journal === "string"
      ? openLog(journal)
      : {
          ...journal,
          read: () => journal.read(),
          append: (line: string) => journal.append(line),
          close: async () => {},
        };
  const text: unknown = await Promise.resolve(storage.read()).catch((cause: unknown) => {
    throw new LanewiseError("bad-file", `${name} cannot be read: ${String(cause)}.`, { cause });
  });
  if (typeof text !== "string") throw invalid(name, "what read() gives", "a string", text);
  const lines = linesOf(text);
  const entries: Entry[] = [];
  const notes: string[] = [];
  let fingerprint: Fingerprint | null = null;
  let torn = false;
  for (const [i, line] of lines.entries()) {
    const { number, record } = line;
    if (!record) {
      const next = lines.slice(i + 1).find((each) => each.record);
      if ((next && next.record?.event !== "torn") || !isBeginning(line.text))
        throw bad(name, number, "it is no JSON: this is no journal of a search, or it was damaged");
      if (!next) torn = true;
      notes.push(`${name}, line ${number}: cut off by a crash, and ignored.`);
    } else if (record.event === "search" && !fingerprint) {
      if (record.version !== VERSION || !isRecord(record.search))
        throw bad(name, number, `it is of version ${show(record.version)}, which is not known here`);
      fingerprint = record.search as Fingerprint;
    } else if (record.event === "torn") continue;
    else if (record.event !== "trial" || !fingerprint) throw bad(name, number, "this is no journal of a search");
    else entries.push(entryOf(name, line));
  }
  let before = torn ? `\n${JSON.stringify({ event: "torn" })}\n` : text !== "" && !text.endsWith("\n") ? "\n" : "";
  return {
    name,
    fingerprint,
    entries,
    notes,
    async append(line) {
      const whole = `${before}${JSON.stringify(line)}\n`;
      before = "";
      try {
        await storage.append(whole);
      } catch (cause) {
        throw new LanewiseError("bad-file", `${name} cannot be written: ${String(cause)}.`, { cause });
      }
    },
    close: () => storage.close(),
  };
}

export const header = (search: Fingerprint): object => ({ event: "search", version: VERSION, search });

export const lineOf = ({ states: _, ...result }: TrialResult, parameters: Parameters): object => ({
  event: "trial",
  ...result,
  parameters,
});

/** A value as a file has it. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** The first place where two values of a file differ: "space.rate.from"; null where they are equal. */
function differenceOf(
  path: string,
  there: unknown,
  here: unknown,
): { path: string; there: unknown; here: unknown } | null {
  if (JSON.stringify(there) === JSON.stringify(here)) return null;
  const isList = Array.isArray(there) && Array.isArray(here);
  if (!isList && !(isRecord(there) && isRecord(here))) return { path, there, here };
  const [a, b] = [there, here] as Readonly<Record<string, unknown>>[] as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = differenceOf(isList ? `${path}[${key}]` : `${path}.${key}`, a[key], b[key]);
    if (found) return found;
  }
  return { path, there, here }; // the order of keys alone
}

/** Refuses a journal of another search, and says in what it differs. */
export function requireSame(name: string, found: Fingerprint, wanted: Fingerprint): void {
  for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
    const different = differenceOf(key, plain(found[key]), plain(wanted[key]));
    if (!different) continue;
    const short = (value: unknown): string => {
      const text = JSON.stringify(value) ?? "none";
      return text.length > 60 ? `${text.slice(0, 60)}...` : text;
    };
    const { path, there, here } = different;
    throw new LanewiseError(
      "bad-file",
      `${name} belongs to another search: its ${path} is ${short(there)}, here it is ${short(here)}. Use another file, or what it was begun with.`,
    );
  }
}

const nameOf = (journal: Journal, i: number): string =>
  typeof journal === "string" ? `journal "${journal}"` : i > 0 ? `journal ${i}` : "journal";

/** Opens journals of one search: the first is written to, all are read. */
export async function openJournals(journals: readonly Journal[]): Promise<OpenJournal[]> {
  const opened: OpenJournal[] = [];
  try {
    for (const [i, journal] of journals.entries()) opened.push(await openJournal(journal, nameOf(journal, i)));
    return opened;
  } catch (error) {
    for (const each of opened) await each.close();
    throw error;
  }
}

/** The trials of several journals by index; of one that was run twice the first result counts. */
export function mergeEntries(journals: readonly OpenJournal[]): Map<number, Entry> {
  const merged = new Map<number, Entry>();
  for (const { name, entries } of journals) {
    for (const entry of entries) {
      const known = merged.get(entry.index);
      if (known && JSON.stringify(known.parameters) !== JSON.stringify(entry.parameters))
        throw new LanewiseError(
          "bad-file",
          `${name}: trial ${entry.index} has other hyperparameters than in another journal.`,
        );
      if (!known) merged.set(entry.index, entry);
    }
  }
  return new Map([...merged].sort(([a], [b]) => a - b));
}

/**
 * Writes the trials of several journals of one search, its shards, into one, in their order; resolves with their number. The target must
 * be empty. Throws `bad-file` where they belong to different searches.
 */
export async function mergeJournals(sources: readonly Journal[], target: Journal): Promise<number> {
  const where = "mergeJournals";
  if (!Array.isArray(sources) || sources.length === 0)
    throw invalid(where, "sources", "a non-empty array of journals", sources);
  for (const [i, source] of sources.entries()) requireJournal(where, `sources[${i}]`, source);
  requireJournal(where, "target", target);
  const opened = await openJournals(sources);
  const out = await openJournal(target, `${where}: target`);
  try {
    const first = opened.find(({ fingerprint }) => fingerprint)?.fingerprint;
    if (!first) throw new LanewiseError("empty-data", `${where}: none of sources has been begun.`);
    for (const { name, fingerprint } of opened) if (fingerprint) requireSame(name, fingerprint, first);
    if (out.fingerprint || out.entries.length > 0)
      throw new LanewiseError(
        "invalid-argument",
        `${where}: target must be empty, but it holds ${out.entries.length} trials.`,
      );
    const merged = mergeEntries(opened);
    await out.append(header(first));
    for (const entry of merged.values()) await out.append({ event: "trial", ...entry });
    return merged.size;
  } finally {
    for (const each of [...opened, out]) await each.close();
  }
}
