/**
 * The impressions that `npm run bench:billing` bills, in Node and in workerd alike: batches of a hundred, each of one
 * isolate's purse over many campaigns, under ids as long as real ones.
 */
import { micros } from "../src/kernel/money.ts";
import { hash32 } from "../src/kernel/random.ts";
import type { BillingClaim } from "../src/money/protocol.ts";

export const BATCH_CLAIMS = 100;
export const PURSES = 50;
export const CAMPAIGNS = 20;
export const PRICE = micros(23_450);
export const BENCH_WALLET = "wallet:bench:0";

/** Names as the catalog and the edge make them. */
const campaignName = (index: number): string => `northwind-spring-${String(index).padStart(2, "0")}`;
export const purseName = (index: number): string => `${wordOf("purse", index)}${wordOf("isolate", index)}`;
export const campaignNames = Array.from({ length: CAMPAIGNS }, (_, index) => campaignName(index));

/** Batch number `batch`: purses take turns, and each numbers its commits from zero. */
export function batchOf(batch: number, expiresMs: number): BillingClaim[] {
  const purse = batch % PURSES;
  const firstSeq = Math.floor(batch / PURSES) * BATCH_CLAIMS;
  return Array.from({ length: BATCH_CLAIMS }, (_, index) => {
    const seq = firstSeq + index;
    const campaign = hash32(`${batch} ${index}`) % CAMPAIGNS;
    const half = wordOf("decision", batch * BATCH_CLAIMS + index);
    return {
      decisionId: `${half}-${half.slice(0, 4)}-4${half.slice(0, 3)}-8${half.slice(1, 4)}-${half}${half.slice(4)}`,
      slot: 1 + (index % 8),
      campaignId: campaignName(campaign),
      lineItemId: `${campaignName(campaign)}-ctv`,
      creativeId: `${campaignName(campaign)}-15s`,
      priceMicros: PRICE,
      purseId: purseName(purse),
      seq,
      wallet: BENCH_WALLET,
      expiresMs,
    };
  });
}

function wordOf(kind: string, index: number): string {
  return hash32(`${kind} ${index}`).toString(16).padStart(8, "0");
}
