/**
 * Whether a plan is as sure as it should be: seeded campaigns are planned and then flown by the oracle, in other
 * traffic, and what came of them must lie in the 80 % interval about eight times of ten.
 *
 *   PLAN_CAMPAIGNS=200 npx vitest run --project simulation test/simulation/planning_calibration.test.ts
 */
import { expect, test } from "vitest";
import { forecastOf, study } from "../../src/simulation/planning/forecast.ts";
import { MEASURES, type Measure } from "../../src/simulation/planning/landscape.ts";
import { flyInHindsight } from "./planning_oracle.ts";
import { drawQuestion } from "./planning_stage.ts";

const CAMPAIGNS = Number(process.env["PLAN_CAMPAIGNS"] ?? 50);
const SAMPLE = 400;

test("what is flown lies in the plan's 80 % interval about eight times of ten", { timeout: 600_000 }, async () => {
  const inside: Record<Measure, number> = { impressions: 0, completedViews: 0, clicks: 0, spendMicros: 0 };
  const strays: number[] = [];
  for (let n = 0; n < CAMPAIGNS; n++) {
    const seed = `calibration ${n}`;
    const { question } = drawQuestion(seed, SAMPLE);
    const studied = await study(question);
    const { delivery } = forecastOf(studied);
    const flown = await flyInHindsight(question, studied.market.budgets, seed);
    // Impressions are whole, and up to one bid of a budget stays unspent.
    const price = flown.impressions > 0 ? flown.spendMicros / flown.impressions : 0;
    const grain: Record<Measure, number> = { impressions: 1, completedViews: 0.5, clicks: 0.5, spendMicros: price };
    for (const measure of MEASURES) {
      const { low, high } = delivery[measure];
      if (flown[measure] >= low - grain[measure] && flown[measure] <= high + grain[measure]) inside[measure]++;
    }
    strays.push(flown.impressions / Math.max(1, delivery.impressions.expected) - 1);
  }
  const stray = strays.reduce((sum, one) => sum + one, 0) / strays.length;
  const shares = MEASURES.map((measure) => `${measure} ${((100 * inside[measure]) / CAMPAIGNS).toFixed(0)} %`);
  console.info(
    `of ${CAMPAIGNS} campaigns inside: ${shares.join(", ")}; impressions off by ${(100 * stray).toFixed(1)} %`,
  );
  for (const measure of MEASURES) expect(inside[measure] / CAMPAIGNS, measure).toBeGreaterThan(0.66);
  // Money and clicks are grainy: a spent budget and "none or one" are met more often than an interval promises.
  for (const measure of ["impressions", "completedViews"] as const) {
    expect(inside[measure] / CAMPAIGNS, measure).toBeLessThan(0.95);
  }
  expect(Math.abs(stray)).toBeLessThan(0.06);
});
