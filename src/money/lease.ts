/**
 * How much money a ledger lets out of its hands. Money that is out and not won cannot be spent elsewhere, so it is kept
 * small against the budget, against what remains of it, and against what can still be spent before the flight ends; but
 * never so small that holders starve between two grants, or that a wallet could not pay for one impression. What is won
 * and waits for its beacon is spent for this purpose: it does not crowd out new leases.
 */
import { type Micros, micros, ZERO_MICROS } from "../kernel/money.ts";
import {
  HOLDER_ACTIVE_MS,
  LEASE_END_PARTS,
  LEASE_FLOOR_MICROS,
  LEASE_SECONDS,
  LEASED_BUDGET_PARTS,
  LEASED_REMAINING_PARTS,
  RATE_WINDOW_MS,
} from "./limits.ts";
import type { LedgerShare, LedgerSums, SpendRate } from "./ledger_state.ts";
import type { CampaignTerms, ReconcileReport } from "./protocol.ts";
import { spentOf } from "./totals.ts";

/** What a grant is sized by. */
export interface LeaseRoom {
  readonly terms: CampaignTerms;
  readonly allowanceMicros: Micros;
  readonly sums: LedgerSums;
  readonly rate: SpendRate;
  /** Holders that have reported lately, this one included. */
  readonly holders: number;
}

/** Holders heard lately: those that a lease has to be shared with. */
export function activeHolders(shares: Iterable<LedgerShare>, nowMs: number): number {
  return activeAges(shares, nowMs).length;
}

/** The moment that the totals of the holders heard lately speak of, on average. */
export function heardMeanMs(shares: Iterable<LedgerShare>, nowMs: number): number {
  const ages = activeAges(shares, nowMs);
  return nowMs - ages.reduce((sum, ageMs) => sum + ageMs, 0) / Math.max(1, ages.length);
}

function activeAges(shares: Iterable<LedgerShare>, nowMs: number): number[] {
  return [...shares].map(({ heardMs }) => nowMs - heardMs).filter((ageMs) => ageMs <= HOLDER_ACTIVE_MS);
}

/** The smoothed rate with one more reading. Readings closer together than a second change nothing. */
export function stepRate(rate: SpendRate, spentMicros: Micros, nowMs: number): SpendRate {
  if (rate.atMs === 0) return { atMs: nowMs, spentMicros, microsPerSec: 0 };
  const elapsedMs = nowMs - rate.atMs;
  if (elapsedMs < 1_000) return rate;
  const sample = (Math.max(0, spentMicros - rate.spentMicros) * 1_000) / elapsedMs;
  const weight = Math.min(1, elapsedMs / RATE_WINDOW_MS);
  return { atMs: nowMs, spentMicros, microsPerSec: rate.microsPerSec + weight * (sample - rate.microsPerSec) };
}

/** The most that may be leased, and neither won nor back, by all holders together. */
export function leaseCapMicros({ terms, allowanceMicros, sums, rate }: LeaseRoom, nowMs: number): Micros {
  const remaining = Math.max(0, allowanceMicros - spentOf(sums));
  const leftSec = Math.max(0, terms.flightEndMs - nowMs) / 1_000;
  const share = Math.min(allowanceMicros / LEASED_BUDGET_PARTS, remaining / LEASED_REMAINING_PARTS);
  const steady = Math.max(share, LEASE_SECONDS * rate.microsPerSec);
  // Before anything was spent nobody knows how fast that goes.
  const cap = rate.microsPerSec > 0 ? Math.min(steady, LEASE_END_PARTS * rate.microsPerSec * leftSec) : steady;
  return micros(Math.max(LEASE_FLOOR_MICROS, Math.floor(cap)));
}

/**
 * How much more to grant one holder now: never beyond the allowance, within the cap, and no more than its share of the
 * room, so that the next holder finds some. Zero rather than a crumb that pays for nothing.
 */
export function sizeGrant(room: LeaseRoom, share: LedgerShare, report: ReconcileReport, nowMs: number): Micros {
  const { allowanceMicros, sums, holders } = room;
  const asked = report.wantGrantedMicros - share.grantedMicros;
  const left = allowanceMicros - sums.outMicros;
  if (asked <= 0 || left <= 0) return ZERO_MICROS;
  const cap = Math.max(leaseCapMicros(room, nowMs), report.leastMicros);
  const free = Math.min(left, cap - sums.leasedMicros);
  const fair = Math.max(Math.ceil(free / Math.max(2, holders)), LEASE_FLOOR_MICROS, report.leastMicros);
  const grant = Math.min(asked, fair, free);
  return grant <= 0 || grant < report.leastMicros ? ZERO_MICROS : micros(grant);
}
