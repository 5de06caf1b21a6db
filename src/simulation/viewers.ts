/**
 * A seeded audience: viewer number n is always the same person with the same habits, and break number n at a given time
 * is always the same request. The live audience, load tests and benches ask with these requests; the training export
 * shows ads to these people. What a person is like inside (`temper`) never appears in a request.
 */
import type { Device, Genre, Rating, Surface } from "../catalog/words.ts";
import { assert, present } from "../kernel/assert.ts";
import { stream, type RandomStream } from "../kernel/random.ts";
import { drawChance, drawNormal, drawSome, drawWord } from "./draw.ts";
import {
  BREAK_LENGTHS,
  DEVICE_SHARES,
  FAVOURITES,
  GENRE_SHARES,
  PLACES,
  RATING_SHARES,
  SEGMENT_SHARES,
  SURFACE_SHARES,
  TASTED_CATEGORIES,
} from "./population.ts";

/** What no feature shows: how a person takes advertising. Units: standard deviations, except tastes. */
export interface Temper {
  /** Sits breaks out. */
  readonly patience: number;
  /** Reaches for links. */
  readonly curiosity: number;
  /** Liking of each top-level IAB category that the population is not neutral about. Units: logits. */
  readonly tastes: ReadonlyMap<string, number>;
  /** Buys what is advertised. */
  readonly readiness: number;
}

/** One person of the audience. */
export interface SimulatedViewer {
  /** Which person of the audience. */
  readonly number: number;
  readonly id: string;
  readonly device: Device;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** ISO 3166-2 subdivision. */
  readonly region: string;
  /** ISO 639-1. */
  readonly language: string;
  readonly segments: readonly string[];
  readonly limitAdTracking: boolean;
  readonly temper: Temper;
}

/** An audience: who they are follows from the seed. `publisherIds`: whose breaks they see, most visited first. */
export interface Audience {
  readonly seed: string;
  readonly size: number;
  readonly publisherIds: readonly string[];
}

/** One break that a player asks to fill, in the words of the public query string. Units of `dur`: seconds. */
export interface AudienceRequest {
  readonly atMs: number;
  readonly viewer: SimulatedViewer;
  readonly rid: string;
  readonly pub: string;
  readonly dur: number;
  readonly max: number;
  readonly surface: Surface;
  readonly dev: Device;
  readonly country: string;
  readonly region: string;
  readonly genre: Genre;
  readonly rating: Rating;
  readonly lang: string;
  readonly content: string;
  readonly seg: readonly string[];
  readonly vid: string;
  readonly lmt: boolean;
}

const TASTE_DEVIATION_LOGITS = 0.35;
const TITLES_PER_GENRE = 40;

function drawTemper(random: RandomStream): Temper {
  return {
    patience: drawNormal(random, 1),
    curiosity: drawNormal(random, 1),
    tastes: new Map(TASTED_CATEGORIES.map((category) => [category, drawNormal(random, TASTE_DEVIATION_LOGITS)])),
    readiness: drawNormal(random, 1),
  };
}

/** Person number n of an audience. Requires: 0 ≤ n < size, whole. */
export function viewerOf(audience: Audience, n: number): SimulatedViewer {
  assert(Number.isInteger(n) && n >= 0 && n < audience.size, "a viewer's number is inside the audience");
  const random = stream(audience.seed, `viewer ${n}`);
  const place = drawWord(random, PLACES);
  return {
    number: n,
    id: `viewer-${n}-${random.below(0x1000000).toString(36)}`,
    device: drawWord(random, DEVICE_SHARES),
    country: place.country,
    region: present(place.regions[random.below(place.regions.length)], "a place has regions"),
    language: place.language,
    segments: drawSome(random, SEGMENT_SHARES),
    limitAdTracking: drawChance(random, 0.12),
    temper: drawTemper(random),
  };
}

function drawGenre(random: RandomStream, viewer: SimulatedViewer): Genre {
  const shares = GENRE_SHARES.map(([genre, weight]): readonly [Genre, number] => {
    let sum = weight;
    for (const segment of viewer.segments) {
      const favourite = FAVOURITES[segment];
      if (favourite?.[0] === genre) sum += favourite[1];
    }
    return [genre, sum];
  });
  return drawWord(random, shares);
}

/** Few people and publishers make most of the visits: the share of the first x of them is x to the power of 1/this. */
const VISIT_SKEW = 1.7;

function drawIndex(random: RandomStream, size: number): number {
  return Math.floor(size * random.next() ** VISIT_SKEW);
}

/** Share of all breaks that person number n of an audience watches. Requires: 0 ≤ n < size, whole. */
export function visitShare(audience: Audience, n: number): number {
  const upTo = (people: number): number => (people / audience.size) ** (1 / VISIT_SKEW);
  return upTo(n + 1) - upTo(n);
}

/**
 * Break request number `sequence`, asked at `atMs`: the same for the same audience, number and time.
 * Requires: the audience has viewers and publishers.
 */
export function requestOf(audience: Audience, sequence: number, atMs: number): AudienceRequest {
  assert(audience.size > 0 && audience.publisherIds.length > 0, "an audience has viewers and publishers");
  const random = stream(audience.seed, `request ${sequence} ${atMs}`);
  const viewer = viewerOf(audience, drawIndex(random, audience.size));
  const surface = drawWord(random, SURFACE_SHARES);
  const genre = drawGenre(random, viewer);
  const dur = drawWord(random, BREAK_LENGTHS[surface]);
  return {
    atMs,
    viewer,
    rid: `sim-${sequence}-${random.below(0x10000000).toString(36)}`,
    pub: present(audience.publisherIds[drawIndex(random, audience.publisherIds.length)], "a publisher is drawn"),
    dur,
    max: surface === "pause" || surface === "home" ? 1 : Math.min(8, Math.ceil(dur / 15)),
    surface,
    dev: viewer.device,
    country: viewer.country,
    region: viewer.region,
    genre,
    rating: drawWord(random, RATING_SHARES[genre]),
    lang: viewer.language,
    content: `${genre}-${random.below(TITLES_PER_GENRE)}`,
    seg: viewer.limitAdTracking ? [] : viewer.segments,
    vid: viewer.id,
    lmt: viewer.limitAdTracking,
  };
}

/** The request as the query string of `GET /v1/vast` and `GET /v1/asset-list`, without the question mark. */
export function requestQuery(request: AudienceRequest): string {
  const { atMs: _atMs, viewer: _viewer, seg, lmt, ...words } = request;
  const pairs: [string, string | number][] = Object.entries(words);
  if (seg.length > 0) pairs.push(["seg", seg.join(",")]);
  if (lmt) pairs.push(["lmt", 1]);
  return pairs.map(([word, value]) => `${word}=${encodeURIComponent(String(value))}`).join("&");
}
