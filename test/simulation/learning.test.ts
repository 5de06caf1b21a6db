/**
 * Learning from logs against what is known in advance: bidders of a known distribution have a best reserve and a
 * landscape that can be written down. And its laws: nothing is learned from nothing, nor from the order of lines.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { stream } from "../../src/kernel/random.ts";
import { learnLandscapes, LANDSCAPE_TERMS } from "../../src/simulation/learning/landscapes.ts";
import { learnReserves, RESERVE_TERMS, revenueOf, salesOf } from "../../src/simulation/learning/reserves.ts";
import { drawLog, FIRST_DAY_MS, PUBLISHER, singleSlot } from "./learning_stage.ts";

const SEED = process.env["LEARN_SEED"] ?? String(Date.now() % 2 ** 31);
beforeAll(() => {
  console.info(`repeat with: LEARN_SEED=${SEED} npx vitest run --project simulation test/simulation/learning.test.ts`);
});

const second = () => "second" as const;
const first = () => "first" as const;
/** Bounds out of the way: the best reserve of textbooks loses as many sales as it likes. */
const UNBOUND = { ...RESERVE_TERMS, fillLossMax: 1 };

const uniform = drawLog({ seed: SEED, breaks: 20_000, bidders: 2, limit: (random) => 40_000 * random.next() });

describe("the learned reserve approaches the monopoly price", () => {
  test("half of the highest limit for uniform limits, however many bidders", () => {
    for (const bidders of [1, 2, 3]) {
      const log = drawLog({ seed: SEED, breaks: 20_000, bidders, limit: (random) => 40_000 * random.next() });
      const [line] = learnReserves(log, second, UNBOUND);
      expect(Math.abs((line?.model.cpmMicros ?? 0) / 20_000_000 - 1)).toBeLessThan(0.12);
    }
  });
  test("the mean for exponential limits", () => {
    const limit = (random: { next(): number }) => -20_000 * Math.log(1 - random.next());
    const [line] = learnReserves(drawLog({ seed: SEED, breaks: 20_000, bidders: 2, limit }), second, UNBOUND);
    expect(Math.abs((line?.model.cpmMicros ?? 0) / 20_000_000 - 1)).toBeLessThan(0.2);
  });
});
test("probe", () => {
  for (let s = 0; s < 20; s++) {
    const out: number[] = [];
    for (const bidders of [1, 2, 3]) {
      const log = drawLog({ seed: `${SEED} ${s}`, breaks: 20_000, bidders, limit: (random) => 40_000 * random.next() });
      const lines = learnReserves(log, second, UNBOUND);
      out.push((lines[0]?.model.cpmMicros ?? 0) / 2e7, lines.length);
    }
    const limit = (random: { next(): number }) => -20_000 * Math.log(1 - random.next());
    const lines = learnReserves(drawLog({ seed: `${SEED} ${s}`, breaks: 20_000, bidders: 2, limit }), second, UNBOUND);
    out.push((lines[0]?.model.cpmMicros ?? 0) / 2e7, lines.length);
    console.info(out.map((x) => x.toFixed(3)).join(" "));
  }
});
void [
  learnLandscapes,
  LANDSCAPE_TERMS,
  revenueOf,
  salesOf,
  FIRST_DAY_MS,
  PUBLISHER,
  singleSlot,
  first,
  uniform,
  stream,
];
