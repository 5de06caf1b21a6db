/**
 * The sample's guaranteed deals on a running Midroll: origin solves them when the catalog is applied, the edge fetches
 * the table by itself, and a break has at most one of them, first, at its price, paid like everything else.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Midroll } from "../../local/bring_up.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { beaconOf, decide, DEMO_BREAK, freshDir, inParallel, raise, report, sampleCatalog } from "./stage.ts";

const BREAKS = 300;
const AT_ONCE = 8;

/** Campaigns of the sample's guaranteed deals. */
const GUARANTEED: ReadonlySet<string> = new Set(["cmp-sports-derby", "cmp-big-screen", "cmp-morning-briefing"]);
/** How long the deals have left, whenever this runs: their shares of breaks depend on it. */
const LEFT_MS = 400 * 24 * 3_600_000;

const { dir, remove } = freshDir();
let midroll: Midroll;
let catalog: Catalog;

beforeAll(async () => {
  const sample = await sampleCatalog();
  const end = new Date(Date.now() + LEFT_MS).toISOString();
  catalog = {
    ...sample,
    campaigns: sample.campaigns.map((campaign) =>
      GUARANTEED.has(campaign.id) ? { ...campaign, flight: { ...campaign.flight, end } } : campaign,
    ),
  };
  midroll = await raise(dir, catalog);
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

test(`of ${BREAKS} breaks, some have the guaranteed deal and the others none, as the table says`, async () => {
  const priceOf = new Map(
    catalog.deals
      .filter(({ kind }) => kind === "guaranteed")
      .flatMap(({ lineItemIds, cpmMicros }) => lineItemIds.map((id) => [id, cpmMicros / 1_000] as const)),
  );
  const breaks = Array.from({ length: BREAKS }, (_, n) => n);
  const decideAll = () => inParallel(breaks, AT_ONCE, () => decide(midroll.edgeUrl, DEMO_BREAK));
  // An isolate fetches the table on its first requests, and then money for as many breaks as it has seen.
  await decideAll();
  await decideAll();
  const decided = await decideAll();
  const seated = decided.flatMap(({ ads }) => {
    const guaranteed = ads.filter(({ lineItemId }) => priceOf.has(lineItemId));
    expect(guaranteed.length).toBeLessThanOrEqual(1);
    return guaranteed;
  });
  for (const ad of seated) {
    expect(ad.sequence).toBe(1);
    expect(ad.priceMicros).toBe(priceOf.get(ad.lineItemId));
  }
  // Some four in ten, six on weekday mornings; a deal that was always or never shown would not be drawn at all.
  expect(seated.length).toBeGreaterThan(BREAKS * 0.2);
  expect(seated.length).toBeLessThan(BREAKS * 0.8);
  const [ad] = seated;
  expect(ad && (await report(beaconOf(ad, "impression")))).toMatchObject({ verdict: "billed" });
});
