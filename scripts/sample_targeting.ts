/**
 * How the sample's line items are targeted. Broad ones reach the demo publisher's mid-roll on a television in the US
 * and in Germany, so that its breaks are fought over; narrow ones use every dimension somewhere.
 */
import type { z } from "zod";
import type { targetingSchema } from "../src/catalog/targeting_schema.ts";
import type { RandomStream } from "../src/kernel/random.ts";

type Targeting = z.input<typeof targetingSchema>;

/** Targeting and what to call it. */
export interface NamedTargeting {
  readonly label: string;
  readonly targeting: Targeting;
}

const BROAD: readonly NamedTargeting[] = [
  { label: "run of network", targeting: {} },
  { label: "television", targeting: { devices: { include: ["ctv"] } } },
  { label: "US and Germany", targeting: { countries: { include: ["US", "DE"] } } },
  { label: "large screens", targeting: { devices: { exclude: ["mobile"] } } },
  { label: "in the stream", targeting: { surfaces: { include: ["preroll", "midroll"] } } },
  { label: "not for children", targeting: { ratings: { exclude: ["TV-Y"] }, genres: { exclude: ["kids"] } } },
  { label: "West", targeting: { countries: { include: ["US", "CA", "GB", "DE", "FR"] } } },
];

const NARROW: readonly NamedTargeting[] = [
  { label: "United States", targeting: { countries: { include: ["US"] } } },
  {
    label: "German-speaking",
    targeting: { countries: { include: ["DE", "AT", "CH"] }, languages: { include: ["de"] } },
  },
  { label: "British Isles", targeting: { countries: { include: ["GB", "IE"] } } },
  { label: "coasts", targeting: { countries: { include: ["US"] }, regions: { include: ["CA", "NY", "WA", "MA"] } } },
  { label: "outside Bavaria", targeting: { countries: { include: ["DE"] }, regions: { exclude: ["BY"] } } },
  { label: "phones", targeting: { devices: { include: ["mobile", "tablet"] } } },
  { label: "sports", targeting: { genres: { include: ["sports"] } } },
  { label: "news and documentary", targeting: { genres: { include: ["news", "documentary"] } } },
  {
    label: "drama and film",
    targeting: { genres: { include: ["drama", "film"] }, devices: { include: ["ctv", "desktop"] } },
  },
  { label: "grown-ups", targeting: { ratings: { include: ["TV-14", "TV-MA"] } } },
  { label: "English", targeting: { languages: { include: ["en"] } } },
  { label: "pause screen", targeting: { surfaces: { include: ["pause", "home"] } } },
  { label: "live sports only", targeting: { publishers: { include: ["sports-live"] } } },
  { label: "not on news", targeting: { publishers: { exclude: ["news-now"] }, genres: { exclude: ["news"] } } },
  { label: "evenings", targeting: { dayparts: [{ days: [0, 1, 2, 3, 4, 5, 6], fromHour: 17, toHour: 24 }] } },
  {
    label: "weekends and Friday night",
    targeting: {
      dayparts: [
        { days: [0, 6], fromHour: 0, toHour: 24 },
        { days: [5], fromHour: 18, toHour: 24 },
      ],
    },
  },
];

/** One targeting of this breadth. A third of the narrow ones ask for the vertical's own segment instead. */
export function sampleTargeting(
  breadth: "broad" | "narrow",
  segment: string | null,
  random: RandomStream,
): NamedTargeting {
  const choices = breadth === "broad" ? BROAD : NARROW;
  const chosen = choices[random.below(choices.length)] ?? { label: "run of network", targeting: {} };
  if (breadth === "broad" || segment === null || random.below(3) > 0) return chosen;
  if (random.below(4) === 0) {
    return { label: `beyond ${segment}`, targeting: { segments: { exclude: [segment] } } };
  }
  return { label: segment, targeting: { segments: { include: [segment] } } };
}
