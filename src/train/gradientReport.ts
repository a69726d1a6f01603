// What gradientCheck found: errors by variable and in all, verdicts, and a table.

import { textTable, withText } from "../text.ts";
import type { Comparison, Element, Kink } from "./differences.ts";

/** "ok" below 1e-7, or where rounding explains the difference; "wrong" above 1e-3; "look" between; "kinks" where nothing else was found. */
export type GradientVerdict = "ok" | "look" | "wrong" | "kinks";

/** The gradient with respect to one variable, or to one input of an operation. */
export interface GradientEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** Elements that were checked, of how many. */
  readonly checked: number;
  readonly elements: number;
  /** ||a - b|| / (||a|| + ||b||); 0 where both are 0 up to rounding. */
  readonly relativeError: number;
  readonly verdict: GradientVerdict;
  /** The element that is furthest off. */
  readonly worst: Element | null;
  /** Elements that lie at kinks and were left out. */
  readonly kinks: number;
}

/** What `gradientCheck` resolves with. */
export interface GradientReport {
  /** Whether nothing is wrong: every verdict is "ok", "look" or "kinks". */
  readonly passed: boolean;
  /** Over all parameters at once. */
  readonly relativeError: number;
  readonly verdict: GradientVerdict;
  /** What was differentiated. */
  readonly value: number;
  readonly epsilon: number;
  readonly variables: readonly GradientEntry[];
  /** Each input of each call of an `ops.customGradient`, checked alone. */
  readonly operations: readonly GradientEntry[];
  /** The element whose error weighs most within its variable. */
  readonly worst: Element | null;
  readonly kinks: readonly Kink[];
  /** What was left out or done otherwise. */
  readonly notes: readonly string[];
  /** A table. */
  toString(): string;
}

const OK = 1e-7;
const WRONG = 1e-3;

type Norms = Pick<Comparison, "analyticNorm" | "numericNorm" | "distance" | "rounding">;

function errorOf({ analyticNorm, numericNorm, distance, rounding }: Norms): number {
  const size = analyticNorm + numericNorm;
  return size === 0 || (size <= rounding && distance <= rounding) ? 0 : distance / size;
}

function verdictOf(norms: Norms, error: number, compared: number): GradientVerdict {
  if (compared === 0) return "kinks";
  if (error < OK || norms.distance <= norms.rounding) return "ok";
  return error > WRONG || Number.isNaN(error) ? "wrong" : "look";
}

export function entryOf(comparison: Comparison, name: string = comparison.part.name): GradientEntry {
  const { part, checked, kinks, worst } = comparison;
  const relativeError = errorOf(comparison);
  return {
    name,
    shape: part.shape,
    checked,
    elements: part.values.length,
    relativeError,
    verdict: verdictOf(comparison, relativeError, checked - kinks.length),
    worst,
    kinks: kinks.length,
  };
}

/** The worst element: the furthest off, compared with the norms of its variable. */
function worstOf(comparisons: readonly Comparison[]): Element | null {
  let [worst, most]: [Element | null, number] = [null, -1];
  for (const each of comparisons) {
    if (!each.worst) continue;
    const apart = Math.abs(each.worst.analytic - each.worst.numeric);
    const share = errorOf(each) === 0 ? 0 : apart / (each.analyticNorm + each.numericNorm);
    if (Number.isNaN(share)) return each.worst;
    if (share > most) [worst, most] = [each.worst, share];
  }
  return worst;
}

export function createReport(found: {
  readonly value: number;
  readonly epsilon: number;
  readonly comparisons: readonly Comparison[];
  readonly operations: readonly GradientEntry[];
  readonly notes: readonly string[];
}): GradientReport {
  const { value, epsilon, comparisons, operations } = found;
  const root = (of: (each: Comparison) => number): number =>
    Math.sqrt(comparisons.reduce((sum, each) => sum + of(each) ** 2, 0));
  const norms: Norms = {
    analyticNorm: root((each) => each.analyticNorm),
    numericNorm: root((each) => each.numericNorm),
    distance: root((each) => each.distance),
    rounding: root((each) => each.rounding),
  };
  const variables = comparisons.map((each) => entryOf(each));
  const kinks = comparisons.flatMap((each) => each.kinks);
  const compared = comparisons.reduce((sum, { checked }) => sum + checked, 0) - kinks.length;
  const relativeError = errorOf(norms);
  const sampled = variables.filter(({ checked, elements }) => checked < elements).length;
  const notes = [
    ...found.notes,
    ...(sampled > 0 ? [`Of ${sampled} variables a sample of the elements was checked.`] : []),
    ...(kinks.length > 0
      ? [`Left out, because they are within epsilon of a kink, where there is no derivative: ${kinks.length} elements.`]
      : []),
  ];
  const report = {
    passed: [...variables, ...operations].every(({ verdict }) => verdict !== "wrong"),
    relativeError,
    verdict: verdictOf(norms, relativeError, compared),
    value,
    epsilon,
    variables,
    operations,
    worst: worstOf(comparisons),
    kinks,
    notes,
  };
  return withText(report, () => printReport(report));
}

const short = (x: number): string => (x === 0 ? "0" : x.toExponential(1));
const row = ({ name, checked, elements, relativeError, verdict, kinks }: GradientEntry): string[] => [
  name,
  checked === elements ? String(elements) : `${checked} of ${elements}`,
  String(kinks),
  short(relativeError),
  verdict,
];

function printReport(report: Omit<GradientReport, "toString">): string {
  const { variables, operations, worst, relativeError, verdict, epsilon, notes } = report;
  const header = ["", "checked", "kinks", "error", "verdict"];
  const all = ["all at once", "", "", short(relativeError), verdict];
  const wrong = operations.filter((each) => each.verdict === "wrong");
  return [
    `gradients against differences, epsilon ${epsilon}`,
    ...textTable([header, ...variables.map(row), ...operations.map(row), all], [1, 2, 3]),
    ...(worst
      ? [
          `furthest off: ${worst.name}${worst.index.length > 0 ? `[${worst.index.join(", ")}]` : ""}, gradient ${worst.analytic}, difference quotient ${worst.numeric}`,
        ]
      : []),
    ...wrong.map(({ name }) => `The gradient of ${name} is wrong.`),
    ...notes,
  ].join("\n");
}
