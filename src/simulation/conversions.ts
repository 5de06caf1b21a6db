/**
 * What comes of a showing later: the viewer buys, books or signs up within the attribution window. Rare, and of another
 * kind than a click: most conversions follow an ad that was only watched. Trades differ by more than ten times; what is
 * thought over (a car, a journey) gains with each reminder and closes at a desk, what is bought on the spot tires soon
 * and closes on a phone; and whether somebody buys at all (`readiness`) is in no feature.
 */
import type { Device } from "../catalog/words.ts";
import type { RandomStream } from "../kernel/random.ts";
import { drawChance, sigmoid } from "./draw.ts";
import { attentionOf, interestIn, probabilitiesOf, topCategories } from "./world.ts";
import type { GroundTruth, Outcome, Showing } from "./world.ts";

/** How a trade sells. Units of `rate`: logit for an indifferent viewer who saw one whole ad of it. */
interface Trade {
  readonly rate: number;
  /** Thought over for days before it is bought. */
  readonly considered: boolean;
}

const TRADES: Readonly<Record<string, Trade>> = {
  IAB1: { rate: -5.5, considered: false }, // films and music: a trial subscription
  IAB2: { rate: -7.1, considered: true }, // cars: a test drive booked
  IAB3: { rate: -7.0, considered: true }, // business: a demonstration asked for
  IAB6: { rate: -6.0, considered: false }, // family: an order
  IAB7: { rate: -6.3, considered: true }, // health: an appointment
  IAB8: { rate: -5.3, considered: false }, // food: an order
  IAB9: { rate: -5.6, considered: false }, // games: an install
  IAB10: { rate: -6.5, considered: true }, // home: a quote asked for
  IAB13: { rate: -6.9, considered: true }, // money: an account opened
  IAB17: { rate: -6.0, considered: false }, // sports: a ticket
  IAB18: { rate: -5.6, considered: false }, // fashion: an order
  IAB19: { rate: -6.2, considered: true }, // electronics: an order
  IAB20: { rate: -6.6, considered: true }, // journeys: a booking
  IAB22: { rate: -5.3, considered: false }, // shops: an order
};
const ANY_TRADE: Trade = { rate: -6.2, considered: false };

/** How easily a purchase closes from a device, on the spot and after thought. A television's are found elsewhere. */
const CLOSES: Readonly<Record<Device, { readonly onTheSpot: number; readonly considered: number }>> = {
  ctv: { onTheSpot: -0.45, considered: -0.25 },
  mobile: { onTheSpot: 0.4, considered: -0.35 },
  desktop: { onTheSpot: 0.1, considered: 0.55 },
  tablet: { onTheSpot: 0.25, considered: 0.1 },
};

/** What seeing only part of the ad costs, and what going to the shop adds. Units: logits. */
const SAW_PART = -1.2;
const CLICKED = 2.6;

/** Repetition: reminders work for long on what is thought over, and soon annoy otherwise. Units: logits. */
function reminded(timesShown: number, considered: boolean): number {
  if (considered) return 0.3 * Math.min(timesShown, 5);
  return 0.2 * Math.min(timesShown, 2) - 0.35 * Math.max(0, timesShown - 2);
}

/** How ready this person is to buy what the whole ad offers: the best of its categories. Units: logits. */
function appetite(world: GroundTruth, showing: Showing): number {
  let best = -Infinity;
  for (const category of topCategories(showing)) {
    const { rate, considered } = TRADES[category] ?? ANY_TRADE;
    const closes = CLOSES[showing.device][considered ? "considered" : "onTheSpot"];
    const demand = world.demand.get(`${category} ${showing.device}`) ?? 0;
    const pull = rate + closes + demand + reminded(showing.timesShown, considered);
    best = Math.max(best, pull + 0.7 * interestIn(world, showing, category));
  }
  if (best === -Infinity) best = ANY_TRADE.rate + CLOSES[showing.device].onTheSpot;
  const told = 0.4 * Math.min(1, showing.durationSec / 30);
  const child = showing.genre === "kids" ? -0.7 : 0;
  return best + told + child + 0.4 * attentionOf(world, showing) + 0.5 * showing.temper.readiness;
}

/** The chance that a viewer of this appetite converts after staying. */
function chance(wants: number, completedView: boolean, click: boolean): number {
  return sigmoid(wants + (completedView ? 0 : SAW_PART) + (click ? CLICKED : 0));
}

/** How likely a showing leads to a conversion, over all that may come of it at once. */
export function conversionProbability(world: GroundTruth, showing: Showing): number {
  const { completedView, click, abandon } = probabilitiesOf(world, showing);
  const stays = 1 - abandon;
  const clicks = click / stays;
  const wants = appetite(world, showing);
  const after = (completed: boolean): number =>
    clicks * chance(wants, completed, true) + (1 - clicks) * chance(wants, completed, false);
  return completedView * after(true) + (stays - completedView) * after(false);
}

/** Whether this outcome of a showing leads to a conversion; never when the viewer left. Draws once. */
export function sampleConversion(
  world: GroundTruth,
  showing: Showing,
  { completedView, click, abandon }: Outcome,
  random: RandomStream,
): boolean {
  return drawChance(random, abandon ? 0 : chance(appetite(world, showing), completedView, click));
}
