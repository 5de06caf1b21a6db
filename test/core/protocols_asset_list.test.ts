/**
 * The HLS interstitial asset list: what a player gets to play, and where the tracking sits in it.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderAssetList } from "../../src/protocols/asset_list.ts";
import { mediaUrl } from "../../src/protocols/pod_document.ts";
import { ad, nastyPod } from "./protocols_documents.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/protocols_asset_list.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

describe("an asset list", () => {
  it("of an empty break is an empty list", () => {
    expect(JSON.parse(renderAssetList({ decisionId: "d", ads: [] }))).toEqual({ ASSETS: [] });
  });

  it("carries HLS media only, with tracking in the standard signaling object", () => {
    const mp4Only = { ...ad, media: ad.media.slice(0, 1), sequence: 2 };
    const list = JSON.parse(renderAssetList({ decisionId: "d", ads: [ad, mp4Only] }));
    expect(list.ASSETS).toHaveLength(1);
    expect(list.ASSETS[0]).toMatchObject({ URI: "https://m.example/a.m3u8", DURATION: 15.04 });
    const envelope = list.ASSETS[0]["X-AD-CREATIVE-SIGNALING"];
    expect(envelope).toMatchObject({ version: 2, type: "slot" });
    expect(envelope.payload).toHaveLength(1);
    expect(envelope.payload[0]).toMatchObject({
      type: "linear",
      start: 0,
      duration: 15.04,
      identifiers: [{ scheme: "urn:midroll:creative", value: "creative-1" }],
      clickThrough: ad.clickThroughUrl,
    });
    expect(envelope.payload[0].tracking).toContainEqual({
      type: "impression",
      urls: ["https://edge.example/v1/beacon/impression?t=tok"],
    });
    expect(envelope.payload[0].tracking).toContainEqual({
      type: "error",
      urls: ["https://edge.example/v1/beacon/error?t=tok&code=[ERRORCODE]"],
    });
    expect(envelope.payload[0].tracking.map((link: { type: string }) => link.type)).toEqual(
      ad.tracking.map(({ event }) => event),
    );
  });

  it("carries hostile addresses unharmed", () => {
    fc.assert(
      fc.property(nastyPod, (pod) => {
        const text = renderAssetList(pod);
        const { ASSETS } = JSON.parse(text);
        expect(text).not.toMatch(/\\ud[89a-f]/i);
        const playable = pod.ads.flatMap((each) => each.media.find((media) => media.mimeType !== "video/mp4") ?? []);
        expect(ASSETS.map((asset: { URI: string }) => asset.URI)).toEqual(
          playable.map(({ url }) => url.toWellFormed()),
        );
      }),
      { seed, numRuns: 400 },
    );
  });
});

describe("a media address", () => {
  it.each([
    ["https://media.example/base/", "/clips/a.m3u8", "https://media.example/base/clips/a.m3u8"],
    ["https://media.example", "clips/a.m3u8", "https://media.example/clips/a.m3u8"],
    ["https://media.example", "https://cdn.example/a.mp4", "https://cdn.example/a.mp4"],
  ])("in %s, %s is %s", (base, url, absolute) => {
    expect(mediaUrl(base, url)).toBe(absolute);
  });
});
