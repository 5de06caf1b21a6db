/**
 * Retrieval beside an oracle that asks every offer of the catalog everything, one after the other, and beside the law
 * that every offer has exactly one fate.
 */
import { describe, expect, test } from "vitest";
import type { CompiledPublisher, Offer } from "../../../src/catalog/compiled.ts";
import { openGate, refusal } from "../../../src/decision/gate.ts";
import { explainRetrieval, retrieve, retrieveHouse } from "../../../src/decision/retrieve.ts";
import type { World } from "../../../src/decision/world.ts";
import { present } from "../../../src/kernel/assert.ts";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { stream } from "../../../src/kernel/random.ts";
import { HOUR_MS } from "../../../src/kernel/time.ts";
import type { BreakRequest } from "../../../src/protocols/break_request.ts";
import { drawBreak, drawCatalog } from "./drawn_catalog.ts";
import { worldOf } from "./fixture.ts";

const seed = process.env["MIDROLL_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/decision/retrieve.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

interface Drawn {
  readonly request: BreakRequest;
  readonly world: World;
  readonly publisher: CompiledPublisher;
}

/** Breaks that meet drawn catalogs: `catalogs` of them, of growing size, with `breaks` each. */
function* drawn(purpose: string, catalogs: number, breaks: number): Generator<Drawn> {
  const random = stream(seed, purpose);
  for (let n = 0; n < catalogs; n++) {
    // Few line items try all forms of targeting, many the crowded and the sparse form of a posting.
    const catalog = drawCatalog(random, n % 20 === 19 ? 200 + random.below(200) : 3 + random.below(40));
    const world = worldOf(catalog);
    const poor = [...catalog.campaigns.keys()].filter(() => random.next() < 0.1);
    const budgets = new Map([...world.budgets].filter(([id]) => !poor.includes(id)));
    for (let k = 0; k < breaks; k++) {
      const request = drawBreak(random, catalog);
      const publisher = present(catalog.publishers.get(request.publisherId), "drawn from the catalog's publishers");
      // Time goes on: flights start and end, and what was remembered of them must not be believed.
      yield { request, world: { ...world, budgets, nowMs: world.nowMs + k * 5 * HOUR_MS }, publisher };
    }
  }
}

const idsOf = (offers: Iterable<Offer>): readonly string[] =>
  [...offers].map(({ lineItemId, creativeId }) => `${lineItemId} ${creativeId}`).sort();
const offersOf = (found: readonly { readonly offer: Offer }[]): readonly Offer[] => found.map(({ offer }) => offer);

describe("retrieval", () => {
  test("finds the offers that a walk over the whole catalog finds", () => {
    let found = 0;
    for (const { request, world, publisher } of drawn("same as a walk", 200, 15)) {
      const gate = openGate(request, world, publisher);
      const walked = (offers: Iterable<Offer>) => [...offers].filter((offer) => refusal(offer, gate) === null);
      const paid = retrieve(request, world, publisher);
      expect(idsOf(offersOf(paid.candidates)), repeat).toEqual(idsOf(walked(world.catalog.paidOffers)));
      const house = retrieveHouse(request, world, publisher);
      expect(idsOf(offersOf(house.candidates)), repeat).toEqual(idsOf(walked(world.catalog.houseOffers)));
      expect(paid.overlooked + house.overlooked).toBe(0);
      found += paid.candidates.length;
    }
    expect(found).toBeGreaterThan(2_000);
  });

  test("gives every offer exactly one fate, also when there are too many", () => {
    const tight = { ...FULL_LIMITS, candidatesMax: 3, lookedAtMax: 8 };
    for (const { request, world, publisher } of drawn("one fate", 40, 8)) {
      for (const limits of [FULL_LIMITS, tight]) {
        const within = { ...world, limits };
        const paid = retrieve(request, within, publisher);
        const house = retrieveHouse(request, within, publisher);
        const fates = [paid.candidates, paid.rejections, house.candidates, house.rejections].map(offersOf).flat();
        const told = [...fates, ...offersOf(explainRetrieval(request, within, publisher))];
        const all = [...world.catalog.paidOffers, ...world.catalog.houseOffers];
        expect(idsOf(told), repeat).toEqual(idsOf(all));
      }
    }
  });

  test("names the reason that a walk over the whole catalog names", () => {
    const named = new Set<string>();
    for (const { request, world, publisher } of drawn("same reasons", 40, 8)) {
      const gate = openGate(request, world, publisher);
      const { rejections } = retrieve(request, world, publisher);
      for (const { offer, reason } of [...rejections, ...explainRetrieval(request, world, publisher)]) {
        expect(reason, repeat).toBe(refusal(offer, gate));
        named.add(reason);
      }
    }
    expect(named.size).toBeGreaterThan(20);
  });
});
