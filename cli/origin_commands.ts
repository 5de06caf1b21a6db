/**
 * Commands that ask origin how things stand: campaigns and their money, models, and the summary of both. What origin
 * adds to its answers later is passed through with `--json` and ignored in the text.
 */
import { z } from "zod";
import { modelSetSchema } from "../src/models/manifest.ts";
import { publishModels, understand, type AdminClient } from "./admin_client.ts";
import { countOf, showMicros, showMoment, showTable, type Outcome } from "./outcome.ts";

const CAMPAIGNS = "/v1/admin/campaigns";
const CATALOG = "/v1/admin/catalog";
const MODELS = "/v1/admin/models";

const campaignSchema = z.looseObject({
  terms: z.looseObject({
    campaignId: z.string(),
    budgetMicros: z.number(),
    flightStartMs: z.number(),
    flightEndMs: z.number(),
    status: z.string(),
    pacing: z.string(),
  }),
  grantedMicros: z.number(),
  billedMicros: z.number(),
  returnedMicros: z.number(),
  outstandingMicros: z.number(),
  plannedMicros: z.number(),
  multiplierPpm: z.number(),
  impressionsBilled: z.number(),
  late: z.number(),
  exhausted: z.number(),
  duplicates: z.number(),
  wallets: z.array(z.looseObject({ wallet: z.string(), billedMicros: z.number() })),
});
const campaignsSchema = z.looseObject({
  campaigns: z.array(campaignSchema),
  /** Campaigns whose ledger did not answer in time. */
  unknown: z.array(z.string()).default([]),
});
const catalogSchema = z.looseObject({
  digest: z.string().nullable(),
  campaigns: z.number().optional(),
  lineItems: z.number().optional(),
});
const modelsSchema = z.looseObject({ digest: z.string().nullable(), modelSet: modelSetSchema.nullish() });

type CampaignView = z.output<typeof campaignSchema>;

/** Every campaign with its budget, what is billed, what the plan says, what is out at wallets. */
export async function listCampaigns(client: AdminClient): Promise<Outcome> {
  const answer = understand(client, CAMPAIGNS, campaignsSchema, await client.get(CAMPAIGNS));
  const rows = answer.campaigns.map((campaign) => [
    campaign.terms.campaignId,
    campaign.terms.status,
    showMicros(campaign.terms.budgetMicros),
    showMicros(campaign.billedMicros),
    showMicros(campaign.plannedMicros),
    showMicros(campaign.outstandingMicros),
    String(campaign.impressionsBilled),
  ]);
  const header = ["campaign", "status", "budget", "billed", "planned", "outstanding", "impressions"];
  const lines = rows.length === 0 ? [] : showTable(header, rows, new Set([2, 3, 4, 5, 6]));
  if (answer.unknown.length > 0) lines.push(`no answer from the ledgers of ${answer.unknown.join(", ")}`);
  return { json: answer, lines: lines.length === 0 ? ["no campaigns: apply a catalog first"] : lines };
}

/** One campaign in full. Throws `CliFault` `not_found` when origin does not know it. */
export async function showCampaign(client: AdminClient, campaignId: string): Promise<Outcome> {
  const path = `${CAMPAIGNS}/${encodeURIComponent(campaignId)}`;
  const campaign = understand(client, path, campaignSchema, await client.get(path));
  return { json: campaign, lines: campaignLines(campaign) };
}

function campaignLines(campaign: CampaignView): string[] {
  const { terms } = campaign;
  const impressions = countOf(campaign.impressionsBilled, "impression");
  const share =
    terms.budgetMicros === 0 ? "" : ` (${((100 * campaign.billedMicros) / terms.budgetMicros).toFixed(1)} %)`;
  return [
    `${terms.campaignId}: ${terms.status}, pacing ${terms.pacing}`,
    `  flight       ${showMoment(terms.flightStartMs)} to ${showMoment(terms.flightEndMs)}`,
    `  budget       ${showMicros(terms.budgetMicros)}`,
    `  billed       ${showMicros(campaign.billedMicros)}${share} for ${impressions}`,
    `  planned      ${showMicros(campaign.plannedMicros)} by now`,
    `  outstanding  ${showMicros(campaign.outstandingMicros)} at ${countOf(campaign.wallets.length, "wallet")}`,
    `  granted      ${showMicros(campaign.grantedMicros)}, returned ${showMicros(campaign.returnedMicros)}`,
    `  multiplier   ${(campaign.multiplierPpm / 10_000).toFixed(2)} %`,
    `  not billed   ${campaign.duplicates} duplicate, ${campaign.late} late, ${campaign.exhausted} exhausted`,
    ...campaign.wallets.map((share) => `  ${share.wallet}  billed ${showMicros(share.billedMicros)}`),
  ];
}

/** Publishes a model set and says what is current now. */
export async function publishModelDirectory(client: AdminClient, dir: string): Promise<Outcome> {
  const published = await publishModels(client, dir);
  return {
    json: { origin: client.origin, ...published },
    lines: [`published at ${client.origin}: ${published.models.join(", ")}`, `  model set ${published.digest}`],
  };
}

/** The current model set. */
export async function listModels(client: AdminClient): Promise<Outcome> {
  const answer = understand(client, MODELS, modelsSchema, await client.get(MODELS));
  const models = answer.modelSet?.models ?? [];
  if (answer.digest === null)
    return { json: answer, lines: ["no model set: publish one with midroll models publish DIR"] };
  const rows = models.map((model) => [
    model.name,
    model.role === "head" ? model.head : model.role,
    String(model.sizeBytes),
    model.digest.slice(0, 16),
  ]);
  return {
    json: answer,
    lines: [`model set ${answer.digest}`, ...showTable(["model", "predicts", "bytes", "digest"], rows, new Set([2]))],
  };
}

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
