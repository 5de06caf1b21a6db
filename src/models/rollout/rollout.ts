/**
 * Where every published model set stands, as a value: candidate → shadow → canary → live → retired. At most one set is
 * live, at most one is on trial as canary, at most one as shadow. How it changes is in move.ts; what edges are told of
 * it in order.ts.
 */
import { z } from "zod";

/** Places a set can have. Several sets wait as candidates, several are retired; each other place holds one at most. */
export const STANDINGS = ["candidate", "shadow", "canary", "live", "retired"] as const;

/** Bounds of a rollout. */
export const ROLLOUT_LIMITS = {
  /** Sets that are remembered; beyond it the oldest that nothing depends on is forgotten. */
  setsMax: 100,
  /** Sets that were live before, for the way back. */
  formerMax: 8,
  /** How many of those edges keep loaded. */
  warmMax: 1,
  /** A canary is of this share of viewers. Units: millionths. */
  canaryPpmMin: 10_000,
  canaryPpmMax: 500_000,
  /** Largest cap of a canary. Units: micros. */
  impressionsMax: 1_000_000_000,
  spendMicrosMax: 1_000_000_000_000,
  /** Characters of who and why. */
  wordsMax: 200,
  /** Lines of history that are kept. */
  historyMax: 1_000,
} as const;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

/** Impressions and what is paid for them. Units: micros. */
export const exposureAmountSchema = z.strictObject({ impressions: count, spendMicros: count });
export type ExposureAmount = z.output<typeof exposureAmountSchema>;

/** What a set may be shown as canary, and how much of that isolates hold or have used. */
const exposureSchema = z.strictObject({ cap: exposureAmountSchema, taken: exposureAmountSchema });
export type Exposure = z.output<typeof exposureSchema>;

const setSchema = z.strictObject({
  digest,
  standing: z.enum(STANDINGS),
  /** Of viewers while it is canary, of decisions while it is shadow; 0 elsewhere. */
  sharePpm: count,
  /** Kept when the trial ends: a cap is for the set, however often it is tried. Null: never was canary. */
  exposure: exposureSchema.nullable(),
});

/** Shape of a rollout, for whoever stores it. */
export const rolloutSchema = z.strictObject({
  /** Rises by one with every move. */
  revision: count,
  /** In the order in which they were published first. */
  sets: z.array(setSchema),
  /** Sets that were live before the present one, the last one first. */
  former: z.array(digest),
  stopped: z.boolean(),
});

export type Standing = (typeof STANDINGS)[number];
export type RolloutSet = z.output<typeof setSchema>;
export type Rollout = z.output<typeof rolloutSchema>;

/** Before the first publish. */
export const EMPTY_ROLLOUT: Rollout = { revision: 0, sets: [], former: [], stopped: false };

/** The set in a place that holds one at most. */
export function setIn(rollout: Rollout, standing: "shadow" | "canary" | "live"): RolloutSet | null {
  return rollout.sets.find((set) => set.standing === standing) ?? null;
}

/** The set of a digest. */
export function setOf(rollout: Rollout, digest: string): RolloutSet | null {
  return rollout.sets.find((set) => set.digest === digest) ?? null;
}
