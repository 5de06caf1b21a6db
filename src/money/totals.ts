/**
 * What a campaign has done so far, as one wallet counts it and as a ledger hears it. Each total only grows, so whoever
 * hears a report takes the maximum: lost, repeated and overtaken reports do no harm. The list of totals is here once;
 * accounts, shares, reports and their storage are made of it.
 */
import { type Micros, micros } from "../kernel/money.ts";

/** Every total, in the order it is stored in. Add new ones at the end. */
export const TOTALS = [
  "billedMicros",
  "returnedMicros",
  "committedMicros",
  "lapsedMicros",
  "unbilledMicros",
  "impressionsBilled",
  "impressionsCommitted",
  "outcomesPpm",
  "opportunities",
  "late",
  "exhausted",
  "duplicates",
] as const;

/**
 * Totals of one campaign.
 * - billed: paid; returned: given back to the ledger; committed: won, as far as heard
 * - lapsed: committed and never billed, in closed purses
 * - unbilled: prices of impressions that were seen but could not be billed (late, exhausted): given away
 * - impressionsCommitted, outcomesPpm, opportunities: won impressions, the outcomes expected of them (millionths), and
 *   decisions in which the campaign could have bid; the pacing controller's view, not money
 */
export type CampaignTotals = {
  readonly [Total in (typeof TOTALS)[number]]: Total extends `${string}Micros` ? Micros : number;
};

/** Nothing has happened yet. */
export const NO_TOTALS: CampaignTotals = totalsBy(() => 0);

/** The totals of a row that has more than totals. */
export function pickTotals(row: CampaignTotals): CampaignTotals {
  return totalsBy((total) => row[total]);
}

/** The larger of each. */
export function maxTotals(a: CampaignTotals, b: CampaignTotals): CampaignTotals {
  return totalsBy((total) => Math.max(a[total], b[total]));
}

/** The sum of each. */
export function sumTotals(rows: Iterable<CampaignTotals>): CampaignTotals {
  const all = [...rows];
  return totalsBy((total) => all.reduce((sum, row) => sum + row[total], 0));
}

/** Whether all are equal. */
export function sameTotals(a: CampaignTotals, b: CampaignTotals): boolean {
  return TOTALS.every((total) => a[total] === b[total]);
}

/** What was won and is still billable or billed: the spending that pacing steers. */
export function spentOf(totals: Pick<CampaignTotals, "committedMicros" | "lapsedMicros">): Micros {
  return micros(totals.committedMicros - totals.lapsedMicros);
}

/** Totals computed one by one. Throws when one leaves the safe range. */
export function totalsBy(valueOf: (total: (typeof TOTALS)[number]) => number): CampaignTotals {
  const row: Partial<Record<(typeof TOTALS)[number], Micros>> = {};
  // `micros` stands for "a safe integer" here; counts are that, too.
  for (const total of TOTALS) row[total] = micros(valueOf(total));
  // Every total of the list was set just now.
  return row as CampaignTotals;
}
