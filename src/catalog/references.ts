/**
 * The laws between entities: whatever an id points at exists, a line item shows only its own advertiser's creatives,
 * and money and goal agree (a house line item has no budget behind it, a paid one has). Each break of a law is named
 * where it was written.
 */
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import type { Advertiser, Campaign, Creative, Currency, Deal, Landscape } from "./entities.ts";
import type { LineItem, Publisher, Reserve } from "./entities.ts";
import { hint } from "./field_problems.ts";
import { showPath, showValue, type CatalogProblem, type CatalogProblemCode } from "./problem.ts";
import type { Steps } from "./steps.ts";

/** An entity of good shape and where it was written. */
export interface Placed<T> {
  readonly entity: T;
  readonly file: string;
  readonly index: number;
}

/** Ids that are written somewhere; walked only to find the nearest one to a wrong one. */
export interface KnownIds extends Iterable<string> {
  has(id: string): boolean;
}

/** One section over all files. */
export interface Section<T> {
  /** In the order of files, then of lines. */
  readonly placed: Iterable<Placed<T>>;
  /** The first entity of each id. */
  readonly byId: { get(id: string): T | undefined };
  /** Every id written, also by entities refused for their shape: pointing at those is no second problem. */
  readonly ids: KnownIds;
}

/** Every section of the catalog. */
export interface Sections {
  readonly publishers: Section<Publisher>;
  readonly advertisers: Section<Advertiser>;
  readonly campaigns: Section<Campaign>;
  readonly lineItems: Section<LineItem>;
  readonly creatives: Section<Creative>;
  readonly deals: Section<Deal>;
  readonly currencies: Section<Currency>;
  readonly reserves: Section<Reserve>;
  readonly landscapes: Section<Landscape>;
}

/** Takes one problem. */
export type Report = (problem: CatalogProblem) => void;

/** Entities that are checked in one step. */
const CHECKED_A_STEP = 64;

/**
 * Reports every break of a law between entities: campaigns, creatives, line items, deals, then the rest. A step is
 * `CHECKED_A_STEP` entities.
 */
export function* checkReferences(sections: Sections, report: Report): Steps<void> {
  for (const placed of sections.campaigns.placed) checkAdvertiser(placed, "campaigns", sections, report);
  yield;
  let creatives = 0;
  for (const placed of sections.creatives.placed) {
    checkAdvertiser(placed, "creatives", sections, report);
    if (++creatives % CHECKED_A_STEP === 0) yield;
  }
  let offers = 0;
  let lines = 0;
  for (const placed of sections.lineItems.placed) {
    if (++lines % CHECKED_A_STEP === 0) yield;
    checkLineItem(placed, sections, report);
    offers += placed.entity.creativeIds.length;
    if (offers > CATALOG_LIMITS.offersMax) {
      const expected = `at most ${CATALOG_LIMITS.offersMax} pairs of line item and creative`;
      report(problemAt(placed, "lineItems", [], "too_many_offers", expected, "more"));
      break;
    }
  }
  for (const placed of sections.deals.placed) checkDeal(placed, sections, report);
  for (const placed of sections.advertisers.placed) {
    const { competitorIds } = placed.entity;
    checkIds(
      placed,
      "advertisers",
      ["competitorIds"],
      competitorIds,
      "an advertiser",
      sections.advertisers.ids,
      report,
    );
  }
  for (const section of ["reserves", "landscapes"] as const) {
    for (const placed of sections[section].placed) {
      const { publisherId } = placed.entity;
      checkId(placed, section, ["publisherId"], publisherId, "a publisher", sections.publishers.ids, report);
    }
  }
}

function checkAdvertiser(
  placed: Placed<{ readonly advertiserId: string }>,
  section: string,
  sections: Sections,
  report: Report,
): void {
  const { ids } = sections.advertisers;
  checkId(placed, section, ["advertiserId"], placed.entity.advertiserId, "an advertiser", ids, report);
}

