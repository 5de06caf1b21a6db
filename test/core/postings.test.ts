/** The index's own promises: alternatives never lose a viewer, and building goes in steps. */
import { expect, test } from "vitest";
import { conjunctionsOf } from "../../src/catalog/conjunctions.ts";
import { openPostings } from "../../src/catalog/postings_draft.ts";
import type { IndexedLine } from "../../src/catalog/indexed_line.ts";
import { stream } from "../../src/kernel/random.ts";
import { CATALOG_LIMITS } from "../../src/kernel/limits.ts";

const line = (cpmMicros: number, over: Partial<IndexedLine> = {}): IndexedLine => ({
  targeting: {},
  active: true,
  flightStartMs: 0,
  flightEndMs: 1,
  goal: { kind: "cpm", cpmMicros },
  positionPremiumPpm: { first: 0, last: 0 },
  guaranteed: false,
  deals: [],
  advertiserDomain: "a.example",
  creatives: [{ durationSec: 15, categories: ["IAB2-3"], media: [{ mimeType: "video/mp4" }] }],
  ...over,
});

function built(lines: readonly IndexedLine[]) {
  const builder = openPostings();
  for (const one of lines) builder.add(one);
  for (let steps = 1; ; steps++) {
    const postings = builder.advance();
    if (postings !== null) return { postings, steps };
  }
}

test("an expression becomes its alternatives, a not an exclude list", () => {
  const where = {
    any: [{ is: { countries: ["DE"] } }, { not: { is: { genres: ["news" as const], devices: ["ctv" as const] } } }],
  };
  const stated = conjunctionsOf({ where }).map(({ lists }) => [...lists]);
  expect(stated).toEqual([
    [["countries", { include: ["DE"], exclude: [] }]],
    [["devices", { include: null, exclude: ["ctv"] }]],
    [["genres", { include: null, exclude: ["news"] }]],
  ]);
});

test("what contradicts itself has no alternative, and two segments lists do not", () => {
  const both = (a: object, b: object) => conjunctionsOf({ where: { all: [{ is: a }, { is: b }] } }).length;
  expect(both({ countries: ["DE"] }, { countries: ["US"] })).toBe(0);
  expect(both({ segments: ["a"] }, { segments: ["b"] })).toBe(1);
});

test("an expression of too many alternatives asks for less", () => {
  const clause = (country: string) => ({ is: { countries: [country] } });
  const many = { any: Array.from({ length: CATALOG_LIMITS.whereAlternativesMax + 1 }, (_, n) => clause(`A${n}`)) };
  expect(conjunctionsOf({ where: many }).map(({ lists }) => lists.size)).toEqual([0]);
});

test("entries come by what they may bid, guaranteed deals first, and inactive ones not at all", () => {
  const { postings } = built([
    line(1_000),
    line(9_000),
    line(1, { guaranteed: true }),
    line(9_000),
    line(10_000, { active: false }),
    line(5_000, { positionPremiumPpm: { first: 1_000_000, last: 0 } }),
    line(0, { goal: { kind: "completedView", perViewMicros: 3 } }),
  ]);
  expect([...postings.lineOf]).toEqual([2, 5, 1, 3, 6, 0]);
  expect(postings.guaranteedSize).toBe(1);
});

test("many line items are sorted as few are, and built in many steps", () => {
  const random = stream("postings", "ceilings");
  const lines = Array.from({ length: 10_000 }, () => line(random.below(5_000)));
  const { postings, steps } = built(lines);
  const cpm = (n: number): number => {
    const { goal } = lines[n] ?? line(0);
    return goal.kind === "cpm" ? goal.cpmMicros : 0;
  };
  const expected = lines.map((_, n) => n).sort((a, b) => cpm(b) - cpm(a) || a - b);
  expect([...postings.lineOf]).toEqual(expected);
  expect(steps).toBeGreaterThan(10);
});
