/**
 * A viewer opens `/player` and watches two breaks: the ads really play, and every micro in the ledgers is one that a won
 * and viewed impression was sold for. The prices are read from the billing tokens that the page itself sent.
 */
import type { Browser, Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Midroll } from "../../local/bring_up.ts";
import type { DemoRecord } from "../../player/demo_record.ts";
import { fromBase64Url } from "../../src/kernel/bytes.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import { decodeClaim } from "../../src/money/token.ts";
import { askLedgers, freshDir, raise, report } from "../e2e/stage.ts";
import { until } from "../e2e/until.ts";
import { chromiumOrNotice, complaintsOf, openChromium } from "./chromium.ts";

/** Two short breaks early in the programme. */
const BREAKS = "breaks=3,8&dur=16&max=2&dev=ctv&country=US";
const BREAK_DEADLINE_MS = 90_000;
const SETTLE_DEADLINE_MS = 30_000;

/** One impression beacon as it went over the network. */
interface Impression {
  readonly url: string;
  readonly claim: BillingClaim;
  readonly status: number;
  readonly verdict: string | null;
}

/** The unsigned part of the token in a beacon URL. */
function claimIn(url: string): BillingClaim {
  const payload = new URL(url).searchParams.get("t")?.split(".")[0] ?? "";
  const bytes = fromBase64Url(payload);
  const claim = bytes === null ? null : decodeClaim(bytes);
  if (claim === null || !claim.ok) throw new Error(`no claim in ${url}`);
  return claim.value;
}

/** Collects the impression beacons of a page as they are answered. */
function impressionsOf(page: Page): Impression[] {
  const impressions: Impression[] = [];
  const heard = async (request: Request): Promise<void> => {
    const url = request.url();
    if (!new URL(url).pathname.endsWith("/v1/beacon/impression") || request.method() !== "GET") return;
    const response = await request.response();
    const verdict = (await response?.headerValue("midroll-verdict")) ?? null;
    impressions.push({ url, claim: claimIn(url), status: response?.status() ?? 0, verdict });
  };
  page.on("requestfinished", (request) => void heard(request));
  return impressions;
}

/** An asset list as it was asked for and answered: the viewer's history that went, and the one that came. */
interface AssetList {
  readonly sent: string | null;
  readonly given: string | null;
}

/** Collects the asset lists of a page as they are answered. */
function assetListsOf(page: Page): AssetList[] {
  const lists: AssetList[] = [];
  const heard = async (request: Request): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url());
    if (!pathname.endsWith("/v1/asset-list") || request.method() !== "GET") return;
    const response = await request.response();
    lists.push({ sent: searchParams.get("freq"), given: (await response?.headerValue("midroll-frequency")) ?? null });
  };
  page.on("requestfinished", (request) => void heard(request));
  return lists;
}

const recordOf = (page: Page): Promise<DemoRecord> => page.evaluate<DemoRecord>("window.midrollDemo");

/** Where the video element stands, in seconds, and whether an ad is on screen. */
async function screenOf(page: Page): Promise<{ readonly atSec: number; readonly ad: string | null }> {
  const atSec = await page.evaluate<number>('document.querySelector("video").currentTime');
  const badge = page.locator("#ad-badge");
  return { atSec, ad: (await badge.isVisible()) ? await badge.textContent() : null };
}

/** `Ad 1 of 2` of the badge's `Ad 1 of 2 · 0:07`. */
const adOf = (badge: string | null): string | null => badge?.split("·")[0] ?? null;

/** Waits for an ad on screen and gives how far the video element moved while the same ad stayed there. */
async function adMovement(page: Page): Promise<number> {
  const first = await until(async () => {
    const screen = await screenOf(page);
    return screen.ad === null ? { unmet: screen } : { met: screen };
  }, BREAK_DEADLINE_MS);
  return until(async () => {
    const screen = await screenOf(page);
    const movedSec = adOf(screen.ad) === adOf(first.ad) ? screen.atSec - first.atSec : 0;
    return movedSec > 1 ? { met: movedSec } : { unmet: { first, screen } };
  }, BREAK_DEADLINE_MS);
}

/** Waits until this many breaks have played and every beacon has its final answer. */
async function watched(page: Page, breaks: number): Promise<DemoRecord> {
  const open = new Set(["sending", "waiting"]);
  return until(async () => {
    const record = await recordOf(page);
    const settled = record.beacons.every(({ state }) => !open.has(state));
    return record.breaksPlayed >= breaks && settled ? { met: record } : { unmet: record };
  }, breaks * BREAK_DEADLINE_MS);
}

const executablePath = chromiumOrNotice();

