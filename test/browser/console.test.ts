/**
 * An operator opens the console while breaks are decided and billed: what is on the page is what the ledgers say, to the
 * micro; every loser has a reason in words; and a lost connection leaves the numbers where they are.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exactMoney } from "../../console/money_text.ts";
import type { Midroll } from "../../local/bring_up.ts";
import {
  askLedgers,
  beaconOf,
  decide,
  DEMO_BREAK,
  freshDir,
  isPaid,
  raise,
  report,
  type CampaignMoney,
} from "../e2e/stage.ts";
import { until } from "../e2e/until.ts";
import { chromiumOrNotice, complaintsOf, openChromium } from "./chromium.ts";

const BREAKS = 12;
const DEADLINE_MS = 30_000;

/** Decides some breaks and views every paid ad in them. */
async function sendTraffic(midroll: Midroll): Promise<number> {
  let viewed = 0;
  for (let i = 0; i < BREAKS; i++) {
    const { ads } = await decide(midroll.edgeUrl, DEMO_BREAK);
    for (const ad of ads.filter(isPaid)) {
      const heard = await report(beaconOf(ad, "impression"));
      expect(heard).toEqual({ status: 204, verdict: "billed" });
      viewed++;
    }
  }
  return viewed;
}

/** The campaign with the most billed impressions, once every viewed impression is in its ledger. */
async function busiestCampaign(midroll: Midroll, viewed: number): Promise<CampaignMoney> {
  return until(async () => {
    const ledgers = [...(await askLedgers(midroll)).values()];
    const counted = ledgers.reduce((sum, { impressionsBilled }) => sum + impressionsBilled, 0);
    const [busiest] = ledgers.sort((a, b) => b.billedMicros - a.billedMicros);
    return counted === viewed && busiest !== undefined ? { met: busiest } : { unmet: { counted, viewed } };
  }, DEADLINE_MS);
}

/** Waits until the text of an element is as it should be. */
const textSettles = (page: Page, selector: string, wanted: (text: string) => boolean): Promise<string> =>
  until(async () => {
    const text = (await page.locator(selector).first().textContent()) ?? "";
    return wanted(text) ? { met: text } : { unmet: text };
  }, DEADLINE_MS);

const executablePath = chromiumOrNotice();

