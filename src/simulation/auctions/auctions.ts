/**
 * Recorded auctions, held in columns: what a bidder would have seen and paid. Reads them from plain text, one auction a
 * line, and summarises those a bidder may learn from.
 */
import { ok, refused, type Result } from "../../kernel/result.ts";

/** Auctions in the order they happened. Shape of each column: [count]. */
export interface Auctions {
  readonly count: number;
  /** 1 when the impression was clicked. */
  readonly clicks: Uint8Array;
  /** What winning costs. Units: the file's own, whole numbers. */
  readonly prices: Float64Array;
  /** Predicted click probability. */
  readonly ctrs: Float64Array;
}

/** What bidders learn from: totals of won auctions and how often each price was seen. */
export interface Training {
  /** May be a fraction where clicks are predicted ones. */
  readonly clicks: number;
  readonly impressions: number;
  readonly cost: number;
  /** How often each price was seen. Shape: [largest price + 1]. */
  readonly priceCounts: readonly number[];
}

/** What a line holds, in its order; null: a column that is not read. */
export type Column = "click" | "price" | "pctr" | null;

/** Bounds on a file. */
const LINE_CHARS_MAX = 1_000;
const AUCTIONS_MAX = 20_000_000;
/** Largest price a file may hold. */
const PRICE_MAX = 1_000_000_000;

/** Why a file is refused, with the line it stopped at. */
export interface LineRefusal {
  readonly line: number;
  readonly why: string;
}

/**
 * Reads auctions from text. Fields are separated by commas, tabs or blanks; a first line without a number is a header;
 * empty lines are passed over. Refuses (in order, at the first line it meets): too long, too few fields, a click that
 * is not 0 or 1, a price that is not a whole number, a probability outside 0 to 1, too many auctions, none at all.
 */
export function parseAuctions(text: string, columns: readonly Column[]): Result<Auctions, LineRefusal> {
  const at = (name: Column): number => columns.indexOf(name);
  const [clickAt, priceAt, ctrAt] = [at("click"), at("price"), at("pctr")];
  const clicks: number[] = [];
  const prices: number[] = [];
  const ctrs: number[] = [];
  let line = 0;
  for (const raw of linesOf(text)) {
    line++;
    if (raw.length > LINE_CHARS_MAX) return refused({ line, why: `longer than ${LINE_CHARS_MAX} characters` });
    const words = raw.trim();
    if (words === "") continue;
    const fields = words.split(/\s*[,\t]\s*|\s+/);
    const why = problemOf(fields, columns.length, fields[clickAt], fields[priceAt], fields[ctrAt]);
    if (why !== null) {
      if (line === 1 && fields.every((field) => Number.isNaN(Number(field)))) continue;
      return refused({ line, why });
    }
    if (prices.length >= AUCTIONS_MAX) return refused({ line, why: `more than ${AUCTIONS_MAX} auctions` });
    clicks.push(Number(fields[clickAt]));
    prices.push(Number(fields[priceAt]));
    ctrs.push(Number(fields[ctrAt]));
  }
  if (prices.length === 0) return refused({ line, why: "the file holds no auctions" });
  return ok({
    count: prices.length,
    clicks: Uint8Array.from(clicks),
    prices: Float64Array.from(prices),
    ctrs: Float64Array.from(ctrs),
  });
}

/** The auctions from one position up to, not including, another. */
export function sliceAuctions(auctions: Auctions, from: number, to: number): Auctions {
  const clicks = auctions.clicks.subarray(from, to);
  return {
    count: clicks.length,
    clicks,
    prices: auctions.prices.subarray(from, to),
    ctrs: auctions.ctrs.subarray(from, to),
  };
}

/** A stretch of auctions in which every price is multiplied. `from` and `to` are shares of the auctions. */
export interface Shock {
  readonly priceFactor: number;
  readonly from: number;
  readonly to: number;
}

/** The same auctions with dearer prices for a while, rounded to whole units. */
export function shockAuctions(auctions: Auctions, shock: Shock): Auctions {
  const [first, end] = [Math.round(auctions.count * shock.from), Math.round(auctions.count * shock.to)];
  const prices = auctions.prices.map((price, i) =>
    i >= first && i < end ? Math.min(PRICE_MAX, Math.round(price * shock.priceFactor)) : price,
  );
  return { ...auctions, prices };
}

/**
 * What these auctions teach. Prices beyond `priceMax` are counted there. Where nobody clicked, clicks are those that
 * were predicted: too few auctions are no reason to think that a click costs nothing or everything.
 */
export function learnFrom(auctions: Auctions, priceMax: number): Training {
  const priceCounts = Array.from({ length: priceMax + 1 }, () => 0);
  let [clicks, predicted, cost] = [0, 0, 0];
  for (let i = 0; i < auctions.count; i++) {
    const price = auctions.prices[i] ?? 0;
    clicks += auctions.clicks[i] ?? 0;
    predicted += auctions.ctrs[i] ?? 0;
    cost += price;
    const counted = Math.min(price, priceMax);
    priceCounts[counted] = (priceCounts[counted] ?? 0) + 1;
  }
  return { clicks: clicks || predicted, impressions: auctions.count, cost, priceCounts };
}

/** Lines without their ends, one at a time: the text may be large. */
function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    yield text.slice(start, end < 0 ? text.length : end);
    start = end < 0 ? text.length : end + 1;
  }
}

function problemOf(
  fields: readonly string[],
  columns: number,
  click: string | undefined,
  price: string | undefined,
  ctr: string | undefined,
): string | null {
  if (fields.length < columns) return `has ${fields.length} of ${columns} fields`;
  if (click !== "0" && click !== "1") return `click must be 0 or 1, not ${shown(click)}`;
  const cost = Number(price);
  if (price === "" || !Number.isSafeInteger(cost) || cost < 0 || cost > PRICE_MAX) {
    return `price must be a whole number from 0 to ${PRICE_MAX}, not ${shown(price)}`;
  }
  const chance = Number(ctr);
  if (ctr === "" || !(chance >= 0 && chance <= 1)) return `pctr must be a number from 0 to 1, not ${shown(ctr)}`;
  return null;
}

function shown(field: string | undefined): string {
  return field === undefined ? "nothing" : JSON.stringify(field.slice(0, 40));
}
