/**
 * What one seed is about: how large the world is, what its campaigns are like, which faults are on and how strong.
 * Swarm testing: most seeds leave most faults off, so that those that are on can go further than in an average world.
 */
import { localDayOf } from "../../kernel/local_day.ts";
import { type Micros, micros } from "../../kernel/money.ts";
import { type RandomStream, stream } from "../../kernel/random.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../kernel/time.ts";
import { STUCK_AFTER_MS } from "../../money/limits.ts";
import type { CampaignTerms } from "../../money/protocol.ts";
import { drawChance } from "../draw.ts";
import type { ObjectFaults } from "./durable_object.ts";
import type { NetworkFaults } from "./network.ts";

/** One campaign as its operator begins it, and the usual price of one impression. */
export interface SimulatedCampaign {
  readonly terms: CampaignTerms;
  /** When its ledger hears of it; isolates may ask for it before. */
  readonly begunAfterMs: number;
  readonly priceMicros: Micros;
}

/** How large the world is, and how long. */
export interface Scale {
  readonly decisions: number;
  readonly startMs: number;
  readonly trafficMs: number;
  readonly isolates: number;
  readonly wallets: number;
  readonly slotsMax: number;
  readonly campaigns: readonly SimulatedCampaign[];
}

/** Everything that goes wrong. Shares: 0 to 1; rhythms: mean time between two, 0 for never. */
export interface Faults {
  readonly network: NetworkFaults;
  readonly objects: ObjectFaults;
  readonly partEveryMs: number;
  readonly partMsMax: number;
  readonly skewMsMax: number;
  readonly clockStepMsMax: number;
  readonly isolateDeathEveryMs: number;
  readonly objectDeathEveryMs: number;
  readonly diskLossEveryMs: number;
  /** Whether one wallet hears no ledger for longer than anybody is patient. */
  readonly exile: boolean;
  readonly alarmTwice: number;
  readonly beaconLate: number;
  readonly beaconRepeated: number;
  readonly beaconForged: number;
  readonly neverShown: number;
  readonly editEveryMs: number;
  readonly keyRotationEveryMs: number;
  /** How long all this goes on after the last request. */
  readonly aftermathMs: number;
}

/** One seed's world. */
export interface Swarm {
  readonly seed: number;
  readonly scale: Scale;
  readonly faults: Faults;
}

/** What a run may ask for instead of leaving it to the seed. */
export interface SwarmWishes {
  readonly decisions: number;
  readonly faults: "on" | "off";
}

/** A world with more decisions than this goes on for longer, at the same pace. */
const USUAL_DECISIONS = 1_000;
const ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"] as const;

/** The world of a seed. */
export function drawSwarm(seed: number, wishes: SwarmWishes): Swarm {
  const scale = drawScale(stream(String(seed), "scale"), wishes.decisions);
  const faults =
    wishes.faults === "off"
      ? NO_FAULTS
      : drawFaults(stream(String(seed), "faults"), (scale.trafficMs * USUAL_DECISIONS) / wishes.decisions);
  return { seed, scale, faults };
}

/** A network that only takes its time, objects that only write, viewers some of whom leave. */
export const NO_FAULTS: Faults = {
  network: { delayMs: 15, loss: 0, duplicate: 0, slow: 0, slowMsMax: 0, echo: 0 },
  objects: { flushMsMax: 5, deathAtFlush: 0, writeFails: 0, awayMsMax: 0 },
  partEveryMs: 0,
  partMsMax: 0,
  skewMsMax: 0,
  clockStepMsMax: 0,
  isolateDeathEveryMs: 0,
  objectDeathEveryMs: 0,
  diskLossEveryMs: 0,
  exile: false,
  alarmTwice: 0,
  beaconLate: 0,
  beaconRepeated: 0,
  beaconForged: 0,
  neverShown: 0.1,
  editEveryMs: 0,
  keyRotationEveryMs: 0,
  aftermathMs: 0,
};

function drawScale(random: RandomStream, decisions: number): Scale {
  const trafficMs = Math.round((between(random, 20 * SECOND_MS, 40 * MINUTE_MS) * decisions) / USUAL_DECISIONS);
  // One world in ten is crowded.
  const crowd = drawChance(random, 0.1) ? 4 : 1;
  const count = 1 + random.below(4 * crowd);
  const slotsMax = 1 + random.below(3);
  const timeZone = ZONES[random.below(ZONES.length)] ?? "UTC";
  // Traffic begins shortly before a midnight, of a night when Europe changes its clocks.
  const midnightMs = localDayOf(Date.UTC(2026, 2, 28, 12), timeZone).endMs;
  const startMs = midnightMs - random.below(Math.min(trafficMs, HOUR_MS));
  const impressions = (decisions * (1 + slotsMax)) / 2 / count;
  const campaigns = Array.from({ length: count }, (_, i) =>
    drawCampaign(random, `campaign${i}`, { startMs, trafficMs, timeZone, impressions }),
  );
  const places = { isolates: 1 + random.below(8 * crowd), wallets: 1 + random.below(2 + crowd) };
  return { decisions, startMs, trafficMs, slotsMax, campaigns, ...places };
}

