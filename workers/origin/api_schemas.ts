/**
 * The shapes of the HTTP API, written once: they validate what comes in, type what goes out, and become the components
 * of the OpenAPI document. Units are last in the names.
 */
import { z } from "@hono/zod-openapi";
import { PROBLEM_MEDIA_TYPE, PROBLEMS, type ProblemCode } from "../../src/protocols/problem.ts";
import { decisionSummarySchema } from "../../src/telemetry/activity_report.ts";
import { campaignIdSchema, campaignStatusSchema } from "./money/campaign_schemas.ts";

/** What the document says of routes behind the admin gate. */
export const ADMIN_ONLY = [{ adminToken: [] }];
/** Versions of a catalog that are answered. */
export const HISTORY_SHOWN_MAX = 50;

const count = z.int().nonnegative();
const epochMs = z.int();

/** SHA-256 in lower-case hexadecimal. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits");

/** Shape: RFC 9457 with our stable `code`. Some codes add members. */
export const problemSchema = z
  .looseObject({ type: z.string(), title: z.string(), status: z.int(), code: z.string(), detail: z.string() })
  .openapi("Problem");

const versionSchema = z
  .object({ version: z.int().positive(), digest: digestSchema, note: z.string(), publishedMs: epochMs })
  .openapi("Version");

const trial = z.object({ digest: digestSchema, sharePpm: count }).nullable();

/** What edges are told of models. */
export const servingOrderSchema = z
  .object({
    revision: count,
    live: digestSchema.nullable(),
    canary: trial,
    shadow: trial,
    warm: z.array(digestSchema),
    stopped: z.boolean(),
  })
  .openapi("ServingOrder");

/** Answer of a publish and of a dry run. */
export const appliedCatalogSchema = z
  .object({ digest: digestSchema, campaigns: count, lineItems: count })
  .openapi("AppliedCatalog");

/** What is current and was before. Counts are 0 while nothing is published or its snapshot cannot be read. */
export const catalogStateSchema = z
  .object({
    digest: digestSchema.nullable(),
    campaigns: count,
    lineItems: count,
    history: z.array(versionSchema),
  })
  .openapi("CatalogState");

const column = z.array(z.number());
const tiersOf = <T extends z.ZodType>(item: T) => z.object({ full: item, reduced: item, fallback: item, house: item });
const named = z.record(z.string(), count);

/** The ops console's feed. Poll about once a second with the last answer's `seq` as `after`. */
export const liveSchema = z
  .object({
    nowMs: epochMs,
    seq: count,
    restarted: z.boolean().openapi({ description: "The state was reset since `after`: forget what you hold." }),
    windowSec: count,
    series: z
      .object({
        atSec: column,
        decisions: column,
        emptyDecisions: column,
        slotsFilled: column,
        requestedMs: column,
        paidMs: column,
        houseMs: column,
        committedMicros: column,
        impressionsBilled: column,
        faults: column,
        tiers: tiersOf(column),
      })
      .openapi({
        description:
          "Columns of equal length, by second; only seconds that changed since `after`. Newer replaces older.",
      }),
    lastMinute: z.object({
      decisions: count,
      emptyDecisions: count,
      slotsFilled: count,
      requestedMs: count,
      paidMs: count,
      houseMs: count,
      committedMicros: count,
      tiers: tiersOf(count),
      beacons: named,
      faults: named,
      isolates: count,
    }),
    decisions: z.array(decisionSummarySchema).openapi({ description: "Newest first; only those heard since `after`." }),
    campaigns: z.array(
      z.object({
        campaignId: campaignIdSchema,
        name: z.string(),
        advertiserName: z.string(),
        lineItems: count,
        house: z.boolean(),
        status: campaignStatusSchema.nullable().openapi({ description: "Null when the ledger did not answer." }),
      }),
    ),
    campaignsAtMs: epochMs,
    catalogDigest: digestSchema.nullable(),
    models: servingOrderSchema,
  })
  .openapi("Live");

/** Where the pages find both Workers. */
export const configSchema = z.object({ edgeUrl: z.string(), originUrl: z.string() }).openapi("Config");

/**
 * A JSON answer in the OpenAPI document. `content` is optional in the type (and always there), because only then does
 * the router let a route answer with a plain Response, which a problem is. Tests parse what routes answer by these
 * schemas.
 */
export function jsonAnswer(description: string, schema: z.ZodType): DocumentedAnswer {
  return { description, content: { "application/json": { schema } } };
}

/** The problem answers of a route by their codes, grouped by status. */
export function problemAnswers(...codes: readonly ProblemCode[]): Record<number, DocumentedAnswer> {
  const titles = new Map<number, string[]>();
  for (const code of codes) {
    const { status, title } = PROBLEMS[code];
    titles.set(status, [...(titles.get(status) ?? []), `\`${code}\`: ${title}`]);
  }
  const content = { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema } };
  return Object.fromEntries([...titles].map(([status, said]) => [status, { description: said.join("; "), content }]));
}

/**
 * The JSON Schema of a body that body.ts reads and bounds; the document only describes it. What refers to itself in it
 * is a component, see `componentsOf`.
 */
export function jsonSchemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, $defs: _components, ...rest } = jsonSchema(schema);
  return rest;
}

/** The parts of a body's JSON Schema that refer to themselves, by the name they are registered under. */
export function componentsOf(schema: z.ZodType): readonly (readonly [string, Record<string, unknown>])[] {
  return Object.entries(jsonSchema(schema).$defs ?? {});
}

function jsonSchema(schema: z.ZodType): { $schema?: string; $defs?: Record<string, Record<string, unknown>> } {
  const text = JSON.stringify(z.toJSONSchema(schema, { io: "input" }));
  // zod points into its own document; here that is the components of the whole one.
  return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/'));
}

interface DocumentedAnswer {
  readonly description: string;
  readonly content?: Record<string, { readonly schema: z.ZodType }>;
}
