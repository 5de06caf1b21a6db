/**
 * Targeting against an oracle that reads the operator's lists as they were written, with no sets and no hour table.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Targeting } from "../../src/catalog/entities.ts";
import { targetingSchema } from "../../src/catalog/targeting_schema.ts";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../../src/catalog/words.ts";
import {
  TARGETING_DIMENSIONS,
  compileTargeting,
  firstMismatch,
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

const known = (value: string | null): string[] => (value === null ? [] : [value]);

/** What is known, in the order of the dimensions, as lists of values. */
function valuesOf(facts: TargetingFacts): Readonly<Record<Exclude<TargetingDimension, "dayparts">, readonly string[]>> {
  return {
    publishers: [facts.publisherId],
    surfaces: [facts.surface],
    devices: known(facts.device),
    countries: known(facts.country),
    regions: known(facts.region),
    genres: known(facts.genre),
    ratings: known(facts.rating),
    languages: known(facts.language),
    segments: [...facts.segments],
  };
}

/** Every dimension that refuses, straight from the words of the documentation. */
function refusingDimensions(targeting: Targeting, facts: TargetingFacts): TargetingDimension[] {
  const values = valuesOf(facts);
  return TARGETING_DIMENSIONS.filter((dimension) => {
    if (dimension === "dayparts") {
      const parts = targeting.dayparts;
      if (parts === undefined) return false;
      return !parts.some(
        (part) => part.days.includes(facts.utcWeekday) && part.fromHour <= facts.utcHour && facts.utcHour < part.toHour,
      );
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
    segments: choiceOf(SEGMENTS),
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
  segments: fc.uniqueArray(fc.constantFrom(...SEGMENTS)).map((segments) => new Set(segments)),
  utcHour: fc.nat(23),
  utcWeekday: fc.nat(6),
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
  segments: new Set(),
  utcHour: 12,
  utcWeekday: 3,
};

function mismatch(targeting: Targeting, facts: Partial<TargetingFacts> = {}): TargetingDimension | null {
  return firstMismatch(compileTargeting(targeting), { ...NOBODY_KNOWN, ...facts });
}

describe("Targeting", () => {
  it("names the first dimension that the written lists refuse, for any targeting and any viewer", () => {
    const judged = { shown: 0, refused: new Set<TargetingDimension>() };
    fc.assert(
      fc.property(anyTargeting, anyFacts, (targeting, facts) => {
        const expected = refusingDimensions(targeting, facts)[0] ?? null;
        if (expected === null) judged.shown++;
        else judged.refused.add(expected);
        expect(firstMismatch(compileTargeting(targeting), facts)).toBe(expected);
      }),
      { seed, numRuns: 5_000 },
    );
    // The test is worth something only when every outcome came up.
    expect(judged.shown).toBeGreaterThan(20);
    expect(judged.refused.size).toBe(TARGETING_DIMENSIONS.length);
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

  it("counts a daypart's first hour in and its last out, in UTC, Sunday first", () => {
    const sundayMorning: Targeting = { dayparts: [{ days: [0], fromHour: 6, toHour: 10 }] };
    expect(mismatch(sundayMorning, { utcWeekday: 0, utcHour: 5 })).toBe("dayparts");
    expect(mismatch(sundayMorning, { utcWeekday: 0, utcHour: 6 })).toBeNull();
    expect(mismatch(sundayMorning, { utcWeekday: 0, utcHour: 9 })).toBeNull();
    expect(mismatch(sundayMorning, { utcWeekday: 0, utcHour: 10 })).toBe("dayparts");
    expect(mismatch(sundayMorning, { utcWeekday: 1, utcHour: 6 })).toBe("dayparts");
    const saturday: Targeting = { dayparts: [{ days: [6], fromHour: 0, toHour: 24 }] };
    expect(mismatch(saturday, { utcWeekday: 6, utcHour: 23 })).toBeNull();
    expect(mismatch(saturday, { utcWeekday: 5, utcHour: 23 })).toBe("dayparts");
  });
});
