// What the names of reported values say about them.

/** Metrics of which more is better, and which are 1 where nothing is wrong. */
const score = /(acc|accuracy|precision|recall|f1|f1score|auc|rocauc|averageprecision|r2|r2score|topk\w*)$/i;

export const isScore = (name: string): boolean => score.test(name);

/** What is minimised: 1 - accuracy and its like, anything else as it is. */
export const errorOf = (name: string, value: number): number => (isScore(name) ? 1 - value : value);

/** "1 - accuracy", "loss" */
export const errorLabel = (name: string): string => (isScore(name) ? `1 - ${name}` : name);
