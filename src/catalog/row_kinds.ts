/** What rows of a packed catalog may hold: the shapes of those that are parts of entities, and how many. */
import { z } from "zod";
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import { creativeSchema, lineItemSchema, mediaFileSchema } from "./entities.ts";
import type { RowsByKind } from "./packed_lines.ts";
import { PackedRows, type ChunkKind } from "./packed_rows.ts";

/** A line item without what has columns. */
export const rulesSchema = lineItemSchema.omit({
  id: true,
  name: true,
  campaignId: true,
  creativeIds: true,
  goal: true,
  targeting: true,
});
/** What many creatives have in common. */
export const traitsSchema = creativeSchema
  .pick({ durationSec: true, categories: true })
  .extend({ mimeTypes: z.array(mediaFileSchema.shape.mimeType) });
/** A creative without what has columns. */
export const assetsSchema = creativeSchema.omit({ id: true, advertiserId: true, durationSec: true, categories: true });

/** Most rows of a kind. A value that is written once has at most as many rows as the entities that have it. */
export function rowsMax(kind: ChunkKind): number {
  const { lineItems, creatives } = CATALOG_LIMITS.entitiesMax;
  if (kind === "goals" || kind === "rules" || kind === "targetings") return lineItems;
  if (kind === "traits" || kind === "assets") return creatives;
  return CATALOG_LIMITS.entitiesMax[kind];
}

/** No rows of any kind. */
export function emptyRows(): RowsByKind {
  return {
    publishers: new PackedRows(),
    advertisers: new PackedRows(),
    campaigns: new PackedRows(),
    currencies: new PackedRows(),
    reserves: new PackedRows(),
    landscapes: new PackedRows(),
    goals: new PackedRows(),
    rules: new PackedRows(),
    targetings: new PackedRows(),
    traits: new PackedRows(),
    assets: new PackedRows(),
    creatives: new PackedRows(),
    lineItems: new PackedRows(),
    deals: new PackedRows(),
  };
}
