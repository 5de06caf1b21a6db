/**
 * One logged break, as learning reads it: what kind of break it was and which open demand competed, with what each bid
 * was ready to pay and what it would have needed. Written as JSON lines; docs/learning.md describes them for others.
 */
import { z } from "zod";
import {
  DEVICES,
  GENRES,
  SURFACES,
  type Device,
  type Genre,
  type PriceRule,
  type Surface,
} from "../../catalog/words.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../../kernel/limits.ts";
import { perImpression, micros } from "../../kernel/money.ts";
import { ok, refused, type Result } from "../../kernel/result.ts";
import { DAY_MS } from "../../kernel/time.ts";

/** One bid of open demand that competed: it was at or above the floor. Units: micros for one impression. */
export interface LoggedBid {
  readonly campaignId: string;
  readonly durationSec: number;
  /** The most it would pay: its full bid, before shading. */
  readonly limitMicros: number;
  /** What it bid; below its limit only where it was shaded. */
  readonly bidMicros: number;
  /** Lowest price at which it could be sold. Learned reserves are no part of it. */
  readonly floorMicros: number;
  /** Least bid that wins here while all others stay as they are, its floor included; null: none could. */
  readonly neededMicros: number | null;
  readonly won: boolean;
}

/**
 * One logged break, decided as if no learned reserve were in force: a table learned from a log that its predecessor cut
 * would know nothing below that. Units: epoch milliseconds, seconds.
 */
export interface AuctionRecord {
  readonly atMs: number;
  readonly publisherId: string;
  readonly surface: Surface;
  readonly device: Device | null;
  readonly genre: Genre | null;
  readonly durationSec: number;
  /** Highest bid first. */
  readonly bids: readonly LoggedBid[];
}

/** Dearest impression that a catalog can ask for. Units: micros. */
export const PRICE_MICROS_MAX = perImpression(micros(CATALOG_LIMITS.priceMicrosMax));
/** Longest line of a log. */
const LINE_CHARS_MAX = 256 * 1024;

const price = z.int().min(0).max(PRICE_MICROS_MAX);
const id = z.string().min(1).max(FULL_LIMITS.idCharsMax);
const bidSchema = z
  .strictObject({
    campaignId: id,
    durationSec: z.number().positive().max(FULL_LIMITS.podDurationSecMax),
    limitMicros: price,
    bidMicros: price,
    floorMicros: price,
    neededMicros: price.nullable(),
    won: z.boolean(),
  })
  .refine((bid) => bid.bidMicros <= bid.limitMicros, { path: ["bidMicros"], message: "at most limitMicros" })
  .refine((bid) => bid.neededMicros === null || bid.neededMicros >= bid.floorMicros, {
    path: ["neededMicros"],
    message: "at least floorMicros",
  });
const recordSchema = z.strictObject({
  at: z.iso.datetime({ offset: true }),
  publisherId: id,
  surface: z.enum(SURFACES),
  device: z.enum(DEVICES).nullable(),
  genre: z.enum(GENRES).nullable(),
  durationSec: z.number().positive().max(FULL_LIMITS.podDurationSecMax),
  bids: z.array(bidSchema).max(FULL_LIMITS.candidatesMax),
});

/** The break that a line of a log tells. Refuses with what is wrong, in plain words: length, JSON, fields. */
export function readRecord(line: string): Result<AuctionRecord, string> {
  if (line.length > LINE_CHARS_MAX) return refused(`longer than ${LINE_CHARS_MAX} characters`);
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return refused("not JSON");
  }
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") ?? "";
    return refused(where === "" ? (issue?.message ?? "not an object") : `${where}: ${issue?.message ?? ""}`);
  }
  const { at, ...rest } = parsed.data;
  return ok({ atMs: Date.parse(at), ...rest });
}

/** The line of a break. `readRecord` gives it back. */
export function writeRecord({ atMs, ...rest }: AuctionRecord, showMoment: (atMs: number) => string): string {
  return JSON.stringify({ at: showMoment(atMs), ...rest });
}

/** The day of a break, counted in UTC. */
export function dayOf({ atMs }: Pick<AuctionRecord, "atMs">): number {
  return Math.floor(atMs / DAY_MS);
}

/** What a winner pays under a price rule: its bid, or what it needed. Units: micros. */
export function paidMicros(bid: LoggedBid, rule: PriceRule): number {
  return rule === "first" ? bid.bidMicros : Math.min(bid.bidMicros, bid.neededMicros ?? bid.bidMicros);
}

/** In an order that does not depend on how the log was written. */
export function inOrder(records: readonly AuctionRecord[]): readonly AuctionRecord[] {
  const told = records.map((record) => ({ record, text: JSON.stringify(record) }));
  told.sort((a, b) => a.record.atMs - b.record.atMs || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return told.map(({ record }) => record);
}
