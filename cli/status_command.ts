/**
 * How things stand, in one answer: what is published and where the money is. What origin adds to its answers later is
 * ignored.
 */
import { z } from "zod";
import { understand, type AdminClient } from "./admin_client.ts";
import { CAMPAIGNS, campaignsSchema, type CampaignView } from "./campaign_commands.ts";
import { MODELS } from "./models/model_views.ts";
import { countOf, showMicros, type Outcome } from "./outcome.ts";

const CATALOG = "/v1/admin/catalog";
const catalogSchema = z.looseObject({
  digest: z.string().nullable(),
  campaigns: z.number().optional(),
  lineItems: z.number().optional(),
});
const modelsSchema = z.looseObject({ digest: z.string().nullable() });

/** The whole at a glance: what is published and where the money is. */
export async function showStatus(client: AdminClient): Promise<Outcome> {
  const [catalogAnswer, modelsAnswer, campaignsAnswer] = await Promise.all([
    client.get(CATALOG),
    client.get(MODELS),
    client.get(CAMPAIGNS),
  ]);
  const catalog = understand(client, CATALOG, catalogSchema, catalogAnswer);
  const models = understand(client, MODELS, modelsSchema, modelsAnswer);
  const { campaigns, unknown } = understand(client, CAMPAIGNS, campaignsSchema, campaignsAnswer);
  const total = (amount: (campaign: CampaignView) => number): number =>
    campaigns.reduce((sum, campaign) => sum + amount(campaign), 0);
  const money = {
    budgetMicros: total((campaign) => campaign.terms.budgetMicros),
    billedMicros: total((campaign) => campaign.billedMicros),
    plannedMicros: total((campaign) => campaign.plannedMicros),
    outstandingMicros: total((campaign) => campaign.outstandingMicros),
    impressionsBilled: total((campaign) => campaign.impressionsBilled),
  };
  const silent = unknown.length > 0 ? `, ${unknown.length} not answering` : "";
  const active = campaigns.filter((campaign) => campaign.terms.status === "active").length;
  return {
    json: {
      origin: client.origin,
      catalogDigest: catalog.digest,
      modelSetDigest: models.digest,
      campaigns: campaigns.length,
      campaignsActive: active,
      campaignsUnknown: unknown.length,
      ...money,
    },
    lines: [
      `origin       ${client.origin}`,
      `catalog      ${catalog.digest ?? "none yet: midroll catalog apply DIR"}`,
      `models       ${models.digest ?? "none yet: midroll models publish DIR"}`,
      `campaigns    ${campaigns.length}, ${active} active${silent}`,
      `budget       ${showMicros(money.budgetMicros)}`,
      `billed       ${showMicros(money.billedMicros)} for ${countOf(money.impressionsBilled, "impression")}`,
      `planned      ${showMicros(money.plannedMicros)} by now`,
      `outstanding  ${showMicros(money.outstandingMicros)}`,
    ],
  };
}
