/** What the player SDK reports: the right moments of an ad, each once, and impressions until the edge has them. */
import type { HlsConfig, LoaderContext, NetworkDetails } from "hls.js";
import { describe, expect, test } from "vitest";
import { followAd } from "../../player/ad_progress.ts";
import { openBeaconDesk, type Beacon, type BeaconAnswer, type BeaconReport } from "../../player/beacon_desk.ts";
import { followBreaks, type MidrollEvent } from "../../player/break_follower.ts";
import { readAssetList } from "../../player/creative_signaling.ts";
import { keepHistory, rememberViewers, sendHistory } from "../../player/viewer_history.ts";
import { assetListOf } from "../../src/protocols/asset_list.ts";
import { trackingLinks } from "../../src/protocols/beacon_event.ts";

const DURATION_SEC = 20;

describe("the moments of an ad", () => {
  test("are told once each, as the ad passes them", () => {
    const ad = followAd();
    const told = [0, 0.2, 1, 5, 5.2, 10.1, 15, 19.8].map((at) => ad.at(at, DURATION_SEC));
    expect(told).toEqual([[], ["impression", "start"], [], ["firstQuartile"], [], ["midpoint"], ["thirdQuartile"], []]);
    expect(ad.end(DURATION_SEC)).toEqual(["complete"]);
    expect(ad.end(DURATION_SEC)).toEqual([]);
  });

  test("do not include an impression for an ad that never showed a frame", () => {
    const ad = followAd();
    expect(ad.at(0, DURATION_SEC)).toEqual([]);
    expect(ad.end(DURATION_SEC)).toEqual([]);
  });

  test("do not include completion for an ad that was cut short", () => {
    const ad = followAd();
    ad.at(12, DURATION_SEC);
    expect(ad.end(DURATION_SEC)).toEqual([]);
    expect(ad.completed()).toBe(false);
  });

  test("are all told when a slow tab heard only the first and the last position", () => {
    const ad = followAd();
    ad.at(0.1, DURATION_SEC);
    expect(ad.at(19.5, DURATION_SEC)).toEqual(["firstQuartile", "midpoint", "thirdQuartile"]);
    expect(ad.end(DURATION_SEC)).toEqual(["complete"]);
  });
});

const POD = {
  decisionId: "d1",
  ads: [6, 15].map((durationSec, index) => ({
    adId: `creative-${index + 1}`,
    sequence: index + 1,
    title: "An ad",
    advertiserDomain: "advertiser.example",
    durationSec,
    media: [
      {
        url: `https://media.example/${index}.m3u8`,
        mimeType: "application/x-mpegURL" as const,
        width: 320,
        height: 180,
        bitrateKbps: 200,
      },
    ],
    clickThroughUrl: "https://edge.example/v1/beacon/click?t=x",
    tracking: trackingLinks("https://edge.example", `token-${index + 1}`),
    categories: ["IAB2"],
  })),
};

describe("the signals in an asset list", () => {
  test("are read as the edge writes them", () => {
    const ads = readAssetList(JSON.parse(JSON.stringify(assetListOf(POD))));
    expect(ads.map(({ adId, durationSec }) => ({ adId, durationSec }))).toEqual([
      { adId: "creative-1", durationSec: 6 },
      { adId: "creative-2", durationSec: 15 },
    ]);
    expect(ads[1]?.clickThroughUrl).toBe("https://edge.example/v1/beacon/click?t=x");
    expect(ads[1]?.tracking.get("impression")).toEqual(["https://edge.example/v1/beacon/impression?t=token-2"]);
  });

  test.each([null, 7, {}, { ASSETS: "none" }, { ASSETS: [] }])("of nonsense (%j) are no ads", (list) => {
    expect(readAssetList(list)).toEqual([]);
  });

  test("leave out what cannot be requested, and keep the ad", () => {
    const slot = { type: "linear", tracking: [{ type: "impression", urls: ["javascript:alert(1)", 3] }, null] };
    const asset = {
      URI: "https://media.example/a.m3u8",
      DURATION: "6",
      "X-AD-CREATIVE-SIGNALING": { payload: [slot] },
    };
    const [ad] = readAssetList({ ASSETS: [asset, "nonsense"] });
    expect(ad).toMatchObject({ adId: "https://media.example/a.m3u8", durationSec: 6, clickThroughUrl: null });
    expect(ad?.tracking.get("impression")).toEqual([]);
  });
});

const IMPRESSION: Beacon = {
  event: "impression",
  adId: "creative-1",
  breakId: "break-1",
  position: 1,
  url: "https://edge.example/v1/beacon/impression?t=x",
};

