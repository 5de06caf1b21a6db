/** Expected supply beside an oracle that walks the future hour by hour. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileHours } from "../../../src/catalog/targeting.ts";
import { expectSupply, withReserve, type Eligibility, type Traffic } from "../../../src/guaranteed/supply.ts";
import { DAY_MS, HOUR_MS, utcHour, utcWeekday } from "../../../src/kernel/time.ts";

const SEED = 20261124;
/** Wednesday 2026-07-01, 20:00 UTC. */
const NOW_MS = Date.UTC(2026, 6, 1, 20);

const hours = fc.option(
  fc
    .record({ day: fc.nat(6), fromHour: fc.nat(23), length: fc.integer({ min: 1, max: 12 }) })
    .map(({ day, fromHour, length }) =>
      compileHours([{ days: [day, (day + 2) % 7], fromHour, toHour: Math.min(24, fromHour + length) }]),
    ),
);
const genres = ["drama", "news", "sports"] as const;
const traffic = fc.array(
  fc.record({ genre: fc.constantFrom(...genres), hours, breaksPerWeek: fc.integer({ min: 1, max: 10_000 }) }),
  { maxLength: 5 },
);
const contracts = fc.array(
  fc.record({
    fromHours: fc.integer({ min: -100, max: 300 }),
    lasts: fc.integer({ min: 1, max: 500 }),
    genre: fc.option(fc.constantFrom(...genres)),
    hours,
  }),
  { maxLength: 5 },
);

const rowOf = (row: { genre: (typeof genres)[number]; hours: Uint8Array | null; breaksPerWeek: number }): Traffic => {
  const unknown = { device: null, country: null, region: null, rating: null, language: null, consent: true };
  const sets = { contentCategories: new Set<string>(), segments: new Set<string>() };
  return {
    kind: { publisherId: "p", surface: "midroll", ...sets, ...unknown, genre: row.genre },
    hours: row.hours,
    breaksPerWeek: row.breaksPerWeek,
  };
};
const at = (mask: Uint8Array | null, weekday: number, hour: number) => mask === null || mask[weekday * 24 + hour] === 1;

/** Breaks by set of contracts, one hour at a time. */
function walk(rows: readonly Traffic[], eligible: readonly Eligibility[], untilMs: number): Map<string, number> {
  const breaks = new Map<string, number>();
  for (let ms = NOW_MS; ms < untilMs; ms += HOUR_MS) {
    for (const row of rows) {
      const facts = { ...row.kind, hour: utcHour(ms), weekday: utcWeekday(ms) };
      if (!at(row.hours, facts.weekday, facts.hour)) continue;
      const set = eligible.filter(({ fromMs, untilMs: endMs, admits }) => fromMs <= ms && ms < endMs && admits(facts));
      if (set.length === 0) continue;
      const key = set.map(({ contractId }) => contractId).join();
      const covered = row.hours === null ? 168 : row.hours.reduce((sum, one) => sum + one, 0);
      breaks.set(key, (breaks.get(key) ?? 0) + row.breaksPerWeek / covered);
    }
  }
  return breaks;
}

test("expected supply is what an hour-by-hour walk of the future finds (seed 20261124)", () => {
  fc.assert(
    fc.property(traffic, contracts, (drawnRows, drawnContracts) => {
      const rows = drawnRows.map(rowOf);
      const eligible = drawnContracts.map((drawn, n): Eligibility => {
        return {
          contractId: `c${n}`,
          fromMs: NOW_MS + drawn.fromHours * HOUR_MS,
          untilMs: NOW_MS + (drawn.fromHours + drawn.lasts) * HOUR_MS,
          hourMasks: drawn.hours === null ? [] : [drawn.hours],
          admits: (facts) =>
            (drawn.genre === null || facts.genre === drawn.genre) && at(drawn.hours, facts.weekday, facts.hour),
        };
      });
      const found = expectSupply(rows, eligible, NOW_MS);
      const walked = walk(rows, eligible, NOW_MS + 40 * DAY_MS);
      expect(found.map(({ contractIds }) => contractIds.join()).sort()).toEqual([...walked.keys()].sort());
      for (const { contractIds, breaks } of found) expect(breaks).toBeCloseTo(walked.get(contractIds.join()) ?? 0, 6);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test("a tenth of the supply is held in reserve", () => {
  expect(withReserve([{ contractIds: ["a"], breaks: 50 }])).toEqual([{ contractIds: ["a"], breaks: 45 }]);
});
