/** Guaranteed deals in a break: the one that has the seat is shown and all rules of the break still hold. */
import { describe, expect, test } from "vitest";
import type { GuaranteeTable } from "../../../src/guaranteed/contract.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { micros } from "../../../src/kernel/money.ts";
import type { AdSketch } from "./fixture.ts";
import { decide, shown, whyNot } from "./fixture.ts";

/** A table in which these deals get these shares of every break, whoever else is there. Units: percent. */
const tableOf = (percents: Readonly<Record<string, number>>): GuaranteeTable =>
  Object.entries(percents).map(([id, percent]) => {
    return { contractId: `deal-${id}`, alphaPpm: percent * 10_000, zetaPpm: percent * 10_000 };
  });
const promised = (id: string, over: Partial<AdSketch> = {}): AdSketch => ({ id, guaranteedAt: ["p"], ...over });
/** Open demand that pays a hundred times as much. */
const rich = (id: string, over: Partial<AdSketch> = {}): AdSketch => ({ id, cpmMicros: 2_000_000_000, ...over });
const always = { world: { guarantees: tableOf({ g: 100 }) } };

/** Why this ad, "g", is not in a break although the seat is its own. */
async function whyNotIn(ad: AdSketch, over: Parameters<typeof decide>[1] = {}): Promise<string | null> {
  return whyNot(await decide([ad, rich("a")], { ...over, world: { ...always.world, ...over.world } }), "g");
}

describe("a guaranteed deal", () => {
  test("is shown when it has the seat, first and at its price, however rich open demand is", async () => {
    const decision = await decide([promised("g"), rich("a"), rich("b"), rich("c"), rich("d")], always);
    expect(shown(decision)).toEqual(["g", "a", "b", "c"]);
    expect(decision.slots[0]).toMatchObject({ bidMicros: 20_000, priceMicros: 20_000 });
    expect(whyNot(decision, "d")).toBe("outbid");
  });

  test("never competes when the seat is another's or nobody's, although there is room", async () => {
    for (const guarantees of [[], tableOf({ g: 0 }), tableOf({ other: 100 })]) {
      const decision = await decide([promised("g"), rich("a")], { world: { guarantees } });
      expect(shown(decision)).toEqual(["a"]);
      expect(whyNot(decision, "g")).toBe("guarantee_not_drawn");
    }
  });

  test("shares the seat with others: one of them a break, each as often as the table says", async () => {
    const count = { g: 0, h: 0, neither: 0 };
    const world = { guarantees: tableOf({ g: 50, h: 30 }) };
    for (let n = 0; n < 1_000; n++) {
      const decision = await decide([promised("g"), promised("h"), rich("a")], {
        world: { ...world, decisionId: `seat-${n}` },
      });
      const seated = shown(decision).filter((id) => id !== "a");
      expect(seated.length).toBeLessThanOrEqual(1);
      count[seated[0] === "g" || seated[0] === "h" ? seated[0] : "neither"]++;
    }
    // Three standard deviations of a thousand draws.
    expect(Math.abs(count.g - 500)).toBeLessThan(48);
    expect(Math.abs(count.h - 300)).toBeLessThan(44);
    expect(Math.abs(count.neither - 200)).toBeLessThan(38);
  });

  test("has the same seat again in the same world", async () => {
    const world = { guarantees: tableOf({ g: 50, h: 50 }), decisionId: "again" };
    const once = shown(await decide([promised("g"), promised("h")], { world }));
    expect(shown(await decide([promised("g"), promised("h")], { world }))).toEqual(once);
  });

  test("gives its seat to a deal that may be shown when it may not itself", async () => {
    const world = { guarantees: tableOf({ g: 100, h: 100 }) };
    const elsewhere = { targeting: { devices: { include: ["mobile"] } } };
    const decision = await decide([promised("g", elsewhere), promised("h")], { world });
    expect(shown(decision)).toEqual(["h"]);
  });

  test("keeps the rules of the break: rivals of its category and its own advertiser stay out", async () => {
    const decision = await decide(
      [
        promised("g", { categories: ["IAB2"] }),
        rich("rival", { categories: ["IAB2-3"] }),
        rich("own", { advertiser: "adv-g" }),
        rich("fits"),
      ],
      { ...always, publisher: { separatedCategories: ["IAB2"] } },
    );
    expect(shown(decision)).toEqual(["g", "fits"]);
    expect(whyNot(decision, "rival")).toBe("category_separated");
    expect(whyNot(decision, "own")).toBe("advertiser_repeated");
  });

  test("does not play in a break that is too short for it, at publishers it was not sold to, or unfunded", async () => {
    expect(await whyNotIn(promised("g", { durationSec: 90 }))).toBe("duration_not_allowed");
    expect(await whyNotIn(promised("g", { guaranteedAt: ["q"] }))).toBe("deal_elsewhere");
    expect(await whyNotIn(promised("g"), { world: { budgets: new Map() } })).toBe("no_budget");
    const short = new Map(["ca-g", "ca-a"].map((id) => [id, { availableMicros: micros(9), multiplierPpm: 1_000_000 }]));
    expect(await whyNotIn(promised("g"), { world: { budgets: short } })).toBe("purse_short");
  });

  test("pays its price below the publisher's floor and whatever its campaign's pace", async () => {
    const slow = new Map([["ca-g", { availableMicros: micros(1_000_000), multiplierPpm: 10 }]]);
    const decision = await decide([promised("g")], {
      world: { ...always.world, budgets: slow },
      publisher: { floorCpmMicros: 50_000_000 },
    });
    expect(decision.slots.map(({ priceMicros }) => priceMicros)).toEqual([20_000]);
  });

  test("is not crowded out of retrieval", async () => {
    const limits = { ...FULL_LIMITS, candidatesMax: 2 };
    const decision = await decide([rich("a"), rich("b"), rich("c"), promised("g")], {
      world: { ...always.world, limits },
    });
    expect(shown(decision)).toEqual(["g", "a", "b"]);
    expect(whyNot(decision, "c")).toBe("too_many_candidates");
  });

  test("survives the early cut", async () => {
    const crowd = Array.from({ length: 12 }, (_, n) => rich(`a${n}`));
    const limits = { ...FULL_LIMITS, scoredRowsMax: 3 };
    const decision = await decide([...crowd, promised("g")], { world: { ...always.world, limits } });
    expect(shown(decision)).toContain("g");
  });
});
