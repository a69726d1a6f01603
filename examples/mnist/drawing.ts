// What a terminal shows of digits and predictions: text, nothing else.

import type { Digits } from "./digits.ts";
import { IMAGE_SIDE, IMAGE_SIZE } from "./digits.ts";

/** The class with the highest probability of each row of `classes` numbers. */
export function highest(probabilities: ArrayLike<number>, classes: number): Uint8Array {
  const found = new Uint8Array(probabilities.length / classes);
  for (let row = 0; row < found.length; row++) {
    let best = 0;
    for (let k = 1; k < classes; k++) {
      if ((probabilities[row * classes + k] as number) > (probabilities[row * classes + best] as number)) best = k;
    }
    found[row] = best;
  }
  return found;
}

/** How many examples of class i (row) were taken for class j (column). */
export function confusionMatrix(labels: Uint8Array, predicted: Uint8Array, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => {
    const row = counts[label] as number[];
    const column = predicted[i] as number;
    row[column] = (row[column] as number) + 1;
  });
  return counts;
}

/** A table; zeros are dots, the share of right ones stands at the end of a row. */
export function formatConfusion(counts: readonly (readonly number[])[]): string {
  const width = String(Math.max(...counts.flat())).length + 1;
  const cell = (value: string | number) => String(value).padStart(width);
  const rows = counts.map((row, i) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    const right = total > 0 ? `${((100 * (row[i] as number)) / total).toFixed(1)} %` : "";
    return `  ${i} │${row.map((n) => cell(n || "·")).join("")}   ${right.padStart(7)}`;
  });
  return [`    │${counts.map((_, i) => cell(i)).join("")}`, `  ──┼${"─".repeat(width * counts.length)}`, ...rows].join(
    "\n",
  );
}

/** Upper half and lower half of a character cell, dark or light. */
const HALVES = [" ", "▄", "▀", "█"] as const;

/** Two rows of an image as one line of half blocks. */
function drawRows(pixels: Uint8Array, top: number): string {
  let line = "";
  for (let column = 0; column < IMAGE_SIDE; column++) {
    const above = (pixels[top * IMAGE_SIDE + column] as number) > 96 ? 2 : 0;
    const below = (pixels[(top + 1) * IMAGE_SIDE + column] as number) > 96 ? 1 : 0;
    line += HALVES[above + below];
  }
  return line;
}

/** Images side by side, with what they were taken for and what they are. */
export function drawDigits({ x, y }: Digits, predicted: Uint8Array, chosen: readonly number[]): string {
  const images = chosen.map((i) => x.subarray(i * IMAGE_SIZE, (i + 1) * IMAGE_SIZE));
  const lines: string[] = [];
  for (let top = 0; top < IMAGE_SIDE; top += 2)
    lines.push(
      images
        .map((pixels) => drawRows(pixels, top))
        .join("  ")
        .trimEnd(),
    );
  const captions = chosen.map((i) =>
    (predicted[i] === y[i] ? `predicted ${predicted[i]}` : `predicted ${predicted[i]}, is ${y[i]}`)
      .padStart(18)
      .padEnd(IMAGE_SIDE),
  );
  // rows that are empty in all of them say nothing
  return [...lines.filter((line) => line !== ""), captions.join("  ").trimEnd(), ""].join("\n");
}
