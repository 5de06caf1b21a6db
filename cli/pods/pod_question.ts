/**
 * The file of `npm run pod`: breaks as JSON, in seconds and micros, turned into the solver's questions. Whatever it
 * does not understand it refuses in one sentence that names the field. The format is described in docs/pods.md.
 */
import { z } from "zod";
import type { PodAd, PodRules, PodSlot } from "../../src/pods/instance.ts";
import { CliFault } from "../fault.ts";

/** Bounds of one file; beyond them the question is a mistake. */
const LIMITS = {
  instances: 10_000,
  ads: 2_000,
  maxAds: 100,
  slots: 20,
  words: 100,
  durationSec: 21_600,
  valueMicros: 100_000_000_000,
  slateMicrosPerSec: 10_000_000,
  nodes: 10_000_000,
} as const;

const NODES_DEFAULT = 20_000;

/** One break as the solver takes it. */
export interface PodQuestion {
  readonly ads: readonly PodAd[];
  readonly rules: PodRules;
}

const word = z.string("must be text").min(1, "must not be empty").max(200, "must have at most 200 characters");
const words = z.array(word, "must be a list of texts").max(LIMITS.words, `must have at most ${LIMITS.words} entries`);
const whole = (least: number, most: number) => {
  const range = `must be a whole number from ${least} to ${most}`;
  return z.int(range).min(least, range).max(most, range);
};
const seconds = (least: number) => {
  const range = `must be a number of seconds from ${least} to ${LIMITS.durationSec}`;
  return z.number(range).min(least, range).max(LIMITS.durationSec, range);
};
const someSeconds = z
  .number("must be a number of seconds above 0")
  .min(0.001, "must be at least 0.001 seconds")
  .max(LIMITS.durationSec, `must be at most ${LIMITS.durationSec} seconds`);
const exactDurations = z.array(someSeconds, "must be a list of seconds").min(1).max(LIMITS.words).nullable();
const money = whole(-LIMITS.valueMicros, LIMITS.valueMicros);
const premium = whole(0, LIMITS.valueMicros);
const limit = whole(0, LIMITS.ads).nullable();

const adSchema = z.strictObject({
  id: word,
  durationSec: someSeconds,
  valueMicros: money,
  advertiser: word.optional(),
  creative: word.optional(),
  categories: words.default([]),
  dedupeKeys: words.default([]),
  wish: z.enum(["any", "first", "last", "firstOrLast"], "must be any, first, last or firstOrLast").default("any"),
  firstPremiumMicros: premium.default(0),
  lastPremiumMicros: premium.default(0),
  cap: z.strictObject({ key: word, max: whole(0, LIMITS.ads) }).optional(),
  tier: z.literal([0, 1, 2, 3, 4, 5], "must be a whole number from 0 to 5").default(0),
  places: z
    .strictObject({ slots: z.array(whole(0, LIMITS.slots)), dynamic: z.boolean() })
    .nullable()
    .default(null),
});
const slotSchema = z
  .strictObject({
    minDurationSec: seconds(0).default(0),
    maxDurationSec: someSeconds,
    exactDurationsSec: exactDurations.default(null),
    side: z.enum(["before", "after"], "must be before or after").default("before"),
  })
  .refine((slot) => slot.minDurationSec <= slot.maxDurationSec, "has a minDurationSec above its maxDurationSec");
const rulesSchema = z.strictObject({
  maxPerAdvertiser: limit.default(null),
  maxPerCategory: limit.optional(),
  separatedCategories: words.optional(),
  exclusions: z
    .array(z.tuple([word, word], "must be a pair of advertisers"))
    .max(LIMITS.ads)
    .default([]),
  minGapAds: whole(0, LIMITS.maxAds).default(0),
  exactDurationsSec: exactDurations.default(null),
  slateMicrosPerSec: whole(0, LIMITS.slateMicrosPerSec).default(0),
  slots: z
    .array(slotSchema)
    .max(LIMITS.slots, `must have at most ${LIMITS.slots} slots`)
    .refine((slots) => slots.every(({ side }, at) => side === "after" || slots[at - 1]?.side !== "after"), {
      error: "must list the slots before the dynamic part first",
    })
    .default([]),
  nodesMax: whole(0, LIMITS.nodes).default(NODES_DEFAULT),
});
const questionSchema = z.strictObject({
  durationSec: seconds(0),
  maxAds: whole(0, LIMITS.maxAds),
  ads: z.array(adSchema, "must be a list of ads").max(LIMITS.ads, `must have at most ${LIMITS.ads} ads`),
  rules: rulesSchema.prefault({}),
});
type Written = z.output<typeof questionSchema>;

