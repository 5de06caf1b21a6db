/**
 * The ground truth of the simulated world: how likely a person completes an ad, clicks it, or leaves during it. Models
 * only ever see outcomes sampled from here. It is meant to be hard for a straight line: length strains more on a phone
 * before the film than on a television in its middle, interest moves clicks where there is a finger to click with,
 * repetition first helps and then annoys, and part of what decides (temper) is in no feature at all.
 */
import type { Device, Genre, Rating, Surface } from "../catalog/words.ts";
import { stream, type RandomStream } from "../kernel/random.ts";
import { drawNormal, sigmoid } from "./draw.ts";
import { DEVICE_SHARES, GENRE_SHARES, TASTED_CATEGORIES } from "./population.ts";
import type { Temper } from "./viewers.ts";

/** One ad shown to one person in one break. Units: seconds; UTC hour and weekday (0 = Sunday). */
export interface Showing {
  readonly temper: Temper;
  readonly segments: readonly string[];
  readonly device: Device;
  readonly surface: Surface;
  readonly genre: Genre;
  readonly rating: Rating;
  readonly hour: number;
  readonly weekday: number;
  readonly podDurationSec: number;
  readonly durationSec: number;
  /** IAB Content Taxonomy 1.0 codes. */
  readonly categories: readonly string[];
  /** Times this person saw this line item before, lately. */
  readonly timesShown: number;
}

/** What may come of a showing at once (later: conversions.ts). Units: probabilities; completedView + abandon ≤ 1. */
export interface OutcomeProbabilities {
  /** The ad ran to its end. */
  readonly completedView: number;
  readonly click: number;
  /** The viewer left the stream during the ad. */
  readonly abandon: number;
}

/** What came of it. Never both completed and abandoned; nobody clicks after leaving. */
export interface Outcome {
  readonly completedView: boolean;
  readonly click: boolean;
  readonly abandon: boolean;
}

/** The world's own constants, drawn from its seed. Units: logits. */
export interface GroundTruth {
  readonly seed: string;
  /** How well each category of ad does at all, and in each genre, by `category` and `category genre`. */
  readonly appeal: ReadonlyMap<string, number>;
  /** How attentive people are, by `device quarter-of-day`. */
  readonly attention: ReadonlyMap<string, number>;
  /** How well each category sells to the people of each device, by `category device`. */
  readonly demand: ReadonlyMap<string, number>;
}

/** The world everything in this repository is trained and judged on. Another seed is another world. */
export const MIDROLL_WORLD_SEED = "midroll-world-1";

/** What members of a segment want to hear about. */
const WANTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "auto-intenders": { IAB2: 1.2 },
  foodies: { IAB8: 1, IAB7: 0.4 },
  gamers: { IAB9: 1.1, IAB19: 0.8, IAB1: 0.4 },
  travellers: { IAB20: 1.2, IAB18: 0.3 },
  parents: { IAB6: 1, IAB22: 0.5, IAB8: 0.3 },
  "sports-fans": { IAB17: 1.1, IAB7: 0.5 },
  investors: { IAB13: 1.3, IAB3: 0.5 },
  "home-improvers": { IAB10: 1.1, IAB22: 0.4 },
};

/** How a device carries advertising. `leave`, `skip`, `click` and `strain` are logits; `reach` scales interest. */
interface DeviceHabit {
  readonly leave: number;
  readonly skip: number;
  readonly click: number;
  readonly strain: number;
  readonly reach: number;
}
const HABITS: Readonly<Record<Device, DeviceHabit>> = {
  ctv: { leave: -4.8, skip: -3.35, click: -6.85, strain: 0.3, reach: 0.3 },
  mobile: { leave: -4.0, skip: -1.85, click: -5.45, strain: 1.1, reach: 1.7 },
  desktop: { leave: -4.1, skip: -2.2, click: -5.75, strain: 0.9, reach: 1.4 },
  tablet: { leave: -4.2, skip: -2.1, click: -5.6, strain: 0.7, reach: 1.2 },
};

/** What a surface adds: to leaving (nothing invested yet, or the film is over), to clicking, and to length's strain. */
const SURFACES: Readonly<Record<Surface, { readonly leave: number; readonly click: number; readonly strain: number }>> =
  {
    preroll: { leave: 0.45, click: 0, strain: 1.7 },
    midroll: { leave: -0.1, click: -0.2, strain: 0.8 },
    postroll: { leave: 0.5, click: 0.3, strain: 1.2 },
    pause: { leave: -0.5, click: 0.8, strain: 0.3 },
    home: { leave: 0.1, click: 0.5, strain: 1 },
  };

/** The world of a seed. */
export function createWorld(seed: string): GroundTruth {
  const random = stream(seed, "ground truth");
  const appeal = new Map<string, number>();
  for (const category of TASTED_CATEGORIES) {
    appeal.set(category, drawNormal(random, 0.25));
    for (const [genre] of GENRE_SHARES) appeal.set(`${category} ${genre}`, drawNormal(random, 0.3));
  }
  const attention = new Map<string, number>();
  for (const [device] of DEVICE_SHARES) {
    for (let quarter = 0; quarter < 4; quarter++) attention.set(`${device} ${quarter}`, drawNormal(random, 0.25));
  }
  const buying = stream(seed, "ground truth of conversions");
  const demand = new Map<string, number>();
  for (const category of TASTED_CATEGORIES) {
    for (const [device] of DEVICE_SHARES) demand.set(`${category} ${device}`, drawNormal(buying, 0.2));
  }
  return { seed, appeal, attention, demand };
}

