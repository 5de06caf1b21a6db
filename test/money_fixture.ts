/**
 * The messages of the money protocol as tests write them: complete and valid, until a test changes a field. Shared by
 * the tests of the pure core and those inside workerd.
 */
import { micros } from "../src/kernel/money.ts";
import { HOUR_MS } from "../src/kernel/time.ts";
import { nameWallet, TOKEN_LIFETIME_MS } from "../src/money/limits.ts";
import type { BillingClaim, CampaignTerms, DrawCampaign, DrawRequest, ReconcileReport } from "../src/money/protocol.ts";
import { NO_TOTALS } from "../src/money/totals.ts";

/** A Sunday noon, when most tests begin: far ahead, so that no alarm set for then rings by itself. */
export const NOON_MS = Date.UTC(2033, 10, 6, 12);
/** The wallet and its storage that tests speak of unless they name another. */
export const WALLET = nameWallet("local", 0);
export const INCARNATION = "first";

/** A day's campaign of 100 currency units that spends as it comes, without daily budget. */
export function terms(change: Partial<CampaignTerms> = {}): CampaignTerms {
  return {
    campaignId: "coffee",
    budgetMicros: micros(100_000_000),
    dailyBudgetMicros: null,
    timeZone: "UTC",
    flightStartMs: NOON_MS - HOUR_MS,
    flightEndMs: NOON_MS + 24 * HOUR_MS,
    status: "active",
    pacing: "asap",
    targetCostMicros: null,
    startMultiplierPpm: null,
    supplyShape: [],
    ...change,
  };
}

/** One campaign's line in a draw: nothing committed, nothing wanted. */
export function wish(change: Partial<DrawCampaign> = {}): DrawCampaign {
  const money = { committedMicros: micros(0), wantMicros: micros(0) };
  return { campaignId: "coffee", ...money, impressionsCommitted: 0, outcomesPpm: 0, opportunities: 0, ...change };
}

/** A draw for one campaign. */
export function ask(purseId: string, committed: number, want: number, change: Partial<DrawRequest> = {}): DrawRequest {
  const campaigns = [wish({ committedMicros: micros(committed), wantMicros: micros(want) })];
  return { purseId, incarnation: null, campaigns, closing: false, ...change };
}

/** The commit of that number of purse "p1", at a price of 10 micros. */
export function claim(seq: number, change: Partial<BillingClaim> = {}): BillingClaim {
  const ids = { decisionId: `d${seq}`, slot: 1, campaignId: "coffee", lineItemId: "line", creativeId: "spot" };
  const money = { priceMicros: micros(10), purseId: "p1", seq, wallet: WALLET };
  return { ...ids, ...money, expiresMs: NOON_MS + TOKEN_LIFETIME_MS, ...change };
}

/** Report fields as plain numbers: a report comes from outside, and the ledger checks it. */
export type Said = Partial<Record<keyof ReconcileReport, number | string>>;

/** A report of a wallet that has done nothing and wants nothing. */
export function says(change: Said = {}): ReconcileReport {
  const wants = { wantGrantedMicros: 0, leastMicros: 0 };
  // See `Said`.
  return {
    ...NO_TOTALS,
    ...wants,
    wallet: WALLET,
    incarnation: INCARNATION,
    campaignId: "coffee",
    ...change,
  } as ReconcileReport;
}

/** Unwraps what must not be refused here. */
export function must<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false; reason: string }): T {
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.value;
}

/** Why something was refused; null when it was not. */
export function reasonOf(result: { readonly ok: true } | { readonly ok: false; readonly reason: string }) {
  return result.ok ? null : result.reason;
}
