/**
 * The measurements on fleets: a whole flight, a rate of decisions, one wallet with many campaigns, and the first
 * seconds of a live event. Each is a scenario run to its end and a few figures; the same seed gives the same figures.
 */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../kernel/time.ts";
import type { CampaignTerms } from "../../money/protocol.ts";
import { Fleet } from "./fleet.ts";
import type { Landscape } from "./landscape.ts";
import { countRates, type FleetRates } from "./rates.ts";
import { campaignsOf, DECISIONS_PER_ISOLATE, fleetSizeOf, SLOTS_PER_DECISION } from "./scenario.ts";

/** How beacons come to wallets in the long and in the short measurements, and how long isolates take to join. */
const SHORT = { tickMs: 100, gatherMs: 40, joinMs: 5 * SECOND_MS };
const LONG = { tickMs: 500, gatherMs: 500, joinMs: 5 * SECOND_MS, probes: 0 };
/** After the flight: the last purse, its tokens, and the report of it. */
const SETTLE_MS = 13 * MINUTE_MS;

/** One campaign alone, from the start of its flight until all is settled. */
export interface FlightWish {
  readonly seed: string;
  readonly isolates: number;
  readonly wallets: number;
  readonly decisionsPerIsolate: number;
  readonly pacing: CampaignTerms["pacing"];
  readonly flightMs: number;
  /** How many budgets the supply could spend. */
  readonly supplyFactor: number;
}

/** What became of its budget. Shares: 0 to 1. */
export interface FlightFigures {
  readonly wins: number;
  /** Billed when all is settled. */
  readonly utilisation: number;
  /** Won by the end and never seen in time to be spent again; and what nobody won. */
  readonly unseen: number;
  readonly unspent: number;
  /** Slots refused for lack of money until the budget was as good as spent, though another holder could have paid. */
  readonly falseNoBudget: number;
  /** Seen and not billed. */
  readonly unbillable: number;
}

/** Flies one campaign. */
export function measureFlight(wish: FlightWish): FlightFigures {
  const { seed, isolates, wallets, flightMs } = wish;
  const decisionsPerSec = isolates * wish.decisionsPerIsolate;
  const campaigns = campaignsOf(1, { ...wish, decisionsPerSec });
  const fleet = new Fleet({ seed, isolates, wallets, decisionsPerSec, campaigns, ...LONG });
  fleet.run(flightMs);
  const books = fleet.meter.of(fleet.measured);
  const { budgetMicros } = books.campaign.terms;
  const spentMicros = books.billedMicros + books.pendingMicros;
  fleet.run(SETTLE_MS);
  const { billed, late, exhausted, invalid } = books.verdicts;
  return {
    wins: books.wins,
    utilisation: books.billedMicros / budgetMicros,
    unseen: (spentMicros - books.billedMicros) / budgetMicros,
    unspent: 1 - spentMicros / budgetMicros,
    falseNoBudget: books.lacked / books.wins,
    unbillable: (late + exhausted + invalid) / (billed + late + exhausted + invalid),
  };
}

/** One campaign at a rate of decisions. */
export interface RateFigures {
  readonly decisionsPerSec: number;
  readonly isolates: number;
  readonly wallets: number;
  readonly rates: FleetRates;
  readonly lagsMs: readonly number[];
}

/** Serves at a rate, lets it come to its pace, and counts. `countMs`: for how long. */
export function measureRate(seed: string, decisionsPerSec: number, warmMs: number, countMs: number): RateFigures {
  const size = fleetSizeOf(decisionsPerSec);
  const wish = { decisionsPerSec, pacing: "even", flightMs: 4 * HOUR_MS, supplyFactor: 4 } as const;
  const fleet = new Fleet({ seed, ...size, decisionsPerSec, campaigns: campaignsOf(1, wish), probes: 8, ...SHORT });
  fleet.run(warmMs);
  fleet.trace.lagsMs.length = 0;
  const rates = countRates(fleet, countMs);
  return { decisionsPerSec, ...size, rates, lagsMs: fleet.trace.lagsMs };
}

/** One wallet that serves many campaigns for its isolates. `calls`: bill calls a second that reach it. */
export function measureWallet(
  seed: string,
  wish: { readonly isolates: number; readonly campaigns: number; readonly calls: number },
  warmMs: number,
  countMs: number,
): FleetRates {
  const { isolates, campaigns: count, calls } = wish;
  const decisionsPerSec = isolates * DECISIONS_PER_ISOLATE;
  // Paced campaigns win about a fifth of what they could.
  const reach = (SLOTS_PER_DECISION * 5) / count;
  const campaigns = campaignsOf(count, { decisionsPerSec, pacing: "even", flightMs: HOUR_MS, supplyFactor: 4, reach });
  const gatherMs = Math.max(SHORT.gatherMs, Math.round(1_000 / calls));
  const scale = { seed, isolates, wallets: 1, decisionsPerSec, campaigns, probes: 0 };
  const fleet = new Fleet({ ...scale, ...SHORT, gatherMs });
  fleet.run(warmMs);
  return countRates(fleet, countMs);
}

/** A live event: cold isolates, all within two seconds, and a campaign that wins every slot. */
export interface BurstFigures {
  readonly isolates: number;
  /** Share of the budget that was won after each second, and share of the slots refused although it had money. */
  readonly spent: readonly number[];
  readonly refused: number;
}

/** Wins at any price level. */
const WINS_ALL: Landscape = { bidMicros: 25_000, bidSpread: 0.01, rivalMicros: 1_000, rivalSpread: 0.1 };

/** `budgetSec`: how long the budget would last if every slot were paid. */
export function measureBurst(seed: string, decisionsPerSec: number, budgetSec: number, seconds: number): BurstFigures {
  const { isolates, wallets } = fleetSizeOf(decisionsPerSec);
  const supplyFactor = HOUR_MS / (budgetSec * SECOND_MS);
  const wish = {
    decisionsPerSec,
    pacing: "asap",
    flightMs: HOUR_MS,
    supplyFactor,
    reach: 1,
    landscape: WINS_ALL,
  } as const;
  const scale = { seed, isolates, wallets, decisionsPerSec, campaigns: campaignsOf(1, wish), probes: 0 };
  const fleet = new Fleet({ ...scale, ...SHORT, joinMs: 2 * SECOND_MS });
  const books = fleet.meter.of(fleet.measured);
  const spent = Array.from({ length: seconds }, () => {
    fleet.run(SECOND_MS);
    return books.committedMicros / books.campaign.terms.budgetMicros;
  });
  return { isolates, spent, refused: books.lacked / books.wins };
}
