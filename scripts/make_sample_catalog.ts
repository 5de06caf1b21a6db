/**
 * Writes the sample catalog. It is generated so that it can be large and varied, seeded so that the same words always
 * come out (a test runs this and compares), and committed so that nobody has to run it to start.
 *
 *   node scripts/make_sample_catalog.ts [DIR]        default: catalog/sample
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import type { advertiserSchema, campaignSchema, creativeSchema, lineItemSchema } from "../src/catalog/entities.ts";
import type { dealSchema } from "../src/catalog/market.ts";
import { stream, type RandomStream } from "../src/kernel/random.ts";
import { SAMPLE_HOUSE, SAMPLE_PUBLISHERS } from "./sample_house.ts";
import { VERTICALS, type Vertical } from "./sample_brands.ts";
import { sampleGuaranteed } from "./sample_guaranteed.ts";
import { sampleTargeting } from "./sample_targeting.ts";

type Advertiser = z.input<typeof advertiserSchema>;
type Campaign = z.input<typeof campaignSchema>;
type LineItem = z.input<typeof lineItemSchema>;
type Creative = z.input<typeof creativeSchema>;
type Deal = z.input<typeof dealSchema>;

const SEED = "midroll-sample-1";
const DOLLAR = 1_000_000;
const CENT = DOLLAR / 100;
/** Lengths of which media/ads has two clips each. Units: seconds. */
const DURATIONS_SEC = [6, 10, 15, 20, 30, 45, 60] as const;
/** From pocket money, which runs dry while one watches, to what a week cannot spend. Units: dollars. */
const BUDGETS = [5, 12, 25, 60, 150, 400, 1_000, 2_500, 6_000, 15_000, 25_000, 50_000] as const;
const FLIGHT = { start: "2026-01-01T00:00:00Z", end: "2027-12-31T00:00:00Z" };
const FLIGHT_PAST = { start: "2025-03-01T00:00:00Z", end: "2025-06-30T00:00:00Z" };
const FLIGHT_TO_COME = { start: "2028-02-01T00:00:00Z", end: "2028-08-01T00:00:00Z" };

interface Brand {
  readonly vertical: Vertical;
  readonly advertiser: Advertiser;
  readonly creatives: readonly Creative[];
}

/** The files of the sample catalog by name, as text ready to write. */
export function sampleCatalogFiles(): ReadonlyMap<string, string> {
  const random = stream(SEED, "catalog");
  const brands = VERTICALS.flatMap((vertical) => vertical.brands.map((name) => makeBrand(vertical, name, random)));
  const campaigns: Campaign[] = [];
  const lineItems: LineItem[] = [];
  brands.forEach((brand, i) => {
    const count = i % 3 === 0 ? 2 : 1;
    for (let n = 1; n <= count; n++) {
      const campaign = makeCampaign(brand, n, campaigns.length, random);
      campaigns.push(campaign);
      lineItems.push(...makeLineItems(brand, campaign, random));
    }
  });
  const guaranteed = sampleGuaranteed(brands, FLIGHT);
  const deals = [...makeDeals(lineItems), ...guaranteed.deals];
  return new Map([
    ["publishers.json", pretty({ publishers: SAMPLE_PUBLISHERS })],
    ["advertisers.json", pretty({ advertisers: [...brands.map((b) => b.advertiser), SAMPLE_HOUSE.advertiser] })],
    ["campaigns.json", pretty({ campaigns: [...campaigns, ...guaranteed.campaigns, SAMPLE_HOUSE.campaign] })],
    ["line_items.json", pretty({ lineItems: [...lineItems, ...guaranteed.lineItems, ...SAMPLE_HOUSE.lineItems] })],
    ["creatives.json", pretty({ creatives: [...brands.flatMap((b) => b.creatives), ...SAMPLE_HOUSE.creatives] })],
    ["deals.json", pretty({ deals })],
  ]);
}

function makeBrand(vertical: Vertical, name: string, random: RandomStream): Brand {
  const word = name
    .toLowerCase()
    .replaceAll("&", "and")
    .replaceAll(/[^a-z]+/g, "-");
  const domain = `${word.replaceAll("-", "")}.example`;
  const durations = shuffled(DURATIONS_SEC, random).slice(0, 3 + random.below(2));
  if (!durations.includes(15) && !durations.includes(30)) durations[0] = random.below(2) === 0 ? 15 : 30;
  const look = random.below(2) === 0 ? "a" : "b";
  const creatives = durations
    .sort((a, b) => a - b)
    .map((durationSec): Creative => ({
      id: `cr-${word}-${durationSec}`,
      advertiserId: `adv-${word}`,
      name: `${name}, ${durationSec} seconds`,
      durationSec,
      categories: pickCategories(vertical, random),
      media: [
        {
          url: `media/ads/${durationSec}${look}/index.m3u8`,
          mimeType: "application/x-mpegURL",
          width: 320,
          height: 180,
          bitrateKbps: 110,
        },
        {
          url: `media/ads/${durationSec}${look}/ad.mp4`,
          mimeType: "video/mp4",
          width: 320,
          height: 180,
          bitrateKbps: 110,
        },
      ],
      clickThroughUrl: `https://${domain}/watch?from=midroll&spot=${durationSec}`,
    }));
  return { vertical, advertiser: { id: `adv-${word}`, name, domain }, creatives };
}

