/**
 * A break as VAST 4.2, the format every video player reads. Order of elements is that of the schema (vast_4.2.xsd),
 * because strict readers check it: the ad definition base first, then the in-line parts in alphabetical order.
 * Source: IAB Tech Lab, Digital Video Ad Serving Template 4.2, sections 3.2 to 3.10.
 */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../kernel/time.ts";
import { withErrorMacro } from "./beacon_event.ts";
import type { TrackedEvent } from "./beacon_event.ts";
import { HLS_MIME_TYPE } from "./pod_document.ts";
import type { PodAd, PodDocument } from "./pod_document.ts";
import { element, textElement } from "./xml.ts";

/** Media type of a VAST document. */
export const VAST_MEDIA_TYPE = "application/xml; charset=utf-8";

/** Who catalogues the ids in `UniversalAdId` and names itself in `AdSystem`. */
const AD_SYSTEM = "Midroll";

/** Categories are IAB Content Taxonomy codes. */
const CATEGORY_AUTHORITY = "iabtechlab.com";

/**
 * The break as a VAST 4.2 ad pod. An empty break is a document without ads, which tells a player to go on.
 * An ad without media cannot be expressed in VAST and is left out.
 */
export function renderVast(pod: PodDocument): string {
  const ads = pod.ads.filter((ad) => ad.media.length > 0).map((ad) => renderAd(pod.decisionId, ad));
  const root = element("VAST", { version: "4.2", xmlns: "http://www.iab.com/VAST" }, ads.join(""));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
}

function renderAd(decisionId: string, ad: PodAd): string {
  const inLine = [
    textElement("AdSystem", AD_SYSTEM),
    ...linksFor(ad, "error").map((url) => textElement("Error", withErrorMacro(url))),
    ...impressions(ad),
    textElement("AdServingId", `${decisionId}-${ad.sequence}`),
    textElement("AdTitle", ad.title),
    textElement("Advertiser", ad.advertiserDomain),
    ...ad.categories.map((code) => textElement("Category", code, { authority: CATEGORY_AUTHORITY })),
    element("Creatives", {}, renderCreative(ad)),
  ];
  return element("Ad", { id: ad.adId, sequence: ad.sequence }, element("InLine", {}, inLine.join("")));
}

function renderCreative(ad: PodAd): string {
  const linear = [
    element("TrackingEvents", {}, trackingEvents(ad)),
    textElement("Duration", vastDuration(ad.durationSec)),
    element("MediaFiles", {}, mediaFiles(ad)),
    element("VideoClicks", {}, textElement("ClickThrough", ad.clickThroughUrl, { id: "click" })),
  ];
  const creative = [
    textElement("UniversalAdId", ad.adId, { idRegistry: AD_SYSTEM }),
    element("Linear", {}, linear.join("")),
  ];
  return element("Creative", { id: ad.adId, sequence: 1 }, creative.join(""));
}

/** The schema wants at least one; the standard's own placeholder says that nobody listens. */
function impressions(ad: PodAd): readonly string[] {
  const urls = linksFor(ad, "impression");
  return (urls.length > 0 ? urls : ["about:blank"]).map((url) => textElement("Impression", url, { id: "impression" }));
}

/** Impression and error have their own elements; the rest are tracking events of the linear creative. */
function trackingEvents(ad: PodAd): string {
  return ad.tracking
    .filter(({ event }) => event !== "impression" && event !== "error")
    .map(({ event, url }) => textElement("Tracking", url, { event }))
    .join("");
}

function mediaFiles(ad: PodAd): string {
  return ad.media
    .map((media, index) =>
      textElement("MediaFile", media.url, {
        id: String(index + 1),
        delivery: media.mimeType === HLS_MIME_TYPE ? "streaming" : "progressive",
        type: media.mimeType,
        width: media.width,
        height: media.height,
        bitrate: media.bitrateKbps,
      }),
    )
    .join("");
}

function linksFor(ad: PodAd, event: TrackedEvent): readonly string[] {
  return ad.tracking.filter((link) => link.event === event).map((link) => link.url);
}

/** `HH:MM:SS.mmm`, rounded to the millisecond. Units in: seconds. Requires: less than a day. */
export function vastDuration(durationSec: number): string {
  const totalMs = Math.round(durationSec * 1000);
  const hours = padded(Math.floor(totalMs / HOUR_MS), 2);
  const minutes = padded(Math.floor(totalMs / MINUTE_MS) % 60, 2);
  const seconds = padded(Math.floor(totalMs / SECOND_MS) % 60, 2);
  return `${hours}:${minutes}:${seconds}.${padded(totalMs % SECOND_MS, 3)}`;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
