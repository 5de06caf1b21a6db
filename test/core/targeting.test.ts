/**
 * Targeting against an oracle that reads the operator's lists as they were written, with no sets and no hour table.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Targeting } from "../../src/catalog/entities.ts";
import { targetingSchema } from "../../src/catalog/targeting_schema.ts";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../../src/catalog/words.ts";
import { withParents } from "../../src/catalog/category_tree.ts";
import type { Where } from "../../src/catalog/targeting_schema.ts";
import {
  LIST_DIMENSIONS,
  TARGETING_DIMENSIONS,
  compileTargeting,
  firstMismatch,
  type ListDimension,
  type TargetingDimension,
  type TargetingFacts,
} from "../../src/catalog/targeting.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/targeting.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

const COUNTRIES = ["DE", "US", "FR"] as const;
const REGIONS = ["BY", "CA"] as const;
const LANGUAGES = ["de", "en"] as const;
const PUBLISHERS = ["demo", "sports-live", "kids-tv"] as const;
const SEGMENTS = ["foodies", "gamers", "parents"] as const;
const CATEGORIES = ["IAB1", "IAB1-2", "IAB7", "IAB7-4"] as const;

type Mismatch = TargetingDimension | "consent";
/** In the order in which they are named. */
const MISMATCHES = TARGETING_DIMENSIONS.flatMap((dimension): readonly Mismatch[] =>
  dimension === "segments" ? ["consent", dimension] : [dimension],
);

const known = (value: string | null): string[] => (value === null ? [] : [value]);

/** What is known, in the order of the dimensions, as lists of values. */
function valuesOf(facts: TargetingFacts): Readonly<Record<ListDimension, readonly string[]>> {
  return {
    publishers: [facts.publisherId],
    surfaces: [facts.surface],
    devices: known(facts.device),
    countries: known(facts.country),
    regions: known(facts.region),
    genres: known(facts.genre),
    ratings: known(facts.rating),
    languages: known(facts.language),
    contentCategories: [...facts.contentCategories],
    segments: [...facts.segments],
  };
}

/** Whether a clause or expression holds, straight from the words of the documentation. */
function holds(where: Where, facts: TargetingFacts): boolean {
  if ("not" in where) return !holds(where.not, facts);
  if ("all" in where) return !where.all.some((part) => !holds(part, facts));
  if ("any" in where) return where.any.some((part) => holds(part, facts));
  const { dayparts, ...lists } = where.is;
  const values = valuesOf(facts);
  return (
    (dayparts === undefined || runsNow(dayparts, facts)) &&
    LIST_DIMENSIONS.every((dimension) => {
      const list: readonly string[] | undefined = lists[dimension];
      return list === undefined || values[dimension].some((value) => list.includes(value));
    })
  );
}

const runsNow = (parts: NonNullable<Targeting["dayparts"]>, { weekday, hour }: TargetingFacts): boolean =>
  parts.some((part) => part.days.includes(weekday) && part.fromHour <= hour && hour < part.toHour);

/** Everything that refuses. */
function refusing(targeting: Targeting, facts: TargetingFacts): Mismatch[] {
  const values = valuesOf(facts);
  return MISMATCHES.filter((dimension) => {
    if (dimension === "dayparts") return targeting.dayparts !== undefined && !runsNow(targeting.dayparts, facts);
    if (dimension === "where") return targeting.where !== undefined && !holds(targeting.where, facts);
    if (dimension === "consent") {
      return !facts.consent && (targeting.requiresConsent === true || targeting.segments?.include !== undefined);
    }
    const choice = targeting[dimension];
    const include: readonly string[] | undefined = choice?.include;
    const exclude: readonly string[] | undefined = choice?.exclude;
    const wanted = include === undefined || values[dimension].some((value) => include.includes(value));
    const unwanted = exclude !== undefined && values[dimension].some((value) => exclude.includes(value));
    return !wanted || unwanted;
  });
}

const choiceOf = <T extends string>(words: readonly T[]) => {
  const list = fc.option(fc.uniqueArray(fc.constantFrom(...words), { minLength: 1 }), { nil: undefined, freq: 2 });
  return fc.option(fc.record({ include: list, exclude: list }), { nil: undefined, freq: 2 });
};
const knownOrNot = <T extends string>(words: readonly T[]) => fc.option(fc.constantFrom(...words), { freq: 3 });