describe.skipIf(executablePath === null)("a viewer of the demo player", () => {
  const dir = freshDir();
  let midroll: Midroll;
  let browser: Browser;
  beforeAll(async () => {
    midroll = await raise(dir.dir);
    browser = await openChromium(executablePath ?? "");
  });
  afterAll(async () => {
    await browser?.close();
    await midroll?.stop();
    dir.remove();
  });

  test("sees the ads of two breaks, and exactly the viewed impressions are billed", async () => {
    const before = await askLedgers(midroll);
    expect([...before.values()].filter(({ billedMicros }) => billedMicros !== 0)).toEqual([]);

    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    const impressions = impressionsOf(page);
    const lists = assetListsOf(page);
    await page.goto(`${midroll.originUrl}/player?${BREAKS}`);
    expect(await adMovement(page)).toBeGreaterThan(1);
    const record = await watched(page, 2);
    await page.close();

    expect(complaints).toEqual([]);
    expect(record.adsStarted).toBeGreaterThanOrEqual(2);
    expect(record.adsCompleted).toBe(record.adsStarted);
    expect(record.adsFailed).toBe(0);
    expect(
      lists.map(({ sent }) => sent),
      "the history of each break goes with the next",
    ).toEqual([null, lists[0]?.given]);
    expect(lists[0]?.given).not.toBeNull();
    expect(impressions).toHaveLength(record.adsStarted);
    expect(record.beacons.filter(({ state }) => state !== "accepted")).toEqual([]);

    const paid = impressions.filter(({ claim }) => claim.priceMicros > 0);
    expect(paid.length).toBeGreaterThan(0);
    expect(paid.map(({ status, verdict }) => ({ status, verdict }))).toEqual(
      paid.map(() => ({ status: 204, verdict: "billed" })),
    );
    const soldMicros = new Map<string, number>();
    for (const { claim } of paid) {
      soldMicros.set(claim.campaignId, (soldMicros.get(claim.campaignId) ?? 0) + claim.priceMicros);
    }
    const totalMicros = [...soldMicros.values()].reduce((sum, micros) => sum + micros, 0);

    // The same beacon again is answered kindly and bills nothing: the sum below would show it.
    for (const { url } of paid) expect(await report(url)).toEqual({ status: 204, verdict: "duplicate" });

    const ledgers = await until(async () => {
      const asked = [...(await askLedgers(midroll)).values()];
      const counted = asked.reduce((sum, { impressionsBilled }) => sum + impressionsBilled, 0);
      const repeated = asked.reduce((sum, { duplicates }) => sum + duplicates, 0);
      return counted >= paid.length && repeated >= paid.length ? { met: asked } : { unmet: { counted, repeated } };
    }, SETTLE_DEADLINE_MS);
    const billed = ledgers.filter(({ billedMicros }) => billedMicros > 0);
    expect(new Map(billed.map(({ terms, billedMicros }) => [terms.campaignId, billedMicros]))).toEqual(soldMicros);
    expect(billed.reduce((sum, { billedMicros }) => sum + billedMicros, 0)).toBe(totalMicros);
    expect(ledgers.reduce((sum, { impressionsBilled }) => sum + impressionsBilled, 0)).toBe(paid.length);
  });

  test("reports every moment of an ad once, in the order in which it was reached", async () => {
    const page = await browser.newPage();
    await page.goto(`${midroll.originUrl}/player?breaks=2&dur=8&max=1&dev=ctv&country=US`);
    const record = await watched(page, 1);
    await page.close();
    const moments = ["impression", "start", "firstQuartile", "midpoint", "thirdQuartile", "complete"];
    expect(record.beacons.map(({ event }) => event)).toEqual(moments);
  });

  test("loses no impression when the edge stumbles: it is sent again and billed once", async () => {
    const page = await browser.newPage();
    let refusals = 0;
    await page.route("**/v1/beacon/impression*", async (route) => {
      if (refusals++ > 0) await route.continue();
      else await route.fulfill({ status: 503, headers: { "access-control-allow-origin": "*" }, body: "" });
    });
    await page.goto(`${midroll.originUrl}/player?breaks=2&dur=8&max=1&dev=ctv&country=US`);
    const beacon = await until(async () => {
      const { beacons } = await recordOf(page);
      const impression = beacons.find(({ event, status }) => event === "impression" && status === 204);
      return impression === undefined ? { unmet: beacons } : { met: impression };
    }, BREAK_DEADLINE_MS);
    await page.close();
    expect(beacon).toMatchObject({ state: "accepted", attempt: 2, verdict: "billed" });
    expect(refusals).toBe(2);
  });
});
