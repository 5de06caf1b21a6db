/**
 * VAST read back by an independent parser and checked against the order of the schema. Titles, URLs and categories are
 * hostile on purpose; whatever a catalog holds must come back unharmed.
 */
import { createRequire } from "node:module";
import { VASTParser } from "@dailymotion/vast-client";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { renderAssetList } from "../../src/protocols/asset_list.ts";
import { renderVast, vastDuration } from "../../src/protocols/vast.ts";
import { ad, nastyPod } from "./protocols_documents.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/protocols_vast.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

/** The part of an XML node that the checks read. */
interface XmlNode {
  readonly nodeName: string;
  readonly nodeType: number;
  readonly childNodes: ArrayLike<XmlNode>;
  readonly documentElement?: XmlNode;
  getAttribute(name: string): string | null;
}

// The XML reader comes with vast-client. Its type declarations would bring the whole DOM into the Node tests, so it is
// loaded untyped and given the one signature used here.
const { DOMParser } = createRequire(import.meta.url)("@xmldom/xmldom") as {
  DOMParser: new (options: { errorHandler: (level: string, message: string) => void }) => {
    parseFromString(text: string, type: string): XmlNode;
  };
};

function throwOnAny(level: string, message: string): never {
  throw new Error(`${level}: ${message}`);
}

function readXml(text: string): XmlNode {
  return new DOMParser({ errorHandler: throwOnAny }).parseFromString(text, "text/xml");
}

/** Characters that XML 1.0 section 2.2 allows; a lone surrogate arrives as U+FFFD. */
function asXmlReads(text: string): string {
  return [...text]
    .map((letter) => (/^\p{Cs}$/u.test(letter) ? "\ufffd" : letter))
    .filter((letter) => {
      const point = letter.codePointAt(0) ?? 0;
      if (point < 0x20) return point === 9 || point === 10 || point === 13;
      return point !== 0xfffe && point !== 0xffff;
    })
    .join("");
}

/** Children in schema order: name, least, most. `any` order is allowed in a Creative, as in the schema's xs:all. */
const SCHEMA: Readonly<Record<string, readonly (readonly [string, number, number])[]>> = {
  VAST: [["Ad", 0, 99]],
  Ad: [["InLine", 1, 1]],
  InLine: [
    ["AdSystem", 1, 1],
    ["Error", 0, 99],
    ["Impression", 1, 99],
    ["AdServingId", 1, 1],
    ["AdTitle", 1, 1],
    ["Advertiser", 0, 1],
    ["Category", 0, 99],
    ["Creatives", 1, 1],
  ],
  Creatives: [["Creative", 1, 99]],
  Creative: [
    ["UniversalAdId", 1, 99],
    ["Linear", 0, 1],
  ],
  Linear: [
    ["TrackingEvents", 0, 1],
    ["Duration", 1, 1],
    ["MediaFiles", 1, 1],
    ["VideoClicks", 0, 1],
  ],
  TrackingEvents: [["Tracking", 0, 99]],
  MediaFiles: [["MediaFile", 1, 99]],
  VideoClicks: [["ClickThrough", 0, 1]],
};

const REQUIRED_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  VAST: ["version"],
  Category: ["authority"],
  Tracking: ["event"],
  UniversalAdId: ["idRegistry"],
  MediaFile: ["delivery", "type", "width", "height"],
};

function checkSchema(node: XmlNode): void {
  for (const name of REQUIRED_ATTRIBUTES[node.nodeName] ?? []) expect(node.getAttribute(name)).toBeTruthy();
  const children = Array.from(node.childNodes).filter((child) => child.nodeType === 1);
  let at = 0;
  for (const [name, least, most] of SCHEMA[node.nodeName] ?? []) {
    let count = 0;
    while (children[at]?.nodeName === name) {
      at += 1;
      count += 1;
    }
    expect(count, `${name} in ${node.nodeName}`).toBeGreaterThanOrEqual(least);
    expect(count, `${name} in ${node.nodeName}`).toBeLessThanOrEqual(most);
  }
  expect(
    children.slice(at).map((child) => child.nodeName),
    `out of order in ${node.nodeName}`,
  ).toEqual([]);
  for (const child of children) checkSchema(child);
}

function rootOf(xml: string): XmlNode {
  const root = readXml(xml).documentElement;
  if (root === undefined) throw new Error("no root element");
  return root;
}

