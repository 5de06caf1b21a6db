/** What the console remembers of its feed, which part of a history it draws, and how it words why others lost. */
import { NOTHING_SERVES } from "../../src/models/serving_order.ts";
import { describe, expect, test } from "vitest";
import { HISTORY_WINDOWS, historyColumns } from "../../console/history_window.ts";
import type { LiveAnswer } from "../../console/live_answer.ts";
import { createLiveStore, TRAFFIC_WINDOW_SEC, UNFINISHED_SEC } from "../../console/live_store.ts";
import { groupLosers, reasonSentence } from "../../console/reasons.ts";
import { micros } from "../../src/kernel/money.ts";
import type { HistoryPoint } from "../../src/money/ledger_history.ts";
import type { DecisionSummary, DecisionSummaryRejection } from "../../src/telemetry/activity.ts";

const NOW_SEC = 1_800_000_000;

const decision = (decisionId: string, atMs: number): DecisionSummary => ({
  decisionId,
  atMs,
  publisherId: "demo",
  surface: "midroll",
  podDurationSec: 60,
  tier: "full",
  modelSetDigest: null,
  slots: [],
  rejections: [],
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
      modelSets: {},
      models: {},
      beacons: {},
      faults: {},
      isolates: 1,
    },
    decisions: [],
    campaigns: [],
    campaignsAtMs: NOW_SEC * 1000,
    catalogDigest: null,
    models: NOTHING_SERVES,
    ...more,
  };
}

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

  test("forgets everything when origin starts anew", () => {
    const store = createLiveStore();
    store.accept(answer({ 10: 20 }, { decisions: [decision("old", 1)] }));
    store.accept(answer({}, { restarted: true, decisions: [decision("new", 2)] }));
    expect(store.decisions().map(({ decisionId }) => decisionId)).toEqual(["new"]);
    expect(store.decisionsPerSec(NOW_SEC * 1000)).toBe(0);
  });
});

/** A point of a ledger's history, this many minutes after the first. */
const point = (minute: number, billed: number, planned: number): HistoryPoint => ({
  atMs: NOW_SEC * 1000 + minute * 60_000,
  billedMicros: micros(billed),
  spentMicros: micros(billed),
  outstandingMicros: micros(0),
  pendingMicros: micros(0),
  plannedMicros: micros(planned),
  multiplierPpm: 250_000,
  impressions: 0,
  late: 0,
  exhausted: 0,
  unbilledMicros: micros(0),
});

/** Minutes after the first point. */
const minutes = (atSec: readonly number[]): number[] => atSec.map((at) => (at - NOW_SEC) / 60);

describe("a campaign over time", () => {
  const [hour, day, all] = HISTORY_WINDOWS;
  const history = [point(0, 10, 20), point(30, 15, 30), point(89, 40, 50), point(150, 70, 80)];

  test("shows within an hour what was added in it, from what was known when it began", () => {
    const shown = historyColumns(history, hour);
    // Minute 89 was the last one known at minute 90.
    expect(minutes(shown.atSec)).toEqual([90, 150]);
    expect([shown.billed, shown.planned]).toEqual([
      [0, 30],
      [0, 30],
    ]);
    expect(shown.multiplier).toEqual([0.25, 0.25]);
  });

  test("begins with its first point when the window is longer than the history", () => {
    expect(historyColumns(history, day ?? hour)).toMatchObject({ billed: [0, 5, 30, 60], planned: [0, 10, 30, 60] });
  });

  test("shows the amounts themselves over the whole flight", () => {
    const shown = historyColumns(history, all ?? hour);
    expect(minutes(shown.atSec)).toEqual([0, 30, 89, 150]);
    expect(shown).toMatchObject({ billed: [10, 15, 40, 70], planned: [20, 30, 50, 80] });
    expect(historyColumns([], all ?? hour).atSec).toEqual([]);
  });
});

const loser = (stage: string, reason: string, seatNonBid: number): DecisionSummaryRejection => ({
  lineItemId: "li",
  creativeId: "cr",
  stage,
  reason,
  seatNonBid,
  bidMicros: null,
  valueMicros: null,
  floorMicros: null,
  neededBidMicros: null,
  dealId: null,
  scores: null,
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
    expect(reasonSentence("frequency_capped")).toBe("The viewer has seen it or its campaign often enough.");
    expect(reasonSentence("never_heard_of")).toBe("Never heard of.");
  });
});