function checkLineItem(placed: Placed<LineItem>, sections: Sections, report: Report): void {
  const { entity } = placed;
  checkId(placed, "lineItems", ["campaignId"], entity.campaignId, "a campaign", sections.campaigns.ids, report);
  const campaign = sections.campaigns.byId.get(entity.campaignId);
  checkIds(placed, "lineItems", ["creativeIds"], entity.creativeIds, "a creative", sections.creatives.ids, report);
  if (campaign !== undefined) {
    checkCreativeOwners(placed, campaign, sections, report);
    checkMoney(placed, campaign, report);
  }
  const { include, exclude } = entity.targeting.publishers ?? {};
  const { ids } = sections.publishers;
  const path = ["targeting", "publishers"];
  checkIds(placed, "lineItems", [...path, "include"], include ?? [], "a publisher", ids, report);
  checkIds(placed, "lineItems", [...path, "exclude"], exclude ?? [], "a publisher", ids, report);
}

function checkCreativeOwners(placed: Placed<LineItem>, campaign: Campaign, sections: Sections, report: Report): void {
  const { ids } = sections.advertisers;
  // An advertiser that is not there has been reported where it was named.
  if (!ids.has(campaign.advertiserId)) return;
  placed.entity.creativeIds.forEach((creativeId, i) => {
    const owner = sections.creatives.byId.get(creativeId)?.advertiserId;
    if (owner === undefined || owner === campaign.advertiserId || !ids.has(owner)) return;
    const expected = `a creative of advertiser "${campaign.advertiserId}", whose campaign this is`;
    const found = `${showValue(creativeId)} of advertiser "${owner}"`;
    report(problemAt(placed, "lineItems", ["creativeIds", i], "creative_of_other_advertiser", expected, found));
  });
}

function checkMoney(placed: Placed<LineItem>, campaign: Campaign, report: Report): void {
  const { kind } = placed.entity.goal;
  const found = `"${kind}" in campaign "${campaign.id}" with budgetMicros ${campaign.budgetMicros}`;
  const path = ["goal", "kind"];
  if (kind === "house" && campaign.budgetMicros > 0) {
    const expected = "a paid goal, because the campaign has a budget (a house campaign has budgetMicros 0)";
    report(problemAt(placed, "lineItems", path, "house_goal_with_budget", expected, found));
  }
  if (kind !== "house" && campaign.budgetMicros === 0) {
    const expected = 'the goal "house", because the campaign has no budget (or give the campaign one)';
    report(problemAt(placed, "lineItems", path, "paid_goal_without_budget", expected, found));
  }
}

function checkDeal(placed: Placed<Deal>, sections: Sections, report: Report): void {
  const { publisherIds, lineItemIds } = placed.entity;
  checkIds(placed, "deals", ["publisherIds"], publisherIds, "a publisher", sections.publishers.ids, report);
  checkIds(placed, "deals", ["lineItemIds"], lineItemIds, "a line item", sections.lineItems.ids, report);
  lineItemIds.forEach((lineItemId, i) => {
    if (sections.lineItems.byId.get(lineItemId)?.goal.kind !== "house") return;
    const expected = "a paid line item, because a deal has a price";
    const found = `${showValue(lineItemId)} with the goal "house"`;
    report(problemAt(placed, "deals", ["lineItemIds", i], "house_line_item_in_deal", expected, found));
  });
}

/** A list of ids: each known, none twice. */
function checkIds(
  placed: Placed<unknown>,
  section: string,
  path: readonly PropertyKey[],
  written: readonly string[],
  what: string,
  known: KnownIds,
  report: Report,
): void {
  const seen = new Set<string>();
  written.forEach((id, i) => {
    checkId(placed, section, [...path, i], id, what, known, report);
    if (seen.has(id)) {
      const expected = "every id once in this list";
      report(problemAt(placed, section, [...path, i], "duplicate_reference", expected, `${showValue(id)} again`));
    }
    seen.add(id);
  });
}

function checkId(
  placed: Placed<unknown>,
  section: string,
  path: readonly PropertyKey[],
  id: string,
  what: string,
  known: KnownIds,
  report: Report,
): void {
  if (known.has(id)) return;
  const expected = `the id of ${what} in the catalog${hint(id, known)}`;
  report(problemAt(placed, section, path, "unknown_reference", expected, showValue(id)));
}

/** A problem of one field of an entity, placed where the entity was written. */
export function problemAt(
  placed: Placed<unknown>,
  section: string,
  path: readonly PropertyKey[],
  code: CatalogProblemCode,
  expected: string,
  found: string,
): CatalogProblem {
  return { file: placed.file, path: showPath([section, placed.index, ...path]), code, expected, found };
}
