/** What origin says of model sets, as this command reads it, and how a person names one: by the start of its digest. */
import { z } from "zod";
import { gateReportSchema } from "../../src/models/gate_report.ts";
import { exposureAmountSchema, STANDINGS } from "../../src/models/rollout/rollout.ts";
import { understand, type AdminClient } from "../admin_client.ts";
import { CliFault } from "../fault.ts";

export const MODELS = "/v1/admin/models";
/** Letters of a digest that name it, when no other begins the same. */
const PREFIX_LETTERS_MIN = 8;

const trial = z.object({ digest: z.string(), sharePpm: z.number() }).nullable();
const orderSchema = z.looseObject({
  revision: z.number(),
  live: z.string().nullable(),
  canary: trial,
  shadow: trial,
  warm: z.array(z.string()),
  stopped: z.boolean(),
});
const setViewSchema = z.looseObject({
  digest: z.string(),
  standing: z.enum(STANDINGS),
  sharePpm: z.number(),
  exposure: z.object({ cap: exposureAmountSchema, taken: exposureAmountSchema }).nullable(),
  publishedMs: z.number(),
  publishedBy: z.string(),
  note: z.string(),
  keyIds: z.array(z.string()),
  gate: gateReportSchema,
  readyAt: z.number(),
  heard: z.number(),
  failed: z.record(z.string(), z.number()),
  decisions: z.number(),
  impressions: z.number(),
  spendMicros: z.number(),
  droppedHeads: z.number(),
});
const pairFigures = z.looseObject({
  count: z.number(),
  meanApart: z.number().nullable(),
  apartMax: z.number(),
  correlation: z.number().nullable(),
});
const modelsSchema = z.looseObject({
  digest: z.string().nullable(),
  order: orderSchema,
  sets: z.array(setViewSchema),
  shadow: z.looseObject({ heads: z.record(z.string(), pairFigures) }).nullable(),
});
export const lineSchema = z.looseObject({
  revision: z.number(),
  kind: z.string(),
  digest: z.string().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  sharePpm: z.number().nullable(),
  replaced: z.string().nullable(),
  by: z.string(),
  why: z.string(),
  atMs: z.number(),
});
export const movedSchema = z.looseObject({
  digest: z.string().nullable(),
  order: orderSchema,
  line: lineSchema.nullable(),
});

export type SetView = z.output<typeof setViewSchema>;
export type ModelsView = z.output<typeof modelsSchema>;
export type Order = z.output<typeof orderSchema>;
export type Line = z.output<typeof lineSchema>;

/** All sets as origin knows them. */
export async function askModels(client: AdminClient): Promise<ModelsView> {
  return understand(client, MODELS, modelsSchema, await client.get(MODELS));
}

/** The digest that a word names. Throws `CliFault`: `digest_malformed`, `set_unknown`, `digest_ambiguous`. */
export async function digestNamed(client: AdminClient, word: string): Promise<string> {
  const start = word.toLowerCase();
  if (!/^[0-9a-f]{1,64}$/.test(start) || start.length < PREFIX_LETTERS_MIN) {
    throw new CliFault("digest_malformed", `${JSON.stringify(word)} names no model set`, {
      advice: `Give its digest, or the first ${PREFIX_LETTERS_MIN} letters or more, as \`models list\` shows it.`,
      exitCode: 2,
    });
  }
  const { sets } = await askModels(client);
  const fitting = sets.filter(({ digest }) => digest.startsWith(start));
  const [only, other] = fitting;
  if (only === undefined) {
    throw new CliFault("set_unknown", `no model set at ${client.origin} begins with ${start}`, {
      advice: "`midroll models list` shows those there are; `midroll models publish DIR` publishes one.",
    });
  }
  if (other === undefined) return only.digest;
  throw new CliFault("digest_ambiguous", `${fitting.length} model sets begin with ${start}`, {
    advice: "Give more letters.",
    lines: fitting.map(({ digest }) => `  ${digest}`),
  });
}

/** The start of a digest, as people read it. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}

/** A share as people write it. Units: millionths. */
export function showShare(sharePpm: number): string {
  return `${sharePpm / 10_000} %`;
}
