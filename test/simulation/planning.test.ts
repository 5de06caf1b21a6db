/**
 * What a plan promises whatever the campaign: more money never brings less, tighter targeting never more, higher bids
 * never fewer impressions, the same question the same answer, and every win is one that the real funnel would grant.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { compileCatalog } from "../../src/catalog/compiled.ts";
import type { Catalog, Goal } from "../../src/catalog/entities.ts";
import { finish, plan, score } from "../../src/decision/funnel.ts";
import { present } from "../../src/kernel/assert.ts";
import { micros } from "../../src/kernel/money.ts";
import { stream } from "../../src/kernel/random.ts";
import {
  forecastBudget,
  forecastOf,
  study,
  type PlanQuestion,
  type Study,
} from "../../src/simulation/planning/forecast.ts";
import { addUp, BID_FACTORS, FULL_LEVEL, MEASURES } from "../../src/simulation/planning/landscape.ts";
import { worldOf } from "../../src/simulation/planning/market.ts";
import { fateAt } from "../../src/simulation/planning/opportunity.ts";
import type { TrafficSource } from "../../src/simulation/planning/traffic.ts";
import { drawQuestion, drawSketch, PLANNED, questionOf } from "./planning_stage.ts";

const SEED = process.env["PLAN_SEED"] ?? String(Date.now() % 2 ** 31);
const CAMPAIGNS = 12;
const SAMPLE = 120;
const seeds = Array.from({ length: CAMPAIGNS }, (_, n) => `${SEED} ${n}`);

beforeAll(() => {
  console.info(`repeat with: PLAN_SEED=${SEED} npx vitest run --project simulation test/simulation/planning.test.ts`);
});

/** Viewers whom nobody can tell apart: no history, no caps, so that each break stands for itself. */
function anonymous(traffic: TrafficSource): TrafficSource {
  return { ...traffic, breakAt: (n, atMs) => ({ ...traffic.breakAt(n, atMs), viewerBreaksPerDay: 0 }) };
}

function impressionsAtFull({ landscape }: Study): number {
  const curve = addUp(landscape, new Float64Array(landscape.rows.length).fill(1));
  return present(curve.impressions[FULL_LEVEL], "there is a level of full bids");
}

/** The same question with other line items. */
function retold(written: Catalog, seed: string, change: (line: Catalog["lineItems"][number]) => object): PlanQuestion {
  const lineItems = written.lineItems.map((line) =>
    line.campaignId === PLANNED ? { ...line, ...change(line) } : line,
  );
  const question = questionOf(compileCatalog({ ...written, lineItems }), drawSketch(seed), seed, SAMPLE);
  return { ...question, traffic: anonymous(question.traffic) };
}

/** The whole answer as text. */
async function answerTo(seed: string): Promise<string> {
  return JSON.stringify(forecastOf(await study(drawQuestion(seed, SAMPLE).question)));
}

function raised(goal: Goal, factor: number): Goal {
  switch (goal.kind) {
    case "cpm":
      return { ...goal, cpmMicros: Math.ceil(goal.cpmMicros * factor) };
    case "completedView":
      return { ...goal, perViewMicros: Math.ceil(goal.perViewMicros * factor) };
    case "click":
      return { ...goal, perClickMicros: Math.ceil(goal.perClickMicros * factor) };
    case "conversion":
      return { ...goal, perConversionMicros: Math.ceil(goal.perConversionMicros * factor) };
    case "roas":
    case "house":
      return goal;
  }
}

describe("more money", () => {
  test.each(seeds)("never brings less of anything, nor a lower bound of it (%s)", async (seed) => {
    const { question } = drawQuestion(seed, SAMPLE);
    const studied = await study(question);
    const random = stream(seed, "budgets");
    const budgets = Array.from({ length: 40 }, () =>
      Math.ceil(studied.terms.budgetMicros * 10 ** (4 * random.next() - 2)),
    );
    const forecasts = budgets.toSorted((a, b) => a - b).map((budget) => forecastBudget(studied, budget));
    forecasts.slice(1).forEach((richer, index) => {
      const poorer = present(forecasts[index], "there is one before");
      for (const measure of MEASURES) {
        for (const bound of ["expected", "low", "high"] as const) {
          expect(richer[measure][bound], `${measure} ${bound}`).toBeGreaterThanOrEqual(poorer[measure][bound] - 1e-6);
        }
      }
      expect(richer.spendMicros.high).toBeLessThanOrEqual(richer.budgetMicros);
      expect(richer.chanceToSpendInFull).toBeLessThanOrEqual(poorer.chanceToSpendInFull);
    });
  });

  test.each(seeds.slice(0, 3))("asked for in two runs is still more (%s)", async (seed) => {
    const { question } = drawQuestion(seed, SAMPLE);
    const { budgetMicros } = question.campaign;
    const richer = { ...question, campaign: { ...question.campaign, budgetMicros: micros(3 * budgetMicros) } };
    const [less, more] = [forecastOf(await study(question)), forecastOf(await study(richer))];
    for (const measure of MEASURES) {
      // Where more money changes nothing, two runs have been seen to agree to one part in a million, not to the bit.
      const { expected } = less.delivery[measure];
      expect(more.delivery[measure].expected).toBeGreaterThanOrEqual(expected * (1 - 1e-4));
    }
  });
});

