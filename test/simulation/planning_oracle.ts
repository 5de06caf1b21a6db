/**
 * A flight as it really goes, break by break through the whole funnel: other people than the plan was made with, every
 * viewer's history, every win paid for, until the money is gone. Knows nothing of landscapes, thresholds or formulas.
 * The multiplier is the one that hindsight would choose to spend evenly, found by flying the same flight again.
 */
import { finish, plan, score } from "../../src/decision/funnel.ts";
import type { CampaignBudget } from "../../src/decision/world.ts";
import { present } from "../../src/kernel/assert.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { micros } from "../../src/kernel/money.ts";
import { stream } from "../../src/kernel/random.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import { hoursBetween } from "../../src/kernel/week.ts";
import { FREQUENCY_ENTRIES_MAX, type FrequencyEntry } from "../../src/protocols/frequency_token.ts";
import { drawNormal } from "../../src/simulation/draw.ts";
import type { PlanQuestion } from "../../src/simulation/planning/forecast.ts";
import { DAY_DEVIATION, LEVEL_DEVIATION } from "../../src/simulation/planning/replicates.ts";
import { simulatedTraffic } from "../../src/simulation/planning/simulated_traffic.ts";
import type { TrafficBreak } from "../../src/simulation/planning/traffic.ts";

/** What came of a flight. */
export interface Flown {
  readonly impressions: number;
  readonly completedViews: number;
  readonly clicks: number;
  readonly spendMicros: number;
}

const AMPLE = micros(1_000_000_000_000);
/** Halvings of the range in which the multiplier lies. */
const HALVINGS = 6;

/** The breaks of the flight, and of the day before it, as they happen: each day has its own volume, each hour its own number of breaks. */
function breaksOfFlight({ campaign, catalog, traffic }: PlanQuestion, seed: string): readonly TrafficBreak[] {
  const source = simulatedTraffic(`${seed} flight`, [...catalog.publishers.keys()], traffic.breaksPerDay, 1);
  const random = stream(seed, "the flight's traffic");
  const volume = (deviation: number): number => Math.exp(drawNormal(random, deviation) - deviation ** 2 / 2);
  const level = volume(LEVEL_DEVIATION);
  const days = new Map<number, number>();
  const breaks: TrafficBreak[] = [];
  for (const hour of hoursBetween(campaign.flightStartMs - DAY_MS, campaign.flightEndMs)) {
    const day = Math.floor(hour.fromMs / DAY_MS);
    const today = days.get(day) ?? level * volume(DAY_DEVIATION);
    days.set(day, today);
    const expected = 7 * source.breaksPerDay * hour.share * (source.week[hour.hourOfWeek] ?? 0) * today;
    // Arrivals at random moments: exponential gaps.
    for (let at = -Math.log(1 - random.next()) / expected; at < 1; at -= Math.log(1 - random.next()) / expected) {
      breaks.push(source.breakAt(breaks.length, hour.fromMs + Math.floor(at * hour.lengthMs)));
    }
  }
  return breaks;
}

/** One flight to be flown, again and again: who bids how hard against whom in which breaks. */
interface Course {
  readonly question: PlanQuestion;
  readonly rivals: ReadonlyMap<string, CampaignBudget>;
  readonly breaks: readonly TrafficBreak[];
  readonly seed: string;
}

/** Flies once with all bids of the campaign at this multiplier. */
async function fly(course: Course, multiplierPpm: number, budgetMicros: number): Promise<Flown> {
  const { catalog, campaign, scorer } = course.question;
  const id = campaign.campaign.id;
  const random = stream(course.seed, "what viewers do");
  const histories = new Map<string, FrequencyEntry[]>();
  const budgets = new Map(course.rivals);
  const flown = { impressions: 0, completedViews: 0, clicks: 0, spendMicros: 0 };
  for (const { request, atMs } of course.breaks) {
    budgets.set(id, { availableMicros: micros(budgetMicros - flown.spendMicros), multiplierPpm });
    const { key } = request.viewer;
    const frequency = key === null ? [] : (histories.get(key) ?? []);
    const publisher = present(catalog.publishers.get(request.publisherId), "traffic is of known publishers");
    const digests = { decisionId: "d", catalogDigest: "c" };
    const world = { ...digests, nowMs: atMs, catalog, budgets, guarantees: [], limits: FULL_LIMITS };
    const scoringPlan = plan({ ...request, viewer: { ...request.viewer, frequency } }, world, publisher);
    const { slots } = finish(scoringPlan, await score(scoringPlan, scorer));
    const [view, click] = [random.next(), random.next()];
    if (key !== null) {
      const seen = slots.map(({ offer }) => ({ lineItemId: offer.lineItemId, shownMs: atMs }));
      histories.set(key, [...seen, ...frequency].slice(0, FREQUENCY_ENTRIES_MAX));
    }
    const won = slots.find(({ offer }) => offer.campaignId === id);
    if (won === undefined) continue;
    flown.impressions++;
    flown.spendMicros += won.priceMicros;
    if (view < (won.scores?.completedView ?? 0)) flown.completedViews++;
    if (click < (won.scores?.click ?? 0)) flown.clicks++;
  }
  return flown;
}

/** The flight of this question and seed, against rivals at these multipliers. */
export async function flyInHindsight(
  question: PlanQuestion,
  rivals: ReadonlyMap<string, CampaignBudget>,
  seed: string,
): Promise<Flown> {
  const course: Course = { question, rivals, breaks: breaksOfFlight(question, seed), seed };
  const { budgetMicros } = question.campaign;
  const full = await fly(course, 1_000_000, budgetMicros);
  if (question.campaign.campaign.pacing === "asap") return full;
  const unbounded = await fly(course, 1_000_000, AMPLE);
  if (unbounded.spendMicros <= budgetMicros) return full;
  let low = 10_000;
  let high = 1_000_000;
  for (let step = 0; step < HALVINGS; step++) {
    const middle = Math.round((low + high) / 2);
    const { spendMicros } = await fly(course, middle, AMPLE);
    if (spendMicros >= budgetMicros) high = middle;
    else low = middle;
  }
  return fly(course, high, budgetMicros);
}
