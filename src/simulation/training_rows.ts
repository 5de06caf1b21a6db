/**
 * What the models are trained and judged on: feature rows with sampled outcomes, from the seeded world. Each row shows
 * a made-up ad to a drawn person in a drawn break. Rows are packed by the same code that packs them at the edge.
 */
import { packAd, packBreak, packRow } from "../features/row.ts";
import { COLUMN_COUNT } from "../features/schema.ts";
import { stream, type RandomStream } from "../kernel/random.ts";
import { DAY_MS, utcHour, utcWeekday } from "../kernel/time.ts";
import { HEADS, type Head } from "../models/manifest.ts";
import { conversionProbability, sampleConversion } from "./conversions.ts";
import { drawChance, drawWord, type Weighted } from "./draw.ts";
import { requestOf, type Audience } from "./viewers.ts";
import { probabilitiesOf, sampleOutcome, type GroundTruth, type Showing } from "./world.ts";

/** Rows and what came of them. Shapes: `rows` is `[count, COLUMN_COUNT]` float32, row-major; the others `[count]`. */
export interface TrainingRows {
  readonly count: number;
  readonly rows: Float32Array;
  /** 1 when it happened. */
  readonly outcomes: Readonly<Record<Head, Uint8Array>>;
  /** How likely it was: known to the world only, for judging with less noise. Never trained on. */
  readonly truths: Readonly<Record<Head, Float64Array>>;
}

/** Lengths ads come in. Units: seconds. */
const DURATIONS: Weighted<number> = [
  [6, 12],
  [10, 10],
  [15, 30],
  [20, 14],
  [30, 24],
  [45, 6],
  [60, 4],
];

/** What ads are for. */
const CATEGORIES: Weighted<string> = [
  ["IAB1", 9],
  ["IAB2", 12],
  ["IAB3", 4],
  ["IAB6", 5],
  ["IAB7", 8],
  ["IAB8", 12],
  ["IAB9", 5],
  ["IAB10", 5],
  ["IAB13", 9],
  ["IAB17", 8],
  ["IAB18", 8],
  ["IAB19", 10],
  ["IAB20", 9],
  ["IAB22", 10],
];

const VIEWERS = 1_000_000;
/** Requests are spread over this many days from the epoch on; only hour and weekday matter. */
const DAYS = 28;

/** An ad that somebody could have booked. */
export function drawAd(random: RandomStream): { durationSec: number; categories: string[] } {
  const categories = new Set([drawWord(random, CATEGORIES)]);
  if (drawChance(random, 0.25)) categories.add(drawWord(random, CATEGORIES));
  return { durationSec: drawWord(random, DURATIONS), categories: [...categories] };
}

/** How often a person saw a line item lately: mostly never, now and then many times. */
function drawTimesShown(random: RandomStream): number {
  let times = 0;
  while (times < 8 && drawChance(random, times === 0 ? 0.45 : 0.62)) times++;
  return times;
}

/** `count` showings of the world, the same for the same seed; another seed shows other ads to other people. */
export function drawTrainingRows(world: GroundTruth, seed: string, count: number): TrainingRows {
  const audience: Audience = { seed, size: VIEWERS, publisherIds: ["any"] };
  const random = stream(seed, "showings");
  const buying = stream(seed, "conversions");
  const rows = new Float32Array(count * COLUMN_COUNT);
  const bytes = (): Uint8Array => new Uint8Array(count);
  const doubles = (): Float64Array => new Float64Array(count);
  const outcomes = { completedView: bytes(), click: bytes(), abandon: bytes(), conversion: bytes() };
  const truths = { completedView: doubles(), click: doubles(), abandon: doubles(), conversion: doubles() };
  for (let row = 0; row < count; row++) {
    const atMs = random.below(DAYS * DAY_MS);
    const request = requestOf(audience, row, atMs);
    const ad = drawAd(random);
    const timesShown = drawTimesShown(random);
    const clock = { hour: utcHour(atMs), weekday: utcWeekday(atMs), podDurationSec: request.dur };
    const { surface, genre, rating, viewer } = request;
    const half = packBreak({
      ...clock,
      device: request.dev,
      surface,
      genre,
      rating,
      segments: request.seg,
      limitAdTracking: request.lmt,
    });
    packRow(half, packAd(ad), timesShown, rows, row * COLUMN_COUNT);
    const showing: Showing = {
      ...clock,
      ...ad,
      temper: viewer.temper,
      segments: viewer.segments,
      device: viewer.device,
      surface,
      genre,
      rating,
      timesShown,
    };
    const truth = { ...probabilitiesOf(world, showing), conversion: conversionProbability(world, showing) };
    const atOnce = sampleOutcome(truth, random);
    const outcome = { ...atOnce, conversion: sampleConversion(world, showing, atOnce, buying) };
    for (const head of HEADS) {
      truths[head][row] = truth[head];
      outcomes[head][row] = outcome[head] ? 1 : 0;
    }
  }
  return { count, rows, outcomes, truths };
}
