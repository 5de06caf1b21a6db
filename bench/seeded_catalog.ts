/**
 * Catalogs of any size, drawn from a seed: agencies' line items as they come, most of them with a targeting of their
 * own, one or two creatives each, media on many hosts. The same seed and size give the same catalog.
 */
import { renderProblems } from "../src/catalog/problem.ts";
import { parseCatalog } from "../src/catalog/validate.ts";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../src/catalog/words.ts";
import type { Catalog } from "../src/catalog/entities.ts";
import { CATALOG_LIMITS } from "../src/kernel/limits.ts";
import { stream, type RandomStream } from "../src/kernel/random.ts";

const COUNTRIES = "AT AU BE BR CA CH CZ DE DK ES FI FR GB GR HU IE IN IT JP KR MX NL NO NZ PL PT RO SE US ZA".split(
  " ",
);
const LANGUAGES = "en de fr es it nl sv pl pt ja".split(" ");
const CATEGORIES = Array.from({ length: 120 }, (_, i) =>
  i % 5 === 0 ? `IAB${1 + i / 5}` : `IAB${1 + (i % 24)}-${1 + (i % 9)}`,
);
const SEGMENTS = Array.from({ length: 2_000 }, (_, i) => `seg-${i.toString(36).padStart(4, "0")}`);
const PUBLISHERS = 8;
const LINES_AN_ADVERTISER = 50;

/** A catalog with so many line items, as `parseCatalog` accepts it. */
export function seededCatalog(lineItems: number, seed: string): Catalog {
  const parsed = parseCatalog([{ file: `catalog of ${lineItems}`, json: seededCatalogJson(lineItems, seed) }]);
  if (!parsed.ok) throw new Error(`a drawn catalog does not validate:\n${renderProblems(parsed.reason)}`);
  return parsed.value;
}

/** The same as an operator would have written it. */
export function seededCatalogJson(lineItems: number, seed: string) {
  const random = stream(seed, `catalog of ${lineItems}`);
  const advertiserCount = Math.max(20, Math.ceil(lineItems / LINES_AN_ADVERTISER));
  const campaignCount = Math.min(
    CATALOG_LIMITS.entitiesMax.campaigns,
    Math.max(advertiserCount, Math.ceil(lineItems / 10)),
  );
  const advertisers = Array.from({ length: advertiserCount }, (_, i) => advertiser(i));
  const campaigns = Array.from({ length: campaignCount }, (_, i) => campaign(i, i % advertiserCount, random));
  const creatives: ReturnType<typeof creative>[] = [];
  const lines = Array.from({ length: lineItems }, (_, i) => {
    const own = i % campaignCount;
    const made = Array.from({ length: random.below(100) < 40 ? 2 : 1 }, () =>
      creative(creatives.length, own % advertiserCount, random),
    );
    // Now and then a creative is used again, by the next line item of its advertiser.
    creatives.push(...made);
    return lineItem(
      i,
      own,
      made.map(({ id }) => id),
      random,
    );
  });
  const publishers = Array.from({ length: PUBLISHERS }, (_, i) => ({
    id: `pub-${i}`,
    name: `Publisher ${i}`,
    floorCpmMicros: 2_000_000 + 250_000 * i,
    separatedCategories: ["IAB2", "IAB8", "IAB22"],
  }));
  return { publishers, advertisers, campaigns, lineItems: lines, creatives };
}

function advertiser(number: number) {
  const id = `adv-${number.toString(36).padStart(4, "0")}`;
  return { id, name: `Advertiser ${number}`, domain: `${id}.example` };
}

function campaign(number: number, advertiserNumber: number, random: RandomStream) {
  const startDay = random.below(60);
  return {
    id: `cmp-${number.toString(36).padStart(5, "0")}`,
    advertiserId: advertiser(advertiserNumber).id,
    name: `Campaign ${number}, autumn and winter`,
    budgetMicros: 1_000_000 * (500 + random.below(100_000)),
    flight: { start: day(startDay), end: day(startDay + 30 + random.below(120)) },
    pacing: random.below(2) === 0 ? "even" : "asap",
  };
}

function day(days: number): string {
  return new Date(Date.UTC(2026, 9, 1 + days)).toISOString();
}

