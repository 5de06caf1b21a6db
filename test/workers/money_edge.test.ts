/**
 * The edge's side of the money: the isolate's purse and grouped beacons. The wallet here is the real object
 * where the test is about agreement with it, and a scripted one where it is about faults.
 */
import { createExecutionContext, reset, runDurableObjectAlarm, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { BILL_CLAIMS_MAX, BILL_WINDOW_MS, BILL_WINDOW_MS_MAX } from "../../src/money/limits.ts";
import type { BillingClaim, BillReply, DrawReply, DrawRequest } from "../../src/money/protocol.ts";
import { BillingBatcher } from "../../workers/edge/money/billing.ts";
import { PurseHolder } from "../../workers/edge/money/purse_holder.ts";
import type { CampaignLedger } from "../../workers/origin/money/campaign_ledger.ts";
import type { RegionWallet } from "../../workers/origin/money/region_wallet.ts";
import { claim, must, terms, WALLET as NAME } from "../money_fixture.ts";

// The bindings come from origin's wrangler file; the generic env type does not know them.
const { LEDGER, WALLET } = env as unknown as {
  readonly LEDGER: DurableObjectNamespace<CampaignLedger>;
  readonly WALLET: DurableObjectNamespace<RegionWallet>;
};

class Faults {
  count = 0;
  fault(): void {
    this.count += 1;
  }
}

const silent = () => Promise.reject(new Error("not part of this test"));

/** A request's door; `settle` waits for what it keeps alive. */
function doorTo(wallet: {
  draw?: (r: DrawRequest) => Promise<DrawReply>;
  bill?: (c: readonly BillingClaim[]) => Promise<BillReply>;
}) {
  const ctx = createExecutionContext();
  const stub = { draw: wallet.draw ?? silent, bill: wallet.bill ?? silent };
  return {
    env: { WALLET: { getByName: () => stub } },
    waitUntil: (work: Promise<unknown>) => ctx.waitUntil(work),
    settle: () => waitOnExecutionContext(ctx),
  };
}

/** A won slot of the campaign. */
const coffee = (price: number) => ({ campaignId: "coffee", priceMicros: micros(price), outcomePpm: 0 });

const billAll = (claims: readonly BillingClaim[]): Promise<BillReply> =>
  Promise.resolve({ verdicts: claims.map(() => "billed" as const) });

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

describe("purse holder", () => {
  it("gives a cold isolate's first request money when its wallet has some, and bills what it committed", async () => {
    const nowMs = Date.now();
    const flight = { flightStartMs: nowMs - 1_000, flightEndMs: nowMs + 3_600_000 };
    await LEDGER.getByName("coffee").configure(terms({ budgetMicros: micros(10_000_000), ...flight }));
    const holder = new PurseHolder({ wallet: NAME, recorder: new Faults() });
    const ctx = createExecutionContext();
    const door = { env: { WALLET }, waitUntil: (work: Promise<unknown>) => ctx.waitUntil(work) };
    expect(holder.commit(coffee(5), nowMs)).toEqual({ ok: false, reason: "no_purse" });

    await holder.draw(door, ["coffee"], nowMs);
    await runDurableObjectAlarm(WALLET.getByName(NAME));
    await waitOnExecutionContext(ctx);
    expect(holder.view(Date.now()).get("coffee")).toEqual({ availableMicros: 100_000, multiplierPpm: 1_000_000 });
    const made = holder.commit(coffee(5), Date.now());
    const backed = claim(0, { priceMicros: micros(5), ...must(made) });
    const billing = new BillingBatcher({ recorder: new Faults() });
    expect(await billing.bill(door, backed)).toBe("billed");
    expect(await billing.bill(door, backed)).toBe("duplicate");
  });

  it("draws once however many requests come at once, and about once a second after", async () => {
    let draws = 0;
    const wallet = scriptedWallet(() => {
      draws += 1;
      return 1_000_000;
    });
    const holder = new PurseHolder({ wallet: NAME, recorder: new Faults(), clock: () => 10_000 });
    const door = doorTo(wallet);
    const first = await Promise.all(Array.from({ length: 20 }, () => holder.draw(door, ["coffee"], 10_000)));
    expect(draws).toBe(1);
    expect(first.every(Boolean)).toBe(true);
    await holder.draw(door, ["coffee"], 10_900);
    expect(draws).toBe(1);
    await holder.draw(door, ["coffee"], 11_000);
    expect(draws).toBe(2);
  });

  it("does not hang on a draw whose request died", async () => {
    const holder = new PurseHolder({ wallet: NAME, recorder: new Faults(), clock: () => 10_000 });
    const door = doorTo({ draw: () => new Promise<never>(() => {}) });
    void holder.draw({ ...door, waitUntil: () => {} }, ["coffee"], 10_000);
    const started = performance.now();
    expect(await holder.draw(door, ["coffee"], 10_001)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
    const healthy = doorTo(scriptedWallet(() => 70));
    expect(await holder.draw(healthy, ["coffee"], 16_000)).toBe(true);
  });

  it("rotates without a moment of empty hands, and sends the closing report until it arrives", async () => {
    let clock = 10_000;
    const closings: DrawRequest[] = [];
    const wallet = scriptedWallet(
      (request) => {
        if (request.closing) closings.push(request);
        if (request.closing && closings.length === 1) throw new Error("lost");
        return 1_000;
      },
      () => clock,
    );
    let serial = 0;
    const parts = { wallet: NAME, recorder: new Faults(), clock: () => clock, newPurseId: () => `p${serial++}` };
    const holder = new PurseHolder(parts);
    const step = async (ms: number) => {
      clock += ms;
      const door = doorTo(wallet);
      const drawing = holder.draw(door, ["coffee"], clock);
      expect(holder.view(clock).size).toBe(clock === 10_000 ? 0 : 1);
      await drawing;
      await door.settle();
    };
    await step(0);
    expect(holder.commit(coffee(300), clock).ok).toBe(true);
    await step(50_000);
    expect(holder.commit(coffee(1), clock)).toMatchObject({ value: { purseId: "p1" } });
    await step(1_000);
    expect(closings).toHaveLength(2);
    expect(closings[1]).toEqual(closings[0]);
    expect(closings[0]).toMatchObject({ purseId: "p0", campaigns: [{ committedMicros: 300, wantMicros: 0 }] });
    expect(parts.recorder.count).toBe(1);
  });
});

describe("grouped beacons", () => {
  it("sends what comes together in one call and gives each its own verdict", async () => {
    const batches: number[] = [];
    const verdicts = ["billed", "late", "duplicate"] as const;
    const door = doorTo({
      bill: (claims) => {
        batches.push(claims.length);
        return Promise.resolve({ verdicts: claims.map((_, i) => verdicts[i % 3] ?? "invalid") });
      },
    });
    const billing = new BillingBatcher({ recorder: new Faults() });
    const answers = await Promise.all([1, 2, 3].map((seq) => billing.bill(door, claim(seq))));
    expect(answers).toEqual(verdicts);
    expect(batches).toEqual([3]);
  });

  it("does not let a batch grow beyond what a wallet takes, and keeps wallets apart", async () => {
    const batches: number[] = [];
    const door = countingDoor(batches);
    const billing = new BillingBatcher({ recorder: new Faults() });
    const many = Array.from({ length: 2 * BILL_CLAIMS_MAX + 50 }, (_, i) => claim(i));
    many.push(claim(0, { wallet: "wallet:eu:1" }));
    const answers = await Promise.all(many.map((one) => billing.bill(door, one)));
    expect(new Set(answers)).toEqual(new Set(["billed"]));
    expect(batches.sort((a, b) => a - b)).toEqual([1, 50, BILL_CLAIMS_MAX, BILL_CLAIMS_MAX]);
  });

  it("waits longer for the next ones when many came together, and not at all longer after a rest", async () => {
    const windows = timersSet();
    let nowMs = 10_000;
    const billing = new BillingBatcher({ recorder: new Faults(), clock: () => nowMs });
    const door = countingDoor([]);
    const send = (count: number) => {
      windows.length = 0;
      return Promise.all(Array.from({ length: count }, (_, seq) => billing.bill(door, claim(seq))));
    };
    await send(10);
    expect(windows[0], "nothing is known yet").toBe(BILL_WINDOW_MS);
    nowMs += 40;
    await send(10);
    expect(windows[0], "10 in 40 ms").toBe(BILL_WINDOW_MS_MAX);
    nowMs += 60_000;
    await send(1);
    expect(windows[0], "a minute later").toBe(BILL_WINDOW_MS);
  });

  it("answers nothing rather than something false when the wallet is down", async () => {
    const faults = new Faults();
    const door = doorTo({ bill: () => Promise.reject(new Error("down")) });
    expect(await new BillingBatcher({ recorder: faults }).bill(door, claim(1))).toBe(null);
    expect(faults.count).toBe(2);
  });

  it("repeats a call whose answer was lost: nothing is billed twice, so it comes back as duplicate", async () => {
    let calls = 0;
    const door = doorTo({
      bill: (claims) => {
        calls += 1;
        if (calls === 1) return Promise.reject(new Error("the answer was lost"));
        return Promise.resolve({ verdicts: claims.map(() => "duplicate" as const) });
      },
    });
    expect(await new BillingBatcher({ recorder: new Faults() }).bill(door, claim(1))).toBe("duplicate");
  });

  it("is taken over by another when the request that gathered it died before sending", async () => {
    const billing = new BillingBatcher({ recorder: new Faults() });
    forgetTimers(1);
    void billing.bill(doorTo({}), claim(1));
    const batches: number[] = [];
    expect(await billing.bill(countingDoor(batches), claim(2))).toBe("billed");
    expect(batches).toEqual([2]);
  });

  it("is billed alone when the request that sent the batch died with the answer", async () => {
    const billing = new BillingBatcher({ recorder: new Faults() });
    // The dead request's window timer still fires; what it waits for after sending never does.
    forgetTimers(3, 4);
    void billing.bill(doorTo({ bill: () => new Promise<never>(() => {}) }), claim(1));
    expect(await billing.bill(doorTo({ bill: billAll }), claim(2))).toBe("billed");
  }, 15_000);

  it("calls a claim without a wallet invalid without calling anybody", async () => {
    const billing = new BillingBatcher({ recorder: new Faults() });
    expect(await billing.bill(doorTo({}), claim(1, { wallet: "" }))).toBe("invalid");
    expect(await billing.bill(doorTo({}), claim(1, { wallet: "admin" }))).toBe("invalid");
  });
});

/** A wallet that bills everything and notes how much came in each call. */
function countingDoor(batches: number[]) {
  return doorTo({
    bill: (claims) => {
      batches.push(claims.length);
      return billAll(claims);
    },
  });
}

/** How long each timer from now on was set for; they all ring at once. */
function timersSet(): number[] {
  const real = globalThis.setTimeout;
  const lengths: number[] = [];
  vi.spyOn(globalThis, "setTimeout").mockImplementation((...[ring, ms]: Parameters<typeof setTimeout>) => {
    lengths.push(ms ?? 0);
    return real(ring, 0);
  });
  return lengths;
}

/** Swallows the n-th timers set from now on: so it is for those who wait in a request that has died. */
function forgetTimers(...nth: readonly number[]): void {
  const real = globalThis.setTimeout;
  let set = 0;
  vi.spyOn(globalThis, "setTimeout").mockImplementation((...timer: Parameters<typeof setTimeout>) => {
    set += 1;
    return nth.includes(set) ? real(() => {}, 0) : real(...timer);
  });
}

/** A wallet that grants each campaign a fixed total. */
function scriptedWallet(drawn: (request: DrawRequest) => number, clock: () => number = () => 10_000) {
  const draw = (request: DrawRequest): Promise<DrawReply> => {
    try {
      const total = micros(drawn(request));
      const allotments = request.campaigns.map(({ campaignId }) => ({
        campaignId,
        drawnMicros: total,
        multiplierPpm: 1_000_000,
      }));
      const times = { nowMs: clock(), expiryMs: clock() + 60_000, retryAfterMs: 1_000 };
      return Promise.resolve({ purseId: request.purseId, incarnation: "s1", allotments, ...times });
    } catch (error) {
      return Promise.reject(error);
    }
  };
  return { draw };
}
