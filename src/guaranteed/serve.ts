/**
 * The serving rule: from the lines of the contracts that may be shown in a break to the chance of each, and to one
 * choice. It holds no state and counts nothing, so any number of edges may apply it without talking to each other.
 * Source: Bharadwaj et al., "SHALE: An Efficient Algorithm for Allocation of Guaranteed Display Advertising", KDD 2012.
 */
import type { GuaranteeLine, GuaranteeTable } from "./contract.ts";

/** A whole break. Units: ppm. */
export const WHOLE_PPM = 1_000_000;

/**
 * The water line β ≥ 0 of a break: the lowest at which what stands above it, Σ max(0, level − β), is at most `whole`.
 * Cost: a few passes over the levels (Michelot's projection onto the simplex).
 */
export function waterLine(levels: readonly number[], whole: number): number {
  let line = Number.NEGATIVE_INFINITY;
  let standing = -1;
  for (;;) {
    let sum = 0;
    let above = 0;
    for (const level of levels) {
      if (level <= line) continue;
      sum += level;
      above++;
    }
    if (above === standing || above === 0) return Math.max(0, line);
    standing = above;
    line = (sum - whole) / above;
  }
}

/** Each contract's chance of the break, in the order of the lines. Whole ppm, in all at most `WHOLE_PPM`. */
export function shares(lines: GuaranteeTable): readonly number[] {
  const beta = waterLine(
    lines.map((line) => line.alphaPpm),
    WHOLE_PPM,
  );
  let leftPpm = WHOLE_PPM;
  return lines.map(({ zetaPpm }) => {
    const sharePpm = Math.min(leftPpm, Math.max(0, Math.floor(zetaPpm - beta)));
    leftPpm -= sharePpm;
    return sharePpm;
  });
}

/** Which contract has the break, or null: it belongs to open demand alone. `random` is uniform in [0, 1). */
export function choose(lines: GuaranteeTable, random: number): GuaranteeLine | null {
  let atPpm = Math.floor(random * WHOLE_PPM);
  for (const [index, sharePpm] of shares(lines).entries()) {
    if (atPpm < sharePpm) return lines[index] ?? null;
    atPpm -= sharePpm;
  }
  return null;
}
