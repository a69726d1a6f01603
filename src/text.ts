// Tables of text.

/** Gives a record its text, aside from its data: it can be compared and cloned as before. */
export const withText = <T extends object>(record: T, text: () => string): T & { toString(): string } =>
  Object.defineProperty(record, "toString", { value: text });

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
