/** What the console remembers of its feed, and how it words why others lost. */
import { describe, expect, test } from "vitest";
import type { LiveAnswer, LiveCampaign } from "../../console/live_answer.ts";
import { createLiveStore, TRAFFIC_WINDOW_SEC, UNFINISHED_SEC } from "../../console/live_store.ts";
import { groupLosers, reasonSentence } from "../../console/reasons.ts";
import { micros } from "../../src/kernel/money.ts";
import { NO_TOTALS } from "../../src/money/totals.ts";
import type { DecisionSummary, DecisionSummaryRejection } from "../../src/telemetry/activity.ts";
import { terms } from "../money_fixture.ts";

const NOW_SEC = 1_800_000_000;

const decision = (decisionId: string, atMs: number): DecisionSummary => ({
  decisionId,
  atMs,
  publisherId: "demo",
  surface: "midroll",
  podDurationSec: 60,
  tier: "full",
  slots: [],
  rejections: [],
});

const campaign = (campaignId: string, billed: number): LiveCampaign => ({
  campaignId,
  name: campaignId,
  advertiserName: "Advertiser",
  lineItems: 1,
  house: false,
  status: {
    ...NO_TOTALS,
    terms: terms({ campaignId, budgetMicros: micros(1_000_000), flightStartMs: 0, flightEndMs: 1, pacing: "even" }),
    grantedMicros: micros(billed),
    billedMicros: micros(billed),
    outstandingMicros: micros(0),
    writtenOffMicros: micros(0),
    pendingMicros: micros(0),
    plannedMicros: micros(0),
    today: null,
    multiplierPpm: 1_000_000,
    impressionsBilled: 1,
    wallets: [],
  },
});

/** An answer with this many decisions in some seconds before now. */
function answer(secondsAgo: Readonly<Record<number, number>>, more: Partial<LiveAnswer> = {}): LiveAnswer {
  const agos = Object.keys(secondsAgo)
    .map(Number)
    .sort((a, b) => b - a);
  const zero = agos.map(() => 0);
  return {
    nowMs: NOW_SEC * 1000,
    seq: 1,
    restarted: false,
    series: {
      atSec: agos.map((ago) => NOW_SEC - ago),
      decisions: agos.map((ago) => secondsAgo[ago] ?? 0),
      impressionsBilled: zero,
      faults: zero,
    },
    lastMinute: {
      decisions: 0,
      emptyDecisions: 0,
      slotsFilled: 0,
      requestedMs: 0,
      paidMs: 0,
      houseMs: 0,
      committedMicros: 0,
      tiers: { full: 0, reduced: 0, fallback: 0, house: 0 },
      beacons: {},
      faults: {},
      isolates: 1,
    },
    decisions: [],
    campaigns: [],
    campaignsAtMs: NOW_SEC * 1000,
    catalogDigest: null,
    modelSetDigest: null,
    ...more,
  };
}

/** An answer in which one campaign has billed this much. Units: epoch milliseconds, micros. */
const spendAt = (campaignsAtMs: number, billed: number): LiveAnswer =>
  answer({}, { campaignsAtMs, campaigns: [campaign("c1", billed)] });

describe("the console's memory", () => {
  test("fills the gaps of a sparse feed with zero and leaves out seconds that still grow", () => {
    const store = createLiveStore();
    store.accept(answer({ 30: 50, 1: 999 }));
    const { atSec, decisions } = store.traffic(NOW_SEC * 1000);
    expect(atSec.at(-1)).toBe(NOW_SEC - UNFINISHED_SEC);
    expect(new Set(atSec.map((at, i) => at - (atSec[i - 1] ?? at - 1)))).toEqual(new Set([1]));
    expect(decisions.reduce((sum, perSec) => sum + perSec, 0)).toBe(50);
  });

  test("takes the newer copy of a second in place of the older", () => {
    const store = createLiveStore();
    store.accept(answer({ 10: 20 }));
    store.accept(answer({ 10: 35 }));
    const total = store.traffic(NOW_SEC * 1000).decisions.reduce((sum, perSec) => sum + perSec, 0);
    expect(total).toBe(35);
  });

  test("keeps ten minutes and no more", () => {
    const store = createLiveStore();
    store.accept(answer({ [TRAFFIC_WINDOW_SEC + 60]: 70, 20: 5 }));
    const { atSec, decisions } = store.traffic(NOW_SEC * 1000);
    expect(atSec.length).toBeLessThanOrEqual(TRAFFIC_WINDOW_SEC + 1);
    expect(decisions.reduce((sum, perSec) => sum + perSec, 0)).toBe(5);
  });

  test("shows each decision once, newest first, within a bound", () => {
    const store = createLiveStore();
    store.accept(answer({}, { decisions: [decision("b", 2), decision("a", 1)] }));
    store.accept(answer({}, { decisions: [decision("c", 3), decision("b", 2)] }));
    expect(store.decisions().map(({ decisionId }) => decisionId)).toEqual(["c", "b", "a"]);
    store.accept(answer({}, { decisions: Array.from({ length: 500 }, (_, i) => decision(`d${i}`, 10 + i)) }));
    expect(store.decisions().length).toBeLessThan(100);
  });

  test("gathers a campaign's spend once for each time the ledgers were asked", () => {
    const store = createLiveStore();
    store.accept(spendAt(1000, 10));
    store.accept(spendAt(1000, 10));
    store.accept(spendAt(2000, 25));
    expect(store.history("c1")).toMatchObject({ atSec: [1, 2], billedMicros: [10, 25] });
    expect(store.history("c2")).toBeNull();
  });

  test("forgets everything when origin starts anew", () => {
    const store = createLiveStore();
    store.accept(answer({ 10: 20 }, { decisions: [decision("old", 1)] }));
    store.accept(answer({}, { restarted: true, decisions: [decision("new", 2)] }));
    expect(store.decisions().map(({ decisionId }) => decisionId)).toEqual(["new"]);
    expect(store.decisionsPerSec(NOW_SEC * 1000)).toBe(0);
  });
});

const loser = (stage: string, reason: string, seatNonBid: number): DecisionSummaryRejection => ({
  lineItemId: "li",
  creativeId: "cr",
  stage,
  reason,
  seatNonBid,
  bidMicros: null,
});

describe("why others lost", () => {
  test("is grouped by stage in the order of the decision, most frequent reason first", () => {
    const groups = groupLosers([
      loser("pod", "outbid", 502),
      loser("retrieve", "outside_flight", 200),
      loser("retrieve", "targeting_genres", 200),
      loser("retrieve", "targeting_genres", 200),
      loser("somewhere_new", "never_heard_of", 999),
    ]);
    expect(groups.map(({ stage, count }) => [stage, count])).toEqual([
      ["retrieve", 3],
      ["pod", 1],
      ["somewhere_new", 1],
    ]);
    expect(groups[0]?.reasons.map(({ reason, losers }) => [reason, losers.length])).toEqual([
      ["targeting_genres", 2],
      ["outside_flight", 1],
    ]);
  });

  test("is said in a sentence, also for a reason this page has never heard of", () => {
    expect(reasonSentence("frequency_capped")).toBe("The viewer has seen this line item often enough.");
    expect(reasonSentence("never_heard_of")).toBe("Never heard of.");
  });
});
