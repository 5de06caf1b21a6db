/**
 * Commands about campaigns and their money: where it is, how it got there, what operators did, and giving up on the
 * money of a stuck wallet. What origin adds to its answers later is passed through with `--json` and ignored in the
 * text.
 */
import { z } from "zod";
import type { WriteOffCommand } from "../src/money/ledger.ts";
import { termName } from "../src/money/ledger_audit.ts";
import { understand, type AdminClient } from "./admin_client.ts";
import { countOf, showMicros, showMoment, showTable, sparkline, type Outcome } from "./outcome.ts";

/** Where origin tells of campaigns. */
export const CAMPAIGNS = "/v1/admin/campaigns";

const walletSchema = z.looseObject({
  wallet: z.string(),
  incarnation: z.string(),
  billedMicros: z.number(),
  outstandingMicros: z.number(),
  heardMs: z.number(),
  stuck: z.boolean(),
  writeOff: z.looseObject({ by: z.string(), amountMicros: z.number() }).nullable(),
});
const campaignSchema = z.looseObject({
  terms: z.looseObject({
    campaignId: z.string(),
    budgetMicros: z.number(),
    dailyBudgetMicros: z.number().nullable(),
    timeZone: z.string(),
    flightStartMs: z.number(),
    flightEndMs: z.number(),
    status: z.string(),
    pacing: z.string(),
  }),
  grantedMicros: z.number(),
  billedMicros: z.number(),
  returnedMicros: z.number(),
  unbilledMicros: z.number(),
  outstandingMicros: z.number(),
  pendingMicros: z.number(),
  writtenOffMicros: z.number(),
  plannedMicros: z.number(),
  today: z.looseObject({ billedMicros: z.number(), endMs: z.number() }).nullable(),
  multiplierPpm: z.number(),
  impressionsBilled: z.number(),
  late: z.number(),
  exhausted: z.number(),
  duplicates: z.number(),
  wallets: z.array(walletSchema),
});

/** What origin answers about all campaigns. */
export const campaignsSchema = z.looseObject({
  campaigns: z.array(campaignSchema),
  /** Campaigns whose ledger did not answer in time. */
  unknown: z.array(z.string()).default([]),
});

const pointSchema = z.looseObject({
  atMs: z.number(),
  billedMicros: z.number(),
  plannedMicros: z.number(),
  outstandingMicros: z.number(),
  multiplierPpm: z.number(),
});
const historySchema = z.looseObject({ campaignId: z.string(), points: z.array(pointSchema) });

const term = z.union([z.string(), z.number()]).nullable();
const entrySchema = z.looseObject({
  number: z.number(),
  atMs: z.number(),
  kind: z.string(),
  wallet: z.string().optional(),
  amountMicros: z.number().optional(),
  by: z.string().optional(),
  why: z.string().optional(),
  changes: z.array(z.looseObject({ field: z.string(), from: term, to: term })).optional(),
});
const auditSchema = z.looseObject({ campaignId: z.string(), entries: z.array(entrySchema) });

/** One campaign as the commands see it. */
export type CampaignView = z.output<typeof campaignSchema>;

/** Columns of the text chart. */
const CHART_COLUMNS = 60;

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
  const stuck = answer.campaigns.filter(({ wallets }) => wallets.some((share) => share.stuck));
  if (stuck.length > 0) lines.push(`stuck wallets: ${stuck.map(({ terms }) => terms.campaignId).join(", ")}`);
  return { json: answer, lines: lines.length === 0 ? ["no campaigns: apply a catalog first"] : lines };
}

/** One campaign in full. Throws `CliFault` `not_found` when origin does not know it. */
export async function showCampaign(client: AdminClient, campaignId: string): Promise<Outcome> {
  const path = pathOf(campaignId);
  const campaign = understand(client, path, campaignSchema, await client.get(path));
  return { json: campaign, lines: campaignLines(campaign) };
}

/** How a campaign's money moved, as a small chart. */
export async function showHistory(client: AdminClient, campaignId: string): Promise<Outcome> {
  const path = `${pathOf(campaignId)}/history`;
  const history = understand(client, path, historySchema, await client.get(path));
  const { points } = history;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return { json: history, lines: ["no history yet"] };
  const times = points.map(({ atMs }) => atMs);
  const billed = points.map((point) => point.billedMicros - first.billedMicros);
  const planned = points.map((point) => point.plannedMicros - first.plannedMicros);
  const outstanding = points.map((point) => point.outstandingMicros);
  const multiplier = points.map((point) => point.multiplierPpm);
  const most = Math.max(...billed, ...planned);
  const chart = (values: readonly number[], max: number): string => sparkline(times, values, max, CHART_COLUMNS);
  return {
    json: history,
    lines: [
      `${campaignId}: ${countOf(points.length, "point")}, ${showMoment(first.atMs)} to ${showMoment(last.atMs)}`,
      `  billed       ${chart(billed, most)}  ${showMicros(last.billedMicros)}`,
      `  planned      ${chart(planned, most)}  ${showMicros(last.plannedMicros)}`,
      `  outstanding  ${chart(outstanding, Math.max(...outstanding))}  ${showMicros(last.outstandingMicros)}`,
      `  multiplier   ${chart(multiplier, 1_000_000)}  ${percent(last.multiplierPpm)}`,
      "  billed and planned: what was added since the first point, on one scale",
    ],
  };
}