describe.skipIf(executablePath === null)("an operator at the console", () => {
  const dir = freshDir();
  let midroll: Midroll;
  let browser: Browser;
  let viewed = 0;
  beforeAll(async () => {
    midroll = await raise(dir.dir);
    browser = await openChromium(executablePath ?? "");
    viewed = await sendTraffic(midroll);
  });
  afterAll(async () => {
    await browser?.close();
    await midroll?.stop();
    dir.remove();
  });

  /** A page in a context of its own, signed in by a link. */
  async function signedIn(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${midroll.originUrl}/#token=${midroll.adminToken}`);
    await page.locator("[data-campaign]").first().waitFor();
    return page;
  }

  test("is told where the token is, and gets in with it", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(midroll.originUrl);
    expect(await page.locator("#sign-in").textContent()).toContain("secrets.json");
    await page.fill("#token", "not-the-token");
    await page.keyboard.press("Enter");
    await textSettles(page, "#sign-in-reason", (text) => text.includes("refused this token"));
    await page.fill("#token", midroll.adminToken);
    await page.keyboard.press("Enter");
    await page.locator("[data-campaign]").first().waitFor();
    expect(await page.locator("#sign-in").isVisible()).toBe(false);
    await context.close();
  });

  test("sees a campaign's spend as its ledger has it, to the micro", async () => {
    const busiest = await busiestCampaign(midroll, viewed);
    const { campaignId } = busiest.terms;
    const page = await signedIn();
    const complaints = complaintsOf(page);
    expect(new URL(page.url()).hash).toBe("");
    const wanted = exactMoney(busiest.billedMicros);
    const billedCell = `[data-campaign="${campaignId}"] .col-billed`;
    await until(async () => {
      const title = await page.locator(billedCell).getAttribute("title");
      return title === wanted ? { met: title } : { unmet: { title, wanted } };
    }, DEADLINE_MS);
    await page.locator(`[data-campaign="${campaignId}"] .row-button`).press("Enter");
    await textSettles(page, "#campaign-detail", (text) => text.includes(`Billed${wanted}`));
    await textSettles(page, "#campaign-detail .wallets tbody", (text) => text.includes(wanted));
    await page.keyboard.press("Escape");
    expect(await page.locator("#campaign-detail").isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("sees on a page just opened what was billed before, as the ledger remembers it", async () => {
    const busiest = await busiestCampaign(midroll, viewed);
    const page = await signedIn();
    const complaints = complaintsOf(page);
    await page.locator(`[data-campaign="${busiest.terms.campaignId}"] .row-button`).press("Enter");
    await page.getByRole("button", { name: "All", exact: true }).click();
    const wanted = `Billed ${exactMoney(busiest.billedMicros)}.`;
    await textSettles(page, ".history .visually-hidden", (text) => text === wanted);
    await textSettles(page, ".audit", (text) =>
      text.includes(`Catalog: budget ${exactMoney(busiest.terms.budgetMicros)}`),
    );
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("is led to a stuck wallet, and writes it off only with name, reason and a clear yes", async () => {
    const { campaignId } = (await busiestCampaign(midroll, viewed)).terms;
    const page = await signedIn();
    // The wallet is in good health: only this page is told that it is not, and origin knows better.
    await page.route("**/v1/admin/live*", async (route) => {
      const answer = await route.fetch();
      const feed = await answer.json();
      for (const { status } of feed.campaigns) {
        if (status?.terms.campaignId !== campaignId) continue;
        for (const share of status.wallets) Object.assign(share, { stuck: true, outstandingMicros: 1_234_567 });
      }
      await route.fulfill({ response: answer, json: feed });
    });
    await page.locator("#campaigns-stuck button").first().click({ timeout: DEADLINE_MS });
    expect(await page.locator("#campaign-detail .stuck").textContent()).toContain("1.234567 outstanding");
    await page.locator(".stuck summary").click();
    expect(await page.locator(".write-off").textContent()).toContain("stays counted against the budget");

    const sent: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/write-off")) sent.push(request.postData() ?? "");
    });
    await page.locator(".write-off [name=by]").fill("Kim");
    await page.locator(".write-off [name=why]").fill("the region is gone");
    await page.locator(".write-off button").click();
    expect(sent).toEqual([]);
    await page.locator(".write-off [name=sure]").check();
    await page.locator(".write-off button").click();
    await textSettles(page, ".write-off .refusal", (text) => text.includes("Its money comes back by itself."));
    expect(JSON.parse(sent[0] ?? "")).toMatchObject({ by: "Kim", why: "the region is gone" });

    await page.route("**/write-off", (route) => route.fulfill({ json: {} }));
    await page.locator(".write-off button").click();
    await textSettles(
      page,
      ".stuck [role=status]",
      (text) => text.includes("1.234567 at") && text.includes("written off"),
    );
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.context().close();
  });

  test("finds campaigns by name and sorts them by any column", async () => {
    const page = await signedIn();
    const shown = (): Promise<string[]> => page.locator("#campaign-rows .row-button").allTextContents();
    const all = await shown();
    await page.getByRole("button", { name: "Campaign", exact: true }).click();
    expect(await shown()).toEqual(all.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
    expect(await page.locator("th.col-name[aria-sort]").getAttribute("aria-sort")).toBe("ascending");
    const [first = ""] = all;
    await page.fill("#campaign-search", first.toUpperCase());
    expect(await shown()).toEqual([first]);
    await page.context().close();
  });

  test("sees decisions as they are made, and reads why the others lost", async () => {
    const page = await signedIn();
    const { decisionId } = await decide(midroll.edgeUrl, DEMO_BREAK);
    await textSettles(page, "[data-tile=decisions-per-sec]", (text) => Number.parseFloat(text) > 0);
    await page.locator(`[data-decision="${decisionId}"] button`).click({ timeout: DEADLINE_MS });
    const explanation = (await page.locator("#explanation").textContent()) ?? "";
    expect(explanation).toContain(decisionId);
    expect(explanation).toContain("demo, midroll, 90 s");
    expect(explanation).toMatch(/\d+ losers?, and why/);
    expect(explanation).toMatch(/Ads of higher total value filled the break\. +outbid, OpenRTB 502/);
    expect(await page.locator("#decisions-hold").getAttribute("aria-pressed")).toBe("true");
    await page.context().close();
  });

  test("keeps the last numbers when origin is lost, says so, and comes back", async () => {
    const page = await signedIn();
    const rows = await page.locator("#campaign-rows tr").count();
    await page.route("**/v1/admin/live*", (route) => route.abort());
    await page.locator("#trouble").waitFor({ state: "visible", timeout: DEADLINE_MS });
    expect(await page.locator("#trouble").textContent()).toContain("still asking");
    expect(await page.locator("#campaign-rows tr").count()).toBe(rows);
    await page.unroute("**/v1/admin/live*");
    await page.locator("#trouble").waitFor({ state: "hidden", timeout: DEADLINE_MS });
    expect(await page.locator("#pulse").getAttribute("data-state")).toBe("live");
    await page.context().close();
  });
});
