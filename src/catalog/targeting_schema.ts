/**
 * Who may see a line item, as operators write it: lists a dimension, and where lists are not enough a boolean
 * expression over them.
 */
import { z } from "zod";
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import { category, choice, country, id, language, list } from "./fields.ts";
import { DEVICES, GENRES, RATINGS, SURFACES } from "./words.ts";

/** Part of a week on the viewer's clock: from an hour (0–23) up to, not including, another (1–24). 0 = Sunday. */
export const daypart = z
  .strictObject({
    days: z.array(z.int().min(0).max(6)).min(1).max(7),
    fromHour: z.int().min(0).max(23),
    toHour: z.int().min(1).max(24),
  })
  .refine((part) => part.fromHour < part.toHour, {
    path: ["toHour"],
    message: "an hour after fromHour",
    params: { problem: "daypart_reversed" },
  });

const region = z.string().min(1).max(64);

/** Lists of a `where` expression: every stated dimension must have one of its values. */
const clauseSchema = z
  .strictObject({
    publishers: list(id).min(1),
    surfaces: list(z.enum(SURFACES)).min(1),
    devices: list(z.enum(DEVICES)).min(1),
    countries: list(country).min(1),
    regions: list(region).min(1),
    genres: list(z.enum(GENRES)).min(1),
    ratings: list(z.enum(RATINGS)).min(1),
    languages: list(language).min(1),
    contentCategories: list(category).min(1),
    segments: list(id).min(1),
    dayparts: z.array(daypart).min(1).max(32),
  })
  .partial();

/** Lists, and their combinations. `is`: every stated dimension has one of these values. */
export type Where =
  | { readonly is: z.output<typeof clauseSchema> }
  | { readonly all: readonly Where[] }
  | { readonly any: readonly Where[] }
  | { readonly not: Where };

const whereNode: z.ZodType<Where> = z
  .lazy(() =>
    z.union([
      z.strictObject({ is: clauseSchema }),
      z.strictObject({ all: z.array(whereNode).min(1).max(CATALOG_LIMITS.whereNodesMax) }),
      z.strictObject({ any: z.array(whereNode).min(1).max(CATALOG_LIMITS.whereNodesMax) }),
      z.strictObject({ not: whereNode }),
    ]),
  )
  .meta({ id: "Where" });

function nodesIn(where: Where): number {
  if ("is" in where) return 1;
  const parts = "not" in where ? [where.not] : "all" in where ? where.all : where.any;
  return parts.reduce((sum, part) => sum + nodesIn(part), 1);
}

/** A boolean expression over the dimensions, of a bounded size. */
export const whereSchema = whereNode.refine((where) => nodesIn(where) <= CATALOG_LIMITS.whereNodesMax, {
  message: `an expression of at most ${CATALOG_LIMITS.whereNodesMax} parts`,
});

/** Who may see a line item. All stated dimensions must match, and the expression `where` too. */
export const targetingSchema = z.strictObject({
  publishers: choice(id).optional(),
  surfaces: choice(z.enum(SURFACES)).optional(),
  devices: choice(z.enum(DEVICES)).optional(),
  countries: choice(country).optional(),
  regions: choice(region).optional(),
  genres: choice(z.enum(GENRES)).optional(),
  ratings: choice(z.enum(RATINGS)).optional(),
  languages: choice(language).optional(),
  /** What the content is about (OpenRTB `content.cat`); a top-level code covers its sub-codes. */
  contentCategories: choice(category).optional(),
  segments: choice(id).optional(),
  dayparts: z.array(daypart).min(1).max(32).optional(),
  /** Shown only to viewers who agreed to personalised advertising. Segments ask for it by themselves. */
  requiresConsent: z.boolean().optional(),
  where: whereSchema.optional(),
});
