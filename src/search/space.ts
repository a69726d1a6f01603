// Spaces of hyperparameters. A space is compiled to axes, each of unit length, and a function from a point in this unit
// cube to hyperparameters; methods of search know points only.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, isRecord, show } from "../check.ts";
import { exp, log } from "../math.ts";

/** What JSON can hold: trials are sent to workers and written to journals. */
export type PlainValue =
  | number
  | string
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** One hyperparameter, as the functions of `spaces` make it; T is what a trial is given. */
export interface Parameter<T> {
  readonly kind: "parameter";
  readonly rule: Rule;
  /** Is never there: it tells the compiler what T is. */
  readonly given?: { readonly value: T };
}

/** What may stand at a place of a space. */
export type SpaceNode =
  | Parameter<unknown>
  | number
  | string
  | boolean
  | null
  | readonly SpaceNode[]
  | { readonly [key: string]: SpaceNode };

/** Hyperparameters by name; records and lists of them may be nested, plain values are constants. */
export type Space = { readonly [key: string]: SpaceNode };

/** What a trial of the space is given. */
export type ParametersOf<S> =
  S extends Parameter<infer T>
    ? T
    : S extends readonly unknown[]
      ? { readonly [K in keyof S]: ParametersOf<S[K]> }
      : S extends object
        ? { readonly [K in keyof S]: ParametersOf<S[K]> }
        : S;

export type Condition = readonly PlainValue[] | ((value: never) => boolean);

/** A range of numbers, by how they are spread. */
export interface RealRule {
  readonly type: "uniform" | "logUniform" | "oneMinusLogUniform";
  readonly low: number;
  readonly high: number;
}
export interface IntegerRule {
  readonly type: "integer";
  readonly low: number;
  readonly high: number;
  readonly step: number;
  readonly log: boolean;
}
export type RangeRule = RealRule | IntegerRule;
export interface ChoiceRule {
  readonly type: "choice";
  readonly options: readonly SpaceNode[];
}
export type Rule =
  | RangeRule
  | ChoiceRule
  | { readonly type: "constant"; readonly value: PlainValue }
  | { readonly type: "conditional"; readonly parameter: string; readonly when: Condition; readonly space: SpaceNode };

/** A side of the unit cube. */
export interface Axis {
  /** "learningRate"; below a record "hidden.units", below the second option of a choice "optimizer[1].momentum". */
  readonly name: string;
  readonly rule: RangeRule | ChoiceRule;
}

export interface CompiledSpace {
  readonly axes: readonly Axis[];
  /** Hyperparameters at a point; what axes had a part in them is noted in `active`. */
  read(point: readonly number[], active?: boolean[]): Readonly<Record<string, PlainValue>>;
  /** The space as JSON, by which journals tell searches apart; predicates are not in it. */
  readonly description: PlainValue;
}

export const isParameter = (value: unknown): value is Parameter<unknown> =>
  typeof value === "object" && value !== null && (value as Parameter<unknown>).kind === "parameter";

/** Checks that JSON can hold a value, in which hyperparameters may stand only where they mean something. */
export function requirePlain(
  where: string,
  name: string,
  value: unknown,
  parameters: boolean,
  around: readonly unknown[] = [],
): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (parameters && isParameter(value)) return;
  const prototype: unknown = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  const isPlain = Array.isArray(value) || prototype === null || prototype === Object.prototype;
  if (!isPlain || isParameter(value) || around.includes(value)) {
    const expected =
      "a number, string, boolean, null, or a list or record of such: what workers can be sent and journals can hold";
    throw invalid(where, name, expected, value);
  }
  for (const [key, each] of Object.entries(value as object))
    requirePlain(where, `${name}.${key}`, each, parameters, [...around, value]);
}

const between = (low: number, high: number, share: number): number =>
  share <= 0 ? low : share >= 1 ? high : Math.min(high, Math.max(low, low + share * (high - low)));
const betweenLogs = (low: number, high: number, share: number): number =>
  share <= 0 ? low : share >= 1 ? high : Math.min(high, Math.max(low, exp(log(low) + share * (log(high) - log(low)))));

/** Whole numbers that an integer's rule can give. */
const integers = ({ low, high, step }: IntegerRule): number => Math.floor((high - low) / step) + 1;

