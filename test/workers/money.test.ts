/**
 * The money objects in workerd: real transactions, alarms, restarts and RPC around the pure machines.
 */
import {
  evictAllDurableObjects,
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { IDLE_RETURN_MS, TOKEN_LIFETIME_MS } from "../../src/money/limits.ts";
import type { BillingClaim, DrawReply } from "../../src/money/protocol.ts";
import type { CampaignLedger } from "../../workers/origin/money/campaign_ledger.ts";
import type { RegionWallet } from "../../workers/origin/money/region_wallet.ts";
import { ask, claim as claimOf, NOON_MS, terms, WALLET as NAME, wish } from "../money_fixture.ts";

interface MoneyEnv {
  readonly LEDGER: DurableObjectNamespace<CampaignLedger>;
  readonly WALLET: DurableObjectNamespace<RegionWallet>;
}

// The bindings come from origin's wrangler file; the generic env type does not know them.
const { LEDGER, WALLET } = env as unknown as MoneyEnv;
const PRICE = micros(20_000);

/** A commit of a purse in money that is worth something, good from now for as long as a token is. */
function claim(purseId: string, seq: number, change: Partial<BillingClaim> = {}): BillingClaim {
  return claimOf(seq, { purseId, priceMicros: PRICE, expiresMs: Date.now() + TOKEN_LIFETIME_MS, ...change });
}

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Draws twice with the wallet's round between: the first draw of a cold wallet only sets things going. */
async function drawnPurse(purseId: string, want = 100_000): Promise<DrawReply> {
  const wallet = WALLET.getByName(NAME);
  await wallet.draw(ask(purseId, 0, want));
  await runDurableObjectAlarm(wallet);
  return wallet.draw(ask(purseId, 0, want));
}

async function totals() {
  const status = await LEDGER.getByName("coffee").status();
  if (status === null) throw new Error("the ledger was configured");
  return status;
}

beforeEach(() => {
  // Only the date: a frozen setTimeout would freeze the objects' own waiting.
  vi.useFakeTimers({ toFake: ["Date"], now: NOON_MS });
});

afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

describe("a campaign's money in workerd", () => {
  it("goes from budget to purse to billed, and the ledger hears of it", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    const reply = await drawnPurse("p1");
    expect(reply.allotments).toEqual([{ campaignId: "coffee", drawnMicros: 100_000, multiplierPpm: 1_000_000 }]);

    const bill = await WALLET.getByName(NAME).bill([claim("p1", 1), claim("p1", 2)]);
    expect(bill.verdicts).toEqual(["billed", "billed"]);

    pass(1_000);
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    const status = await totals();
    expect(status.billedMicros).toBe(2 * PRICE);
    expect(status.impressionsBilled).toBe(2);
    expect(status.grantedMicros - status.returnedMicros - status.billedMicros).toBe(status.outstandingMicros);
  });

  it("asks a cold purse back in a tenth of a second, with the alarm already set", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    const reply = await WALLET.getByName(NAME).draw(ask("p1", 0, 100_000));
    expect(reply.retryAfterMs).toBe(100);
    expect(reply.allotments).toEqual([]);
    expect(await runDurableObjectAlarm(WALLET.getByName(NAME))).toBe(true);
  });

  it("bills a batch that was sent twice once, also when the object was restarted between", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    const batch = [claim("p1", 1), claim("p1", 1), claim("p1", 2)];
    const first = await WALLET.getByName(NAME).bill(batch);
    expect(first.verdicts).toEqual(["billed", "duplicate", "billed"]);

    await evictDurableObject(WALLET.getByName(NAME));
    const second = await WALLET.getByName(NAME).bill(batch);
    expect(second.verdicts).toEqual(["duplicate", "duplicate", "duplicate"]);
    const { campaigns } = await WALLET.getByName(NAME).status();
    expect(campaigns[0]).toMatchObject({ billedMicros: 2 * PRICE, impressionsBilled: 2, duplicates: 4 });
  });

  it("names what it does not bill: invalid, late, exhausted", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    const { verdicts } = await WALLET.getByName(NAME).bill([
      claim("p1", 1, { campaignId: "nobody" }),
      claim("p1", 2, { wallet: "wallet:local:1" }),
      claim("p1", 3, { priceMicros: micros(-1) }),
      claim("stranger", 4),
      claim("p1", 5, { expiresMs: NOON_MS }),
      claim("p1", 6, { priceMicros: micros(100_001) }),
      claim("p1", 7, { priceMicros: micros(100_000) }),
      claim("p1", 8, { priceMicros: micros(1) }),
    ]);
    expect(verdicts).toEqual(["invalid", "invalid", "invalid", "late", "late", "exhausted", "billed", "exhausted"]);
  });

  it("refuses a batch of more than 500 claims and bills none of it", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    const batch = Array.from({ length: 501 }, (_, i) => claim("p1", i, { priceMicros: micros(1) }));
    const refusal = await runInDurableObject(WALLET.getByName(NAME), (wallet: RegionWallet) =>
      wallet.bill(batch).catch(String),
    );
    expect(refusal).toContain("too_many_claims");
    const { verdicts } = await WALLET.getByName(NAME).bill(batch.slice(0, 500));
    expect(new Set(verdicts)).toEqual(new Set(["billed"]));
  });

  it("changes nothing when an alarm runs twice", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    await WALLET.getByName(NAME).bill([claim("p1", 1)]);
    pass(1_000);
    await runInDurableObject(WALLET.getByName(NAME), (wallet: RegionWallet) => wallet.alarm());
    const once = { ledger: await totals(), wallet: await WALLET.getByName(NAME).status() };
    await runInDurableObject(WALLET.getByName(NAME), (wallet: RegionWallet) => wallet.alarm());
    expect({ ledger: await totals(), wallet: await WALLET.getByName(NAME).status() }).toEqual(once);
  });

  it("keeps every total over an eviction of all objects, and goes on by itself", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    await WALLET.getByName(NAME).bill([claim("p1", 1)]);
    const before = await WALLET.getByName(NAME).status();
    await evictAllDurableObjects();

    const after = await WALLET.getByName(NAME).status();
    expect(after.campaigns.map((row) => ({ ...row, multiplierPpm: 0 }))).toEqual(
      before.campaigns.map((row) => ({ ...row, multiplierPpm: 0 })),
    );
    expect(after.openPurses).toBe(1);
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    expect((await totals()).billedMicros).toBe(PRICE);
    const reply = await WALLET.getByName(NAME).draw(ask("p1", PRICE, 100_000));
    expect(reply.allotments).toEqual([{ campaignId: "coffee", drawnMicros: 120_000, multiplierPpm: 1_000_000 }]);
  });

  it("closes a silent purse when its last token has expired, and gives the rest back", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    await WALLET.getByName(NAME).bill([claim("p1", 1)]);
    pass(60_000 + TOKEN_LIFETIME_MS + 2_000);
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    expect((await WALLET.getByName(NAME).bill([claim("p1", 2), claim("p1", 1)])).verdicts).toEqual([
      "late",
      "duplicate",
    ]);

    pass(IDLE_RETURN_MS);
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    pass(1_000);
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    const status = await totals();
    expect(status).toMatchObject({ billedMicros: PRICE, outstandingMicros: 0, late: 1, duplicates: 1 });
  });

  it("forgets old billed keys: a beacon after that is late, still not billed", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    await WALLET.getByName(NAME).bill([claim("p1", 1)]);
    for (let i = 0; i < 3; i++) {
      pass(11 * 60_000 + 10_000);
      await runDurableObjectAlarm(WALLET.getByName(NAME));
    }
    expect((await WALLET.getByName(NAME).bill([claim("p1", 1)])).verdicts).toEqual(["late"]);
    await evictDurableObject(WALLET.getByName(NAME));
    expect((await WALLET.getByName(NAME).bill([claim("p1", 1)])).verdicts).toEqual(["late"]);
  });

  it("returns the uncommitted rest of a rotated purse at once", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    const before = (await WALLET.getByName(NAME).status()).campaigns[0]?.inPursesMicros;
    await WALLET.getByName(NAME).draw(ask("p1", PRICE, 0, { closing: true }));
    const after = (await WALLET.getByName(NAME).status()).campaigns[0]?.inPursesMicros;
    expect([before, after]).toEqual([100_000, PRICE]);
    expect((await WALLET.getByName(NAME).draw(ask("p1", PRICE, 100_000))).allotments[0]?.drawnMicros).toBe(PRICE);
    expect((await WALLET.getByName(NAME).bill([claim("p1", 1)])).verdicts).toEqual(["billed"]);
  });

  it("gives back free money and stops allotting when a campaign is paused", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    await drawnPurse("p1");
    await LEDGER.getByName("coffee").configure(terms({ status: "paused" }));
    pass(1_000);
    await WALLET.getByName(NAME).draw(ask("p1", 0, 400_000));
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    const reply = await WALLET.getByName(NAME).draw(ask("p1", 0, 600_000));
    expect(reply.allotments[0]?.multiplierPpm).toBe(0);
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    pass(1_000);
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    const status = await totals();
    expect(status.outstandingMicros).toBe(reply.allotments[0]?.drawnMicros);
  });

  it("never lets 50 purses at once bill more than the budget", async () => {
    const budget = micros(2_000_000);
    await LEDGER.getByName("coffee").configure(terms({ budgetMicros: budget }));
    const purses = Array.from({ length: 50 }, (_, i) => `p${i}`);
    const drawn = new Map<string, number>();
    const commits = new Map<string, number>();
    for (let round = 0; round < 12; round++) {
      await Promise.all(
        purses.map(async (purseId, index) => {
          const held = drawn.get(purseId) ?? 0;
          const reply = await WALLET.getByName(NAME).draw(ask(purseId, held, 100_000));
          const total = reply.allotments[0]?.drawnMicros ?? 0;
          drawn.set(purseId, total);
          // Every other purse also claims what it does not have.
          const first = commits.get(purseId) ?? 0;
          const count = Math.floor((total - held) / PRICE) + (index % 2);
          commits.set(purseId, first + count);
          const claims = Array.from({ length: count }, (_, i) => claim(purseId, first + i));
          await WALLET.getByName(NAME).bill(claims);
        }),
      );
      pass(1_000);
      await runDurableObjectAlarm(WALLET.getByName(NAME));
    }
    const status = await totals();
    expect(status.billedMicros).toBeLessThanOrEqual(budget);
    expect(status.billedMicros).toBe(budget);
    expect(status.exhausted).toBeGreaterThan(0);
  });

  it("goes on with other ledgers when one is not configured", async () => {
    await LEDGER.getByName("coffee").configure(terms());
    const wallet = WALLET.getByName(NAME);
    const nobody = wish({ campaignId: "nobody", wantMicros: micros(100_000) });
    const campaigns = [nobody, ...ask("p1", 0, 100_000).campaigns];
    await wallet.draw(ask("p1", 0, 0, { campaigns }));
    await runDurableObjectAlarm(wallet);
    const reply = await wallet.draw(ask("p1", 0, 0, { campaigns }));
    expect(reply.allotments).toEqual([{ campaignId: "coffee", drawnMicros: 100_000, multiplierPpm: 1_000_000 }]);
  });
});
