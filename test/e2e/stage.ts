/**
 * What the end-to-end tests share: a Midroll of their own on free ports with a state directory that is gone afterwards,
 * and the words in which they ask it. Every answer is checked against its shape here, once.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import { readCatalog } from "../../cli/catalog/read_catalog.ts";
import { bringUp, SAMPLE_CATALOG_DIR, type Midroll } from "../../local/bring_up.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { PROBLEM_MEDIA_TYPE } from "../../src/protocols/problem.ts";

/** A new directory for one test file, and how to remove it. */
export function freshDir(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(path.join(tmpdir(), "midroll-e2e-"));
  // A watcher may still be taking its own file away while the directory is emptied.
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) };
}

/** The catalog that comes with the repository. */
export async function sampleCatalog(): Promise<Catalog> {
  const read = await readCatalog([SAMPLE_CATALOG_DIR]);
  if (!read.ok) throw new Error("the sample catalog does not validate");
  return read.value.catalog;
}

/** A Midroll that decides, with this catalog or the sample. */
export async function raise(dir: string, catalog?: Catalog): Promise<Midroll> {
  const options = { edgePort: 0, originPort: 0, stateDir: path.join(dir, "state") };
  if (catalog === undefined) return bringUp(options);
  const catalogFile = path.join(dir, "catalog.json");
  writeFileSync(catalogFile, JSON.stringify(catalog));
  return bringUp({ ...options, catalogDir: catalogFile });
}

const adSchema = z.object({
  adId: z.string(),
  sequence: z.int().positive(),
  advertiserDomain: z.string(),
  durationSec: z.number().positive(),
  categories: z.array(z.string()),
  media: z.array(z.object({ url: z.url(), mimeType: z.string() })).min(1),
  clickThroughUrl: z.url(),
  tracking: z.array(z.object({ event: z.string(), url: z.url() })),
  priceMicros: z.int().nonnegative(),
  lineItemId: z.string(),
  campaignId: z.string(),
  advertiserId: z.string(),
});
const fateSchema = z.object({ lineItemId: z.string(), creativeId: z.string() });
const decidedSchema = z.object({
  decisionId: z.string(),
  tier: z.enum(["full", "reduced", "fallback", "house"]),
  catalogDigest: z.string(),
  filledDurationSec: z.number(),
  frequencyToken: z.string().nullable(),
  ads: z.array(adSchema),
  explanation: z
    .object({ slots: z.array(fateSchema), rejections: z.array(fateSchema.extend({ reason: z.string() })) })
    .optional(),
});
/** What `/v1/decide` answers. */
export type Decided = z.output<typeof decidedSchema>;
/** One ad in it. */
export type DecidedAd = Decided["ads"][number];

/** Sends any body to `/v1/decide`. */
export function postDecide(edgeUrl: string, body: unknown, query = ""): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${edgeUrl}/v1/decide${query}`, { method: "POST", headers, body: JSON.stringify(body) });
}

/** A decision that must succeed. */
export async function decide(edgeUrl: string, body: unknown, query = ""): Promise<Decided> {
  const answer = await postDecide(edgeUrl, body, query);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`/v1/decide answered ${answer.status}: ${text}`);
  return decidedSchema.parse(JSON.parse(text));
}

/** A break of the demo channel that many campaigns want. */
export const DEMO_BREAK = { publisherId: "demo", podDurationSec: 90, viewer: { device: "ctv", country: "US" } };

/** Whether an ad costs something. */
export const isPaid = (ad: DecidedAd): boolean => ad.priceMicros > 0;

/** The URL that reports one event of an ad. */
export function beaconOf(ad: DecidedAd, event: string): string {
  const link = ad.tracking.find((tracked) => tracked.event === event);
  if (link === undefined) throw new Error(`${ad.adId} has no ${event} beacon`);
  return link.url;
}

/** The URL that reports one event of the slot that a token names. */
export function beaconUrlOf(edgeUrl: string, event: string, token: string): string {
  return `${edgeUrl}/v1/beacon/${event}?t=${encodeURIComponent(token)}`;
}

/** What a beacon was answered. */
export interface Heard {
  readonly status: number;
  readonly verdict: string | null;
}

/** Requests one beacon as a player does. */
export async function report(url: string, init: RequestInit = {}): Promise<Heard> {
  const answer = await fetch(url, { redirect: "manual", ...init });
  await answer.body?.cancel();
  return { status: answer.status, verdict: answer.headers.get("midroll-verdict") };
}

const problemSchema = z.object({
  type: z.string().startsWith("urn:midroll:problem:"),
  title: z.string().min(1),
  status: z.int(),
  code: z.string(),
  detail: z.string().min(1),
});

/** A refusal as a program sees it: HTTP status and code. Expects a proper problem document. */
export async function refusal(answer: Response): Promise<[number, string]> {
  const { status, code } = problemSchema.parse(await answer.json());
  expect(answer.headers.get("content-type")).toBe(PROBLEM_MEDIA_TYPE);
  expect(status).toBe(answer.status);
  return [status, code];
}

const moneySchema = z.object({
  terms: z.object({ campaignId: z.string(), budgetMicros: z.int() }),
  billedMicros: z.int().nonnegative(),
  impressionsBilled: z.int().nonnegative(),
  duplicates: z.int().nonnegative(),
  late: z.int().nonnegative(),
  exhausted: z.int().nonnegative(),
});
const campaignsSchema = z.object({ campaigns: z.array(moneySchema), unknown: z.array(z.string()) });
/** Where one campaign's money is, as its ledger says. */
export type CampaignMoney = z.output<typeof moneySchema>;

/** Every campaign of the current catalog, by id. Throws while a ledger does not answer. */
export async function askLedgers(origin: {
  readonly originUrl: string;
  readonly adminToken: string;
}): Promise<ReadonlyMap<string, CampaignMoney>> {
  const authorization = `Bearer ${origin.adminToken}`;
  const answer = await fetch(`${origin.originUrl}/v1/admin/campaigns`, { headers: { authorization } });
  const { campaigns, unknown } = campaignsSchema.parse(await answer.json());
  if (unknown.length > 0) throw new Error(`ledgers without an answer: ${unknown.join(", ")}`);
  return new Map(campaigns.map((status) => [status.terms.campaignId, status]));
}

/** Runs `work` on all items, so many at a time; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** The seed of random tests: `MIDROLL_SEED` or a fresh one, printed with the command that repeats it. */
export function printedSeed(file: string): string {
  const seed = process.env["MIDROLL_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}; repeat with: MIDROLL_SEED=${seed} npx vitest run --project e2e test/e2e/${file}`);
  return seed;
}