interface Stage {
  readonly startMs: number;
  readonly trafficMs: number;
  readonly timeZone: string;
  /** Impressions this campaign could win. */
  readonly impressions: number;
}

function drawCampaign(random: RandomStream, campaignId: string, stage: Stage): SimulatedCampaign {
  const { startMs, trafficMs, timeZone } = stage;
  // From a fraction of a cent a thousand to more than a whole lease for one impression.
  const tiny = drawChance(random, 0.2);
  const priceMicros = micros(Math.round(tiny ? between(random, 1, 200) : between(random, 200, 2_500_000)));
  const wealth = Math.max(1, stage.impressions * between(random, 0.05, 8));
  const budgetMicros = micros(Math.round(priceMicros * wealth));
  const dailyBudgetMicros = drawChance(random, 0.3) ? micros(Math.ceil(budgetMicros * random.next())) : null;
  const begun = drawChance(random, 0.7);
  const flightStartMs = begun ? startMs - HOUR_MS : startMs + random.below(Math.ceil(trafficMs / 2));
  const ample = drawChance(random, 0.5);
  const flightEndMs = ample
    ? startMs + trafficMs + 2 * HOUR_MS
    : Math.max(startMs, flightStartMs) + 1 + random.below(trafficMs);
  const pacing = drawChance(random, 0.5) ? "asap" : "even";
  const targetCostMicros = drawChance(random, 0.1) ? micros(priceMicros * 400) : null;
  const money = {
    budgetMicros,
    dailyBudgetMicros,
    timeZone,
    targetCostMicros,
    startMultiplierPpm: null,
    supplyShape: [],
  };
  const terms: CampaignTerms = { campaignId, ...money, flightStartMs, flightEndMs, status: "active", pacing };
  const begunAfterMs = drawChance(random, 0.85) ? 0 : random.below(Math.ceil(trafficMs / 3));
  return { terms, begunAfterMs, priceMicros };
}

function drawFaults(random: RandomStream, trafficMs: number): Faults {
  const maybe = (low: number, high: number, chance = 0.4): number =>
    drawChance(random, chance) ? between(random, low, high) : 0;
  const rhythm = (low: number, high: number, chance = 0.4): number => Math.round(trafficMs * maybe(low, high, chance));
  const slowMsMax = Math.round(between(random, 50, 20 * SECOND_MS));
  const awayMsMax = Math.round(maybe(1, 3 * SECOND_MS));
  return {
    network: {
      delayMs: between(random, 1, 120),
      loss: maybe(0.001, 0.2),
      duplicate: maybe(0.001, 0.3),
      slow: maybe(0.001, 0.1),
      slowMsMax,
      echo: maybe(0.01, 0.5),
    },
    objects: {
      flushMsMax: Math.round(between(random, 1, 40)),
      deathAtFlush: maybe(0.000_3, 0.02),
      writeFails: maybe(0.000_3, 0.02),
      awayMsMax,
    },
    partEveryMs: rhythm(0.1, 1),
    partMsMax: Math.round(between(random, 100, 60 * SECOND_MS)),
    skewMsMax: Math.round(maybe(10, 30 * SECOND_MS)),
    clockStepMsMax: Math.round(maybe(5, 900)),
    isolateDeathEveryMs: rhythm(0.02, 1),
    objectDeathEveryMs: rhythm(0.02, 1),
    diskLossEveryMs: rhythm(0.8, 2.5, 0.02),
    exile: trafficMs > STUCK_AFTER_MS && drawChance(random, 0.3),
    alarmTwice: maybe(0.01, 0.3),
    beaconLate: maybe(0.000_3, 0.004),
    beaconRepeated: maybe(0.01, 0.5),
    beaconForged: maybe(0.01, 0.2),
    neverShown: maybe(0.01, 0.6),
    editEveryMs: rhythm(0.03, 0.5),
    keyRotationEveryMs: rhythm(0.3, 1, 0.3),
    aftermathMs: Math.round(maybe(SECOND_MS, 15 * MINUTE_MS, 0.6)),
  };
}

/** Between two positive bounds, small values as likely as large ones. */
function between(random: RandomStream, low: number, high: number): number {
  return low * (high / low) ** random.next();
}
