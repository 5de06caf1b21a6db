/**
 * A decision is the same bits on every engine only while nothing on its way uses mathematics that the language leaves
 * to the engine (ECMA-262 calls it implementation-approximated), or words that depend on a machine's locale. Models are
 * no exception here: the fallback tier brings its own exponential, and ONNX scores are recorded.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../../..");
const WAYS_IN = ["src/decision/funnel.ts", "src/decision/linear_scorer.ts", "src/decision/trace/replay.ts"];
/** Powers of two by a whole number are exact wherever floats are binary. */
const ENGINES_CHOICE =
  /\bMath\.(a?(sin|cos|tan)h?|atan2|cbrt|expm?1?|hypot|log(10|1p|2)?|pow)\b|(?<!\b2 )\*\*|\*\*(?! \d)|\bIntl\b|toLocale|localeCompare/;
/** Asks the engine's calendar for a publisher's clock; the answer is in every trace. */
const CALENDAR = "src/kernel/local_day.ts";

/** A file and all that it imports, types aside. */
function reached(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(path.join(root, file), "utf8");
  for (const [, typeOnly, target] of text.matchAll(/^import (type )?[^;]*?from "(\.[^"]+)";/gm)) {
    if (typeOnly === undefined) reached(path.join(path.dirname(file), target ?? ""), seen);
  }
  return seen;
}

it("nothing on a decision's way leaves a bit to the engine", () => {
  const seen = new Set<string>();
  for (const file of WAYS_IN) reached(file, seen);
  expect([...seen].filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  expect(seen.size).toBeGreaterThan(20);
  expect(seen).toContain(CALENDAR);
  seen.delete(CALENDAR);
  const found = [...seen].flatMap((file) =>
    code(readFileSync(path.join(root, file), "utf8"))
      .split("\n")
      .flatMap((line, at) => (ENGINES_CHOICE.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

/** The text without comments, line by line. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, "")).replace(/\/\/.*$/gm, "");
}
