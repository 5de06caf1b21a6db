/**
 * The shape of a trace as it is read back from a store: every list, text and number has a bound, so that bytes of any
 * origin cost a bounded amount of work. The compiler holds the shape of the request against `BreakRequest`.
 */
import { z } from "zod";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../../catalog/words.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../../kernel/limits.ts";
import { micros } from "../../kernel/money.ts";
import { HEADS } from "../../models/manifest.ts";
import type { BreakRequest } from "../../protocols/break_request.ts";
import { FREQUENCY_ENTRIES_MAX } from "../../protocols/frequency_token.ts";
import type { Json } from "./decision_document.ts";

/** Name and version of the encoding. A reader refuses every other. */
export const TRACE_FORMAT = "midroll-trace/2";
/** Items of any list of a request; doors take fewer. A single number costs nothing and has no bound. */
const ITEMS_MAX = 256;
const TEXT_CHARS_MAX = 256;
/** Rows of one question to the models: candidates of open demand and of guaranteed deals. */
const ROWS_MAX = 2 * FULL_LIMITS.candidatesMax;
/** Base64url letters of that many float32. */
const COLUMN_CHARS_MAX = Math.ceil((ROWS_MAX * 4 * 4) / 3);

const text = z.string().max(TEXT_CHARS_MAX);
const list = <T extends z.ZodType>(item: T) => z.array(item).max(ITEMS_MAX);
const seconds = z.number().nonnegative();
const epochMs = z.int().nonnegative();
const cpmMicros = z.number().nonnegative();
const ppm = z.int().nonnegative();

const viewer = z.strictObject({
  key: z.null(),
  device: z.enum(DEVICES).nullable(),
  country: text.nullable(),
  region: text.nullable(),
  segments: list(text),
  limitAdTracking: z.boolean(),
  consent: z.boolean().nullable(),
  utcOffsetMinutes: z.number().nullable(),
  frequency: z.array(z.strictObject({ lineItemId: text, shownMs: z.int() })).max(FREQUENCY_ENTRIES_MAX),
});

const content = z.strictObject({
  id: text.nullable(),
  categories: list(text),
  genre: z.enum(GENRES).nullable(),
  rating: z.enum(RATINGS).nullable(),
  language: text.nullable(),
});

const request: z.ZodType<BreakRequest> = z.strictObject({
  requestId: text,
  publisherId: text,
  surface: z.enum(SURFACES),
  podDurationSec: seconds,
  maxAds: z.int().positive().max(ITEMS_MAX),
  fill: z.enum(["flexible", "exact"]),
  minAdDurationSec: seconds,
  maxAdDurationSec: seconds,
  exactDurationsSec: list(seconds).nullable(),
  structuredSlots: list(
    z.strictObject({
      minSec: seconds,
      maxSec: seconds,
      floorCpmMicros: cpmMicros.nullable(),
      position: z.enum(["first", "last", "any"]),
    }),
  ),
  podDedupe: list(z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)])),
  floors: z.strictObject({
    cpmMicros,
    cpmMicrosPerSec: cpmMicros,
    byDuration: list(z.strictObject({ minSec: seconds, maxSec: seconds, cpmMicros })),
  }),
  deals: list(z.strictObject({ id: text, floorCpmMicros: cpmMicros.nullable() })).nullable(),
  dealsOnly: z.boolean(),
  viewer,
  content,
  blockedCategories: list(text),
  blockedAdvertiserDomains: list(text),
  allowedCategories: list(text),
  mimeTypes: list(text).nullable(),
});

/** Campaign, what was available, pacing multiplier. */
const budget = z
  .tuple([text, z.int().nonnegative(), ppm])
  .transform(
    ([campaignId, availableMicros, multiplierPpm]) =>
      [campaignId, { availableMicros: micros(availableMicros), multiplierPpm }] as const,
  );

/** A trace as JSON says it; scores are still text. */
export const traceSchema = z.strictObject({
  format: z.literal(TRACE_FORMAT),
  decisionId: text.min(1),
  nowMs: epochMs,
  catalogDigest: z.string().regex(/^[0-9a-f]{64}$/),
  build: z.strictObject({ version: text, deployment: text }),
  request,
  budgets: z.array(budget).max(CATALOG_LIMITS.entitiesMax.campaigns),
  guarantees: z
    .array(z.strictObject({ contractId: text, alphaPpm: ppm, zetaPpm: ppm }))
    .max(CATALOG_LIMITS.guaranteedDealsMax),
  limits: z.record(text, z.int().nonnegative()).refine((limits) => Object.keys(limits).length <= ITEMS_MAX),
  scores: z
    .strictObject({
      tier: z.enum(["full", "reduced", "fallback", "house"]),
      modelSetDigest: text.nullable(),
      promises: z.string().max(COLUMN_CHARS_MAX).nullable(),
      heads: z.partialRecord(z.enum(HEADS), z.string().max(COLUMN_CHARS_MAX)),
      lapses: z.strictObject({
        thinned: z.array(z.enum(HEADS)).max(HEADS.length).readonly(),
        replaced: z.array(z.enum(HEADS)).max(HEADS.length).readonly(),
      }),
    })
    .nullable(),
  /** Came out of `JSON.parse`, so it is JSON; a replay compares it whole. */
  decision: z.custom<Json>((value) => typeof value === "object" && value !== null),
  droppedSlots: list(z.int().positive().max(ITEMS_MAX)),
});
