/** The shapes of the model API, for validation, types and the OpenAPI document. Units are last in the names. */
import { z } from "@hono/zod-openapi";
import { gateReportSchema } from "../../../src/models/gate_report.ts";
import { modelSetSchema } from "../../../src/models/manifest.ts";
import { exposureAmountSchema, ROLLOUT_LIMITS, STANDINGS } from "../../../src/models/rollout/rollout.ts";
import { digestSchema, servingOrderSchema } from "../api_schemas.ts";

/** Lines of history that are answered unless told otherwise. */
export const HISTORY_LINES = 50;

const count = z.int().nonnegative();
const epochMs = z.int();
const words = z.string().min(1).max(ROLLOUT_LIMITS.wordsMax);
const said = { by: words, why: words };

const pairFigures = z.object({
  count,
  meanApart: z.number().nullable(),
  apartMax: z.number(),
  liveMean: z.number().nullable(),
  shadowMean: z.number().nullable(),
  correlation: z.number().nullable(),
});

const setView = z.object({
  digest: digestSchema,
  standing: z.enum(STANDINGS),
  sharePpm: count,
  exposure: z.object({ cap: exposureAmountSchema, taken: exposureAmountSchema }).nullable(),
  publishedMs: epochMs,
  publishedBy: z.string(),
  note: z.string(),
  keyIds: z.array(z.string()),
  gate: gateReportSchema,
  readyAt: count.openapi({ description: "Isolates that hold the set ready, of those heard in the last minute." }),
  heard: count,
  failed: z.record(z.string(), count).openapi({ description: "Isolates that could not load it, by reason." }),
  decisions: count,
  impressions: count,
  spendMicros: count,
  droppedHeads: count,
});

/** Every set, and the document of the live one. */
export const modelStateSchema = z
  .object({
    digest: digestSchema.nullable().openapi({ description: "The live set." }),
    modelSet: modelSetSchema.nullable(),
    order: servingOrderSchema,
    sets: z.array(setView),
    shadow: z.object({ live: digestSchema, shadow: digestSchema, heads: z.record(z.string(), pairFigures) }).nullable(),
  })
  .openapi("ModelState");

/** What was stored. */
export const storedModelSchema = z.object({ digest: digestSchema, sizeBytes: count }).openapi("StoredModel");

/** Models somebody is about to upload. */
export const wantedModelsSchema = z.strictObject({
  models: z.array(z.strictObject({ digest: digestSchema, sizeBytes: z.int().positive() })).max(64),
});
/** Those of them that are not stored. */
export const missingModelsSchema = z.object({ missing: z.array(digestSchema) }).openapi("MissingModels");

/** A set to be published: its DSSE envelope and the evidence of the gate. */
export const publicationSchema = z.strictObject({
  envelope: z.looseObject({}),
  gate: gateReportSchema,
  ...said,
});

/** A move of the rollout. */
export const moveSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("shadow"), digest: digestSchema, sharePpm: z.int(), ...said }),
  z.strictObject({
    kind: z.literal("canary"),
    digest: digestSchema,
    sharePpm: z.int(),
    cap: exposureAmountSchema,
    ...said,
  }),
  z.strictObject({ kind: z.literal("live"), digest: digestSchema, ...said }),
  z.strictObject({ kind: z.literal("retire"), digest: digestSchema, ...said }),
  z.strictObject({ kind: z.literal("rollback"), ...said }),
  z.strictObject({ kind: z.literal("stop"), ...said }),
  z.strictObject({ kind: z.literal("resume"), ...said }),
]);

const historyLine = z.object({
  revision: count,
  kind: z.string(),
  digest: digestSchema.nullable(),
  from: z.enum(STANDINGS).nullable(),
  to: z.enum(STANDINGS).nullable(),
  sharePpm: count.nullable(),
  cap: exposureAmountSchema.nullable(),
  replaced: digestSchema.nullable(),
  by: z.string(),
  why: z.string(),
  atMs: epochMs,
});

/** What a move, or a publish, came to. */
export const movedSchema = z
  .object({
    digest: digestSchema.nullable(),
    order: servingOrderSchema,
    line: historyLine.nullable().openapi({ description: "Null: everything was so already." }),
  })
  .openapi("Moved");

/** The newest lines first. */
export const rolloutHistorySchema = z.object({ lines: z.array(historyLine) }).openapi("RolloutHistory");