/** Gives up on the money of a stuck wallet, and says what that did. Throws `CliFault` with origin's code. */
export async function writeOffWallet(
  client: AdminClient,
  campaignId: string,
  command: WriteOffCommand,
): Promise<Outcome> {
  const path = `${pathOf(campaignId)}/write-off`;
  const campaign = understand(client, path, campaignSchema, await client.post(path, command));
  const given = campaign.wallets.find(
    (share) => share.wallet === command.wallet && share.incarnation === command.incarnation,
  );
  const amount = showMicros(given?.writeOff?.amountMicros ?? 0);
  return {
    json: campaign,
    lines: [
      `${campaignId}: ${amount} at ${command.wallet} written off, recorded as decided by ${command.by}`,
      "  It stays counted against the budget. Should the wallet come back, its next report takes this back.",
      `  outstanding  ${showMicros(campaign.outstandingMicros)}`,
      `  written off  ${showMicros(campaign.writtenOffMicros)} in all`,
    ],
  };
}

/** What operators did to a campaign, newest first. */
export async function showAudit(client: AdminClient, campaignId: string): Promise<Outcome> {
  const path = `${pathOf(campaignId)}/audit`;
  const audit = understand(client, path, auditSchema, await client.get(path));
  const lines = audit.entries.map((entry) => `${entry.number}  ${showMoment(entry.atMs)}  ${entryWords(entry)}`);
  return { json: audit, lines: lines.length === 0 ? ["nothing yet"] : lines };
}

function pathOf(campaignId: string): string {
  return `${CAMPAIGNS}/${encodeURIComponent(campaignId)}`;
}

function campaignLines(campaign: CampaignView): string[] {
  const { terms, today } = campaign;
  const impressions = countOf(campaign.impressionsBilled, "impression");
  const share =
    terms.budgetMicros === 0 ? "" : ` (${((100 * campaign.billedMicros) / terms.budgetMicros).toFixed(1)} %)`;
  const daily =
    terms.dailyBudgetMicros === null
      ? ""
      : `, at most ${showMicros(terms.dailyBudgetMicros)} a day (${terms.timeZone})`;
  return [
    `${terms.campaignId}: ${terms.status}, pacing ${terms.pacing}`,
    `  flight       ${showMoment(terms.flightStartMs)} to ${showMoment(terms.flightEndMs)}`,
    `  budget       ${showMicros(terms.budgetMicros)}${daily}`,
    ...(today === null ? [] : [`  today        ${showMicros(today.billedMicros)}, until ${showMoment(today.endMs)}`]),
    `  billed       ${showMicros(campaign.billedMicros)}${share} for ${impressions}`,
    `  planned      ${showMicros(campaign.plannedMicros)} by now`,
    `  outstanding  ${showMicros(campaign.outstandingMicros)} at ${countOf(campaign.wallets.length, "wallet")}`,
    `  pending      ${showMicros(campaign.pendingMicros)} of that is won and waits for its beacon`,
    `  granted      ${showMicros(campaign.grantedMicros)}, returned ${showMicros(campaign.returnedMicros)}`,
    `  multiplier   ${percent(campaign.multiplierPpm)}`,
    `  not billed   ${campaign.duplicates} duplicate, ${campaign.late} late, ${campaign.exhausted} exhausted`,
    `  given away   ${showMicros(campaign.unbilledMicros)} seen, but late or exhausted`,
    ...(campaign.writtenOffMicros === 0 ? [] : [`  written off  ${showMicros(campaign.writtenOffMicros)}`]),
    ...campaign.wallets.flatMap((wallet) => walletLines(terms.campaignId, wallet)),
  ];
}

function walletLines(campaignId: string, share: z.output<typeof walletSchema>): string[] {
  const { wallet, incarnation, writeOff } = share;
  const out = share.outstandingMicros === 0 ? "" : `, ${showMicros(share.outstandingMicros)} outstanding`;
  const given = writeOff === null ? "" : `, ${showMicros(writeOff.amountMicros)} written off by ${writeOff.by}`;
  const line = `  ${wallet}  billed ${showMicros(share.billedMicros)}${writeOff === null ? out : given}`;
  if (!share.stuck) return [line];
  return [
    `${line}, STUCK: silent since ${showMoment(share.heardMs)}`,
    `    midroll campaigns write-off ${campaignId} --wallet ${wallet} --incarnation ${incarnation} --by WHO --why TEXT`,
  ];
}

function entryWords(entry: z.output<typeof entrySchema>): string {
  const held = `${showMicros(entry.amountMicros ?? 0)} at ${entry.wallet ?? "a wallet"}`;
  switch (entry.kind) {
    case "written_off":
      return `${entry.by ?? "somebody"} wrote off ${held}: ${entry.why ?? "no reason given"}`;
    case "write_off_ended":
      return `the wallet came back: ${held} is no longer written off`;
    case "terms_changed":
      return (entry.changes ?? []).map(({ field, from, to }) => changeWords(field, from, to)).join("; ");
    default:
      return entry.kind;
  }
}

function changeWords(field: string, from: string | number | null, to: string | number | null): string {
  const show = (value: string | number | null): string => {
    if (typeof value !== "number") return value ?? "none";
    if (field.endsWith("Micros")) return showMicros(value);
    return field.endsWith("Ms") ? showMoment(value) : String(value);
  };
  const name = termName(field);
  return from === null ? `${name} ${show(to)}` : `${name} ${show(from)} → ${show(to)}`;
}

function percent(ppm: number): string {
  return `${(ppm / 10_000).toFixed(2)} %`;
}
