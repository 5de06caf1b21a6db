/**
 * Turns what zod says about one entity into problems an operator can act on: the field, what it should hold in plain
 * words, what it holds. Only shapes are judged here; references between entities are in references.ts.
 */
import type { z } from "zod";
import type { CatalogProblem, CatalogProblemCode } from "./problem.ts";
import { nearestWord, showPath, showValue } from "./problem.ts";

/** Where an entity stands: `[section, index]` in a file. */
export interface EntityPlace {
  readonly file: string;
  readonly path: readonly PropertyKey[];
}

/** Rules that the schemas state with a code of their own. */
const RULES = ["daypart_reversed", "flight_reversed", "impressions_missing", "impressions_not_promised"] as const;

type Issue = z.core.$ZodIssue;

/** Problems of one value, in the order of its fields. `knownFields` is where spelling is looked up. */
export function fieldProblems(
  place: EntityPlace,
  value: unknown,
  issues: readonly Issue[],
  knownFields: ReadonlySet<string>,
): CatalogProblem[] {
  const problems: CatalogProblem[] = [];
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) problems.push(unknownField(place, [...issue.path, key], key, knownFields));
      continue;
    }
    const at = valueAt(value, issue.path);
    const { code, expected } = judge(issue, at);
    const path = showPath([...place.path, ...issue.path]);
    const last = problems.at(-1);
    // A number beyond the safe integers breaks two bounds of one field; the later, tighter one is the useful one.
    if (last !== undefined && last.path === path && last.code === code) problems.pop();
    problems.push({ file: place.file, path, code, expected, found: showValue(at) });
  }
  return problems;
}

/** ` (did you mean "x"?)` when a known word is near, else nothing. */
export function hint(written: unknown, known: Iterable<string>): string {
  const near = typeof written === "string" ? nearestWord(written, known) : null;
  return near === null ? "" : ` (did you mean "${near}"?)`;
}

function unknownField(
  place: EntityPlace,
  path: readonly PropertyKey[],
  key: string,
  knownFields: ReadonlySet<string>,
): CatalogProblem {
  return {
    file: place.file,
    path: showPath([...place.path, ...path]),
    code: "unknown_field",
    expected: `a field that exists here${hint(key, knownFields)}`,
    found: showValue(key),
  };
}

function judge(issue: Issue, value: unknown): { code: CatalogProblemCode; expected: string } {
  switch (issue.code) {
    case "invalid_type":
      return { code: value === undefined ? "missing_field" : "wrong_type", expected: typeWords(issue.expected) };
    case "invalid_value":
      return choiceOf(issue.values.map(String), value);
    case "invalid_union":
      return choiceOf(unionOptions(issue), value);
    case "invalid_format":
      return { code: "bad_format", expected: formatWords(issue) };
    case "too_small":
      return bound(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum, "too_short");
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum, "too_long");
    case "custom":
      return { code: ruleCode(issue.params), expected: issue.message };
    default:
      return { code: "rule_broken", expected: issue.message };
  }
}

function choiceOf(options: readonly string[], value: unknown): { code: CatalogProblemCode; expected: string } {
  const code = value === undefined ? "missing_field" : "not_allowed";
  return { code, expected: `one of ${options.join(", ")}${hint(value, options)}` };
}

function unionOptions(issue: z.core.$ZodIssueInvalidUnion): readonly string[] {
  // zod puts the allowed discriminators beside the issue without typing them.
  const options: unknown = "options" in issue ? issue.options : [];
  return Array.isArray(options) ? options.map(String) : [];
}

function bound(
  origin: string,
  words: string,
  limit: number | bigint,
  lengthCode: "too_short" | "too_long",
): { code: CatalogProblemCode; expected: string } {
  if (origin === "string") return { code: lengthCode, expected: `text of ${words} ${limit} characters` };
  if (origin === "array") return { code: lengthCode, expected: `a list of ${words} ${limit}` };
  return {
    code: "out_of_range",
    expected: `a number of ${words} ${limit}`.replace("of more", "more").replace("of less", "less"),
  };
}

function formatWords(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === "datetime") return "a moment with its zone such as 2026-01-31T00:00:00Z";
  if (issue.format === "url") return "an http or https URL";
  return issue.message;
}

function ruleCode(params: Record<string, unknown> | undefined): CatalogProblemCode {
  const problem = params?.["problem"];
  return RULES.find((rule) => rule === problem) ?? "rule_broken";
}

function typeWords(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    string: "text",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
    object: "an object",
    record: "an object",
    array: "a list",
  };
  return words[expected] ?? expected;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const segment of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Object.getOwnPropertyDescriptor(at, segment)?.value;
  }
  return at;
}
