/**
 * What a command found, twice: lines for people, one object for scripts. Money is shown exactly, to the last micro that
 * is not zero, because a rounded amount cannot be compared with a ledger.
 */

/** The result of a command that succeeded. */
export interface Outcome {
  /** Printed with `--json`, as one object with `ok: true` in front. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

/** An amount in whole currency with at least two decimals: 12.50, 0.012345. Units: micros. */
export function showMicros(amountMicros: number): string {
  const whole = Math.trunc(Math.abs(amountMicros) / 1_000_000);
  const rest = String(Math.abs(amountMicros) % 1_000_000).padStart(6, "0");
  const decimals = rest.replace(/0{1,4}$/, "");
  return `${amountMicros < 0 ? "-" : ""}${whole}.${decimals}`;
}

/** Columns padded to their widest cell; those named in `rightAligned` (by position) lean right. */
export function showTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  rightAligned: ReadonlySet<number> = new Set(),
): string[] {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return rightAligned.has(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

/** `1 line item`, `2 line items`. */
export function countOf(count: number, singular: string): string {
  return `${count} ${singular}${count === 1 ? "" : "s"}`;
}

/** A moment in UTC as people write it. Units: epoch milliseconds. */
export function showMoment(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.000Z$/, "Z");
}

const LEVELS = "▁▂▃▄▅▆▇█";

/**
 * Values over time in one line: columns of equal time, each as high as the last value known by its end. `times`:
 * ascending, as many as values, at least one. `max`: the value of a full column.
 */
export function sparkline(times: readonly number[], values: readonly number[], max: number, columns: number): string {
  const [start, end] = [times[0] ?? 0, times.at(-1) ?? 0];
  let at = 0;
  return Array.from({ length: columns }, (_, column) => {
    const untilMs = start + ((end - start) * (column + 1)) / columns;
    while ((times[at + 1] ?? Number.POSITIVE_INFINITY) <= untilMs) at += 1;
    const share = max > 0 ? Math.max(0, Math.min(1, (values[at] ?? 0) / max)) : 0;
    return LEVELS[Math.round(share * (LEVELS.length - 1))];
  }).join("");
}