/** The number at a share of a range. */
export function numberAt(rule: RangeRule, share: number): number {
  const { low, high } = rule;
  if (rule.type === "integer") {
    if (rule.log) return Math.min(high, Math.floor(betweenLogs(low, high + 1, share)));
    const count = integers(rule);
    return low + rule.step * Math.min(count - 1, Math.floor(share * count));
  }
  if (rule.type === "uniform") return between(low, high, share);
  if (rule.type === "logUniform") return betweenLogs(low, high, share);
  if (share <= 0 || share >= 1) return share <= 0 ? low : high;
  return Math.min(high, Math.max(low, 1 - betweenLogs(1 - high, 1 - low, 1 - share)));
}

/** The option of a choice at a share. */
export const optionAt = (count: number, share: number): number => Math.min(count - 1, Math.floor(share * count));

/** Shares for a grid: at most `points` of a range, its ends among them; every option of a choice. */
export function gridShares(rule: RangeRule | ChoiceRule, points: number): number[] {
  const middles = (count: number) => Array.from({ length: count }, (_, i) => (i + 0.5) / count);
  if (rule.type === "choice") return middles(rule.options.length);
  if (points === 1) return [0.5];
  if (rule.type !== "integer") return Array.from({ length: points }, (_, i) => i / (points - 1));
  const count = integers(rule);
  if (rule.log) return logShares(rule, Math.min(points, count));
  if (count <= points) return middles(count);
  return Array.from({ length: points }, (_, i) => (Math.round((i * (count - 1)) / (points - 1)) + 0.5) / count);
}

/** The same of integers on a logarithmic scale: the share in the middle of each integer, none of them twice. */
function logShares({ low, high }: IntegerRule, points: number): number[] {
  const values = Array.from({ length: points }, (_, i) =>
    points > high - low ? low + i : Math.round(betweenLogs(low, high, i / (points - 1))),
  );
  const shareOf = (value: number) => (log(value + 0.5) - log(low)) / (log(high + 1) - log(low));
  return [...new Set(values)].map(shareOf);
}

/** Reads a node at a point; undefined where a condition does not hold. `scopes` are the records around it, the nearest last. */
type Read = (point: readonly number[], scopes: readonly Scope[], active: boolean[]) => PlainValue | undefined;
type Scope = ReadonlyMap<string, PlainValue | undefined>;

/** Names that conditions in a node ask for, and no record inside it has. */
function asked(node: SpaceNode): string[] {
  if (isParameter(node)) {
    if (node.rule.type === "choice") return node.rule.options.flatMap(asked);
    return node.rule.type === "conditional" ? [node.rule.parameter, ...asked(node.rule.space)] : [];
  }
  if (Array.isArray(node)) return node.flatMap(asked);
  if (typeof node !== "object" || node === null) return [];
  return Object.values(node)
    .flatMap(asked)
    .filter((name) => !Object.hasOwn(node, name));
}

/** Keys of a record in an order in which conditions come after what they ask for. */
function inOrder(where: string, path: string, record: Space): string[] {
  const keys = Object.keys(record);
  const ordered: string[] = [];
  const visit = (key: string, trail: readonly string[]): void => {
    if (ordered.includes(key)) return;
    if (trail.includes(key))
      throw new LanewiseError(
        "invalid-argument",
        `${where}: conditions of "${path}${key}" of space go round in a circle: ${[...trail, key].join(" -> ")}.`,
      );
    for (const name of asked(record[key] as SpaceNode)) if (keys.includes(name)) visit(name, [...trail, key]);
    ordered.push(key);
  };
  for (const key of keys) visit(key, []);
  return ordered;
}

const holds = (where: string, name: string, when: Condition, value: PlainValue): boolean => {
  if (typeof when !== "function") return when.some((each) => JSON.stringify(each) === JSON.stringify(value));
  const answer: unknown = when(value as never);
  if (typeof answer !== "boolean")
    throw invalid(where, `what the condition of "${name}" returns`, "true or false", answer);
  return answer;
};