/** Lets every promise that can settle do so. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** A desk whose network answers from a list, and whose pauses end when the test says so. */
function rehearsedDesk(answers: readonly (number | null)[]) {
  const reports: BeaconReport[] = [];
  const pauses: { readonly pauseMs: number; readonly run: () => void; off: boolean }[] = [];
  let sent = 0;
  const desk = openBeaconDesk((report) => reports.push(report), {
    request: async (): Promise<BeaconAnswer> => {
      const status = answers[sent++] ?? null;
      if (status === null) throw new Error("the network is away");
      return { status, verdict: status === 204 ? "billed" : null };
    },
    later: (pauseMs, run) => {
      const pause = { pauseMs, run, off: false };
      pauses.push(pause);
      return () => {
        pause.off = true;
      };
    },
  });
  /** Ends the newest pause. */
  const resume = async (): Promise<void> => {
    pauses.at(-1)?.run();
    await settle();
  };
  return { desk, reports, pauses, resume, sent: () => sent };
}

describe("a beacon", () => {
  test("that the edge takes is sent once", async () => {
    const { desk, reports, sent } = rehearsedDesk([204]);
    desk.send(IMPRESSION);
    await settle();
    expect(sent()).toBe(1);
    expect(reports.map(({ state }) => state)).toEqual(["sending", "accepted"]);
    expect(reports.at(-1)).toMatchObject({ status: 204, verdict: "billed", attempt: 1 });
  });

  test("of an impression is sent again, with growing pauses, until the edge takes it", async () => {
    const { desk, reports, pauses, resume } = rehearsedDesk([null, 503, 204]);
    desk.send(IMPRESSION);
    await settle();
    await resume();
    await resume();
    expect(pauses.map(({ pauseMs }) => pauseMs)).toEqual([500, 1500]);
    expect(reports.at(-1)).toMatchObject({ state: "accepted", attempt: 3 });
    expect(new Set(reports.map(({ beacon }) => beacon))).toEqual(new Set([1]));
  });

  test("of an impression is given up after six tries", async () => {
    const { desk, reports, resume, sent } = rehearsedDesk([]);
    desk.send(IMPRESSION);
    await settle();
    for (let i = 0; i < 5; i++) await resume();
    expect(sent()).toBe(6);
    expect(reports.at(-1)).toMatchObject({ state: "lost", status: null });
  });

  test("that the edge refuses, or that moves no money, is not repeated", async () => {
    const refused = rehearsedDesk([400]);
    refused.desk.send(IMPRESSION);
    await settle();
    expect(refused.reports.at(-1)?.state).toBe("refused");
    const start = rehearsedDesk([503]);
    start.desk.send({ ...IMPRESSION, event: "start" });
    await settle();
    expect(start.reports.at(-1)?.state).toBe("lost");
    expect(refused.pauses.length + start.pauses.length).toBe(0);
  });

  test("that waits for another try is sent at once when the page goes away", async () => {
    const { desk, pauses, sent } = rehearsedDesk([503, 204]);
    desk.send(IMPRESSION);
    await settle();
    desk.flush();
    await settle();
    expect(sent()).toBe(2);
    expect(pauses[0]?.off).toBe(true);
  });
});

/** A follower with a desk that only remembers what it was asked to send. */
function rehearsedFollower() {
  const events: MidrollEvent[] = [];
  const sent: string[] = [];
  const desk = {
    send: ({ event, position, url }: Beacon): void => void sent.push(`${position} ${event} ${new URL(url).search}`),
    note: (): void => undefined,
    flush: (): void => undefined,
  };
  return { follower: followBreaks(desk, (event) => events.push(event)), events, sent };
}

describe("a break", () => {
  test("reports each of its ads with that ad's own token", () => {
    const { follower, events, sent } = rehearsedFollower();
    follower.filled("break-1", assetListOf(POD));
    for (const [index, durationSec] of [6, 15].entries()) {
      const playhead = { currentTime: 0, duration: durationSec };
      follower.assetUp("break-1", index, playhead);
      follower.tick();
      for (playhead.currentTime = 0.25; playhead.currentTime < durationSec; playhead.currentTime += 0.25)
        follower.tick();
      follower.assetEnded("break-1", index, playhead);
    }
    follower.breakEnded("break-1");
    const moments = ["impression", "start", "firstQuartile", "midpoint", "thirdQuartile", "complete"];
    expect(sent).toEqual([1, 2].flatMap((ad) => moments.map((moment) => `${ad} ${moment} ?t=token-${ad}`)));
    expect(events.filter(({ kind }) => kind !== "adProgress").map(({ kind }) => kind)).toEqual([
      "breakFilled",
      "adStarted",
      "adEnded",
      "adStarted",
      "adEnded",
      "breakEnded",
    ]);
  });

  test("whose ad cannot be played reports the error with its code, once, and no impression", () => {
    const { follower, sent } = rehearsedFollower();
    follower.filled("break-1", assetListOf(POD));
    follower.assetUp("break-1", 0, { currentTime: 0, duration: 6 });
    follower.assetFailed("break-1", 0, "fragLoadError", 401);
    follower.assetFailed("break-1", 0, "fragLoadError", 401);
    expect(sent).toEqual(["1 error ?t=token-1&code=401"]);
    expect(follower.currentAd()).toBeNull();
  });

  test("that was never asked for reports nothing", () => {
    const { follower, sent } = rehearsedFollower();
    follower.assetUp("break-9", 0, { currentTime: 3, duration: 6 });
    follower.tick();
    expect(sent).toEqual([]);
  });
});