function pickCategories(vertical: Vertical, random: RandomStream): string[] {
  const sub = pick(vertical.subCategories, random);
  const roll = random.below(10);
  if (roll < 4) return [vertical.category];
  if (roll < 8) return [sub];
  // A minority straddles two verticals: shopping is what most brands also are.
  return vertical.category === "IAB22" ? [sub] : [sub, "IAB22"];
}

function makeCampaign(brand: Brand, n: number, serial: number, random: RandomStream): Campaign {
  const theme = brand.vertical.themes[(n - 1 + random.below(2)) % brand.vertical.themes.length] ?? "Brand";
  const flight = serial % 23 === 9 ? FLIGHT_PAST : serial % 23 === 17 ? FLIGHT_TO_COME : FLIGHT;
  return {
    id: `cmp-${brand.advertiser.id.slice(4)}-${n}`,
    advertiserId: brand.advertiser.id,
    name: `${brand.advertiser.name}: ${theme}`,
    status: serial === 30 ? "paused" : serial === 51 ? "archived" : "active",
    // Every rung of the ladder is used; the walk is irregular only to the eye.
    budgetMicros: (BUDGETS[(serial * 5 + 7) % BUDGETS.length] ?? 1_000) * DOLLAR,
    flight,
    pacing: random.below(4) === 0 ? "asap" : "even",
  };
}

function makeLineItems(brand: Brand, campaign: Campaign, random: RandomStream): LineItem[] {
  const count = 3 + random.below(2);
  return Array.from({ length: count }, (_, i): LineItem => {
    // The first line item of a campaign is broad, so that demand is there wherever the demo is watched.
    const { label, targeting } = sampleTargeting(i === 0 ? "broad" : "narrow", brand.vertical.segment, random);
    const creativeIds = shuffled(brand.creatives, random)
      .slice(0, 1 + random.below(3))
      .map((creative) => creative.id)
      .sort();
    const item: LineItem = {
      id: `li-${campaign.id.slice(4)}-${i + 1}`,
      campaignId: campaign.id,
      name: `${campaign.name}, ${label}`,
      ...(random.below(40) === 0 ? { status: "paused" as const } : {}),
      creativeIds,
      goal: makeGoal(brand.vertical, random),
      targeting,
    };
    return random.below(2) === 0 ? { ...item, frequencyCap: makeCap(random) } : item;
  });
}

/** Half buys impressions, a third completed views, the rest clicks. Prices are whole cents. */
function makeGoal(vertical: Vertical, random: RandomStream): LineItem["goal"] {
  const [low, high] = vertical.cpm;
  const cpmCents = low * 100 + random.below((high - low) * 100 + 1);
  const roll = random.below(6);
  if (roll < 3) return { kind: "cpm", cpmMicros: cpmCents * CENT };
  // Per view, so that a spot which seven in ten watch to the end is worth its CPM.
  if (roll < 5) return { kind: "completedView", perViewMicros: Math.round((cpmCents * CENT) / 700 / 100) * 100 };
  return { kind: "click", perClickMicros: (30 + random.below(271)) * CENT };
}

function makeCap(random: RandomStream): { impressions: number; windowMinutes: number } {
  return pick(
    [
      { impressions: 1, windowMinutes: 30 },
      { impressions: 2, windowMinutes: 60 },
      { impressions: 3, windowMinutes: 60 * 24 },
      { impressions: 8, windowMinutes: 60 * 24 * 7 },
    ],
    random,
  );
}

function makeDeals(lineItems: readonly LineItem[]): Deal[] {
  const ids = lineItems.map((item) => item.id);
  const some = (from: number): string[] => ids.filter((_, i) => i % 47 === from).slice(0, 3);
  return [
    deal("deal-sports-first", "Sports first look", "preferred", ["sports-live"], some(3), 26),
    deal("deal-kids-safe", "Family hours", "fixed", ["kids-tv"], some(19), 14),
    deal("deal-demo-room", "Demo private auction", "privateAuction", ["demo"], some(23), 12),
    deal("deal-news-morning", "Morning headlines", "preferred", ["news-now"], some(29), 18),
    deal("deal-network", "Network upfront", "fixed", ["demo", "sports-live", "news-now"], some(37), 16),
  ];
}

function deal(
  id: string,
  name: string,
  kind: Deal["kind"],
  publisherIds: string[],
  lineItemIds: string[],
  cpm: number,
): Deal {
  return { id, name, kind, publisherIds, lineItemIds, cpmMicros: cpm * DOLLAR };
}

function pick<T>(choices: readonly [T, ...T[]] | readonly T[], random: RandomStream): T {
  const chosen = choices[random.below(choices.length)];
  if (chosen === undefined) throw new RangeError("nothing to pick from");
  return chosen;
}

function shuffled<T>(items: readonly T[], random: RandomStream): T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** JSON that a person can read: whatever fits on a line of 120 stays on one. */
function pretty(value: unknown): string {
  return `${layOut(value, "")}\n`;
}

function layOut(value: unknown, indent: string): string {
  const flat = JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ").replaceAll("[ ", "[").replaceAll(" ]", "]");
  if (typeof value !== "object" || value === null || (flat.length + indent.length <= 120 && indent !== "")) return flat;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const parts = Array.isArray(value)
    ? value.map((item) => layOut(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${layOut(item, inner)}`);
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${indent}${close}`;
}

if (import.meta.main) {
  const dir = process.argv[2] ?? "catalog/sample";
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of sampleCatalogFiles()) writeFileSync(join(dir, name), text);
}