/** Compiles a space; throws where something in it is none. */
export function compileSpace(where: string, space: unknown): CompiledSpace {
  if (!isRecord(space) || isParameter(space) || Object.keys(space).length === 0)
    throw invalid(where, "space", "a record of hyperparameters, { learningRate: spaces.logUniform(1e-4, 1) }", space);
  const axes: Axis[] = [];

  const readRecord = (record: Space, name: string, names: readonly string[]): Read => {
    const path = name ? `${name}.` : "";
    const order = inOrder(where, path, record);
    const own = [...names, ...order];
    const readers = new Map(order.map((key) => [key, compile(record[key] as SpaceNode, `${path}${key}`, own)]));
    return (point, scopes, active) => {
      const values = new Map<string, PlainValue | undefined>();
      for (const [key, read] of readers) values.set(key, read(point, [...scopes, values], active));
      // in the order in which they were written
      const present = Object.keys(record).filter((key) => values.get(key) !== undefined);
      return Object.fromEntries(present.map((key) => [key, values.get(key) as PlainValue]));
    };
  };

  const readParameter = ({ rule }: Parameter<unknown>, name: string, names: readonly string[]): Read => {
    if (rule.type === "constant") return () => rule.value;
    if (rule.type === "conditional") {
      const { parameter, when } = rule;
      if (!names.includes(parameter))
        throw new LanewiseError(
          "invalid-argument",
          `${where}: the condition of "${name}" of space asks for "${parameter}", which stands neither beside it nor around it.`,
        );
      const read = compile(rule.space, name, names);
      return (point, scopes, active) => {
        const value = scopes.findLast((scope) => scope.has(parameter))?.get(parameter);
        return value !== undefined && holds(where, name, when, value) ? read(point, scopes, active) : undefined;
      };
    }
    const at = axes.push({ name, rule }) - 1;
    if (rule.type !== "choice")
      return (point, _, active) => {
        active[at] = true;
        return numberAt(rule, point[at] as number);
      };
    const options = rule.options.map((option, i) => compile(option, `${name}[${i}]`, names));
    return (point, scopes, active) => {
      active[at] = true;
      return options[optionAt(options.length, point[at] as number)]?.(point, scopes, active);
    };
  };

  const compile = (node: SpaceNode, name: string, names: readonly string[]): Read => {
    if (isParameter(node)) return readParameter(node, name, names);
    if (Array.isArray(node)) {
      const readers = node.map((each, i) => compile(each as SpaceNode, `${name}.${i}`, names));
      return (point, scopes, active) =>
        readers.map((read) => read(point, scopes, active)).filter((value) => value !== undefined);
    }
    if (isRecord(node)) return readRecord(node as Space, name, names);
    if (node === null || typeof node === "string" || typeof node === "boolean") return () => node;
    if (typeof node === "number" && Number.isFinite(node)) return () => node;
    throw invalid(where, `"${name}" of space`, "made by spaces, a record or list of such, or a plain constant", node);
  };

  refuseLists(where, "", space as Space);
  const read = readRecord(space as Space, "", []);
  return {
    axes,
    read: (point, active = []) => read(point, [], active) as Readonly<Record<string, PlainValue>>,
    description: describe(space as Space),
  };
}

/** Refuses lists of plain values, which may be meant as choices or as constants. */
function refuseLists(where: string, path: string, record: Space): void {
  for (const [key, node] of Object.entries(record)) {
    if (isParameter(node)) continue;
    if (Array.isArray(node) && !holdsParameter(node))
      throw new LanewiseError(
        "invalid-argument",
        `${where}: "${path}${key}" of space is the list ${show(node)}. One of them: spaces.choice(list); the list itself: spaces.constant(list).`,
      );
    if (isRecord(node)) refuseLists(where, `${path}${key}.`, node as Space);
  }
}

function holdsParameter(node: SpaceNode): boolean {
  if (isParameter(node)) return true;
  return typeof node === "object" && node !== null && Object.values(node).some(holdsParameter);
}

function describe(node: SpaceNode): PlainValue {
  if (isParameter(node)) {
    const { rule } = node;
    if (rule.type === "choice") return { type: "choice", options: rule.options.map(describe) };
    if (rule.type !== "conditional") return rule as unknown as PlainValue;
    const { parameter, when, space } = rule;
    return {
      type: "conditional",
      parameter,
      when: typeof when === "function" ? "function" : when,
      space: describe(space),
    };
  }
  if (Array.isArray(node)) return node.map(describe);
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, each]) => [key, describe(each)]));
}
