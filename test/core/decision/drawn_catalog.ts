/** Catalogs and breaks drawn at random from few words, so that they meet often: for tests of retrieval. */
import { compileCatalog, type CompiledCatalog } from "../../../src/catalog/compiled.ts";
import { catalogSchema, type Targeting } from "../../../src/catalog/entities.ts";
import type { Where } from "../../../src/catalog/targeting_schema.ts";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../../../src/catalog/words.ts";
import { DAY_MS, HOUR_MS } from "../../../src/kernel/time.ts";
import type { RandomStream } from "../../../src/kernel/random.ts";
import type { BreakRequest } from "../../../src/protocols/break_request.ts";
import { breakOf, NOW_MS } from "./fixture.ts";

const WORDS = {
  publishers: ["p", "q"],
  surfaces: SURFACES.slice(0, 2),
  devices: DEVICES.slice(0, 3),
  countries: ["DE", "US", "FR"],
  regions: ["BY", "CA"],
  genres: GENRES.slice(0, 3),
  ratings: RATINGS.slice(0, 2),
  languages: ["de", "en"],
  contentCategories: ["IAB1", "IAB1-2", "IAB7", "IAB7-4"],
  segments: ["foodies", "gamers", "parents"],
} as const;
const AD_CATEGORIES = ["IAB2", "IAB2-3", "IAB8", "IAB8-5", "IAB9"];
const DURATIONS_SEC = [6, 15, 20, 30];
const MIME_TYPES = ["video/mp4", "application/x-mpegURL"];
const OFFSETS = [null, null, 0, -300, 330, 720];

const oneOf = <T>(random: RandomStream, values: readonly T[]): T => {
  const value = values[random.below(values.length)];
  if (value === undefined) throw new Error("drawn from an empty list");
  return value;
};
const chance = (random: RandomStream, share: number): boolean => random.next() < share;
const someOf = <T>(random: RandomStream, values: readonly T[], share = 0.5): T[] => {
  const drawn = values.filter(() => chance(random, share));
  return drawn.length > 0 ? drawn : [oneOf(random, values)];
};
const isoOf = (hoursFromNow: number): string => new Date(NOW_MS + hoursFromNow * HOUR_MS).toISOString();

function drawDayparts(random: RandomStream) {
  const fromHour = random.below(20);
  return [
    { days: someOf(random, [0, 1, 2, 3, 4, 5, 6]), fromHour, toHour: fromHour + 1 + random.below(24 - fromHour) },
  ];
}

function drawClause(random: RandomStream): Where {
  const stated = someOf(random, Object.entries(WORDS), 0.15);
  const lists = Object.fromEntries(stated.map(([dimension, words]) => [dimension, someOf<string>(random, words)]));
  return { is: { ...lists, ...(chance(random, 0.2) ? { dayparts: drawDayparts(random) } : {}) } };
}

function drawWhere(random: RandomStream, depth = 3): Where {
  if (depth === 0 || chance(random, 0.3)) return drawClause(random);
  const parts = Array.from({ length: 1 + random.below(3) }, () => drawWhere(random, depth - 1));
  return oneOf<Where>(random, [{ all: parts }, { any: parts }, { not: drawWhere(random, depth - 1) }]);
}

function drawTargeting(random: RandomStream): Targeting {
  const lists = Object.entries(WORDS).flatMap(([dimension, words]) => {
    if (!chance(random, 0.12)) return [];
    const include = chance(random, 0.7) ? { include: someOf<string>(random, words) } : {};
    const exclude = chance(random, 0.4) ? { exclude: someOf<string>(random, words, 0.2) } : {};
    return [[dimension, { ...include, ...exclude }]];
  });
  return {
    ...Object.fromEntries(lists),
    ...(chance(random, 0.1) ? { dayparts: drawDayparts(random) } : {}),
    ...(chance(random, 0.1) ? { requiresConsent: true } : {}),
    ...(chance(random, 0.25) ? { where: drawWhere(random) } : {}),
  };
}

const cap = (random: RandomStream) =>
  chance(random, 0.3)
    ? { frequencyCap: { impressions: 1 + random.below(2), windowMinutes: 60 + random.below(2000) } }
    : {};

