/**
 * Breaks for the renderer tests: one that a person can read, and random ones full of strings that break careless
 * writers (markup, quotes, control characters, lone surrogates).
 */
import * as fc from "fast-check";
import { trackingLinks } from "../../src/protocols/beacon_event.ts";
import type { PodAd, PodDocument } from "../../src/protocols/pod_document.ts";

/** An ad with both kinds of media. */
export const ad: PodAd = {
  adId: "creative-1",
  sequence: 1,
  title: "Shoes & <Socks>",
  advertiserDomain: "shoes.example",
  durationSec: 15.04,
  media: [
    { url: "https://m.example/a.mp4", mimeType: "video/mp4", width: 1280, height: 720, bitrateKbps: 2500 },
    { url: "https://m.example/a.m3u8", mimeType: "application/x-mpegURL", width: 640, height: 360, bitrateKbps: 900 },
  ],
  clickThroughUrl: "https://edge.example/v1/beacon/click?t=tok&x=1",
  tracking: trackingLinks("https://edge.example/", "tok"),
  categories: ["IAB18", "IAB17-18"],
};

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "]]>",
      "<![CDATA[",
      "<",
      ">",
      "&",
      "&amp;",
      "&#0;",
      '"',
      "'",
      "--",
      "<?x?>",
      "😀",
      "\u2028",
      "\u0085",
      "é",
    ),
    fc.constantFrom("\ud800", "\udc00", "\u0000", "\u0007", "\u001f", "\ufffe", "\uffff", "\t", "\n", "\r", " ", "a"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 20,
});
const nastyUrl = nasty.map((text) => `https://x.example/${text}`);
const nastyAd = fc.record({
  adId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/),
  title: nasty,
  advertiserDomain: nasty,
  durationSec: fc.integer({ min: 1, max: 600_000 }).map((durationMs) => durationMs / 1000),
  media: fc.array(
    fc.record({
      url: nastyUrl,
      mimeType: fc.constantFrom("video/mp4" as const, "application/x-mpegURL" as const),
      width: fc.integer({ min: 1, max: 8000 }),
      height: fc.integer({ min: 1, max: 8000 }),
      bitrateKbps: fc.integer({ min: 1, max: 99_999 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  clickThroughUrl: nastyUrl,
  tracking: nastyUrl.map((url) => trackingLinks(url, "t").map((link) => ({ ...link, url: `${url}/${link.event}` }))),
  categories: fc.array(nasty, { maxLength: 4 }),
});
/** A break whose every free string is hostile. */
export const nastyPod: fc.Arbitrary<PodDocument> = fc.record({
  decisionId: fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
  ads: fc
    .array(nastyAd, { maxLength: 4 })
    .map((ads) => ads.map((each, index): PodAd => ({ ...each, sequence: index + 1 }))),
});
