/** The simulated world: the same seed is the same world, its rates are those of the trade, and its laws hold. */
import { describe, expect, test } from "vitest";
import { stream } from "../../src/kernel/random.ts";
import { HEADS } from "../../src/models/manifest.ts";
import { drawTrainingRows } from "../../src/simulation/training_rows.ts";
import {
  createWorld,
  MIDROLL_WORLD_SEED,
  probabilitiesOf,
  sampleOutcome,
  type Showing,
} from "../../src/simulation/world.ts";
import { COLUMN_COUNT, COLUMNS } from "../../src/features/schema.ts";

const WORLD = createWorld(MIDROLL_WORLD_SEED);
const SHOWING: Showing = {
  temper: { patience: 0, curiosity: 0, tastes: new Map(), readiness: 0 },
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
const AT_ONCE = ["completedView", "click", "abandon"] as const;
const truth = (change: Partial<Showing>) => probabilitiesOf(WORLD, { ...SHOWING, ...change });

describe("a world", () => {
  test("is the same for the same seed and another for another", () => {
    expect(probabilitiesOf(createWorld(MIDROLL_WORLD_SEED), SHOWING)).toEqual(truth({}));
    expect(probabilitiesOf(createWorld("elsewhere"), SHOWING)).not.toEqual(truth({}));
  });

  test("a long ad before the film is left on a phone and sat out on a television", () => {
    const [phone = 0, television = 0] = (["mobile", "ctv"] as const).map(
      (device) =>
        truth({ device, surface: "preroll", durationSec: 6 }).completedView -
        truth({ device, surface: "preroll", durationSec: 60 }).completedView,
    );
    expect(phone).toBeGreaterThan(4 * television);
  });

  test("interest is clicked where there is a finger to click with", () => {
    const [phone = 0, television = 0] = (["mobile", "ctv"] as const).map(
      (device) => truth({ device, segments: ["auto-intenders"] }).click / truth({ device }).click,
    );
    expect(phone).toBeGreaterThan(4);
    expect(television).toBeLessThan(2);
  });

  test("repetition first helps a click and then annoys", () => {
    const clicks = [0, 2, 6].map((timesShown) => truth({ timesShown }).click);
    expect(clicks[1]).toBeGreaterThan(clicks[0] ?? 1);
    expect(clicks[2]).toBeLessThan(clicks[0] ?? 0);
    expect(truth({ timesShown: 6 }).abandon).toBeGreaterThan(truth({ timesShown: 2 }).abandon);
  });
});

describe("outcomes", () => {
  test("are the same for the same seed", () => {
    const [once, again] = [stream("outcomes", "test"), stream("outcomes", "test")].map((random) =>
      Array.from({ length: 200 }, () => sampleOutcome(truth({}), random)),
    );
    expect(once).toEqual(again);
  });

  test("happen as often as the world says, and leaving excludes the rest", () => {
    const random = stream("outcomes", "frequencies");
    const probabilities = { completedView: 0.6, click: 0.2, abandon: 0.3 };
    const counts = { completedView: 0, click: 0, abandon: 0 };
    let both = 0;
    for (let i = 0; i < 40_000; i++) {
      const outcome = sampleOutcome(probabilities, random);
      both += outcome.abandon && (outcome.completedView || outcome.click) ? 1 : 0;
      for (const head of AT_ONCE) counts[head] += outcome[head] ? 1 : 0;
    }
    expect(both).toBe(0);
    for (const head of AT_ONCE) expect(counts[head] / 40_000).toBeCloseTo(probabilities[head], 1.7);
  });
});

describe("training rows", () => {
  const drawn = drawTrainingRows(WORLD, "rows-test", 20_000);
  const share = (head: (typeof HEADS)[number], device: string): number => {
    const column = COLUMNS.findIndex(({ name }) => name === `device_${device}`);
    let sum = 0;
    let count = 0;
    for (let row = 0; row < drawn.count; row++) {
      if (drawn.rows[row * COLUMN_COUNT + column] !== 1) continue;
      sum += drawn.truths[head][row] ?? 0;
      count++;
    }
    return sum / count;
  };

  test("repeat for a seed, and show other people other ads for another", () => {
    const once = drawTrainingRows(WORLD, "rows-test", 50);
    expect(once.rows).toEqual(drawn.rows.slice(0, 50 * COLUMN_COUNT));
    expect(once.outcomes.completedView).toEqual(drawn.outcomes.completedView.slice(0, 50));
    expect(drawTrainingRows(WORLD, "rows-test-2", 50).rows).not.toEqual(once.rows);
  });

  test("carry probabilities only, and nobody who leaves completes or converts", () => {
    const impossible = Array.from({ length: drawn.count }, (_, row) => row).filter((row) => {
      const [completed = -1, click = -1, abandon = -1, conversion = -1] = HEADS.map((head) => drawn.truths[head][row]);
      const probable =
        Math.min(completed, click, abandon, conversion) >= 0 && Math.max(completed, click, conversion) + abandon <= 1;
      const left = drawn.outcomes.abandon[row] === 1;
      return !probable || (left && (drawn.outcomes.completedView[row] === 1 || drawn.outcomes.conversion[row] === 1));
    });
    expect(impossible).toEqual([]);
  });

  test("happen at the rates of the trade", () => {
    expect(share("completedView", "ctv")).toBeGreaterThan(0.9);
    expect(share("completedView", "mobile")).toBeGreaterThan(0.65);
    expect(share("completedView", "mobile")).toBeLessThan(0.8);
    for (const device of ["ctv", "mobile", "desktop", "tablet"]) {
      expect(share("click", device), `${device} click`).toBeGreaterThan(0.001);
      expect(share("click", device), `${device} click`).toBeLessThan(0.015);
      expect(share("abandon", device), `${device} abandon`).toBeGreaterThan(0.01);
      expect(share("abandon", device), `${device} abandon`).toBeLessThan(0.06);
      expect(share("conversion", device), `${device} conversion`).toBeGreaterThan(0.001);
      expect(share("conversion", device), `${device} conversion`).toBeLessThan(0.01);
    }
  });
});