/** A catalog of so many line items in a third as many campaigns, with deals of three kinds. */
export function drawCatalog(random: RandomStream, lineCount: number): CompiledCatalog {
  const campaigns = Array.from({ length: Math.ceil(lineCount / 3) }, (_, n) => n);
  const lines = Array.from({ length: lineCount }, (_, n) => n);
  const creativesOf = campaigns.map(() => 1 + random.below(3));
  const goals = [
    { kind: "cpm", cpmMicros: 1_000_000 * (1 + random.below(30)) },
    { kind: "completedView", perViewMicros: 1_000 * (1 + random.below(30)) },
    { kind: "click", perClickMicros: 500_000 },
  ];
  const guaranteedLines = lines.filter((n) => n % campaigns.length === 0);
  return compileCatalog(
    catalogSchema.parse({
      publishers: WORDS.publishers.map((id) => ({
        id,
        name: id,
        timeZone: oneOf(random, ["UTC", "Europe/Berlin", "America/New_York"]),
        ...(chance(random, 0.3) ? { blockedCategories: someOf(random, AD_CATEGORIES, 0.2) } : {}),
        ...(chance(random, 0.3) ? { allowedCategories: someOf(random, AD_CATEGORIES) } : {}),
        ...(chance(random, 0.3) ? { blockedAdvertiserDomains: [`a${random.below(4)}.example`] } : {}),
      })),
      advertisers: campaigns.map((n) => ({ id: `a${n}`, name: `a${n}`, domain: `a${n % 4}.example` })),
      campaigns: campaigns.map((n) => ({
        id: `c${n}`,
        advertiserId: `a${n}`,
        name: `c${n}`,
        budgetMicros: 1_000_000_000,
        status: chance(random, 0.1) ? "paused" : "active",
        flight: { start: isoOf(random.below(60) - 50), end: isoOf(11 + random.below(100)) },
        ...cap(random),
      })),
      creatives: campaigns.flatMap((n) =>
        Array.from({ length: creativesOf[n] ?? 1 }, (_, k) => ({
          id: `c${n}-${k}`,
          advertiserId: `a${n}`,
          name: `c${n}-${k}`,
          durationSec: oneOf(random, DURATIONS_SEC),
          categories: someOf(random, AD_CATEGORIES, 0.2),
          media: someOf(random, MIME_TYPES).map((mimeType) => ({
            url: "media/x.mp4",
            mimeType,
            width: 320,
            height: 180,
            bitrateKbps: 90,
          })),
          clickThroughUrl: "https://advertiser.example/",
        })),
      ),
      lineItems: lines.map((n) => {
        const campaign = n % campaigns.length;
        return {
          id: `l${String(n).padStart(4, "0")}`,
          campaignId: `c${campaign}`,
          name: `l${n}`,
          status: chance(random, 0.1) ? "archived" : "active",
          creativeIds: someOf(
            random,
            Array.from({ length: creativesOf[campaign] ?? 1 }, (_, k) => `c${campaign}-${k}`),
          ),
          goal: oneOf(random, [...goals, ...(campaign === 1 ? [{ kind: "house" }] : [])]),
          targeting: drawTargeting(random),
          ...cap(random),
        };
      }),
      deals: ["privateAuction", "preferred", "guaranteed"].map((kind) => ({
        id: `deal-${kind}`,
        name: kind,
        kind,
        publisherIds: someOf(random, WORDS.publishers),
        lineItemIds: (kind === "guaranteed" ? guaranteedLines : someOf(random, lines, 0.2)).map(
          (n) => `l${String(n).padStart(4, "0")}`,
        ),
        cpmMicros: 1_000_000,
        ...(kind === "guaranteed" ? { impressions: 100 } : {}),
      })),
    }),
  );
}

/** A break that a drawn catalog can fill in part. */
export function drawBreak(random: RandomStream, catalog: CompiledCatalog): BreakRequest {
  const known = <T>(words: readonly T[]): T | null => (chance(random, 0.8) ? oneOf(random, words) : null);
  const lineIds = [...catalog.lineItems.keys()];
  const frequency = Array.from({ length: random.below(12) }, () => ({
    lineItemId: oneOf(random, [...lineIds, "gone"]),
    shownMs: NOW_MS - Math.floor(random.next() * 2 * DAY_MS),
  }));
  return breakOf({
    publisherId: oneOf(random, WORDS.publishers),
    surface: oneOf(random, WORDS.surfaces),
    podDurationSec: oneOf(random, [15, 60, 120]),
    maxAdDurationSec: oneOf(random, [20, 60]),
    minAdDurationSec: oneOf(random, [0, 0, 10]),
    exactDurationsSec: chance(random, 0.2) ? someOf(random, DURATIONS_SEC) : null,
    structuredSlots: chance(random, 0.2) ? [{ minSec: 5, maxSec: 15, floorCpmMicros: null, position: "first" }] : [],
    deals: chance(random, 0.3) ? [{ id: "deal-preferred", floorCpmMicros: null }] : null,
    dealsOnly: chance(random, 0.1),
    viewer: {
      key: null,
      device: known(WORDS.devices),
      country: known(WORDS.countries),
      region: known(WORDS.regions),
      segments: chance(random, 0.7) ? someOf(random, WORDS.segments) : [],
      limitAdTracking: chance(random, 0.1),
      consent: oneOf(random, [null, null, true, false]),
      utcOffsetMinutes: oneOf(random, OFFSETS),
      frequency,
    },
    content: {
      id: null,
      categories: chance(random, 0.6) ? someOf(random, WORDS.contentCategories) : [],
      genre: known(WORDS.genres),
      rating: known(WORDS.ratings),
      language: known(WORDS.languages),
    },
    blockedCategories: chance(random, 0.2) ? someOf(random, AD_CATEGORIES, 0.2) : [],
    allowedCategories: chance(random, 0.2) ? someOf(random, AD_CATEGORIES) : [],
    blockedAdvertiserDomains: chance(random, 0.2) ? [`A${random.below(4)}.example`] : [],
    mimeTypes: chance(random, 0.3) ? [oneOf(random, MIME_TYPES)] : null,
  });
}
