/**
 * Commands that ask origin how things stand: models, and the summary of all that is published. What origin adds to its
 * answers later is passed through with `--json` and ignored in the text.
 */
import { z } from "zod";
import { modelSetSchema } from "../src/models/manifest.ts";
import { publishModels, understand, type AdminClient } from "./admin_client.ts";
import { CAMPAIGNS, campaignsSchema, type CampaignView } from "./campaign_commands.ts";
import { countOf, showMicros, showTable, type Outcome } from "./outcome.ts";

const CATALOG = "/v1/admin/catalog";
const MODELS = "/v1/admin/models";

const catalogSchema = z.looseObject({
  digest: z.string().nullable(),
  campaigns: z.number().optional(),
  lineItems: z.number().optional(),
});
const modelsSchema = z.looseObject({ digest: z.string().nullable(), modelSet: modelSetSchema.nullish() });

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
