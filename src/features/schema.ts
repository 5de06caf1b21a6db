/**
 * The feature schema: every column a model reads, written down once. Training, the edge and replay all pack their rows
 * by interpreting these rules (row.ts), so a column cannot mean two things. The schema's digest is part of every model
 * set: a model trained on other columns, another order or another rule is refused instead of fed nonsense.
 * Rules use + - * / and comparisons only, so that a row has the same bits in every engine.
 */
import { canonicalJson, toHex, toUtf8, type Sha256 } from "../kernel/bytes.ts";

/** Whose property a column is. `viewer` and `context` columns are equal for all candidates of one break. */
export type Scope = "viewer" | "context" | "ad" | "cross";

/** Strength of a relation between two words, by first word, then second. Absent means 0. Units: 0 to 1. */
export type AffinityTable = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** How a column follows from what is known. A value the rule does not know gives 0 unless the rule says otherwise. */
export type Rule =
  /** 1 when the source has this very value. */
  | { readonly kind: "equals"; readonly source: "device" | "surface" | "genre"; readonly value: string }
  /** 1 when the viewer is in this segment. */
  | { readonly kind: "inSegment"; readonly value: string }
  /** 1 when the viewer limits ad tracking. */
  | { readonly kind: "limitsTracking" }
  /** The source's step on a scale; `otherwise` for a value not on it. */
  | {
      readonly kind: "step";
      readonly source: "rating";
      readonly steps: Readonly<Record<string, number>>;
      readonly otherwise: number;
    }
  /** 1 from one UTC hour up to but not including another. */
  | { readonly kind: "hours"; readonly from: number; readonly to: number }
  /** 1 on these UTC days; 0 = Sunday. */
  | { readonly kind: "weekdays"; readonly days: readonly number[] }
  /** The number, divided, held between 0 and `max`. */
  | {
      readonly kind: "scaled";
      readonly source: "podDurationSec" | "durationSec" | "frequencyCount";
      readonly divisor: number;
      readonly max: number;
    }
  /** 1 when the ad carries this top-level IAB category or a child of it. */
  | { readonly kind: "category"; readonly value: string }
  /** 1 when the ad carries a category that no `category` column names. */
  | { readonly kind: "otherCategory" }
  /** The strongest relation between any of the break's words and any of the ad's top-level categories. */
  | { readonly kind: "affinity"; readonly source: "segments" | "genre"; readonly table: AffinityTable };

/** One column of a row. */
export interface Column {
  readonly name: string;
  readonly scope: Scope;
  readonly rule: Rule;
}

const DEVICE_WORDS = ["ctv", "mobile", "desktop", "tablet"] as const;
const SURFACE_WORDS = ["preroll", "midroll", "postroll", "pause", "home"] as const;
const GENRE_WORDS = ["drama", "comedy", "news", "sports", "kids", "documentary", "reality", "film"] as const;

/** Segments with a column of their own. Others may be used for targeting; models do not see them. */
export const KNOWN_SEGMENTS = [
  "auto-intenders",
  "foodies",
  "gamers",
  "travellers",
  "parents",
  "sports-fans",
  "investors",
  "home-improvers",
] as const;

/** Top-level IAB categories with a column of their own; everything else falls into `ad_category_other`. */
export const KNOWN_CATEGORIES = [
  "IAB1",
  "IAB2",
  "IAB7",
  "IAB8",
  "IAB13",
  "IAB17",
  "IAB18",
  "IAB19",
  "IAB20",
  "IAB22",
] as const;

/** What a segment's members care about: 1 squarely, 0.5 by the way. */
const SEGMENT_INTERESTS: AffinityTable = {
  "auto-intenders": { IAB2: 1 },
  foodies: { IAB8: 1, IAB7: 0.5 },
  gamers: { IAB9: 1, IAB19: 1, IAB1: 0.5 },
  travellers: { IAB20: 1, IAB18: 0.5 },
  parents: { IAB6: 1, IAB22: 0.5, IAB8: 0.5 },
  "sports-fans": { IAB17: 1, IAB7: 0.5 },
  investors: { IAB13: 1, IAB3: 0.5 },
  "home-improvers": { IAB10: 1, IAB22: 0.5 },
};

