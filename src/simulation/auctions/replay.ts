/**
 * The replay: recorded auctions, a budget, and every bidder's turn at them. Settles who may learn from what, cuts the
 * auctions into flights, and sets each bidder against what could have been had in hindsight.
 */
import { assert } from "../../kernel/assert.ts";
import { type Auctions, learnFrom, type Shock, shockAuctions, sliceAuctions, type Training } from "./auctions.ts";
import { runFlight, type Tally } from "./flight.ts";
import { hindsight } from "./hindsight.ts";
import { type Bidder, linBidder, mcpcBidder, tuneBaseBid } from "./published.ts";
import { rlbBidder } from "./rlb.ts";
import { midrollBidder, pidBidder, type Steering, throttleBidder } from "./steered.ts";

/** Every bidder, in the order of the report. */
export const BIDDERS = ["mcpc", "lin", "rlb", "throttle", "pid", "midroll"] as const;
export type BidderName = (typeof BIDDERS)[number];

/** How a replay is run. */
export interface ReplayOptions {
  readonly bidders: readonly BidderName[];
  /** The budget in parts of what all auctions cost on average. */
  readonly budgetFraction: number;
  /** Auctions in an episode. */
  readonly episode: number;
  /** One budget over all auctions instead of one an episode. */
  readonly horizon: boolean;
  /** Share at the front that bidders learn from and that is not scored; 0: learn from the first quarter, score all. */
  readonly holdout: number;
  /** By what share the forecast number of auctions is wrong. */
  readonly horizonError: number;
  readonly isolates: number;
  /** Share of the flight that an isolate goes without telling and hearing. */
  readonly lag: number;
  readonly shock: Shock | null;
  /** Training totals from elsewhere; null: of the auctions learned from. */
  readonly training: Training | null;
  /** Auctions to learn from instead of the front of the file. */
  readonly trainingAuctions: Auctions | null;
  /** Base bid of lin; null: tuned on the auctions learned from. */
  readonly baseBid: number | null;
  readonly seed: string;
}

/** Midroll's pacer flying the last three quarters of the auctions by itself: what measurements vary. */
export const MIDROLL_ALONE: ReplayOptions = {
  bidders: ["midroll"],
  budgetFraction: 1 / 8,
  episode: 1_000,
  horizon: true,
  holdout: 0.25,
  horizonError: 0,
  isolates: 1,
  lag: 0,
  shock: null,
  training: null,
  trainingAuctions: null,
  baseBid: null,
  seed: "1",
};

/** What one bidder made of it. Costs in the file's price unit; shares from 0 to 1. */
export interface BidderResult {
  readonly bidder: BidderName;
  readonly impressions: number;
  readonly clicks: number;
  readonly costMicros: number;
  /** Sum of the predicted probabilities won. */
  readonly value: number;
  /** Of what hindsight buys with each episode's own budget. */
  readonly shareOfHindsightEpisode: number;
  /** Of what hindsight buys with all the money over all auctions. */
  readonly shareOfHindsightHorizon: number;
  /** Of all the money. */
  readonly utilisation: number;
  /** Largest distance from an even plan after the first twentieth of a flight, as a share of its budget. */
  readonly planDeviationMax: number;
}

/** A replay's outcome. */
export interface ReplayReport {
  readonly auctions: number;
  /** Budget of each flight, and of all together. */
  readonly flightBudget: number;
  readonly totalBudget: number;
  readonly flights: number;
  readonly priceMean: number;
  readonly bidders: readonly BidderResult[];
}

/** Share of the file that bidders learn from when nothing is held out. */
export const LEARN_SHARE = 0.25;
/** The published experiments bid at most this. Files with dearer auctions raise it. */
const PRICE_MAX_LEAST = 300;
const PRICE_MAX_MOST = 5_000;

/** Why a replay cannot be run. */
export class ReplayImpossible extends Error {
  override readonly name = "ReplayImpossible";
}

interface Setting {
  readonly options: ReplayOptions;
  readonly training: Training;
  readonly fit: Auctions;
  readonly scored: Auctions;
  readonly priceMean: number;
  readonly flights: readonly ReplayFlight[];
}

interface ReplayFlight {
  readonly auctions: Auctions;
  readonly budget: number;
  /** Auctions the flight is planned for: a file's last episode may stop short. */
  readonly count: number;
}

/** Runs the replay. Throws `ReplayImpossible` when there is nothing to learn from or nothing to spend. */
export function replay(auctions: Auctions, options: ReplayOptions): ReplayReport {
  const setting = settle(auctions, options);
  const { scored, flights } = setting;
  const totalBudget = flights.reduce((sum, { budget }) => sum + budget, 0);
  const horizonBest = hindsight(scored, totalBudget).value;
  const episodeBest = cutEpisodes(setting, scored).reduce(
    (sum, each) => sum + hindsight(each.auctions, each.budget).value,
    0,
  );
  const bidders = options.bidders.map((name): BidderResult => {
    const bidder = makeBidder(name, setting);
    const tallies = flights.map(({ auctions: flown, budget, count }) =>
      runFlight(flown, budget, bidder.open(budget, count), (seen) => seen / count),
    );
    const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
    const value = sum((tally) => tally.value);
    return {
      bidder: name,
      impressions: sum((tally) => tally.impressions),
      clicks: sum((tally) => tally.clicks),
      costMicros: sum((tally) => tally.cost),
      value: rounded(value),
      shareOfHindsightEpisode: rounded(value / episodeBest),
      shareOfHindsightHorizon: rounded(value / horizonBest),
      utilisation: rounded(sum((tally) => tally.cost) / totalBudget),
      planDeviationMax: rounded(Math.max(...tallies.map((tally) => tally.deviation))),
    };
  });
  const flightBudget = flights[0]?.budget ?? 0;
  return {
    auctions: scored.count,
    flightBudget,
    totalBudget,
    flights: flights.length,
    priceMean: rounded(setting.priceMean),
    bidders,
  };
}

