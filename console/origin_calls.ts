/**
 * What the console asks of origin beside its feed, when a reader wants to know more of one campaign or does something
 * about it. A refusal arrives as the words that origin chose for people.
 */
import { ok, refused, type Result } from "../src/kernel/result.ts";
import type { WriteOffCommand } from "../src/money/ledger.ts";
import type { NumberedEntry } from "../src/money/ledger_audit.ts";
import type { HistoryPoint } from "../src/money/ledger_history.ts";
import type { CampaignStatus } from "../src/money/protocol.ts";
import { heldToken } from "./token.ts";

const TIMEOUT_MS = 10_000;

/** How a campaign's money moved, oldest first, the last point being now. */
export async function askHistory(campaignId: string): Promise<Result<readonly HistoryPoint[], string>> {
  const asked = await call<{ points: readonly HistoryPoint[] }>(`${pathOf(campaignId)}/history`);
  return asked.ok ? ok(asked.value.points) : asked;
}

/** What operators did to a campaign, newest first. */
export async function askAudit(campaignId: string): Promise<Result<readonly NumberedEntry[], string>> {
  const asked = await call<{ entries: readonly NumberedEntry[] }>(`${pathOf(campaignId)}/audit`);
  return asked.ok ? ok(asked.value.entries) : asked;
}

/** Gives up on the money of a stuck wallet. */
export function sendWriteOff(campaignId: string, command: WriteOffCommand): Promise<Result<CampaignStatus, string>> {
  return call(`${pathOf(campaignId)}/write-off`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(command),
  });
}

function pathOf(campaignId: string): string {
  return `/v1/admin/campaigns/${encodeURIComponent(campaignId)}`;
}

async function call<T>(path: string, init: RequestInit = {}): Promise<Result<T, string>> {
  try {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${heldToken() ?? ""}`);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(path, { ...init, headers, cache: "no-store", signal });
    const body: unknown = await response.json();
    // Origin writes these shapes (campaign_schemas.ts); page and origin are deployed together.
    if (response.ok) return ok(body as T);
    const said = typeof body === "object" && body !== null && "detail" in body ? String(body.detail) : "";
    return refused(said === "" ? `origin answered ${response.status}` : said);
  } catch {
    return refused("origin cannot be reached");
  }
}
