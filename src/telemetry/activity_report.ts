/**
 * The door of activity reports: what the queue delivers is checked here before anything counts it. Every list and every
 * map has a bound, so one report costs a bounded amount of work and of storage. Unknown fields are dropped, because an
 * edge may be newer than the origin that reads it.
 */
import { z } from "zod";
import { FULL_LIMITS } from "../kernel/limits.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import type { ActivityReport } from "./activity.ts";

/** Most decisions one report may carry; the ring on the other side holds no more. */
export const REPORT_DECISIONS_MAX = 50;
/** Most names in one map of counters (beacons, faults). */
export const COUNTER_NAMES_MAX = 64;
/** Most losers in one decision. An edge sends fewer: those that came furthest. */
const REJECTIONS_MAX = 4 * FULL_LIMITS.candidatesMax;

const count = z.int().nonnegative();
const identifier = z.string().min(1).max(128);
const word = z.string().min(1).max(64);
const counterName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const namesFit = (map: object): boolean => Object.keys(map).length <= COUNTER_NAMES_MAX;
const counts = z.record(counterName, count).refine(namesFit);
const tier = z.enum(["full", "reduced", "fallback", "house"]);

const scores = z.record(word, z.number()).refine(namesFit);

const slot = z.object({
  slot: z.int().positive().max(FULL_LIMITS.podAdsMax),
  lineItemId: identifier,
  creativeId: identifier,
  campaignId: identifier,
  durationSec: z.number().positive(),
  bidMicros: count,
  priceMicros: count,
  // An older edge does not tell these.
  floorMicros: count.default(0),
  valueMicros: z.int().default(0),
  neededBidMicros: count.nullable().default(null),
  dealId: identifier.nullable().default(null),
  scores,
});

const rejection = z.object({
  lineItemId: identifier,
  creativeId: identifier,
  stage: word,
  reason: word,
  seatNonBid: z.int(),
  bidMicros: count.nullable(),
  // An older edge does not tell these.
  valueMicros: z.int().nullable().default(null),
  floorMicros: count.nullable().default(null),
  neededBidMicros: count.nullable().default(null),
  dealId: identifier.nullable().default(null),
  scores: scores.nullable().default(null),
});

/** One decision as the console shows it. */
export const decisionSummarySchema = z.object({
  decisionId: identifier,
  atMs: count,
  publisherId: identifier,
  surface: word,
  podDurationSec: z.number().nonnegative(),
  tier,
  // An older edge does not tell it.
  modelSetDigest: digest.nullable().default(null),
  slots: z.array(slot).max(FULL_LIMITS.podAdsMax),
  rejections: z.array(rejection).max(REJECTIONS_MAX),
});

/** One isolate's work since its last report. */
export const activityReportSchema = z.object({
  isolate: identifier,
  sequence: count,
  atMs: count,
  counters: z.object({
    decisions: count,
    emptyDecisions: count,
    slotsFilled: count,
    requestedMs: count,
    paidMs: count,
    houseMs: count,
    committedMicros: count,
    tiers: z.object({ full: count, reduced: count, fallback: count, house: count }),
    // An older edge does not tell these two.
    modelSets: z.record(digest, count).refine(namesFit).default({}),
    models: counts.default({}),
    beacons: counts,
    faults: counts,
  }),
  decisions: z.array(decisionSummarySchema).max(REPORT_DECISIONS_MAX),
});

/**
 * The report in an untrusted value. Refuses everything of another shape or beyond a bound. Cost: linear in the value.
 */
export function parseActivityReport(value: unknown): Result<ActivityReport, "bad_report"> {
  const parsed = activityReportSchema.safeParse(value);
  return parsed.success ? ok(parsed.data) : refused("bad_report");
}
