/**
 * Learning from whole decisions: what is logged of a decision is what the decision says, and what a table promises on
 * days held out is held against the funnel itself, in seeded markets of a dozen campaigns with money to spare.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { compileCatalog } from "../../src/catalog/compiled.ts";
import { learnedOf } from "../../src/catalog/learned.ts";
import type { Catalog, Reserve } from "../../src/catalog/entities.ts";
import { PRICE_RULES, type PriceRule } from "../../src/catalog/words.ts";
import { finish } from "../../src/decision/funnel.ts";
import { present } from "../../src/kernel/assert.ts";
import { paidMicros, type AuctionRecord } from "../../src/simulation/learning/auction_record.ts";
import { decideTwice, recordOf, type DecidedBreak } from "../../src/simulation/learning/decided_break.ts";
import { learnedTables } from "../../src/simulation/learning/kinds.ts";
import { cutLog } from "../../src/simulation/learning/held_out.ts";
import { reserveReport, sellTwice, type Compared } from "../../src/simulation/learning/reserve_report.ts";
import { LANDSCAPE_TERMS, learnLandscapes } from "../../src/simulation/learning/landscapes.ts";
import { learnReserves, RESERVE_TERMS } from "../../src/simulation/learning/reserves.ts";
import { simulateBreaks } from "../../src/simulation/learning/simulated_breaks.ts";
import { drawQuestion } from "./planning_stage.ts";

const SEED = process.env["LEARN_SEED"] ?? String(Date.now() % 2 ** 31);
const BREAKS = Number(process.env["LEARN_BREAKS"] ?? 400);
const MARKETS = Number(process.env["LEARN_MARKETS"] ?? 1);
/** Larger markets than the usual ones take their time. */
const PATIENCE_MS = 900_000;
/** What is not left to the seed: two weeks, and money to spare for everybody. */
const DRAWN = { days: 14, budgetMicros: 1_000_000_000_000 };

const decidedBy = new Map<PriceRule, readonly (readonly DecidedBreak[])[]>();
vi.setConfig({ testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS });
beforeAll(async () => {
  const asked = `LEARN_SEED=${SEED} LEARN_BREAKS=${BREAKS} LEARN_MARKETS=${MARKETS}`;
  console.info(`repeat with: ${asked} npx vitest run --project simulation test/simulation/learning_decided.test.ts`);
  for (const rule of PRICE_RULES) {
    const markets: (readonly DecidedBreak[])[] = [];
    for (let n = 0; n < MARKETS; n++) markets.push(await market(`${SEED} ${n}`, rule));
    decidedBy.set(rule, markets);
  }
});

/** A fortnight of a seeded market in which every publisher charges by this rule; `change` what its catalog says. */
async function market(seed: string, rule: PriceRule, change: Partial<Catalog> = {}): Promise<readonly DecidedBreak[]> {
  const { written, question } = drawQuestion(seed, 10, DRAWN);
  const publishers = written.publishers.map((publisher) => ({ ...publisher, priceRule: rule }));
  return simulateBreaks({
    catalog: compileCatalog({ ...written, publishers, ...change }),
    scorer: question.scorer,
    seed,
    startMs: Date.UTC(2026, 6, 6),
    days: 14,
    breaks: BREAKS,
    breaksPerDay: 20_000,
  });
}

function marketsOf(rule: PriceRule): readonly (readonly DecidedBreak[])[] {
  return present(decidedBy.get(rule), "every rule has its markets");
}

