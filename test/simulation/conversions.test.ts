/** What showings lead to later: conversions happen as often as the world says, and by the laws it states. */
import { describe, expect, test } from "vitest";
import { stream } from "../../src/kernel/random.ts";
import { conversionProbability, sampleConversion } from "../../src/simulation/conversions.ts";
import {
  createWorld,
  MIDROLL_WORLD_SEED,
  probabilitiesOf,
  sampleOutcome,
  type Outcome,
  type Showing,
} from "../../src/simulation/world.ts";

const WORLD = createWorld(MIDROLL_WORLD_SEED);
const NOBODY_SPECIAL = { patience: 0, curiosity: 0, tastes: new Map<string, number>(), readiness: 0 };
const SHOWING: Showing = {
  temper: NOBODY_SPECIAL,
  segments: [],
  device: "mobile",
  surface: "midroll",
  genre: "drama",
  rating: "TV-14",
  hour: 20,
  weekday: 2,
  podDurationSec: 90,
  durationSec: 15,
  categories: ["IAB2"],
  timesShown: 0,
};
const CARS = ["IAB2-1"];
const FOOD = ["IAB8-5"];
const chance = (change: Partial<Showing>): number => conversionProbability(WORLD, { ...SHOWING, ...change });

/** Share of `draws` that convert after this outcome, of a person who buys readily. */
function shareAfter(outcome: Outcome, draws = 20_000): number {
  const random = stream("conversions", JSON.stringify(outcome));
  const eager = { ...SHOWING, temper: { ...NOBODY_SPECIAL, readiness: 4 } };
  let count = 0;
  for (let i = 0; i < draws; i++) count += sampleConversion(WORLD, eager, outcome, random) ? 1 : 0;
  return count / draws;
}

describe("a conversion", () => {
  test("happens as often as the world says, over all that may come of a showing at once", () => {
    const random = stream("conversions", "frequencies");
    const draws = 60_000;
    for (const readiness of [0, 2, 6]) {
      const restless = { ...NOBODY_SPECIAL, patience: -8, curiosity: 8, readiness };
      const showing: Showing = { ...SHOWING, categories: FOOD, temper: restless };
      const atOnce = probabilitiesOf(WORLD, showing);
      let count = 0;
      for (let i = 0; i < draws; i++) {
        count += sampleConversion(WORLD, showing, sampleOutcome(atOnce, random), random) ? 1 : 0;
      }
      const said = conversionProbability(WORLD, showing);
      const luck = Math.sqrt((said * (1 - said)) / draws);
      expect(Math.abs(count / draws - said), `readiness ${readiness}`).toBeLessThan(4 * luck);
    }
  });

  test("needs somebody who stayed; the whole ad persuades more than a part, and a click far more than a look", () => {
    const left = shareAfter({ completedView: false, click: false, abandon: true });
    const part = shareAfter({ completedView: false, click: false, abandon: false });
    const whole = shareAfter({ completedView: true, click: false, abandon: false });
    const clicked = shareAfter({ completedView: true, click: true, abandon: false });
    expect(left).toBe(0);
    expect(part).toBeGreaterThan(0);
    expect(whole).toBeGreaterThan(2 * part);
    expect(clicked).toBeGreaterThan(5 * whole);
  });

  test("of a thing thought over gains with every reminder up to five; of a thing bought on the spot it wears off", () => {
    const cars = [0, 1, 3, 4, 5].map((timesShown) => chance({ device: "desktop", categories: CARS, timesShown }));
    cars.slice(1).forEach((later, at) => expect(later, `step ${at}`).toBeGreaterThan(cars[at] ?? 1));
    const food = [0, 2, 6].map((timesShown) => chance({ categories: FOOD, timesShown }));
    expect(food[1]).toBeGreaterThan(food[0] ?? 1);
    expect(food[2]).toBeLessThan(food[0] ?? 0);
  });

  test("follows interest, hidden taste and readiness to buy", () => {
    expect(chance({ segments: ["auto-intenders"] })).toBeGreaterThan(2 * chance({}));
    expect(chance({ temper: { ...NOBODY_SPECIAL, tastes: new Map([["IAB2", 1]]) } })).toBeGreaterThan(1.5 * chance({}));
    expect(chance({ temper: { ...NOBODY_SPECIAL, readiness: 1 } })).toBeGreaterThan(1.3 * chance({}));
  });

  test("is rarer from children's content, and of an ad for nothing in particular it is as rare as of others", () => {
    expect(chance({ genre: "kids", categories: FOOD })).toBeLessThan(chance({ categories: FOOD }));
    for (const categories of [[], ["IAB99"]]) {
      expect(chance({ categories })).toBeGreaterThan(0.0005);
      expect(chance({ categories })).toBeLessThan(0.01);
    }
  });
});
