/**
 * What a table of reserves does to breaks that it was not learned from: each break sold twice, without the table and
 * with it, and the two laid side by side for all, for each publisher and surface, and for each campaign.
 */
import { inContext } from "../../catalog/learned.ts";
import type { Reserve } from "../../catalog/entities.ts";
import type { PriceRule } from "../../catalog/words.ts";
import { perImpressionUp, ZERO_MICROS } from "../../kernel/money.ts";
import { compareIds } from "../../kernel/order.ts";
import { paidMicros, type AuctionRecord } from "./auction_record.ts";
import { learnedTables, type BreakFacts } from "./kinds.ts";
import { changeOf, type Change } from "./paired_bootstrap.ts";

/** A slot that a campaign bought. Units: micros, milliseconds. */
export interface SoldSlot {
  readonly campaignId: string;
  readonly priceMicros: number;
  readonly lengthMs: number;
}

/** One break, sold twice. */
export interface BreakSoldTwice {
  readonly facts: BreakFacts;
  readonly askedMs: number;
  readonly without: readonly SoldSlot[];
  readonly with: readonly SoldSlot[];
}

/** Totals of breaks. */
export interface Takings {
  readonly revenueMicros: number;
  readonly ads: number;
  readonly paidMs: number;
  /** Paid time in parts of the time asked for. */
  readonly fill: number;
}

/** One line of the report. */
export interface Compared {
  readonly breaks: number;
  readonly without: Takings;
  readonly with: Takings;
  readonly revenueChange: Change;
  readonly paidTimeChange: Change;
}

/** The report. */
export interface ReserveReport {
  readonly seed: string;
  readonly all: Compared;
  /** By publisher and surface, in the order of their words. */
  readonly parts: readonly (Compared & { readonly publisherId: string; readonly surface: string })[];
  /** Most changed first. */
  readonly campaigns: readonly {
    readonly campaignId: string;
    readonly withoutMicros: number;
    readonly withMicros: number;
  }[];
}

/** The breaks of a log, sold twice by the rule that a sale pays the larger of its price and the reserve. */
export function sellTwice(
  records: readonly AuctionRecord[],
  reserves: readonly Reserve[],
  ruleOf: (publisherId: string) => PriceRule,
): readonly BreakSoldTwice[] {
  const tables = learnedTables({ reserves });
  return records.map((record) => {
    const reserveMicros = perImpressionUp(inContext(tables(record.publisherId).reserves, record) ?? ZERO_MICROS);
    const rule = ruleOf(record.publisherId);
    const won = record.bids.filter((bid) => bid.won);
    const slot = (bid: (typeof won)[number], priceMicros: number): SoldSlot => ({
      campaignId: bid.campaignId,
      priceMicros,
      lengthMs: Math.round(bid.durationSec * 1000),
    });
    return {
      facts: record,
      askedMs: Math.round(record.durationSec * 1000),
      without: won.map((bid) => slot(bid, paidMicros(bid, rule))),
      with: won
        .filter(({ limitMicros }) => limitMicros >= reserveMicros)
        .map((bid) => slot(bid, Math.max(reserveMicros, paidMicros(bid, rule)))),
    };
  });
}

/** Lays the two sales of all breaks side by side. Cost: draws of the bootstrap × breaks, twice. */
export function reserveReport(breaks: readonly BreakSoldTwice[], seed: string): ReserveReport {
  const parts = Map.groupBy(breaks, ({ facts }) => `${facts.publisherId} ${facts.surface}`);
  return {
    seed,
    all: compare(breaks, seed),
    parts: [...parts]
      .sort(([a], [b]) => compareIds(a, b))
      .map(([name, sold]) => {
        const [publisherId = "", surface = ""] = name.split(" ");
        return { publisherId, surface, ...compare(sold, seed) };
      }),
    campaigns: campaignsOf(breaks),
  };
}

function compare(breaks: readonly BreakSoldTwice[], seed: string): Compared {
  const pairs = (of: (slots: readonly SoldSlot[]) => number) =>
    breaks.map((sold) => ({ without: of(sold.without), with: of(sold.with) }));
  return {
    breaks: breaks.length,
    without: takings(breaks, (sold) => sold.without),
    with: takings(breaks, (sold) => sold.with),
    revenueChange: changeOf(pairs(revenueMicros), seed),
    paidTimeChange: changeOf(pairs(paidMs), seed),
  };
}

function takings(breaks: readonly BreakSoldTwice[], of: (sold: BreakSoldTwice) => readonly SoldSlot[]): Takings {
  const slots = breaks.flatMap(of);
  const askedMs = breaks.reduce((sum, sold) => sum + sold.askedMs, 0);
  return {
    revenueMicros: revenueMicros(slots),
    ads: slots.length,
    paidMs: paidMs(slots),
    fill: askedMs === 0 ? 0 : paidMs(slots) / askedMs,
  };
}

function revenueMicros(slots: readonly SoldSlot[]): number {
  return slots.reduce((sum, slot) => sum + slot.priceMicros, 0);
}

function paidMs(slots: readonly SoldSlot[]): number {
  return slots.reduce((sum, slot) => sum + slot.lengthMs, 0);
}

function campaignsOf(breaks: readonly BreakSoldTwice[]): ReserveReport["campaigns"] {
  const spent = new Map<string, [number, number]>();
  const add = ({ campaignId, priceMicros }: SoldSlot, at: 0 | 1): void => {
    const sums = spent.get(campaignId) ?? [0, 0];
    sums[at] += priceMicros;
    spent.set(campaignId, sums);
  };
  for (const sold of breaks) {
    for (const slot of sold.without) add(slot, 0);
    for (const slot of sold.with) add(slot, 1);
  }
  return [...spent]
    .map(([campaignId, [withoutMicros, withMicros]]) => ({ campaignId, withoutMicros, withMicros }))
    .sort(
      (a, b) =>
        Math.abs(b.withMicros - b.withoutMicros) - Math.abs(a.withMicros - a.withoutMicros) ||
        compareIds(a.campaignId, b.campaignId),
    );
}