describe("what is logged of a decision", () => {
  test.each(PRICE_RULES)("is what its winners pay: %s price", (rule) => {
    const wrong = marketsOf(rule)
      .flat()
      .filter((decided) => {
        const paid = finish(decided.plan, decided.scoring).slots.flatMap((slot) =>
          slot.scores === null ? [] : [`${slot.offer.campaignId} ${slot.priceMicros}`],
        );
        const logged = recordOf(decided, rule)
          .bids.filter(({ won }) => won)
          .map((bid) => `${bid.campaignId} ${paidMicros(bid, rule)}`);
        return logged.sort().join() !== paid.sort().join();
      });
    expect(wrong).toEqual([]);
  });

  test("has a bid of every campaign that competed, the highest first, and no winner below what it needed", () => {
    const records = marketsOf("second")
      .flat()
      .map((decided) => recordOf(decided, "second"));
    const disordered = records.filter(({ bids }) =>
      bids.some(({ bidMicros }, at) => bidMicros > (bids[at - 1]?.bidMicros ?? Infinity)),
    );
    const contradicting = records
      .flatMap(({ bids }) => bids)
      .filter(({ won, bidMicros, neededMicros, floorMicros }) => {
        const needed = neededMicros ?? Infinity;
        return bidMicros < floorMicros || (won ? bidMicros < needed : bidMicros > needed);
      });
    expect([disordered, contradicting]).toEqual([[], []]);
  });

  test("is the same whatever reserve was in force", () => {
    const one = present(marketsOf("second").flat()[0], "a market has breaks");
    const { publisher } = one.plan;
    const reserve: Reserve = { id: "r", publisherId: publisher.publisher.id, cpmMicros: 15_000_000 };
    const { reserves } = learnedOf(reserve.publisherId, { reserves: [reserve], landscapes: [] });
    const under: DecidedBreak = { ...one, plan: { ...one.plan, publisher: { ...publisher, reserves } } };
    expect(recordOf(under, "second")).toEqual(recordOf(one, "second"));
    expect(decideTwice(under, reserves, "second")).toEqual(decideTwice(one, reserves, "second"));
  });
});

/** A table learned on the first days and sold on the last ones, by the funnel and by the rule for a sale. */
interface Judged {
  readonly funnel: Compared;
  readonly rule: Compared;
  readonly lines: number;
}

function judge(breaks: readonly DecidedBreak[], priceRule: PriceRule): Judged {
  const decidedOf = new Map<AuctionRecord, DecidedBreak>(
    breaks.map((decided) => [recordOf(decided, priceRule), decided]),
  );
  const { learned, heldOut } = cutLog([...decidedOf.keys()], 0.3);
  const reserves = learnReserves(learned, () => priceRule, RESERVE_TERMS).map(({ model }) => model);
  const tables = learnedTables({ reserves });
  const twice = heldOut.map((record) => {
    const decided = present(decidedOf.get(record), "a record is of a decision");
    return decideTwice(decided, tables(record.publisherId).reserves, priceRule);
  });
  return {
    funnel: reserveReport(twice, SEED).all,
    rule: reserveReport(
      sellTwice(heldOut, reserves, () => priceRule),
      SEED,
    ).all,
    lines: reserves.length,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function tell(market: string, { funnel, rule, lines }: Judged): void {
  const { share, low, high } = funnel.revenueChange;
  console.info(
    `${market}: ${lines} lines; revenue ${percent(share)} (${percent(low)} to ${percent(high)}), ` +
      `by the log ${percent(rule.revenueChange.share)}; paid time ${percent(funnel.paidTimeChange.share)}`,
  );
}

describe("a table of reserves, sold by the funnel", () => {
  test.each(["second", "vcg"] as const)("earns more under %s price, and about what a log alone would say", (rule) => {
    for (const breaks of marketsOf(rule)) {
      const judged = judge(breaks, rule);
      const { funnel, rule: said } = judged;
      tell(rule, judged);
      expect(said.without).toEqual(funnel.without);
      expect(funnel.revenueChange.share).toBeGreaterThan(-0.02);
      expect(Math.abs(funnel.revenueChange.share - said.revenueChange.share)).toBeLessThan(0.05);
    }
  });

  test("under first price brings back some of what shading takes, and more than a log alone would say", async () => {
    const full = present(marketsOf("first")[0], "every rule has a market");
    const logged = full.map((decided) => recordOf(decided, "first"));
    const landscapes = learnLandscapes(logged, LANDSCAPE_TERMS).map(({ model }) => model);
    const { written } = drawQuestion(`${SEED} 0`, 10, DRAWN);
    const campaigns = written.campaigns.map((campaign) => ({ ...campaign, bidding: "shaded" as const }));
    const { funnel, rule: said, lines } = judge(await market(`${SEED} 0`, "first", { campaigns, landscapes }), "first");
    tell("first, all shading", { funnel, rule: said, lines });
    expect(funnel.revenueChange.share).toBeGreaterThan(said.revenueChange.share - 0.05);
    expect(funnel.revenueChange.share).toBeGreaterThan(-0.02);
  });

  test("is empty under first price where nobody shades", () => {
    for (const breaks of marketsOf("first")) {
      const { funnel, lines } = judge(breaks, "first");
      expect(lines).toBe(0);
      expect(funnel.with).toEqual(funnel.without);
    }
  });
});
