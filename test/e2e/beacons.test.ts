/**
 * Beacons at a running Midroll: money moves only for a genuine token, once, in time, and out of a purse that holds it.
 * Everything else is refused or counted, and the ledgers say so.
 */
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Midroll } from "../../local/bring_up.ts";
import { COMMITS_MAX } from "../../src/money/limits.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import { micros } from "../../src/kernel/money.ts";
import { claimIn, seal, sealClaim, signingKey, tokenIn, type SigningKey } from "./forge.ts";
import { askLedgers, beaconOf, beaconUrlOf, decide, DEMO_BREAK, freshDir, inParallel, isPaid } from "./stage.ts";
import { raise, refusal, report, type CampaignMoney, type DecidedAd, type Heard } from "./stage.ts";
import { until } from "./until.ts";

const { dir, remove } = freshDir();
let midroll: Midroll;
let key: SigningKey;

beforeAll(async () => {
  midroll = await raise(dir);
  key = signingKey(path.join(dir, "state"));
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

/** A paid ad of a fresh decision. */
async function wonAd(): Promise<DecidedAd> {
  const ad = (await decide(midroll.edgeUrl, DEMO_BREAK)).ads.find(isPaid);
  if (ad === undefined) throw new Error("nobody bought a slot");
  return ad;
}

const beaconTo = (event: string, token: string): string => beaconUrlOf(midroll.edgeUrl, event, token);

/** Lates of purses that are known, by campaign. A ledger that counts as many has heard of every beacon before the last. */
const lateHeard = new Map<string, number>();

/** Numbers that no purse here has come to yet, counted down from the highest. */
let unusedSeq = COMMITS_MAX;

/** Reports an impression under a claim that is genuinely signed, but not ours. */
async function sendClaim(claim: BillingClaim, change: Partial<BillingClaim>): Promise<Heard> {
  unusedSeq -= 1;
  const own = { decisionId: crypto.randomUUID(), seq: unusedSeq, ...change };
  const heard = await report(beaconTo("impression", sealClaim(claim, key, own)));
  const counts = heard.verdict === "late" && own.purseId === undefined;
  if (counts) lateHeard.set(claim.campaignId, (lateHeard.get(claim.campaignId) ?? 0) + 1);
  return heard;
}

type Money = Pick<CampaignMoney, "billedMicros" | "impressionsBilled" | "duplicates" | "exhausted">;

/** What a campaign's ledger holds once it has heard of every beacon sent so far: one more, too late, marks the place. */
async function settledMoneyOf(claim: BillingClaim): Promise<Money> {
  expect(await sendClaim(claim, { expiresMs: Date.now() - 1 })).toEqual({ status: 204, verdict: "late" });
  return until(async () => {
    const status = (await askLedgers(midroll)).get(claim.campaignId);
    if (status === undefined || status.late < (lateHeard.get(claim.campaignId) ?? 0)) return { unmet: status };
    expect(status.late, "lates are counted once each").toBe(lateHeard.get(claim.campaignId));
    const { billedMicros, impressionsBilled, duplicates, exhausted } = status;
    return { met: { billedMicros, impressionsBilled, duplicates, exhausted } };
  }, 30_000);
}

/** A beacon that must be refused. */
async function refusedBeacon(event: string, token: string): Promise<[number, string]> {
  return refusal(await fetch(beaconTo(event, token)));
}

describe("a beacon moves money only when it is genuine, new and in time", () => {
  let url: string;
  let claim: BillingClaim;
  beforeAll(async () => {
    url = beaconOf(await wonAd(), "impression");
    claim = claimIn(url);
  });

  test("no token, a forged one, or one of another key: 400 token_invalid", async () => {
    expect(await refusal(await fetch(`${midroll.edgeUrl}/v1/beacon/impression`))).toEqual([400, "token_invalid"]);
    const strange = { ...key, key: Buffer.alloc(32, 7).toString("base64url") };
    const forged = ["", "forged", "a.b.c", "....", "x".repeat(3_000), `${tokenIn(url)}.more`];
    forged.push(sealClaim(claim, strange, {}), sealClaim(claim, { ...key, id: "other" }, {}));
    for (const token of forged) expect(await refusedBeacon("impression", token)).toEqual([400, "token_invalid"]);
  });

  test("a genuine token with any letter altered: 400 token_invalid", async () => {
    const token = tokenIn(url);
    const altered = Array.from(
      token,
      (letter, at) => token.slice(0, at) + (letter === "A" ? "B" : "A") + token.slice(at + 1),
    );
    const answers = await inParallel(altered, 8, (each) => refusedBeacon("impression", each));
    expect(answers.filter(([status, code]) => status !== 400 || code !== "token_invalid")).toEqual([]);
  });

  test("a token that was signed for another purpose, or says nothing: 400 token_invalid", async () => {
    const { frequencyToken } = await decide(midroll.edgeUrl, { ...DEMO_BREAK, viewer: { id: "viewer-1" } });
    const [payload = ""] = tokenIn(url).split(".");
    const elsewhere = seal(Buffer.from(payload, "base64url"), key, "frequency");
    const empty = seal(new Uint8Array(), key);
    for (const token of [frequencyToken ?? "", elsewhere, empty]) {
      expect(await refusedBeacon("impression", token)).toEqual([400, "token_invalid"]);
    }
  });

  test("an event nobody knows: 404 beacon_unknown_event, whatever the token", async () => {
    for (const event of ["applause", "Impression", "constructor"]) {
      expect(await refusedBeacon(event, tokenIn(url))).toEqual([404, "beacon_unknown_event"]);
    }
  });

  test("signed claims on money that is not there are refused or heard, and never billed", async () => {
    const before = await settledMoneyOf(claim);
    const late = { status: 204, verdict: "late" };
    expect(await sendClaim(claim, { expiresMs: Date.now() - 1 }), "expired").toEqual(late);
    expect(await sendClaim(claim, { purseId: "nobodys-purse" }), "closed or unknown purse").toEqual(late);
    const dear = { priceMicros: micros(9_000_000_000_000) };
    expect(await sendClaim(claim, dear), "over its purse").toEqual({ status: 204, verdict: "exhausted" });
    const invalid = { status: 400, verdict: null };
    expect(await sendClaim(claim, { campaignId: "cmp-nobody" }), "unknown campaign").toEqual(invalid);
    expect(await sendClaim(claim, { wallet: "wallet:mars:7" }), "another region's wallet").toEqual(invalid);
    expect(await settledMoneyOf(claim)).toEqual({ ...before, exhausted: before.exhausted + 1 });
  });

  test("ten players that send one beacon at once, and again, are billed once", async () => {
    const ad = await wonAd();
    const own = claimIn(beaconOf(ad, "impression"));
    const before = await settledMoneyOf(own);
    const tenTimes = (): Promise<Heard[]> =>
      Promise.all(Array.from({ length: 10 }, () => report(beaconOf(ad, "impression"))));
    const verdicts = [...(await tenTimes()), ...(await tenTimes())].map(({ verdict }) => verdict);
    expect(verdicts.filter((verdict) => verdict === "billed")).toHaveLength(1);
    expect(verdicts.filter((verdict) => verdict === "duplicate")).toHaveLength(19);
    const after = await settledMoneyOf(own);
    expect(after).toMatchObject({
      billedMicros: before.billedMicros + ad.priceMicros,
      impressionsBilled: before.impressionsBilled + 1,
    });
    expect(after.duplicates).toBeGreaterThanOrEqual(before.duplicates + 19);
  });

  test("house ads are heard and never billed", async () => {
    const all = [...new Set(midroll.catalog.creatives.flatMap(({ categories }) => categories))];
    const houseLines = new Set(
      midroll.catalog.lineItems.filter(({ goal }) => goal.kind === "house").map(({ id }) => id),
    );
    const blockedCategories = [...new Set(all.map((code) => code.split("-")[0] ?? code))].filter(
      (code) => code !== "IAB1",
    );
    const { ads } = await decide(midroll.edgeUrl, { ...DEMO_BREAK, podDurationSec: 7, blockedCategories });
    const house = ads.filter((ad) => houseLines.has(ad.lineItemId));
    expect(house.map((ad) => ad.priceMicros)).toEqual([0]);
    for (const ad of house) {
      expect(await report(beaconOf(ad, "impression"))).toEqual({ status: 204, verdict: "counted" });
      const status = (await askLedgers(midroll)).get(ad.campaignId);
      expect(status).toMatchObject({ billedMicros: 0, impressionsBilled: 0 });
    }
  });

  test("only the impression costs: all other events are counted", async () => {
    const ad = await wonAd();
    const own = claimIn(beaconOf(ad, "impression"));
    const before = await settledMoneyOf(own);
    for (const event of ["start", "firstQuartile", "midpoint", "thirdQuartile", "complete", "skip", "error"]) {
      expect(await report(beaconOf(ad, event)), event).toEqual({ status: 204, verdict: "counted" });
    }
    expect(await settledMoneyOf(own)).toEqual(before);
  });

  test("a click leads on to the advertiser, and a forged one leads nowhere", async () => {
    const ad = await wonAd();
    const answer = await fetch(ad.clickThroughUrl, { redirect: "manual" });
    const creative = midroll.catalog.creatives.find(({ id }) => id === ad.adId);
    expect([answer.status, answer.headers.get("location")]).toEqual([302, creative?.clickThroughUrl]);
    const forged = await fetch(beaconTo("click", "forged"), { redirect: "manual" });
    expect(forged.headers.get("location")).toBeNull();
    expect(await refusal(forged)).toEqual([400, "token_invalid"]);
  });

  test("a page's image gets a pixel, and sendBeacon's POST is as good as a GET", async () => {
    const ad = await wonAd();
    const image = await fetch(beaconOf(ad, "impression"), { headers: { accept: "image/avif,image/*,*/*;q=0.8" } });
    expect([image.status, image.headers.get("content-type")]).toEqual([200, "image/gif"]);
    expect((await image.arrayBuffer()).byteLength).toBe(43);
    const posted = await report(beaconOf(ad, "impression"), { method: "POST", body: "ignored" });
    expect(posted).toEqual({ status: 204, verdict: "duplicate" });
  });
});
