/** VAST as a player's library reads it: the independent parser of @dailymotion/vast-client, on a strict XML reader. */
import { createRequire } from "node:module";
import { VASTParser } from "@dailymotion/vast-client";
import { z } from "zod";
import type { ShownAd } from "./pod_rules.ts";

// The XML reader comes with vast-client. Its type declarations would bring the whole DOM into the Node tests, so it is
// loaded untyped and given the one signature used here.
const { DOMParser } = createRequire(import.meta.url)("@xmldom/xmldom") as {
  DOMParser: new (options: { errorHandler: (level: string, message: string) => void }) => {
    parseFromString(text: string, type: string): unknown;
  };
};

function throwOnAny(level: string, message: string): never {
  throw new Error(`${level}: ${message}`);
}

const url = z.url({ protocol: /^https?$/ });
const adSchema = z.object({
  id: z.string(),
  sequence: z.string(),
  advertiser: z.object({ value: z.string() }),
  categories: z.array(z.object({ value: z.string() })).min(1),
  impressionURLTemplates: z.array(z.object({ url })).min(1),
  errorURLTemplates: z.array(url).min(1),
  creatives: z.tuple([
    z.object({
      type: z.literal("linear"),
      duration: z.number().positive(),
      mediaFiles: z.array(z.object({ fileURL: url, mimeType: z.string() })).min(1),
      videoClickThroughURLTemplate: z.object({ url }),
      trackingEvents: z.record(z.string(), z.array(url)),
    }),
  ]),
});
const vastSchema = z.object({ version: z.literal("4.2"), ads: z.array(adSchema) });

/** A break read back from VAST. */
export interface ReadVast {
  readonly ads: readonly ShownAd[];
  readonly impressionUrls: readonly string[];
}

/** The break in a VAST document. Throws on anything that the parser or a player would stumble over. */
export async function readVast(xml: string): Promise<ReadVast> {
  const tree = new DOMParser({ errorHandler: throwOnAny }).parseFromString(xml, "text/xml");
  const { ads } = vastSchema.parse(await new VASTParser().parseVAST(tree));
  const outOfOrder = ads.filter((ad, index) => ad.sequence !== String(index + 1));
  if (outOfOrder.length > 0)
    throw new Error(`the sequence is not 1, 2, 3, …: ${ads.map((ad) => ad.sequence).join(" ")}`);
  return {
    ads: ads.map((ad) => ({
      creativeId: ad.id,
      durationSec: ad.creatives[0].duration,
      advertiserDomain: ad.advertiser.value,
      categories: ad.categories.map((category) => category.value),
    })),
    impressionUrls: ads.flatMap((ad) => ad.impressionURLTemplates.map((template) => template.url)),
  };
}