/** Which ads sit well in which content: 1 closely, 0.5 loosely. */
const GENRE_FITS: AffinityTable = {
  drama: { IAB18: 0.5, IAB1: 0.5 },
  comedy: { IAB8: 0.5, IAB22: 0.5 },
  news: { IAB13: 1, IAB2: 0.5 },
  sports: { IAB17: 1, IAB8: 0.5, IAB2: 0.5 },
  kids: { IAB6: 1, IAB22: 0.5 },
  documentary: { IAB20: 1, IAB19: 0.5 },
  reality: { IAB18: 1, IAB10: 0.5 },
  film: { IAB1: 1, IAB19: 0.5 },
};

const columnWord = (word: string): string => word.toLowerCase().replaceAll("-", "_");
const hours = (name: string, from: number, to: number): Column => ({
  name: `hour_${name}`,
  scope: "context",
  rule: { kind: "hours", from, to },
});

/** All columns, in row order: the columns of a scope are neighbours, viewer and context first. */
export const COLUMNS: readonly Column[] = [
  ...DEVICE_WORDS.map((value): Column => ({
    name: `device_${value}`,
    scope: "viewer",
    rule: { kind: "equals", source: "device", value },
  })),
  ...KNOWN_SEGMENTS.map((value): Column => ({
    name: `segment_${columnWord(value)}`,
    scope: "viewer",
    rule: { kind: "inSegment", value },
  })),
  { name: "limits_ad_tracking", scope: "viewer", rule: { kind: "limitsTracking" } },
  ...SURFACE_WORDS.map((value): Column => ({
    name: `surface_${value}`,
    scope: "context",
    rule: { kind: "equals", source: "surface", value },
  })),
  ...GENRE_WORDS.map((value): Column => ({
    name: `genre_${value}`,
    scope: "context",
    rule: { kind: "equals", source: "genre", value },
  })),
  {
    name: "rating_maturity",
    scope: "context",
    rule: {
      kind: "step",
      source: "rating",
      steps: { "TV-Y": 0, "TV-G": 0.25, "TV-PG": 0.5, "TV-14": 0.75, "TV-MA": 1 },
      otherwise: 0.5,
    },
  },
  hours("night", 0, 6),
  hours("morning", 6, 12),
  hours("afternoon", 12, 18),
  hours("evening", 18, 24),
  { name: "weekend", scope: "context", rule: { kind: "weekdays", days: [0, 6] } },
  { name: "break_length", scope: "context", rule: { kind: "scaled", source: "podDurationSec", divisor: 240, max: 1 } },
  { name: "ad_length", scope: "ad", rule: { kind: "scaled", source: "durationSec", divisor: 60, max: 2 } },
  ...KNOWN_CATEGORIES.map((value): Column => ({
    name: `ad_category_${columnWord(value)}`,
    scope: "ad",
    rule: { kind: "category", value },
  })),
  { name: "ad_category_other", scope: "ad", rule: { kind: "otherCategory" } },
  {
    name: "segment_meets_category",
    scope: "cross",
    rule: { kind: "affinity", source: "segments", table: SEGMENT_INTERESTS },
  },
  { name: "genre_meets_category", scope: "cross", rule: { kind: "affinity", source: "genre", table: GENRE_FITS } },
  { name: "times_shown", scope: "cross", rule: { kind: "scaled", source: "frequencyCount", divisor: 8, max: 1 } },
];

/** Columns of a row. */
export const COLUMN_COUNT = COLUMNS.length;

/** Where the columns of each scope stand: `[from, to)`. */
export interface ScopeSpan {
  readonly from: number;
  readonly to: number;
}

function spanOf(scopes: readonly Scope[]): ScopeSpan {
  const at = COLUMNS.flatMap((column, index) => (scopes.includes(column.scope) ? [index] : []));
  return { from: at[0] ?? 0, to: (at.at(-1) ?? -1) + 1 };
}

/** The half that is packed once a break: viewer and context columns. */
export const BREAK_SPAN: ScopeSpan = spanOf(["viewer", "context"]);
/** The part that is packed once a creative. */
export const AD_SPAN: ScopeSpan = spanOf(["ad"]);
/** The part that is packed for each break and candidate. */
export const CROSS_SPAN: ScopeSpan = spanOf(["cross"]);

/** Name of the schema's document format. */
export const FEATURE_SCHEMA_FORMAT = "midroll-features/1";

/** The schema as a document: equal schemas give equal text. */
export function featureSchemaJson(): string {
  return canonicalJson({ format: FEATURE_SCHEMA_FORMAT, dtype: "float32", columns: COLUMNS });
}

/** What model sets name the schema by: SHA-256 of its document in UTF-8, lower-case hexadecimal. */
export async function featureSchemaDigest(sha256: Sha256): Promise<string> {
  return toHex(await sha256(toUtf8(featureSchemaJson())));
}
