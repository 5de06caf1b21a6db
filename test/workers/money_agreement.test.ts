/**
 * The real objects against the pure machines: the same commands over RPC give the same answers and end in the same
 * state. And under fifty isolates at once, with real purses, they keep the budget to the micro.
 */
import { evictAllDurableObjects, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { stream } from "../../src/kernel/random.ts";
import { ledgerStatus, NEW_LEDGER } from "../../src/money/ledger_state.ts";
import type { BillingClaim, BillVerdict } from "../../src/money/protocol.ts";
import { askFor, commit, newPurse, type Purse, receive } from "../../src/money/purse.ts";
import { walletStatus } from "../../src/money/wallet_rounds.ts";
import type { CampaignLedger } from "../../workers/origin/money/campaign_ledger.ts";
import type { RegionWallet } from "../../workers/origin/money/region_wallet.ts";
import { claim, INCARNATION, NOON_MS, terms, WALLET as NAME } from "../money_fixture.ts";
import { CAMPAIGNS, moneyScript, type MoneyStep, PureMoney } from "../money_script.ts";

// The bindings come from origin's wrangler file; the generic env type does not know them.
const { LEDGER, WALLET } = env as unknown as {
  readonly LEDGER: DurableObjectNamespace<CampaignLedger>;
  readonly WALLET: DurableObjectNamespace<RegionWallet>;
};

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

const round = (wallet: string) =>
  runInDurableObject(WALLET.getByName(wallet), (object: RegionWallet) => object.alarm());

/** What the objects answer to a step. */
async function answerOf(step: MoneyStep): Promise<unknown> {
  pass(step.passMs);
  // The object's storage has a random name; the script's has not.
  if (step.kind === "draw") return { ...(await WALLET.getByName(NAME).draw(step.request)), incarnation: INCARNATION };
  if (step.kind === "bill") return WALLET.getByName(NAME).bill(step.claims);
  if (step.kind === "round") await round(NAME);
  else await LEDGER.getByName(step.terms.campaignId).configure(step.terms);
  return null;
}

beforeEach(() => {
  // Only the date: a frozen setTimeout would freeze the objects' own waiting.
  vi.useFakeTimers({ toFake: ["Date"], now: NOON_MS });
});

afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

describe("the objects and the pure machines", () => {
  it.each(["lark", "mill", "oboe"])("answer alike and end alike: script %s", async (seed) => {
    const pure = new PureMoney();
    const verdicts = new Set<unknown>();
    for (const [index, step] of moneyScript(seed, 120).entries()) {
      const answer = await answerOf(step);
      expect(answer, `step ${index}: ${step.kind}`).toEqual(pure.play(step));
      for (const verdict of verdictsIn(answer)) verdicts.add(verdict);
    }
    expect(verdicts, "the script comes to every end a beacon can have").toEqual(
      new Set(["billed", "duplicate", "exhausted", "invalid", "late"]),
    );
    const { incarnation, ...wallet } = await WALLET.getByName(NAME).status();
    const expected = walletStatus(pure.wallet, pure.nowMs);
    expect(byCampaign(wallet.campaigns)).toEqual(byCampaign(expected.campaigns));
    expect([wallet.wallet, wallet.openPurses]).toEqual([expected.wallet, expected.openPurses]);
    for (const campaignId of CAMPAIGNS) {
      const status = ledgerStatus(pure.ledgers.get(campaignId) ?? NEW_LEDGER, pure.nowMs);
      const wallets = status?.wallets.map((share) => ({ ...share, incarnation }));
      expect(await LEDGER.getByName(campaignId).status(), campaignId).toEqual(status && { ...status, wallets });
    }
  });
});

/** One isolate: a purse, its wallet, and what it has won and not yet seen. */
interface Isolate {
  readonly wallet: string;
  readonly purse: Purse;
  readonly won: BillingClaim[];
}

describe("fifty isolates at once", () => {
  it.each([
    ["one campaign's whole budget", 2_000_000, null],
    ["a day's budget of it", 20_000_000, 1_000_000],
  ])("bill %s, all but the crumbs and not one impression more", async (_what, budget, daily) => {
    const price = micros(20_000);
    const money = { budgetMicros: micros(budget), dailyBudgetMicros: daily === null ? null : micros(daily) };
    await LEDGER.getByName("coffee").configure(terms(money));
    const random = stream("fifty", "isolates");
    const wallets = [NAME, "wallet:local:1"];
    const isolates = Array.from({ length: 50 }, (_, index): Isolate => {
      const wallet = wallets[index % 2] ?? NAME;
      return { wallet, purse: newPurse(`p${index}`, wallet), won: [] };
    });
    const verdicts = new Map<BillVerdict, number>();
    const live = async ({ wallet, purse, won }: Isolate) => {
      const nowMs = Date.now();
      receive(purse, await WALLET.getByName(wallet).draw(askFor(purse, new Set(["coffee"]), nowMs)), nowMs);
      for (let slot = 0; slot < 4; slot++) {
        const made = commit(purse, { campaignId: "coffee", priceMicros: price, outcomePpm: 1 }, nowMs);
        if (made.ok) won.push(claim(made.value.seq, { ...made.value, priceMicros: price }));
      }
      // Every third beacon comes twice, some come later, and one purse claims what it never won.
      const seen = won.splice(0, 1 + random.below(4)).flatMap((one, at) => (at % 3 === 0 ? [one, one] : [one]));
      const forged =
        purse.purseId === "p7" ? [claim(900_000 + purse.commits, { purseId: "p7", wallet, priceMicros: price })] : [];
      const reply = await WALLET.getByName(wallet).bill([...seen, ...forged]);
      for (const verdict of reply.verdicts) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    };
    for (let turn = 0; turn < 12; turn++) {
      await Promise.all(isolates.map(live));
      pass(1_000);
      await Promise.all(wallets.map(round));
      if (turn === 5) await evictAllDurableObjects();
    }
    for (let turn = 0; turn < 3; turn++, pass(1_000)) await Promise.all(wallets.map(round));

    const status = await LEDGER.getByName("coffee").status();
    expect(status?.billedMicros).toBe((verdicts.get("billed") ?? 0) * price);
    expect(status?.billedMicros).toBeLessThanOrEqual(daily ?? budget);
    expect(status?.billedMicros).toBeGreaterThan(0.9 * (daily ?? budget));
    expect(status?.duplicates).toBe(verdicts.get("duplicate"));
    const { billedMicros = 0, outstandingMicros = 0, grantedMicros, returnedMicros } = status ?? {};
    expect(billedMicros + outstandingMicros).toBe((grantedMicros ?? 0) - (returnedMicros ?? 0));
  });
});

function byCampaign<T extends { readonly campaignId: string }>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => (a.campaignId < b.campaignId ? -1 : 1));
}

function verdictsIn(answer: unknown): readonly unknown[] {
  if (typeof answer !== "object" || answer === null || !("verdicts" in answer)) return [];
  return Array.isArray(answer.verdicts) ? answer.verdicts : [];
}
