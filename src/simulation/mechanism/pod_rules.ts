/**
 * The rules of a break, checked the slow way on what plays: a second opinion that shares nothing with the solver. Says
 * in words what is wrong.
 */
import type { Decision, Slot } from "../../decision/decision.ts";
import { present } from "../../kernel/assert.ts";
import type { Market } from "./market.ts";

/** Every rule of the market's break that this decision breaks. */
export function brokenPodRules({ slots }: Decision, { catalog, request }: Market): readonly string[] {
  const publisher = present(catalog.publishers[0], "a drawn market has one publisher");
  const broken: string[] = [];
  const expect = (holds: boolean, words: string): void => {
    if (!holds) broken.push(words);
  };
  const seconds = slots.reduce((sum, { offer }) => sum + offer.durationSec, 0);
  expect(seconds <= request.podDurationSec, `${seconds} s of ads in ${request.podDurationSec} s`);
  expect(slots.length <= request.maxAds, `${slots.length} ads where ${request.maxAds} are allowed`);
  expect(
    slots.every(({ position }, index) => position === index + 1),
    "positions do not count from one",
  );
  slots.forEach((slot, index) => {
    const wish = catalog.lineItems.find(({ id }) => id === slot.offer.lineItemId)?.slotWish ?? "any";
    const [first, last] = [index === 0, index === slots.length - 1];
    const kept = wish === "any" || (first && wish !== "last") || (last && wish !== "first");
    expect(kept, `${slot.offer.lineItemId} wants ${wish} and is number ${index + 1} of ${slots.length}`);
  });
  const groups = new Map<string, number[]>();
  const join = (key: string, index: number): void => void groups.set(key, [...(groups.get(key) ?? []), index]);
  slots.forEach((slot, index) => {
    join(`advertiser ${slot.offer.advertiserId}`, index);
    for (const category of separatedOf(slot, publisher.separatedCategories)) join(`category ${category}`, index);
  });
  for (const [key, places] of groups) {
    const most = key.startsWith("advertiser") ? publisher.maxPerAdvertiser : publisher.maxPerCategory;
    expect(places.length <= most, `${key}: ${places.length} ads where ${most} are allowed`);
    for (let at = 1; at < places.length; at++) {
      const between = (places[at] ?? 0) - (places[at - 1] ?? 0) - 1;
      expect(between >= publisher.minGapAds, `${key}: ${between} ads between where ${publisher.minGapAds} are asked`);
    }
  }
  expect(!hasCompetitors(slots, catalog.advertisers), "an advertiser and its competitor");
  if (request.podDedupe.includes(2)) {
    const codes = slots.flatMap(({ offer }) => offer.categories);
    expect(new Set(codes).size === codes.length, "a category twice where the request wants none twice");
  }
  return broken;
}

function separatedOf({ offer }: Slot, separated: readonly string[]): readonly string[] {
  return separated.filter((code) => offer.categories.some((own) => own === code || own.startsWith(`${code}-`)));
}

function hasCompetitors(slots: readonly Slot[], advertisers: Market["catalog"]["advertisers"]): boolean {
  const shown = new Set(slots.map(({ offer }) => offer.advertiserId));
  return advertisers.some(({ id, competitorIds }) => shown.has(id) && competitorIds.some((other) => shown.has(other)));
}