/** The top-level IAB categories of the ad: `IAB2-3` belongs to `IAB2`. */
export function topCategories(showing: Showing): readonly string[] {
  return showing.categories.map((code) => code.split("-")[0] ?? code);
}

/** How much this person wants to hear about a category here. Units: logits, about -1 to 3. */
export function interestIn(world: GroundTruth, showing: Showing, category: string): number {
  let sum = (world.appeal.get(category) ?? 0) + (world.appeal.get(`${category} ${showing.genre}`) ?? 0);
  for (const segment of showing.segments) sum += WANTS[segment]?.[category] ?? 0;
  return sum + (showing.temper.tastes.get(category) ?? 0);
}

/** How much this person wants to see this ad here: the best of its categories. */
function interest(world: GroundTruth, showing: Showing): number {
  const best = Math.max(...topCategories(showing).map((category) => interestIn(world, showing, category)));
  return best === -Infinity ? 0 : best;
}

/** How attentive people are on this device at this time of day. Units: logits. */
export function attentionOf(world: GroundTruth, showing: Showing): number {
  return world.attention.get(`${showing.device} ${quarterOf(showing)}`) ?? 0;
}

/** The quarter of the UTC day: 0 is the night, 3 the evening. */
function quarterOf(showing: Showing): number {
  return Math.floor(showing.hour / 6);
}

/** How much the ad's length weighs: gently up to a quarter minute, then ever more. Units: logits. */
function lengthStrain(showing: Showing): number {
  const length = (showing.durationSec / 30) ** 1.4;
  const commute = showing.device === "mobile" && showing.hour >= 6 && showing.hour < 12 && showing.weekday % 6 !== 0;
  const shareOfBreak = Math.min(1, showing.durationSec / showing.podDurationSec);
  const strain = HABITS[showing.device].strain * SURFACES[showing.surface].strain * (commute ? 1.5 : 1);
  return length * strain * (0.75 + 0.25 * shareOfBreak);
}

/** Repetition: annoys from the third time on, sooner when the ad was of no interest. Units: logits. */
function fatigue(timesShown: number, wanted: number): number {
  return Math.max(0, timesShown - 2) * (wanted > 0.6 ? 0.12 : 0.3);
}

/** Repetition: a second and third look help the memory before the rest wears it out. Units: logits. */
function recall(timesShown: number): number {
  return timesShown <= 2 ? 0.22 * timesShown : 0.44 - 0.35 * (timesShown - 2);
}

/** An ad for grown-ups in children's content. */
function outOfPlace(showing: Showing): boolean {
  const family = showing.categories.some((code) => /^IAB(6|8|22)(-|$)/.test(code));
  return showing.genre === "kids" && !family;
}

/** What may come of a showing. */
export function probabilitiesOf(world: GroundTruth, showing: Showing): OutcomeProbabilities {
  const habit = HABITS[showing.device];
  const surface = SURFACES[showing.surface];
  const { patience, curiosity } = showing.temper;
  const wanted = interest(world, showing);
  const strain = lengthStrain(showing);
  const tired = fatigue(showing.timesShown, wanted);
  const attention = attentionOf(world, showing);
  const longBreak = Math.max(0, showing.podDurationSec - 90) / 90;
  const unsettled = outOfPlace(showing) ? 0.5 : 0;
  const mature = showing.rating === "TV-MA" && quarterOf(showing) === 3 ? -0.2 : 0;

  const leave = sigmoid(
    habit.leave +
      surface.leave +
      0.55 * strain +
      0.8 * tired +
      0.35 * longBreak +
      unsettled +
      mature -
      0.35 * patience -
      0.4 * wanted -
      0.3 * attention,
  );
  const skip = sigmoid(
    habit.skip + 0.8 * strain + tired + unsettled - 0.35 * patience - 0.45 * wanted - 0.6 * attention,
  );
  const short = showing.durationSec < 10 ? -0.5 : 0;
  const click = sigmoid(
    habit.click +
      surface.click +
      habit.reach * Math.max(-0.4, wanted) +
      recall(showing.timesShown) +
      short +
      0.4 * curiosity +
      0.5 * attention -
      0.25 * strain,
  );
  return { completedView: (1 - leave) * (1 - skip), click: (1 - leave) * click, abandon: leave };
}

/** What came of a showing. Draws twice. */
export function sampleOutcome(probabilities: OutcomeProbabilities, random: RandomStream): Outcome {
  const fate = random.next();
  const hand = random.next();
  const abandon = fate < probabilities.abandon;
  const completedView = !abandon && fate < probabilities.abandon + probabilities.completedView;
  const click = !abandon && hand < probabilities.click / (1 - probabilities.abandon);
  return { completedView, click, abandon };
}
