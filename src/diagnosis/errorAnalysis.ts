// Which errors fall into which category, sorted by what fixing them would gain.

import { LanewiseError } from "../../bindings/errors.ts";
import { invalid, isRecord } from "../check.ts";
import type { Values } from "../data/arrays.ts";
import { labelsOf } from "../data/labelRows.ts";
import { predictedOf, requireSameCount, rowsOf } from "../metrics/rows.ts";
import { percent, textTable, withText } from "../text.ts";

/** Categories of each example: a list of tags an example, or a flag an example for each tag. An example may have several. */
export type Tags = readonly (readonly string[])[] | Readonly<Record<string, ArrayLike<boolean | number>>>;

/** One category of errors. */
export interface ErrorCategory {
  readonly tag: string;
  /** Wrong examples with this tag, by index. */
  readonly indices: readonly number[];
  readonly errors: number;
  /** Of all errors. Shares add up to more than 1 where tags overlap. */
  readonly share: number;
  /** What accuracy could gain at most if all of them were fixed: errors / examples. */
  readonly gain: number;
  /** Examples with this tag, right or wrong. */
  readonly examples: number;
  /** errors / examples of this tag. */
  readonly errorRate: number;
}

/** What `errorAnalysis` returns: data, and a table as text. */
export interface ErrorAnalysis {
  readonly examples: number;
  readonly errors: number;
  readonly errorRate: number;
  /** The category with the largest gain first; errors without a tag are "(no tag)". */
  readonly categories: readonly ErrorCategory[];
  toString(): string;
}

const NO_TAG = "(no tag)";
const where = "errorAnalysis";

function requireLists(tags: readonly unknown[]): asserts tags is readonly (readonly string[])[] {
  tags.forEach((list, i) => {
    if (!Array.isArray(list) || !list.every((tag) => typeof tag === "string" && tag.length > 0))
      throw invalid(where, `tags[${i}]`, "an array of non-empty strings", list);
  });
}

/** The tags of each example, each once. */
function tagLists(tags: unknown, count: number): readonly ReadonlySet<string>[] {
  if (Array.isArray(tags)) {
    requireLists(tags);
    requireSameCount(where, { name: "tags", count: tags.length }, { name: "labels", count });
    return tags.map((list) => new Set(list));
  }
  if (!isRecord(tags) || Object.keys(tags).length === 0) {
    throw invalid(where, "tags", "a list of strings an example, or a record of arrays of true and false", tags);
  }
  const lists = Array.from({ length: count }, () => new Set<string>());
  for (const [tag, flags] of Object.entries(tags)) {
    if (!Array.isArray(flags) && !ArrayBuffer.isView(flags))
      throw invalid(where, `tags.${tag}`, "an array of true and false", flags);
    const values = flags as unknown as ArrayLike<unknown>;
    requireSameCount(where, { name: `tags.${tag}`, count: values.length }, { name: "labels", count });
    for (let i = 0; i < count; i++) {
      const flag = values[i];
      if (flag === true || flag === 1) lists[i]?.add(tag);
      else if (flag !== false && flag !== 0) throw invalid(where, `tags.${tag}[${i}]`, "true or false", flag);
    }
  }
  return lists;
}

/**
 * Counts the errors of each category: `share` = its errors / all errors, `gain` = its errors / all examples, which is how much
 * accuracy can rise at most if the category is fixed. Around a hundred errors, looked at by hand and tagged ("blurry", "dog",
 * "wrong label"), show what is worth the work (the course "Structuring Machine Learning Projects").
 * `predictions` are class indices [n], probabilities [n, classes] or those of the class 1 [n, 1]; `labels` are class indices or one-hot rows.
 * Throws `shape-mismatch` where they are not as many, `invalid-argument` for what is none of these.
 */
export function errorAnalysis(predictions: Values, labels: Values, tags: Tags): ErrorAnalysis {
  const [left, right] = [rowsOf(where, "predictions", predictions), rowsOf(where, "labels", labels)];
  requireSameCount(where, left, right);
  const [predicted, wanted] = [predictedOf(where, left), labelsOf(where, right)];
  const lists = tagLists(tags, wanted.length);
  const examples = wanted.length;
  const names = new Set(lists.flatMap((list) => [...list]));
  if (names.has(NO_TAG))
    throw new LanewiseError("invalid-argument", `${where}: tags holds "${NO_TAG}", which stands for none.`);
  const wrong = Array.from({ length: examples }, (_, i) => i).filter((i) => predicted[i] !== wanted[i]);
  const errors = wrong.length;
  const category = (tag: string, has: (i: number) => boolean): ErrorCategory => {
    const indices = wrong.filter(has);
    const tagged = lists.reduce((total, _, i) => total + (has(i) ? 1 : 0), 0);
    return {
      tag,
      indices,
      errors: indices.length,
      share: errors === 0 ? 0 : indices.length / errors,
      gain: indices.length / examples,
      examples: tagged,
      errorRate: tagged === 0 ? 0 : indices.length / tagged,
    };
  };
  const categories = [...names].map((tag) => category(tag, (i) => lists[i]?.has(tag) === true));
  const rest = category(NO_TAG, (i) => lists[i]?.size === 0);
  if (rest.errors > 0) categories.push(rest);
  categories.sort((a, b) => b.errors - a.errors);
  return withText({ examples, errors, errorRate: errors / examples, categories }, () => {
    const rows = categories.map((each) => [
      each.tag,
      String(each.errors),
      percent(each.share),
      percent(each.gain),
      percent(each.errorRate),
    ]);
    return [
      `${errors} of ${examples} examples are wrong: ${percent(errors / examples)}`,
      ...textTable([["category", "errors", "of errors", "gain at most", "error rate in it"], ...rows], [1, 2, 3, 4]),
    ].join("\n");
  });
}
