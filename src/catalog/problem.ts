/**
 * What is wrong with a catalog, said so that whoever wrote the file can mend it: which file, which field, what was
 * expected, what is there. Codes are stable; wording is not.
 */
import { CATALOG_LIMITS } from "../kernel/limits.ts";

/** Every kind of problem. Stable: scripts match on these. */
export const CATALOG_PROBLEM_CODES = [
  "bad_json",
  "unreadable_file",
  "no_files",
  "too_many_files",
  "bad_snapshot",
  "not_an_object",
  "unknown_section",
  "too_many_entities",
  "too_many_offers",
  "too_many_problems",
  "missing_field",
  "unknown_field",
  "wrong_type",
  "bad_format",
  "not_allowed",
  "out_of_range",
  "too_short",
  "too_long",
  "flight_reversed",
  "daypart_reversed",
  "rule_broken",
  "duplicate_id",
  "duplicate_reference",
  "unknown_reference",
  "creative_of_other_advertiser",
  "house_goal_with_budget",
  "paid_goal_without_budget",
  "house_line_item_in_deal",
  "impressions_missing",
  "impressions_not_promised",
  "guarantee_over_campaigns",
  "guarantee_shares_campaign",
  "guarantee_price_differs",
  "guarantee_over_budget",
  "too_many_guarantees",
  "no_publisher",
] as const;

/** A stable name for one kind of problem. */
export type CatalogProblemCode = (typeof CATALOG_PROBLEM_CODES)[number];

/** One problem. `path` is like `lineItems[3].creativeIds[0]`, empty when the whole file is meant. */
export interface CatalogProblem {
  readonly file: string;
  readonly path: string;
  readonly code: CatalogProblemCode;
  /** What should be there, in plain words. */
  readonly expected: string;
  /** What is there, shortened. */
  readonly found: string;
}

/** Gathers problems: at most `CATALOG_LIMITS.problemsMax`, the last of which then says how many more there are. */
export function gatherProblems(): {
  readonly report: (problem: CatalogProblem) => void;
  readonly reported: () => readonly CatalogProblem[];
} {
  const problems: CatalogProblem[] = [];
  let unreported = 0;
  return {
    report: (problem) => {
      if (problems.length < CATALOG_LIMITS.problemsMax - 1) problems.push(problem);
      else unreported++;
    },
    reported: () => {
      if (unreported === 0) return problems;
      const expected = `fewer than ${CATALOG_LIMITS.problemsMax} problems`;
      const found = `${unreported} more`;
      return [...problems, { file: "catalog", path: "", code: "too_many_problems", expected, found }];
    },
  };
}

/** One line: `file: path: expected …, found …`. */
export function renderProblem(problem: CatalogProblem): string {
  const where = problem.path === "" ? problem.file : `${problem.file}: ${problem.path}`;
  return `${where}: expected ${problem.expected}, found ${problem.found}`;
}

/** One line a problem, the first fifty, then how many more there are. */
export function renderProblems(problems: readonly CatalogProblem[]): string {
  const lines = problems.slice(0, CATALOG_LIMITS.problemsShownMax).map(renderProblem);
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`... and ${more} more`);
  return lines.join("\n");
}

/** A value as a problem shows it: JSON, cut after sixty characters; "nothing" when absent. */
export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  // JSON.stringify is typed as string, yet gives undefined for what JSON cannot hold; files never carry that.
  const text = typeof value === "object" && value !== null ? showShape(value) : String(JSON.stringify(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function showShape(value: object): string {
  if (!Array.isArray(value)) return "an object";
  return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
}

/** Path segments as people write them: `lineItems[3].creativeIds[0]`. */
export function showPath(segments: readonly PropertyKey[]): string {
  let path = "";
  for (const segment of segments) {
    if (typeof segment === "number") path += `[${segment}]`;
    else path += path === "" ? String(segment) : `.${String(segment)}`;
  }
  return path;
}

/** In a catalog with more ids of similar length a hint may be missed, but a thousand bad references stay cheap. */
const NEAR_WORDS_MAX = 1_000;

/**
 * The known word nearest to what was written, or null when none is near: at most two edits away and at most a third of
 * its length. Ties go to the smaller word in code units. Cost: at most `NEAR_WORDS_MAX` comparisons.
 */
export function nearestWord(written: string, known: Iterable<string>): string | null {
  const reach = Math.min(2, Math.floor(written.length / 3));
  let best: string | null = null;
  let bestEdits = reach + 1;
  let compared = 0;
  for (const word of known) {
    if (Math.abs(word.length - written.length) > reach) continue;
    if (++compared > NEAR_WORDS_MAX) break;
    const edits = editDistance(written.toLowerCase(), word.toLowerCase());
    if (edits < bestEdits || (edits === bestEdits && best !== null && word < best)) {
      best = word;
      bestEdits = edits;
    }
  }
  return best;
}

/** Insertions, deletions and replacements between two words (Levenshtein), by one row of the table. */
function editDistance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = i - 1;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] ?? 0;
      const replace = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replace, above + 1, (row[j - 1] ?? 0) + 1);
      diagonal = above;
    }
  }
  return row[b.length] ?? 0;
}
