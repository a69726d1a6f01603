// What was measured, as text that a person reads.

/** One library's result in one row. */
export interface Entry {
  readonly peer: string;
  readonly error?: string;
  /** Training steps or images a second: of the median, and of the best sample. */
  readonly rate?: number;
  readonly rateBest?: number;
  readonly samples?: number;
  /** How many times faster Lanewise is. */
  readonly ratio?: number;
  /** Which of the library's ways was the fastest. */
  readonly how?: string;
  /** Largest difference from Lanewise's losses (relative) or probabilities; null where it cannot be compared. */
  readonly difference?: number | null;
  /** Over how many steps. */
  readonly steps?: number;
  /** Time at the roof / measured time, where a roof was measured. */
  readonly roofShare?: number;
}

export interface RowResult {
  readonly name: string;
  readonly kind: "train" | "infer";
  readonly parameters: number;
  /** Of a step, or of a call. */
  readonly multiplyAdds: number;
  readonly entries: readonly Entry[];
}

export function formatRate(rate: number): string {
  if (rate >= 100) return Math.round(rate).toLocaleString("en-US");
  return rate >= 1 ? rate.toFixed(1) : rate.toPrecision(2);
}

/** How many times faster Lanewise is. */
export function formatRatio(ratio: number): string {
  return ratio >= 100 ? `${Math.round(ratio).toLocaleString("en-US")} x` : `${ratio.toPrecision(3)} x`;
}

export function formatCount(n: number): string {
  if (n < 1e6) return n.toLocaleString("en-US");
  return n < 1e9 ? `${(n / 1e6).toFixed(1)} million` : `${(n / 1e9).toFixed(2)} thousand million`;
}

function cellsOf(entry: Entry, kind: "train" | "infer"): string[] {
  if (entry.rate === undefined) return [entry.peer, "-", "", "", "", entry.error ?? ""];
  const ratio = entry.ratio === undefined ? "" : formatRatio(entry.ratio);
  const over = kind === "train" && entry.steps ? ` in ${entry.steps}` : "";
  const difference =
    entry.difference === undefined
      ? ""
      : entry.difference === null
        ? "not comparable"
        : `${entry.difference.toExponential(0)}${over}`;
  const share = entry.roofShare === undefined ? "" : `, ${(100 * entry.roofShare).toFixed(0)} % of the roof`;
  const best = entry.rateBest === undefined ? "" : formatRate(entry.rateBest);
  return [entry.peer, formatRate(entry.rate), best, ratio, difference, `${entry.how ?? ""}${share}`];
}

/** Columns: names and differences to the left, numbers to the right, the last one as long as it is. */
function align(lines: readonly string[][]): string[] {
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((cells) => (cells[column] ?? "").length)));
  return lines.map((cells) => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? "";
      return column >= 1 && column <= 3 ? cell.padStart(width) : cell.padEnd(width);
    });
    return `  ${[...padded, cells[5] ?? ""].join("  ")}`.trimEnd();
  });
}

/** A row: its title, and a line for each library. */
export function formatRow(row: RowResult): string {
  const unit = row.kind === "train" ? "steps/s" : "images/s";
  const compared = row.kind === "train" ? "losses differ by" : "outputs differ by";
  const head = ["", unit, "best", "lanewise is", compared, "how"];
  const lines = align([head, ...row.entries.map((entry) => cellsOf(entry, row.kind))]);
  const work = `${formatCount(row.multiplyAdds)} multiply-adds a ${row.kind === "train" ? "step" : "call"}`;
  return [`${row.name}: ${formatCount(row.parameters)} parameters, ${work}`, ...lines].join("\n");
}