const daypart = fc
  .record({
    days: fc.uniqueArray(fc.nat(6), { minLength: 1 }),
    fromHour: fc.nat(23),
    hours: fc.integer({ min: 1, max: 24 }),
  })
  .map(({ days, fromHour, hours }) => ({ days, fromHour, toHour: Math.min(24, fromHour + hours) }));

const listOf = <T extends string>(words: readonly T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...words), { minLength: 1 }), { nil: undefined, freq: 2 });
const clause = fc.record({
  is: fc.record({
    countries: listOf(COUNTRIES),
    genres: listOf(GENRES),
    contentCategories: listOf(CATEGORIES),
    segments: listOf(SEGMENTS),
    dayparts: fc.option(fc.array(daypart, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 1 }),
  }),
});
const anyWhere = fc.letrec<{ where: unknown; node: unknown }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: clause, weight: 2 },
    { arbitrary: tie("node"), weight: 3 },
  ),
  node: fc.oneof(
    fc.record({ all: fc.array(tie("where"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie("where"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie("where") }),
  ),
})).where;

const anyTargeting: fc.Arbitrary<Targeting> = fc
  .record({
    publishers: choiceOf(PUBLISHERS),
    surfaces: choiceOf(SURFACES),
    devices: choiceOf(DEVICES),
    countries: choiceOf(COUNTRIES),
    regions: choiceOf(REGIONS),
    genres: choiceOf(GENRES),
    ratings: choiceOf(RATINGS),
    languages: choiceOf(LANGUAGES),
    contentCategories: choiceOf(CATEGORIES),
    segments: choiceOf(SEGMENTS),
    requiresConsent: fc.option(fc.boolean(), { nil: undefined, freq: 1 }),
    where: fc.option(anyWhere, { nil: undefined, freq: 2 }),
    dayparts: fc.option(fc.array(daypart, { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 2 }),
  })
  // Through JSON and the schema, as an operator's file goes: what is undefined is simply not written.
  .map((written) => targetingSchema.parse(JSON.parse(JSON.stringify(written))));

const anyFacts: fc.Arbitrary<TargetingFacts> = fc.record({
  publisherId: fc.constantFrom(...PUBLISHERS),
  surface: fc.constantFrom(...SURFACES),
  device: knownOrNot(DEVICES),
  country: knownOrNot(COUNTRIES),
  region: knownOrNot(REGIONS),
  genre: knownOrNot(GENRES),
  rating: knownOrNot(RATINGS),
  language: knownOrNot(LANGUAGES),
  contentCategories: fc.uniqueArray(fc.constantFrom(...CATEGORIES)).map((codes) => new Set(withParents(codes))),
  segments: fc.uniqueArray(fc.constantFrom(...SEGMENTS)).map((segments) => new Set(segments)),
  consent: fc.boolean(),
  hour: fc.nat(23),
  weekday: fc.nat(6),
});

const NOBODY_KNOWN: TargetingFacts = {
  publisherId: "demo",
  surface: "midroll",
  device: null,
  country: null,
  region: null,
  genre: null,
  rating: null,
  language: null,
  contentCategories: new Set(),
  segments: new Set(),
  consent: true,
  hour: 12,
  weekday: 3,
};

function mismatch(targeting: Targeting, facts: Partial<TargetingFacts> = {}): Mismatch | null {
  return firstMismatch(compileTargeting(targeting), { ...NOBODY_KNOWN, ...facts });
}

describe("Targeting", () => {
  it("names the first dimension that the written lists refuse, for any targeting and any viewer", () => {
    const judged = { shown: 0, refused: new Set<Mismatch>() };
    fc.assert(
      fc.property(anyTargeting, anyFacts, (targeting, facts) => {
        const expected = refusing(targeting, facts)[0] ?? null;
        if (expected === null) judged.shown++;
        else judged.refused.add(expected);
        expect(firstMismatch(compileTargeting(targeting), facts)).toBe(expected);
      }),
      { seed, numRuns: 5_000 },
    );
    // The test is worth something only when every outcome came up.
    expect(judged.shown).toBeGreaterThan(20);
    expect(judged.refused.size).toBe(MISMATCHES.length);
  });

  it("only ever loses viewers by another condition", () => {
    fc.assert(
      fc.property(anyTargeting, anyTargeting, anyFacts, (targeting, more, facts) => {
        const both = { ...more, ...targeting };
        if (firstMismatch(compileTargeting(targeting), facts) === null) return;
        expect(firstMismatch(compileTargeting(both), facts)).not.toBeNull();
      }),
      { seed, numRuns: 1_000 },
    );
  });

  it("that asks for nothing is shown to a viewer of whom nothing is known", () => {
    expect(mismatch({})).toBeNull();
    expect(mismatch({ devices: {}, segments: {} })).toBeNull();
  });

  it("does not take the unknown for a match of an include list, nor of an exclude list", () => {
    expect(mismatch({ countries: { include: ["DE"] } })).toBe("countries");
    expect(mismatch({ countries: { exclude: ["DE"] } })).toBeNull();
    expect(mismatch({ segments: { include: ["foodies"] } })).toBe("segments");
    expect(mismatch({ segments: { exclude: ["foodies"] } })).toBeNull();
  });

  it("wants one of the included segments and none of the excluded", () => {
    const targeting: Targeting = { segments: { include: ["foodies", "parents"], exclude: ["gamers"] } };
    expect(mismatch(targeting, { segments: new Set(["parents"]) })).toBeNull();
    expect(mismatch(targeting, { segments: new Set(["parents", "gamers"]) })).toBe("segments");
    expect(mismatch(targeting, { segments: new Set(["travellers"]) })).toBe("segments");
  });

  it("counts a daypart's first hour in and its last out, Sunday first", () => {
    const sundayMorning: Targeting = { dayparts: [{ days: [0], fromHour: 6, toHour: 10 }] };
    expect(mismatch(sundayMorning, { weekday: 0, hour: 5 })).toBe("dayparts");
    expect(mismatch(sundayMorning, { weekday: 0, hour: 6 })).toBeNull();
    expect(mismatch(sundayMorning, { weekday: 0, hour: 9 })).toBeNull();
    expect(mismatch(sundayMorning, { weekday: 0, hour: 10 })).toBe("dayparts");
    expect(mismatch(sundayMorning, { weekday: 1, hour: 6 })).toBe("dayparts");
    const saturday: Targeting = { dayparts: [{ days: [6], fromHour: 0, toHour: 24 }] };
    expect(mismatch(saturday, { weekday: 6, hour: 23 })).toBeNull();
    expect(mismatch(saturday, { weekday: 5, hour: 23 })).toBe("dayparts");
  });

  it("asks for agreement where it says so or names an audience that it wants", () => {
    expect(mismatch({ requiresConsent: true }, { consent: false })).toBe("consent");
    expect(mismatch({ segments: { include: ["foodies"] } }, { consent: false })).toBe("consent");
    expect(mismatch({ segments: { exclude: ["foodies"] } }, { consent: false })).toBeNull();
    expect(mismatch({ where: { not: { is: { segments: ["foodies"] } } } }, { consent: false })).toBeNull();
  });

  it("takes what is not known for no match of a clause, and so for a match of its not", () => {
    expect(mismatch({ where: { is: { genres: ["news"] } } })).toBe("where");
    expect(mismatch({ where: { not: { is: { genres: ["news"] } } } })).toBeNull();
    expect(mismatch({ where: { not: { is: { genres: ["news"], surfaces: ["midroll"] } } } })).toBeNull();
    expect(mismatch({ where: { not: { is: { genres: ["news"] } } } }, { genre: "news" })).toBe("where");
  });

  it("covers sub-codes with a top-level code, and not the reverse", () => {
    const about = (...codes: string[]) => ({ contentCategories: new Set(withParents(codes)) });
    expect(mismatch({ contentCategories: { include: ["IAB1"] } }, about("IAB1-2"))).toBeNull();
    expect(mismatch({ contentCategories: { include: ["IAB1-2"] } }, about("IAB1"))).toBe("contentCategories");
    expect(mismatch({ contentCategories: { exclude: ["IAB1"] } }, about("IAB1-2"))).toBe("contentCategories");
  });
});
