/**
 * What an isolate tells origin about model sets every few seconds: which it holds ready, what each decided since its
 * last report, and how the shadow's scores compare with the live set's. Bounded, so a report costs origin a bounded
 * amount.
 */
import { z } from "zod";
import { scorePairsSchema } from "./score_pairs.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const word = z.string().min(1).max(64);

/** Sets an isolate could hold at all. */
const SETS_MAX = 16;

/** Shape: one report. What is counted is counted since the isolate's last report. */
export const modelReportSchema = z.object({
  isolateId: word,
  /** Rises by one with every report of this isolate: a report that arrives twice counts once. */
  sequence: count,
  /** Of the newest order the isolate has carried out. */
  revision: count,
  /** Sets that are loaded and passed their golden rows. */
  ready: z.array(digest).max(SETS_MAX),
  /** Sets that could not be loaded, with the stable word that says why. */
  failed: z.array(z.object({ digest, reason: word })).max(SETS_MAX),
  /** What each set decided. Units: spendMicros in micros, of ads won. */
  decided: z
    .array(z.object({ digest, decisions: count, impressions: count, spendMicros: count, droppedHeads: count }))
    .max(SETS_MAX),
  /** Scores of the same rows by the live set and by the shadow; null: none. */
  shadow: z
    .object({ live: digest, shadow: digest, heads: z.record(word, scorePairsSchema) })
    .refine(({ heads }) => Object.keys(heads).length <= 16, "at most 16 heads")
    .nullable(),
});

export type ModelReport = z.output<typeof modelReportSchema>;
