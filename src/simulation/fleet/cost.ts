/**
 * What the budget state of a fleet costs in Durable Objects at list prices. Wallets and ledgers that serve are in
 * memory all the time, so duration is objects × time; rows and calls are counted in the simulation, except calls that
 * bill: the simulation hands beacons over together, so how many batches isolates would have sent is reckoned here.
 */
import { stream } from "../../kernel/random.ts";
import { gatherWindowMs, type LastBatch } from "../../money/gathering.ts";
import { BILL_CLAIMS_MAX, COLO_SHARDS } from "../../money/limits.ts";
import type { FleetRates } from "./rates.ts";
import { REGIONS } from "./scenario.ts";

/** What is paid for. */
export interface Usage {
  readonly requests: number;
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly gbSeconds: number;
}

/**
 * List prices in US dollars a million, without what a plan includes. As published on 2026-11-24 at
 * developers.cloudflare.com/durable-objects/platform/pricing (SQLite storage: requests, duration, rows).
 */
export const LIST_PRICES: Usage = { requests: 0.15, rowsWritten: 1, rowsRead: 0.001, gbSeconds: 12.5 };

/** An object in memory is billed as this much. Units: GB. */
const OBJECT_GB = 0.128;
const MILLION = 1_000_000;
/** How long gathering is watched. */
const GATHERED_MS = 200_000;

/** Dollars, kind by kind and together. */
export function priceOf(usage: Usage, prices: Usage = LIST_PRICES): Usage & { readonly total: number } {
  const of = (kind: keyof Usage): number => (usage[kind] * prices[kind]) / MILLION;
  const cost = {
    requests: of("requests"),
    rowsWritten: of("rowsWritten"),
    rowsRead: of("rowsRead"),
    gbSeconds: of("gbSeconds"),
  };
  return { ...cost, total: cost.requests + cost.rowsWritten + cost.rowsRead + cost.gbSeconds };
}

/**
 * Batches that one isolate sends one wallet in a second, when beacons come at random: counted beacon by beacon over
 * some minutes of the edge's own gathering.
 */
export function billCallsPerSec(beaconsPerSec: number): number {
  if (beaconsPerSec <= 0) return 0;
  const random = stream("beacons", String(beaconsPerSec));
  const endMs = GATHERED_MS / Math.min(1, beaconsPerSec);
  let last: LastBatch | undefined;
  let [openedMs, leavesMs, claims, batches] = [0, 0, 0, 0];
  for (let nowMs = 0; nowMs < endMs; nowMs -= (Math.log(1 - random.next()) * 1_000) / beaconsPerSec) {
    if (claims > 0 && (nowMs >= leavesMs || claims >= BILL_CLAIMS_MAX)) {
      last = { openedMs, claims };
      claims = 0;
    }
    if (claims === 0) {
      batches += 1;
      openedMs = nowMs;
      leavesMs = nowMs + gatherWindowMs(last, nowMs);
    }
    claims += 1;
  }
  return (batches * 1_000) / endMs;
}

/** Wallets whose tokens come back to one isolate: those that its data centre uses. */
export function walletsMet(wallets: number): number {
  return Math.max(1, Math.min(COLO_SHARDS, Math.floor(wallets / Math.min(REGIONS.length, wallets))));
}

/** A whole deployment, from one of its wallets and one of its campaigns. */
export interface Deployment {
  readonly isolates: number;
  readonly wallets: number;
  readonly campaigns: number;
  readonly beaconsPerIsolateSec: number;
  /** Of a fleet of one wallet that serves all campaigns. */
  readonly ofWallet: FleetRates;
  /** Of a fleet that has all wallets and one campaign. */
  readonly ofCampaign: FleetRates;
}

/** What a deployment uses in a second. Reading happens at a restart only; each write is counted as reading its row. */
export function usagePerSec(deployment: Deployment): Usage {
  const { isolates, wallets, campaigns, beaconsPerIsolateSec, ofWallet, ofCampaign } = deployment;
  const met = walletsMet(wallets);
  const bills = isolates * met * billCallsPerSec(beaconsPerIsolateSec / met);
  const requests = ofCampaign.draws + bills + campaigns * ofCampaign.reports + wallets * ofWallet.alarmsRung;
  const rowsWritten = wallets * (ofWallet.walletRows + ofWallet.alarmsSet) + campaigns * ofCampaign.ledgerRows;
  return { requests, rowsWritten, rowsRead: rowsWritten, gbSeconds: OBJECT_GB * (wallets + campaigns) };
}
