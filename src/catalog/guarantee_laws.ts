/**
 * The laws of guaranteed deals. What a campaign was billed for counts towards its deal, so the two belong to each other
 * alone; the price is said twice (deal and goal) and must be the same; and the budget pays for what is promised.
 */
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import { micros, perImpression } from "../kernel/money.ts";
import type { Campaign, Deal, LineItem } from "./entities.ts";
import { showValue } from "./problem.ts";
import { problemAt, type Placed, type Report, type Sections } from "./references.ts";

/** Reports every break of a law of guaranteed deals. References that lead nowhere have been reported before. */
export function checkGuarantees(sections: Sections, report: Report): void {
  const guaranteed = [...sections.deals.placed].filter(({ entity }) => entity.kind === "guaranteed");
  const beyond = guaranteed[CATALOG_LIMITS.guaranteedDealsMax];
  if (beyond !== undefined) {
    const expected = `at most ${CATALOG_LIMITS.guaranteedDealsMax} guaranteed deals`;
    report(problemAt(beyond, "deals", [], "too_many_guarantees", expected, String(guaranteed.length)));
    return;
  }
  if (guaranteed.length === 0) return;
  const lineItemsOf = lineItemsByCampaign(sections, guaranteed);
  const dealOf = new Map<string, string>();
  for (const placed of guaranteed) {
    const lineItems = placed.entity.lineItemIds.map((id) => sections.lineItems.byId.get(id));
    const campaign = sections.campaigns.byId.get(lineItems[0]?.campaignId ?? "");
    if (campaign === undefined) continue;
    checkOneCampaign(placed, lineItems, campaign, report);
    checkWholeCampaign(placed, lineItemsOf.get(campaign.id) ?? [], campaign, dealOf, report);
    checkPrice(placed, lineItems, report);
    checkBudget(placed, campaign, report);
  }
}

/** Line items of the campaigns that these deals are about. */
function lineItemsByCampaign(
  { lineItems }: Sections,
  deals: readonly Placed<Deal>[],
): ReadonlyMap<string, readonly LineItem[]> {
  const ofCampaign = new Map<string, LineItem[]>();
  for (const { entity } of deals) ofCampaign.set(lineItems.byId.get(entity.lineItemIds[0] ?? "")?.campaignId ?? "", []);
  for (const { entity } of lineItems.placed) ofCampaign.get(entity.campaignId)?.push(entity);
  return ofCampaign;
}

type MaybeLineItems = readonly (LineItem | undefined)[];

function checkOneCampaign(placed: Placed<Deal>, lineItems: MaybeLineItems, { id }: Campaign, report: Report): void {
  lineItems.forEach((lineItem, i) => {
    if (lineItem === undefined || lineItem.campaignId === id) return;
    const expected = `a line item of campaign "${id}", like the first one: a guaranteed deal has one campaign`;
    const found = `${showValue(lineItem.id)} of campaign "${lineItem.campaignId}"`;
    report(problemAt(placed, "deals", ["lineItemIds", i], "guarantee_over_campaigns", expected, found));
  });
}

function checkWholeCampaign(
  placed: Placed<Deal>,
  ofCampaign: readonly LineItem[],
  { id }: Campaign,
  dealOf: Map<string, string>,
  report: Report,
): void {
  const outside = ofCampaign.find((lineItem) => !placed.entity.lineItemIds.includes(lineItem.id));
  const other = dealOf.get(id);
  dealOf.set(id, placed.entity.id);
  if (outside === undefined && other === undefined) return;
  const expected = `all line items of campaign "${id}" and no other guaranteed deal for it: all it bills counts here`;
  const found = outside === undefined ? `deal "${other}" as well` : `all but "${outside.id}"`;
  report(problemAt(placed, "deals", ["lineItemIds"], "guarantee_shares_campaign", expected, found));
}

function checkPrice(placed: Placed<Deal>, lineItems: MaybeLineItems, report: Report): void {
  const { cpmMicros } = placed.entity;
  const differs = lineItems.find(
    (lineItem) => lineItem !== undefined && !(lineItem.goal.kind === "cpm" && lineItem.goal.cpmMicros === cpmMicros),
  );
  if (differs === undefined) return;
  const expected = `the cpm goal of line item "${differs.id}", ${JSON.stringify(differs.goal)}: one promise, one price`;
  report(problemAt(placed, "deals", ["cpmMicros"], "guarantee_price_differs", expected, String(cpmMicros)));
}

function checkBudget(placed: Placed<Deal>, { id, budgetMicros }: Campaign, report: Report): void {
  const { cpmMicros, impressions = 0 } = placed.entity;
  const paidFor = Math.floor(budgetMicros / Math.max(1, perImpression(micros(cpmMicros))));
  if (impressions <= paidFor) return;
  const expected = `at most ${paidFor} impressions, for which budgetMicros ${budgetMicros} of campaign "${id}" pays`;
  report(problemAt(placed, "deals", ["impressions"], "guarantee_over_budget", expected, String(impressions)));
}