type Setup = Parameters<NonNullable<HlsConfig["xhrSetup"]>>;

/** A request of hls.js that notes what it was opened for. Only these members are touched. */
const requestOf = () => {
  const opened: string[] = [];
  const request = { readyState: 0, open: (_method: string, url: string) => void opened.push(url) };
  return { opened, request: request as unknown as Setup[0] };
};
const contextOf = (type: string) => ({ type }) as unknown as LoaderContext;

describe("a viewer's history", () => {
  const BREAK = "https://edge.example/v1/asset-list?pub=demo&vid=me&dur=30";
  const other = (change: readonly [from: string, to: string]) => BREAK.replace(...change);

  test("goes back with the viewer's next break, and is replaced by what comes then", () => {
    const history = rememberViewers();
    expect(history.carriedBy(BREAK)).toBe(BREAK);
    history.heard(BREAK, "a.1");
    expect(history.carriedBy(other(["dur=30", "dur=60"]))).toBe(`${other(["dur=30", "dur=60"])}&freq=a.1`);
    history.heard(history.carriedBy(BREAK), "a.2");
    expect(new URL(history.carriedBy(BREAK)).searchParams.get("freq")).toBe("a.2");
  });

  test("stays what it was when an answer brings none", () => {
    const history = rememberViewers();
    history.heard(BREAK, "a.1");
    history.heard(BREAK, null);
    expect(history.carriedBy(BREAK)).toContain("freq=a.1");
  });

  test.each([
    ["another edge", ["edge.example", "elsewhere.example"]],
    ["another publisher", ["pub=demo", "pub=rival"]],
    ["another viewer", ["vid=me", "vid=you"]],
  ] as const)("is not given to %s", (_whom, change) => {
    const history = rememberViewers();
    history.heard(BREAK, "a.1");
    expect(history.carriedBy(other(change))).toBe(other(change));
  });

  test("gives way to one that the page brings, and to an address that would grow too long", () => {
    const history = rememberViewers();
    history.heard(BREAK, "t".repeat(2_000));
    expect(history.carriedBy(`${BREAK}&freq=mine`)).toBe(`${BREAK}&freq=mine`);
    const long = `${BREAK}&seg=${"s".repeat(2_500)}`;
    expect(history.carriedBy(long)).toBe(long);
  });

  test("of the oldest of many viewers is forgotten", () => {
    const history = rememberViewers();
    for (let viewer = 0; viewer <= 16; viewer++) history.heard(other(["vid=me", `vid=v${viewer}`]), "a.1");
    expect(history.carriedBy(other(["vid=me", "vid=v0"]))).not.toContain("freq");
    expect(history.carriedBy(other(["vid=me", "vid=v16"]))).toContain("freq");
  });

  test("is sent by hls.js with asset lists and nothing else, and kept from their answers", async () => {
    const history = rememberViewers();
    const config: Pick<HlsConfig, "xhrSetup"> = {};
    sendHistory(config, history);
    const answer = {
      responseURL: BREAK,
      getResponseHeader: (name: string) => (name === "midroll-frequency" ? "a.1" : null),
    };
    keepHistory(answer as unknown as NetworkDetails, history);
    const list = requestOf();
    await config.xhrSetup?.(list.request, BREAK, contextOf("interstitial-asset-list"));
    expect(list.opened).toEqual([`${BREAK}&freq=a.1`]);
    const fragment = requestOf();
    await config.xhrSetup?.(fragment.request, BREAK, contextOf("media-fragment"));
    expect(fragment.opened).toEqual([]);
    keepHistory(new Response(null, { headers: { "midroll-frequency": "a.2" } }), history);
    keepHistory(null, history);
    expect(history.carriedBy(BREAK)).toContain("freq=a.1");
  });

  test("leaves a request alone that the page has opened itself", async () => {
    const history = rememberViewers();
    history.heard(BREAK, "a.1");
    const own = requestOf();
    const config: Pick<HlsConfig, "xhrSetup"> = {
      xhrSetup: (request) => void Object.assign(request, { readyState: 1 }),
    };
    sendHistory(config, history);
    await config.xhrSetup?.(own.request, BREAK, contextOf("interstitial-asset-list"));
    expect(own.opened).toEqual([]);
  });
});