function lineItem(number: number, campaignNumber: number, creativeIds: readonly string[], random: RandomStream) {
  const goal = random.below(100);
  return {
    id: `li-${word(random, 6)}-${number.toString(36).padStart(5, "0")}`,
    campaignId: `cmp-${campaignNumber.toString(36).padStart(5, "0")}`,
    name: `${pick(["Always on", "Launch", "Retarget", "Reach", "Seasonal"], random)} ${number} ${word(random, 5)}`,
    creativeIds,
    goal:
      goal < 70
        ? { kind: "cpm", cpmMicros: 10_000 * (200 + random.below(4_000)) }
        : goal < 90
          ? { kind: "completedView", perViewMicros: 100 * (50 + random.below(600)) }
          : { kind: "click", perClickMicros: 10_000 * (20 + random.below(300)) },
    targeting: targeting(random),
    ...(random.below(3) === 0
      ? { frequencyCap: { impressions: 1 + random.below(8), windowMinutes: 60 * (1 + random.below(72)) } }
      : {}),
    ...(random.below(10) === 0 ? { slotWish: pick(["first", "last", "any"], random) } : {}),
  };
}

function targeting(random: RandomStream) {
  const asked = (percent: number): boolean => random.below(100) < percent;
  return {
    ...(asked(20) ? { publishers: { include: some(PUBLISHERS, 3, random).map((i) => `pub-${i}`) } } : {}),
    ...(asked(40) ? { surfaces: { include: several(SURFACES, 3, random) } } : {}),
    ...(asked(50) ? { devices: { include: several(DEVICES, 3, random) } } : {}),
    ...(asked(85) ? { countries: { include: several(COUNTRIES, 4, random) } } : {}),
    ...(asked(50) ? { genres: { [asked(70) ? "include" : "exclude"]: several(GENRES, 4, random) } } : {}),
    ...(asked(25) ? { ratings: { exclude: several(RATINGS, 2, random) } } : {}),
    ...(asked(30) ? { languages: { include: several(LANGUAGES, 2, random) } } : {}),
    ...(asked(20) ? { contentCategories: { exclude: several(CATEGORIES, 4, random) } } : {}),
    ...(asked(35) ? { segments: { include: several(SEGMENTS, 8, random) } } : {}),
    ...(asked(15)
      ? { dayparts: [{ days: [1, 2, 3, 4, 5], fromHour: 6 + random.below(6), toHour: 18 + random.below(6) }] }
      : {}),
    ...(asked(10) ? { requiresConsent: true } : {}),
    ...(asked(5) ? { where: whereOf(random) } : {}),
  };
}

function whereOf(random: RandomStream) {
  return {
    any: [
      { is: { countries: several(COUNTRIES, 3, random), devices: several(DEVICES, 2, random) } },
      {
        all: [
          { is: { segments: several(SEGMENTS, 4, random) } },
          { not: { is: { genres: several(GENRES, 2, random) } } },
        ],
      },
    ],
  };
}

function creative(number: number, advertiserNumber: number, random: RandomStream) {
  const { id: advertiserId, domain } = advertiser(advertiserNumber);
  const key = word(random, 10);
  const heights = several([360, 720, 1080], 3, random);
  return {
    id: `cr-${word(random, 6)}-${number.toString(36).padStart(5, "0")}`,
    advertiserId,
    name: `Spot ${number} ${key.slice(0, 4)}`,
    durationSec: pick([6, 10, 15, 20, 30, 45, 60], random),
    categories: several(CATEGORIES, 3, random),
    media: heights.map((height) => ({
      url: `https://media-${random.below(40)}.example/${advertiserId}/${key}/${height}.mp4`,
      mimeType: "video/mp4",
      width: (height * 16) / 9,
      height,
      bitrateKbps: height * 4,
    })),
    clickThroughUrl: `https://${domain}/landing/${key}?source=tv`,
  };
}

function word(random: RandomStream, letters: number): string {
  return Array.from({ length: letters }, () => random.below(36).toString(36)).join("");
}

function pick<T>(from: readonly T[], random: RandomStream): T {
  const picked = from[random.below(from.length)];
  if (picked === undefined) throw new RangeError("nothing to pick from");
  return picked;
}

/** One to `most` different numbers below `below`, ascending. */
function some(below: number, most: number, random: RandomStream): number[] {
  const count = 1 + random.below(most);
  return [...new Set(Array.from({ length: count }, () => random.below(below)))].sort((a, b) => a - b);
}

function several<T>(from: readonly T[], most: number, random: RandomStream): T[] {
  return some(from.length, most, random).flatMap((i) => from[i] ?? []);
}
