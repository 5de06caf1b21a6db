/**
 * Bidders steered by a multiplier: the product's own pacer and its baselines, alone or spread over isolates. An isolate
 * sees its share of the auctions, holds a small lease of the budget, and tells what it spent and hears the multiplier
 * only every so often. Money comes when a lease runs short, as from a wallet; only knowledge is late.
 */
import { assert } from "../../kernel/assert.ts";
import { micros, ZERO_MICROS } from "../../kernel/money.ts";
import { SECOND_MS } from "../../kernel/time.ts";
import type { PaceReading, PaceStep, PaceTerms } from "../../money/pacing/terms.ts";
import type { Flight } from "./flight.ts";

/** How a paced flight is flown. One price unit counts as one micro: only proportions matter here. */
export interface PacedPlan<P extends { readonly multiplierPpm: number }> {
  readonly budget: number;
  /** Auctions of the flight: one a second. */
  readonly count: number;
  readonly step: PaceStep<P>;
  readonly pacer: P;
  /** What a multiplier does to an auction: the bid it makes. */
  readonly bidAt: (multiplierPpm: number, ctr: number) => number;
  readonly isolates: number;
  /** How long an isolate goes without telling and hearing, as a share of the flight. */
  readonly lag: number;
  /** When each auction happens, and the forecast shape over it; one a second and flat unless given. */
  readonly momentMs?: (position: number) => number;
  readonly endMs?: number;
  readonly supplyShape?: readonly number[];
}

/** Outstanding leases stay under these shares of the budget and of what is not spent. */
const LEASED_OF_BUDGET = 0.01;
const LEASED_OF_LEFT = 0.1;
/** A flight starts here: Monday 5 January 1970, 00:00 UTC. */
export const FLIGHT_START_MS = 4 * 24 * 3600 * SECOND_MS;

interface Isolate {
  purse: number;
  multiplierPpm: number;
  heardMs: number;
  /** Not yet told: spent, outcomes, impressions, opportunities. */
  spent: number;
  outcomes: number;
  impressions: number;
  opportunities: number;
}

/** Opens a flight. Law: what is leased, spent and free always add up to the budget. */
export function openPacedFlight<P extends { readonly multiplierPpm: number }>(plan: PacedPlan<P>): Flight {
  return new PacedFlight(plan);
}

class PacedFlight<P extends { readonly multiplierPpm: number }> implements Flight {
  readonly #plan: PacedPlan<P>;
  readonly #terms: PaceTerms;
  readonly #lagMs: number;
  readonly #isolates: Isolate[];
  #pacer: P;
  /** Money that no isolate holds. */
  #free: number;
  /** Totals that the pacer has heard of, and the sum of the moments at which it heard of each isolate. */
  #told = { spent: 0, outcomes: 0, impressions: 0, opportunities: 0 };
  #heardSumMs: number;
  /** The isolate that sees the current auction. */
  #now: Isolate;

  constructor(plan: PacedPlan<P>) {
    const endMs = plan.endMs ?? FLIGHT_START_MS + plan.count * SECOND_MS;
    this.#plan = plan;
    this.#terms = {
      budgetMicros: micros(plan.budget),
      flightStartMs: FLIGHT_START_MS,
      flightEndMs: endMs,
      pacing: "even",
      dailyBudgetMicros: null,
      targetCostMicros: null,
      supplyShape: plan.supplyShape ?? [],
    };
    this.#lagMs = plan.lag * (endMs - FLIGHT_START_MS);
    this.#pacer = plan.step(plan.pacer, this.#terms, this.#reading(FLIGHT_START_MS), FLIGHT_START_MS);
    this.#free = plan.budget;
    this.#isolates = Array.from({ length: plan.isolates }, (_, i) => ({
      purse: 0,
      multiplierPpm: this.#pacer.multiplierPpm,
      // They opened one after the other, so they speak one after the other.
      heardMs: FLIGHT_START_MS - Math.floor((this.#lagMs * i) / plan.isolates),
      spent: 0,
      outcomes: 0,
      impressions: 0,
      opportunities: 0,
    }));
    this.#heardSumMs = plan.isolates * FLIGHT_START_MS;
    this.#now = this.#isolate(0);
  }

  bid(position: number, ctr: number): number {
    const nowMs = this.#plan.momentMs?.(position) ?? FLIGHT_START_MS + position * SECOND_MS;
    this.#settle(this.#now);
    this.#now = this.#isolate(position % this.#plan.isolates);
    if (nowMs - this.#now.heardMs >= this.#lagMs) this.#exchange(this.#now, nowMs);
    this.#now.opportunities++;
    const bid = this.#plan.bidAt(this.#now.multiplierPpm, ctr);
    this.#draw(this.#now, bid);
    return Math.min(bid, this.#now.purse);
  }

  won(ctr: number, price: number): void {
    assert(price <= this.#now.purse, "an isolate spends what it was leased");
    this.#now.purse -= price;
    this.#now.spent += price;
    this.#now.outcomes += ctr;
    this.#now.impressions++;
  }

  /** Tells all that was not told, steps the pacer, hears the multiplier. */
  #exchange(isolate: Isolate, nowMs: number): void {
    this.#told.spent += isolate.spent;
    this.#told.outcomes += isolate.outcomes;
    this.#told.impressions += isolate.impressions;
    this.#told.opportunities += isolate.opportunities;
    this.#heardSumMs += nowMs - Math.max(FLIGHT_START_MS, isolate.heardMs);
    Object.assign(isolate, { spent: 0, outcomes: 0, impressions: 0, opportunities: 0, heardMs: nowMs });
    this.#pacer = this.#plan.step(
      this.#pacer,
      this.#terms,
      this.#reading(this.#heardSumMs / this.#isolates.length),
      nowMs,
    );
    isolate.multiplierPpm = this.#pacer.multiplierPpm;
  }

  #reading(asOfMs: number): PaceReading {
    return {
      spentMicros: micros(this.#told.spent),
      outcomesPpm: Math.round(this.#told.outcomes * 1_000_000),
      impressions: this.#told.impressions,
      opportunities: this.#told.opportunities,
      spentTodayMicros: ZERO_MICROS,
      dayEndMs: 0,
      asOfMs,
    };
  }

  /** Makes sure of this much, as far as there is money, and fills the lease while at it. */
  #draw(isolate: Isolate, needed: number): void {
    if (isolate.purse >= needed) return;
    const drawn = Math.min(this.#free, Math.max(Math.ceil(needed), this.#leaseSize()) - isolate.purse);
    isolate.purse += drawn;
    this.#free -= drawn;
  }

  /** What an auction made an isolate hold beyond its lease goes back. */
  #settle(isolate: Isolate): void {
    const excess = isolate.purse - this.#leaseSize();
    if (excess <= 0) return;
    isolate.purse -= excess;
    this.#free += excess;
  }

  #leaseSize(): number {
    const share = Math.min(LEASED_OF_BUDGET * this.#plan.budget, LEASED_OF_LEFT * this.#free);
    return Math.floor(share / this.#isolates.length);
  }

  #isolate(index: number): Isolate {
    const isolate = this.#isolates[index];
    assert(isolate !== undefined, "there is an isolate for every auction");
    return isolate;
  }
}