function settle(auctions: Auctions, options: ReplayOptions): Setting {
  const learned = Math.floor(auctions.count * (options.holdout || LEARN_SHARE));
  const fit = options.trainingAuctions ?? sliceAuctions(auctions, 0, learned);
  const held = options.holdout > 0 ? sliceAuctions(auctions, learned, auctions.count) : auctions;
  const scored = options.shock === null ? held : shockAuctions(held, options.shock);
  if (fit.count === 0 || scored.count === 0) throw new ReplayImpossible("too few auctions to learn from and to score");
  const training = options.training ?? learnFrom(fit, priceMaxOf(fit));
  if (training.clicks <= 0 || training.cost <= 0) {
    throw new ReplayImpossible("there is no click or no cost to learn from, so a click has no price");
  }
  const setting: Setting = {
    options,
    training,
    fit,
    scored,
    priceMean: training.cost / training.impressions,
    flights: [],
  };
  const flights = options.horizon
    ? [{ auctions: scored, budget: budgetOf(setting, scored.count), count: scored.count }]
    : cutEpisodes(setting, scored);
  if (flights.every(({ budget }) => budget === 0)) throw new ReplayImpossible("the budget is less than one price unit");
  return { ...setting, flights };
}

/** Published: mean training price × fraction × auctions, cut to whole units. */
function budgetOf({ priceMean, options }: Setting, count: number): number {
  return Math.floor(priceMean * options.budgetFraction * count);
}

/** Episodes of equal length and budget; the last may stop short, its budget does not, as published. */
function cutEpisodes(setting: Setting, auctions: Auctions): ReplayFlight[] {
  const { episode, horizon } = setting.options;
  const flights: ReplayFlight[] = [];
  for (let from = 0; from < auctions.count; from += episode) {
    const part = sliceAuctions(auctions, from, from + episode);
    flights.push({ auctions: part, budget: budgetOf(setting, horizon ? part.count : episode), count: episode });
  }
  return flights;
}

function makeBidder(name: BidderName, setting: Setting): Bidder {
  const { training, options, flights } = setting;
  const priceMax = training.priceCounts.length - 1;
  switch (name) {
    case "mcpc":
      return mcpcBidder(training, priceMax);
    case "lin":
      return linBidder(
        training,
        options.baseBid ?? tuneBaseBid(training, trainingFlights(setting), priceMax),
        priceMax,
      );
    case "rlb": {
      const window = Math.min(options.episode, flights[0]?.count ?? 0);
      const forecast = forecastOf(setting, setting.scored.count);
      return rlbBidder(training, { window, windowBudget: budgetOf(setting, window), forecast });
    }
    case "throttle":
      return throttleBidder(steeringOf(setting), training.cost / training.clicks, options.seed);
    case "pid":
      return pidBidder(steeringOf(setting));
    case "midroll":
      return midrollBidder(steeringOf(setting));
  }
}

/** The auctions learned from, cut the way the scored ones are; whole episodes only, when there are any. */
function trainingFlights(setting: Setting): readonly ReplayFlight[] {
  const { fit, options } = setting;
  if (options.horizon) return [{ auctions: fit, budget: budgetOf(setting, fit.count), count: fit.count }];
  const all = cutEpisodes(setting, fit);
  const whole = all.filter((each) => each.auctions.count === options.episode);
  return whole.length > 0 ? whole : all;
}

/** The bid that the budget affords, by the auctions learned from and the forecast number of auctions. */
function steeringOf(setting: Setting): Steering {
  const { fit, flights, options } = setting;
  const [first] = flights;
  assert(first !== undefined, "a replay has a flight");
  const perAuction = first.budget / forecastOf(setting, first.count);
  const { pricePerOutcome } = hindsight(fit, perAuction * fit.count);
  return {
    pricePerOutcome: Number.isFinite(pricePerOutcome) ? pricePerOutcome : dearest(fit),
    isolates: options.isolates,
    lag: options.lag,
  };
}

function forecastOf({ options }: Setting, count: number): number {
  return Math.max(1, Math.round(count * (1 + options.horizonError)));
}

/** The price per outcome at which every auction is won. */
function dearest(auctions: Auctions): number {
  return auctions.prices.reduce((most, price, i) => Math.max(most, price / Math.max(1e-9, auctions.ctrs[i] ?? 0)), 0);
}

function priceMaxOf(auctions: Auctions): number {
  const most = auctions.prices.reduce((max, price) => Math.max(max, price), PRICE_MAX_LEAST);
  return Math.min(PRICE_MAX_MOST, most);
}

/** Nine digits: enough to compare, few enough to read. */
function rounded(value: number): number {
  return Number(value.toPrecision(9));
}
