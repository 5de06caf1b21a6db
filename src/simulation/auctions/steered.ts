/**
 * The bidders that are steered while they fly: Midroll's own pacer, and the two baselines it is measured against. Each
 * bids in proportion to the predicted probability; what differs is who turns the knob, and which knob.
 */
import { type RandomStream, stream } from "../../kernel/random.ts";
import { MULTIPLIER_PPM_MAX } from "../../money/limits.ts";
import { stepPacer, warmPacer } from "../../money/pacing/pacer.ts";
import { openPacedFlight, type PacedPlan } from "./paced.ts";
import { newPid, stepPid } from "./pid.ts";
import type { Bidder } from "./published.ts";
import { NEW_THROTTLE, stepThrottle } from "./throttle.ts";

/** Where a steered flight starts from, and how it is spread. */
export interface Steering {
  /** Fitted price of an outcome: the bid that training says the budget affords. Units: price per outcome. */
  readonly pricePerOutcome: number;
  readonly isolates: number;
  readonly lag: number;
}

/** Full bids are this many times the fitted ones: room to rise when the fit was low. */
const HEADROOM = 8;
/** The fitted bid as a multiplier of full bids. Units: ppm. */
const FITTED_PPM = MULTIPLIER_PPM_MAX / HEADROOM;

/** The product's pacer, warm from the fit. */
export function midrollBidder(steering: Steering): Bidder {
  return {
    name: "midroll",
    open: (budget, count) => openPacedFlight(scaled(steering, budget, count, stepPacer, warmPacer(FITTED_PPM))),
  };
}

/** The three-term controller, from the same start. */
export function pidBidder(steering: Steering): Bidder {
  return {
    name: "pid",
    open: (budget, count) => openPacedFlight(scaled(steering, budget, count, stepPid, newPid(FITTED_PPM))),
  };
}

/** Throttling: what mcpc bids, in a share of the auctions. */
export function throttleBidder(steering: Steering, costPerClick: number, seed: string): Bidder {
  const random: RandomStream = stream(seed, "throttle");
  return {
    name: "throttle",
    open: (budget, count) =>
      openPacedFlight({
        ...scaled(steering, budget, count, stepThrottle, NEW_THROTTLE),
        bidAt: (multiplierPpm, ctr) => (random.below(MULTIPLIER_PPM_MAX) < multiplierPpm ? ctr * costPerClick : 0),
      }),
  };
}

function scaled<P extends { readonly multiplierPpm: number }>(
  { pricePerOutcome, isolates, lag }: Steering,
  budget: number,
  count: number,
  step: PacedPlan<P>["step"],
  pacer: P,
): PacedPlan<P> {
  const fullPrice = pricePerOutcome * HEADROOM;
  const bidAt = (multiplierPpm: number, ctr: number): number => (fullPrice * ctr * multiplierPpm) / MULTIPLIER_PPM_MAX;
  return { budget, count, step, pacer, bidAt, isolates, lag };
}