/** The questions of a file; `many`: it held a list. Throws `CliFault`. */
export function readQuestions(text: string): { readonly questions: readonly PodQuestion[]; readonly many: boolean } {
  const json = parseJson(text);
  if (!Array.isArray(json)) return { questions: [questionOf(json, "")], many: false };
  const list: readonly unknown[] = json;
  if (list.length > LIMITS.instances) throw refused(`the file must have at most ${LIMITS.instances} breaks`);
  return { questions: list.map((each, at) => questionOf(each, `break ${at + 1}: `)), many: true };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refused(`the file is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function refused(message: string): CliFault {
  return new CliFault("break_refused", message, { advice: "docs/pods.md describes the format." });
}

function questionOf(json: unknown, where: string): PodQuestion {
  const parsed = questionSchema.safeParse(json);
  if (!parsed.success) throw refused(`${where}${sentenceOf(parsed.error.issues[0])}`);
  const written = parsed.data;
  const contradiction = contradictionIn(written);
  if (contradiction !== null) throw refused(`${where}${contradiction}`);
  return { ads: written.ads.map(adOf), rules: rulesOf(written) };
}

/** What is wrong with one field: `ads[3].durationSec must be …`. */
function sentenceOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "it is not a break";
  const field = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  const name = field === "" ? "the break" : field.replace(/^\./, "");
  if (issue.code === "unrecognized_keys") return `${name} has a field that is not known: ${issue.keys.join(", ")}`;
  if (issue.code === "invalid_type" && issue.input === undefined) return `${name} is missing or not as expected`;
  return `${name} ${issue.message.startsWith("Invalid") ? "is missing or not as expected" : issue.message}`;
}

/** What no single field shows: ids twice, one cap with two numbers, a place in a slot that is not there. */
function contradictionIn({ ads, rules }: Written): string | null {
  const ids = new Set<string>();
  const caps = new Map<string, number>();
  for (const [at, { id, cap, places }] of ads.entries()) {
    if (ids.has(id)) return `ads[${at}].id is the id of two ads: ${id}`;
    ids.add(id);
    if (cap !== undefined && (caps.get(cap.key) ?? cap.max) !== cap.max) {
      return `ads[${at}].cap.max differs from that of another ad with the key ${cap.key}`;
    }
    if (cap !== undefined) caps.set(cap.key, cap.max);
    const missing = places?.slots.find((slot) => slot >= rules.slots.length);
    if (missing !== undefined) return `ads[${at}].places.slots names slot ${missing}, which rules.slots does not have`;
  }
  return null;
}

function toMs(durationSec: number): number {
  return Math.round(durationSec * 1000);
}

function adOf(ad: Written["ads"][number], index: number): PodAd {
  return {
    id: ad.id,
    durationMs: toMs(ad.durationSec),
    valueMicros: ad.valueMicros,
    // Without one, an ad is the only one of its advertiser and of its creative. Names from files have no NUL in front.
    advertiser: ad.advertiser ?? `\u0000${index}`,
    creative: ad.creative ?? `\u0000${index}`,
    categories: ad.categories,
    dedupeKeys: ad.dedupeKeys,
    wish: ad.wish,
    firstPremiumMicros: ad.firstPremiumMicros,
    lastPremiumMicros: ad.lastPremiumMicros,
    capKey: ad.cap?.key ?? null,
    capMax: ad.cap?.max ?? 0,
    tier: ad.tier,
    places: ad.places,
  };
}

function rulesOf({ durationSec, maxAds, ads, rules }: Written): PodRules {
  const named = rules.separatedCategories;
  return {
    durationMs: toMs(durationSec),
    maxAds,
    slots: rules.slots.map((slot): PodSlot => ({
      side: slot.side,
      minDurationMs: toMs(slot.minDurationSec),
      maxDurationMs: toMs(slot.maxDurationSec),
      exactDurationsMs: slot.exactDurationsSec?.map(toMs) ?? null,
    })),
    exactDurationsMs: rules.exactDurationsSec?.map(toMs) ?? null,
    maxPerAdvertiser: rules.maxPerAdvertiser,
    separatedCategories: new Set(named ?? ads.flatMap(({ categories }) => categories)),
    // Categories that are listed are kept apart; those that are not are only limited when a limit is given.
    maxPerCategory: rules.maxPerCategory === undefined ? (named === undefined ? null : 1) : rules.maxPerCategory,
    exclusions: rules.exclusions,
    minGapAds: rules.minGapAds,
    slateMicrosPerSec: rules.slateMicrosPerSec,
    nodesMax: rules.nodesMax,
  };
}
