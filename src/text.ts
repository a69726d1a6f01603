// Results as text: numbers, tables.

/** Gives a record its text, aside from its data: it can be compared and cloned as before. */
export const withText = <T extends object>(record: T, text: () => string): T & { toString(): string } =>
  Object.defineProperty(record, "toString", { value: text });

/** Without zeros at the end: "0.5", "12", "1e-7". */
export function short(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return rounded.toExponential().replace("e+", "e");
  return String(rounded);
}

/** A share as percent: 0.0625 is "6.25 %", at most two digits behind the point. */
export function percent(share: number): string {
  return `${String(Number((share * 100).toFixed(2)))} %`;
}

/** Rows as lines of aligned columns; those whose index is in `right` are aligned to the right. */
export function textTable(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((most, row) => Math.max(most, (row[column] ?? "").length), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number),
      )
      .join("  ")
      .trimEnd(),
  );
}
