/** Every rule of deciding by example: the cases of test/golden, one file a subject. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { decideCase, parseCases } from "./golden_case.ts";
import { shown } from "./fixture.ts";

const DIR = path.resolve(import.meta.dirname, "../../golden");
const subjects = readdirSync(DIR)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => ({
    subject: name.slice(0, -5).replaceAll("_", " "),
    cases: parseCases(JSON.parse(readFileSync(path.join(DIR, name), "utf8"))),
  }));

test("there is a golden case for every rule, and every rule is told once", () => {
  const rules = subjects.flatMap(({ cases }) => cases.map(({ rule }) => rule));
  expect(rules.length).toBeGreaterThanOrEqual(60);
  expect(new Set(rules).size).toBe(rules.length);
});

describe.each(subjects)("$subject", ({ cases }) => {
  test.each(cases)("$rule", async (golden) => {
    const { decision, fates } = await decideCase(golden);
    expect(shown(decision)).toEqual(golden.plays);
    for (const [id, cpm] of Object.entries(golden.pays ?? {})) {
      const slot = decision.slots.find(({ offer }) => offer.lineItemId === `li-${id}`);
      expect({ ad: id, pays: (slot?.priceMicros ?? Number.NaN) / 1000 }).toEqual({ ad: id, pays: cpm });
    }
    for (const [id, reason] of Object.entries(golden.loses ?? {})) {
      const found = fates.filter(({ offer }) => offer.lineItemId === `li-${id}`).map((fate) => fate.reason);
      expect({ ad: id, reasons: found }).toEqual({ ad: id, reasons: [reason] });
    }
  });
});
