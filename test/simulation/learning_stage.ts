/**
 * Logs of bidders whose limits are drawn from a known distribution: single slots sold at second price, so that the best
 * reserve and the landscape of rivals can be written down.
 */
import { stream, type RandomStream } from "../../src/kernel/random.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import type { AuctionRecord, LoggedBid } from "../../src/simulation/learning/auction_record.ts";

/** Monday. */
export const FIRST_DAY_MS = Date.UTC(2026, 7, 3);
/** The world's only publisher unless a log names others. */
export const PUBLISHER = "demo";

/** A log to draw. `limit` draws what one bidder would pay. Units: micros for one impression. */
export interface DrawnLog {
  readonly seed: string;
  readonly breaks: number;
  readonly bidders: number;
  readonly days?: number;
  readonly limit: (random: RandomStream, record: Pick<AuctionRecord, "surface" | "device" | "publisherId">) => number;
  readonly publishers?: readonly string[];
}

/** The record of one slot: the highest of these limits wins and pays the second or the floor. */
export function singleSlot(limits: readonly number[], facts: Partial<AuctionRecord> = {}, floor = 0): AuctionRecord {
  const bids = limits
    .map((limitMicros, bidder): LoggedBid => {
      const rival = Math.max(floor, ...limits.filter((_, other) => other !== bidder));
      const won = limits.every(
        (other, at) => at === bidder || other < limitMicros || (other === limitMicros && at > bidder),
      );
      return {
        campaignId: `campaign-${bidder}`,
        durationSec: 15,
        limitMicros,
        bidMicros: limitMicros,
        floorMicros: floor,
        neededMicros: rival,
        won: won && limitMicros >= floor,
      };
    })
    .sort((a, b) => b.limitMicros - a.limitMicros);
  return {
    atMs: FIRST_DAY_MS,
    publisherId: PUBLISHER,
    surface: "midroll",
    device: "ctv",
    genre: "drama",
    durationSec: 15,
    bids,
    ...facts,
  };
}

/** The log. */
export function drawLog({
  seed,
  breaks,
  bidders,
  limit,
  days = 10,
  publishers = [PUBLISHER],
}: DrawnLog): AuctionRecord[] {
  const random = stream(seed, "a log of known bidders");
  return Array.from({ length: breaks }, (_, n) => {
    const facts = {
      atMs: FIRST_DAY_MS + Math.floor((n / breaks) * days * DAY_MS),
      publisherId: publishers[random.below(publishers.length)] ?? PUBLISHER,
      surface: random.next() < 0.5 ? ("midroll" as const) : ("preroll" as const),
      device: random.next() < 0.5 ? ("ctv" as const) : ("mobile" as const),
    };
    return singleSlot(
      Array.from({ length: bidders }, () => Math.round(limit(random, facts))),
      facts,
    );
  });
}
