/**
 * Packs rows for the models: the schema's rules applied to one break and one ad. A break has many candidates and an ad
 * meets many breaks, so each half is packed once and joined per candidate; only the three cross columns are computed
 * for every pair. Numbers are written as float32, computed with exact arithmetic only.
 */
import { assert } from "../kernel/assert.ts";
import { AD_SPAN, BREAK_SPAN, COLUMN_COUNT, COLUMNS, CROSS_SPAN } from "./schema.ts";
import type { AffinityTable, Column, Rule } from "./schema.ts";

/**
 * What is known of a break: viewer and context. Words the schema does not know, and null, give zeros.
 * With `limitAdTracking` segments are not looked at.
 */
export interface FeatureContext {
  readonly device: string | null;
  readonly surface: string;
  readonly genre: string | null;
  readonly rating: string | null;
  /** UTC, 0 to 23. */
  readonly hour: number;
  /** UTC, 0 = Sunday. */
  readonly weekday: number;
  /** Units: seconds. */
  readonly podDurationSec: number;
  readonly segments: readonly string[];
  readonly limitAdTracking: boolean;
}

/** What is known of an ad. Categories: IAB Content Taxonomy 1.0 codes, at any depth, in any order. */
export interface FeatureAd {
  /** Units: seconds. */
  readonly durationSec: number;
  readonly categories: Iterable<string>;
}

/** A break's half of every row of its candidates. Shape: `values` is `[BREAK_SPAN.to - BREAK_SPAN.from]`. */
export interface BreakHalf {
  readonly values: Float32Array;
  readonly limitAdTracking: boolean;
  /** For each affinity column, how strongly this break relates to each top-level category. */
  readonly affinities: readonly (ReadonlyMap<string, number> | null)[];
}

/** An ad's half of every row it appears in. Shape: `values` is `[AD_SPAN.to - AD_SPAN.from]`. */
export interface AdHalf {
  readonly values: Float32Array;
  /** Top-level categories, each once. */
  readonly topCategories: readonly string[];
}

const CROSS_COLUMNS = COLUMNS.slice(CROSS_SPAN.from, CROSS_SPAN.to);
const NAMED_CATEGORIES = new Set(COLUMNS.flatMap(({ rule }) => (rule.kind === "category" ? [rule.value] : [])));

/** A finite number divided and held between 0 and `max`; anything else counts as 0. */
function scaled(value: number, rule: { readonly divisor: number; readonly max: number }): number {
  if (!(value > 0)) return 0;
  const quotient = value / rule.divisor;
  return quotient < rule.max ? quotient : rule.max;
}

function breakValue(rule: Rule, context: FeatureContext): number {
  switch (rule.kind) {
    case "equals":
      return context[rule.source] === rule.value ? 1 : 0;
    case "inSegment":
      return !context.limitAdTracking && context.segments.includes(rule.value) ? 1 : 0;
    case "limitsTracking":
      return context.limitAdTracking ? 1 : 0;
    case "step": {
      const word = context[rule.source];
      return word !== null && Object.hasOwn(rule.steps, word) ? (rule.steps[word] ?? rule.otherwise) : rule.otherwise;
    }
    case "hours":
      return context.hour >= rule.from && context.hour < rule.to ? 1 : 0;
    case "weekdays":
      return rule.days.includes(context.weekday) ? 1 : 0;
    case "scaled":
      assert(rule.source === "podDurationSec", "a break's scaled column reads the break's length");
      return scaled(context.podDurationSec, rule);
    default:
      throw new RangeError(`rule ${rule.kind} is not about a break`);
  }
}

function adValue(rule: Rule, ad: FeatureAd, topCategories: readonly string[]): number {
  switch (rule.kind) {
    case "scaled":
      assert(rule.source === "durationSec", "an ad's scaled column reads the ad's length");
      return scaled(ad.durationSec, rule);
    case "category":
      return topCategories.includes(rule.value) ? 1 : 0;
    case "otherCategory":
      return topCategories.some((category) => !NAMED_CATEGORIES.has(category)) ? 1 : 0;
    default:
      throw new RangeError(`rule ${rule.kind} is not about an ad`);
  }
}

/** For each top-level category the strongest relation any of the words has to it. */
function strongest(table: AffinityTable, words: readonly string[]): ReadonlyMap<string, number> {
  const best = new Map<string, number>();
  for (const word of words) {
    if (!Object.hasOwn(table, word)) continue;
    for (const [category, strength] of Object.entries(table[word] ?? {})) {
      if (strength > (best.get(category) ?? 0)) best.set(category, strength);
    }
  }
  return best;
}

function affinitiesOf(column: Column, context: FeatureContext): ReadonlyMap<string, number> | null {
  const { rule } = column;
  if (rule.kind !== "affinity") return null;
  if (rule.source === "segments") return strongest(rule.table, context.limitAdTracking ? [] : context.segments);
  return strongest(rule.table, context.genre === null ? [] : [context.genre]);
}

/** `IAB2-3` belongs to `IAB2`. */
function topCategory(category: string): string {
  const dash = category.indexOf("-");
  return dash < 0 ? category : category.slice(0, dash);
}

/** The half of the row that all candidates of a break share. Cost: once a break. */
export function packBreak(context: FeatureContext): BreakHalf {
  const columns = COLUMNS.slice(BREAK_SPAN.from, BREAK_SPAN.to);
  return {
    values: Float32Array.from(columns, ({ rule }) => breakValue(rule, context)),
    limitAdTracking: context.limitAdTracking,
    affinities: CROSS_COLUMNS.map((column) => affinitiesOf(column, context)),
  };
}

/** The half of the row that belongs to an ad. Cost: once a creative; keep it beside the creative. */
export function packAd(ad: FeatureAd): AdHalf {
  const topCategories = [...new Set(Array.from(ad.categories, topCategory))];
  const columns = COLUMNS.slice(AD_SPAN.from, AD_SPAN.to);
  return {
    values: Float32Array.from(columns, ({ rule }) => adValue(rule, ad, topCategories)),
    topCategories,
  };
}

/**
 * Writes one candidate's row of `COLUMN_COUNT` float32 at `offset` (in elements).
 * `frequencyCount`: times this viewer was shown this line item lately; not looked at under `limitAdTracking`.
 * Requires: `out` has room.
 */
export function packRow(half: BreakHalf, ad: AdHalf, frequencyCount: number, out: Float32Array, offset: number): void {
  assert(offset >= 0 && offset + COLUMN_COUNT <= out.length, "a row fits the matrix it is packed into");
  out.set(half.values, offset + BREAK_SPAN.from);
  out.set(ad.values, offset + AD_SPAN.from);
  for (let i = 0; i < CROSS_COLUMNS.length; i++) {
    const rule = CROSS_COLUMNS[i]?.rule;
    const affinities = half.affinities[i];
    let value = 0;
    if (rule?.kind === "scaled") value = half.limitAdTracking ? 0 : scaled(frequencyCount, rule);
    else if (affinities) {
      for (const category of ad.topCategories) {
        const strength = affinities.get(category) ?? 0;
        if (strength > value) value = strength;
      }
    }
    out[offset + CROSS_SPAN.from + i] = value;
  }
}