describe("VAST", () => {
  it("of an empty break is a document without ads", async () => {
    const xml = renderVast({ decisionId: "d", ads: [] });
    expect(xml).toBe('<?xml version="1.0" encoding="UTF-8"?>\n<VAST version="4.2" xmlns="http://www.iab.com/VAST"/>\n');
    checkSchema(rootOf(xml));
    expect((await new VASTParser().parseVAST(readXml(xml))).ads).toEqual([]);
  });

  it("says everything a player needs, in the schema's order", async () => {
    const xml = renderVast({ decisionId: "d-9", ads: [ad, { ...ad, adId: "creative-2", sequence: 2 }] });
    checkSchema(rootOf(xml));
    const { ads, version } = await new VASTParser().parseVAST(readXml(xml));
    expect(version).toBe("4.2");
    expect(ads.map((each: { sequence: string }) => each.sequence)).toEqual(["1", "2"]);
    expect(ads.map((each: { adServingId: string }) => each.adServingId)).toEqual(["d-9-1", "d-9-2"]);
    expect(ads[0]).toMatchObject({
      id: "creative-1",
      system: { value: "Midroll" },
      title: "Shoes & <Socks>",
      advertiser: { value: "shoes.example" },
      categories: [
        { authority: "iabtechlab.com", value: "IAB18" },
        { authority: "iabtechlab.com", value: "IAB17-18" },
      ],
      errorURLTemplates: ["https://edge.example/v1/beacon/error?t=tok&code=[ERRORCODE]"],
      impressionURLTemplates: [{ url: "https://edge.example/v1/beacon/impression?t=tok" }],
    });
    const [creative] = ads[0].creatives;
    expect(creative.duration).toBeCloseTo(15.04, 6);
    expect(creative.universalAdIds).toEqual([{ idRegistry: "Midroll", value: "creative-1" }]);
    expect(creative.videoClickThroughURLTemplate.url).toBe("https://edge.example/v1/beacon/click?t=tok&x=1");
    expect(creative.trackingEvents).toEqual({
      start: ["https://edge.example/v1/beacon/start?t=tok"],
      firstQuartile: ["https://edge.example/v1/beacon/firstQuartile?t=tok"],
      midpoint: ["https://edge.example/v1/beacon/midpoint?t=tok"],
      thirdQuartile: ["https://edge.example/v1/beacon/thirdQuartile?t=tok"],
      complete: ["https://edge.example/v1/beacon/complete?t=tok"],
      skip: ["https://edge.example/v1/beacon/skip?t=tok"],
    });
    expect(creative.mediaFiles).toMatchObject([
      {
        fileURL: "https://m.example/a.mp4",
        deliveryType: "progressive",
        mimeType: "video/mp4",
        width: 1280,
        bitrate: 2500,
      },
      {
        fileURL: "https://m.example/a.m3u8",
        deliveryType: "streaming",
        mimeType: "application/x-mpegURL",
        height: 360,
      },
    ]);
  });

  it("never shows a player what the impression cost", () => {
    const priced = { ...ad, priceMicros: micros(987_654) };
    expect(renderVast({ decisionId: "d", ads: [priced] })).not.toContain("987654");
    expect(renderAssetList({ decisionId: "d", ads: [priced] })).not.toContain("987654");
  });

  it("leaves out an ad without media, and says about:blank when nobody counts impressions", () => {
    expect(renderVast({ decisionId: "d", ads: [{ ...ad, media: [] }] })).not.toContain("<Ad ");
    const silent = renderVast({ decisionId: "d", ads: [{ ...ad, tracking: [] }] });
    expect(silent).toContain(">about:blank</Impression>");
    checkSchema(rootOf(silent));
  });

  it.each([
    [6, "00:00:06.000"],
    [15.04, "00:00:15.040"],
    [59.9996, "00:01:00.000"],
    [600, "00:10:00.000"],
    [3661.5, "01:01:01.500"],
  ])("writes %s seconds as %s", (sec, text) => {
    expect(vastDuration(sec)).toBe(text);
  });
});

/** VAST readers trim text, and so does this oracle. */
function read(text: string): string {
  return asXmlReads(text).trim();
}

describe("a catalog full of hostile strings", () => {
  it("comes back from VAST as it was, less what XML cannot carry", async () => {
    await fc.assert(
      fc.asyncProperty(nastyPod, async (pod) => {
        const xml = renderVast(pod);
        expect(xml.isWellFormed()).toBe(true);
        checkSchema(rootOf(xml));
        const { ads } = await new VASTParser().parseVAST(readXml(xml));
        expect(ads).toHaveLength(pod.ads.length);
        for (const [index, sent] of pod.ads.entries()) {
          const got = ads[index];
          const [creative] = got.creatives;
          expect(got.id).toBe(sent.adId);
          expect(got.title).toBe(read(sent.title));
          expect(got.advertiser.value).toBe(read(sent.advertiserDomain));
          expect(got.categories.map((each: { value: string }) => each.value)).toEqual(sent.categories.map(read));
          expect(creative.duration).toBeCloseTo(sent.durationSec, 6);
          expect(creative.videoClickThroughURLTemplate.url).toBe(read(sent.clickThroughUrl));
          expect(creative.mediaFiles.map(mediaFacts)).toEqual(
            sent.media.map((media) => [read(media.url), media.mimeType, media.width, media.height, media.bitrateKbps]),
          );
          const url = (event: string): string => read(sent.tracking.find((link) => link.event === event)?.url ?? "");
          expect(got.impressionURLTemplates.map((each: { url: string }) => each.url)).toEqual([url("impression")]);
          expect(creative.trackingEvents["complete"]).toEqual([url("complete")]);
          expect(got.errorURLTemplates[0].startsWith(url("error"))).toBe(true);
        }
      }),
      { seed, numRuns: 400 },
    );
  });
});

function mediaFacts(file: {
  fileURL: string;
  mimeType: string;
  width: number;
  height: number;
  bitrate: number;
}): readonly (string | number)[] {
  return [file.fileURL, file.mimeType, file.width, file.height, file.bitrate];
}