describe("the same question", () => {
  test("gets the same answer, and another seed another", async () => {
    expect(await answerTo("same")).toBe(await answerTo("same"));
    expect(await answerTo("same")).not.toBe(await answerTo("other"));
  });
});

describe("at the same multiplier", () => {
  test.each(seeds)("tighter targeting never reaches more (%s)", async (seed) => {
    const { written } = drawQuestion(seed, SAMPLE);
    const wide = await study(retold(written, seed, () => ({})));
    const tight = await study(
      retold(written, seed, ({ targeting }) => ({
        targeting: { ...targeting, surfaces: { include: ["midroll"] }, segments: { exclude: ["gamers"] } },
      })),
    );
    expect(impressionsAtFull(tight)).toBeLessThanOrEqual(impressionsAtFull(wide));
  });

  test.each(seeds)("higher bids never win fewer impressions (%s)", async (seed) => {
    const { written } = drawQuestion(seed, SAMPLE);
    const factor = 1 + 2 * stream(seed, "raise").next();
    const low = await study(retold(written, seed, () => ({})));
    const high = await study(retold(written, seed, ({ goal }) => ({ goal: raised(goal, factor) })));
    expect(impressionsAtFull(high)).toBeGreaterThanOrEqual(impressionsAtFull(low));
  });
});

describe("every break of the sample", () => {
  test.each(seeds)("is won at the levels, with the ad and for the price of the real funnel (%s)", async (seed) => {
    const { question } = drawQuestion(seed, SAMPLE);
    const { landscape, market } = await study(question);
    const random = stream(seed, "levels");
    for (const { asked, chances } of landscape.opportunities) {
      const ppm = Math.round((BID_FACTORS[FULL_LEVEL - random.below(16)] ?? 1) * 1_000_000);
      const budgets = new Map(market.budgets).set(PLANNED, { availableMicros: micros(1e12), multiplierPpm: ppm });
      const publisher = present(
        market.catalog.publishers.get(asked.request.publisherId),
        "traffic is of the catalog's",
      );
      const scoringPlan = plan(asked.request, worldOf({ ...market, budgets }, asked.atMs), publisher);
      const { slots } = finish(scoringPlan, await score(scoringPlan, market.scorer));
      const slot = slots.find(({ offer }) => offer.campaignId === PLANNED);
      const [best] = chances
        .flatMap((chance) => {
          const fate = fateAt(chance, ppm, 0);
          return fate.wins ? [{ chance, fate }] : [];
        })
        .sort((one, other) => other.fate.surplusMicros - one.fate.surplusMicros);
      expect(slot?.offer.lineItemId).toBe(best?.chance.offer.lineItemId);
      expect(slot?.priceMicros).toBe(best?.fate.priceMicros);
    }
  });
});

describe("what becomes of the breaks", () => {
  test.each(seeds)("adds up to all of them (%s)", async (seed) => {
    const { outcomes } = forecastOf(await study(drawQuestion(seed, SAMPLE).question));
    expect(outcomes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  test("names the bid below the floor, the targeting that nobody meets, and the line item that is paused", async () => {
    const { written } = drawQuestion("reasons", SAMPLE);
    const mostly = async (change: object) => {
      const { outcomes } = forecastOf(await study(retold(written, "reasons", () => ({ targeting: {}, ...change }))));
      return outcomes[0]?.outcome;
    };
    expect(await mostly({ goal: { kind: "cpm", cpmMicros: 3_000_000 } })).toBe("below_floor");
    expect(await mostly({ targeting: { countries: { include: ["NZ"] } } })).toBe("targeting_countries");
    expect(await mostly({ status: "paused" })).toBe("campaign_inactive");
  });
});
