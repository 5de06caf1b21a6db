/**
 * How large a fleet is and what its campaigns have to spend. Everything a figure depends on is here, and the sizes that
 * a rate of decisions needs.
 */
import { micros, type Micros } from "../../kernel/money.ts";
import { MINUTE_MS } from "../../kernel/time.ts";
import type { CampaignTerms } from "../../money/protocol.ts";
import { expectedSpend, type Landscape, USUAL_LANDSCAPE } from "./landscape.ts";

/** One campaign: its terms, its market, and the share of all decisions that could use it. */
export interface FleetCampaign {
  readonly terms: CampaignTerms;
  readonly landscape: Landscape;
  readonly reach: number;
}

/** A fleet. The first campaign is the one that is measured; the others keep it company. */
export interface FleetScenario {
  readonly seed: string;
  readonly isolates: number;
  readonly wallets: number;
  /** Of the whole fleet. */
  readonly decisionsPerSec: number;
  readonly campaigns: readonly FleetCampaign[];
  /** How often an isolate's decisions are drawn; between two ticks nothing happens to them. */
  readonly tickMs: number;
  /** How much time's beacons a wallet gets at once. */
  readonly gatherMs: number;
  /** Isolates whose commits are followed until all others know of them. */
  readonly probes: number;
  /** Isolates see their first request evenly within this time. */
  readonly joinMs: number;
}

/** What a campaign of a fleet is made from. */
export interface CampaignWish {
  readonly decisionsPerSec: number;
  readonly flightMs: number;
  readonly pacing: CampaignTerms["pacing"];
  /** How many budgets the supply of its flight could spend at full bids. */
  readonly supplyFactor: number;
  readonly reach?: number;
  readonly landscape?: Landscape;
}

/** The moment fleets begin. */
export const FLEET_START_MS = Date.UTC(2026, 10, 24, 12);
/** One isolate serves about this many decisions a second. */
export const DECISIONS_PER_ISOLATE = 300;
/** Slots of a break that are won by campaigns, on average. */
export const SLOTS_PER_DECISION = 2;
/** One wallet serves about this many isolates: more would bring it more than some 20,000 impressions a second. */
export const ISOLATES_PER_WALLET = 32;
/** Share of won slots that no viewer sees. */
export const UNSEEN_SHARE = 0.1;

/** Regions, nearest to the ledgers first, and their usual distance from them, one way. Units: milliseconds. */
export const REGIONS: readonly { readonly name: string; readonly ledgerMs: number }[] = [
  { name: "na-east", ledgerMs: 5 },
  { name: "eu", ledgerMs: 45 },
  { name: "as", ledgerMs: 100 },
  { name: "na-west", ledgerMs: 35 },
  { name: "sa", ledgerMs: 65 },
  { name: "oc", ledgerMs: 110 },
  { name: "me", ledgerMs: 80 },
  { name: "af", ledgerMs: 120 },
];

/** The fleet that a rate of decisions needs: one isolate per 300 decisions, a wallet in each region or more. */
export function fleetSizeOf(decisionsPerSec: number): { readonly isolates: number; readonly wallets: number } {
  const isolates = Math.ceil(decisionsPerSec / DECISIONS_PER_ISOLATE);
  const wallets = Math.max(Math.min(REGIONS.length, isolates), Math.ceil(isolates / ISOLATES_PER_WALLET));
  return { isolates, wallets };
}

/** Campaigns that are alike and are all in flight from the start. */
export function campaignsOf(count: number, wish: CampaignWish): readonly FleetCampaign[] {
  const { reach = 0.1, landscape = USUAL_LANDSCAPE, pacing, flightMs } = wish;
  const budgetMicros = budgetOf({ ...wish, reach, landscape });
  return Array.from({ length: count }, (_, i) => ({
    terms: {
      campaignId: `campaign${i}`,
      budgetMicros,
      dailyBudgetMicros: null,
      timeZone: "UTC",
      flightStartMs: FLEET_START_MS - MINUTE_MS,
      flightEndMs: FLEET_START_MS + flightMs,
      status: "active",
      pacing,
      targetCostMicros: null,
      startMultiplierPpm: null,
      supplyShape: [],
    },
    landscape,
    reach,
  }));
}

function budgetOf({ decisionsPerSec, flightMs, supplyFactor, reach, landscape }: Required<CampaignWish>): Micros {
  const opportunities = (decisionsPerSec * reach * flightMs) / 1_000;
  return micros(Math.round((opportunities * expectedSpend(landscape, 1_000_000)) / supplyFactor));
}
