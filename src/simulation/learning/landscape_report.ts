/**
 * How good a table of landscapes is on breaks that it was not learned from: whether bids win as often as it says, and
 * what shading by it leaves the buyers, beside bidding in full and beside one who knows every bid to beat.
 *
 * Each bid is judged alone, all others as they were: what becomes of the market when everybody shades is another
 * question, and no log made without shading answers it.
 */
import { inContext } from "../../catalog/learned.ts";
import type { Landscape } from "../../catalog/entities.ts";
import { shadedBid } from "../../decision/shading.ts";
import { micros } from "../../kernel/money.ts";
import { compareIds } from "../../kernel/order.ts";
import type { AuctionRecord, LoggedBid } from "./auction_record.ts";
import { learnedTables } from "./kinds.ts";
import { changeOf, type Change } from "./paired_bootstrap.ts";

/** Bids whose predicted chance lies together, and how often they won. */
export interface CalibrationBin {
  readonly bids: number;
  /** Mean predicted chance, and the share that would have won. */
  readonly predicted: number;
  readonly won: number;
}

/** A way of bidding in first-price auctions and what it brings. Units: micros. */
export interface Bidding {
  readonly wins: number;
  readonly spendMicros: number;
  /** Limits of what was won, less what it cost. */
  readonly surplusMicros: number;
}

/** One line of the report. */
export interface ShadingCompared {
  readonly bids: number;
  readonly full: Bidding;
  readonly shaded: Bidding;
  /** Who knows the bid to beat and makes it. */
  readonly oracle: Bidding;
}

/** The report. */
export interface LandscapeReport {
  readonly seed: string;
  /** Bids that could have won, and how many of them had no landscape. */
  readonly bids: number;
  readonly uncovered: number;
  /** By tenths of predicted chance, of full bids and of shaded ones; empty tenths are left out. */
  readonly fullCalibration: readonly CalibrationBin[];
  readonly shadedCalibration: readonly CalibrationBin[];
  /** Mean distance of predicted chance and won share over all bins, by bids. */
  readonly calibrationError: number;
  readonly all: ShadingCompared;
  /** What shading does to money spent for what is won, by break: shaded against full. */
  readonly spendChange: Change;
  /** By publisher, in the order of their words. */
  readonly parts: readonly (ShadingCompared & { readonly publisherId: string })[];
}

interface JudgedBid {
  readonly publisherId: string;
  readonly limitMicros: number;
  readonly neededMicros: number;
  readonly shadedMicros: number;
  readonly fullChance: number;
  readonly shadedChance: number;
}

const BINS = 10;

/** Judges a table on a log. Cost: quantiles × bids. */
export function landscapeReport(
  records: readonly AuctionRecord[],
  landscapes: readonly Landscape[],
  seed: string,
): LandscapeReport {
  const tables = learnedTables({ landscapes });
  const breaks = records.map((record) => {
    const landscape = inContext(tables(record.publisherId).landscapes, record);
    return record.bids.flatMap((bid) => (landscape === null ? [] : judged(record.publisherId, bid, landscape)));
  });
  const bids = breaks.flat();
  const possible = records.flatMap((record) => record.bids).filter((bid) => bid.neededMicros !== null).length;
  const fullCalibration = binned(bids, (bid) => ({ chance: bid.fullChance, bidMicros: bid.limitMicros }));
  const shadedCalibration = binned(bids, (bid) => ({ chance: bid.shadedChance, bidMicros: bid.shadedMicros }));
  const bins = [...fullCalibration, ...shadedCalibration];
  const missed = bins.reduce((sum, bin) => sum + bin.bids * Math.abs(bin.predicted - bin.won), 0);
  const perBreak = breaks.map((judgedBids) => compare(judgedBids));
  return {
    seed,
    bids: possible,
    uncovered: possible - bids.length,
    fullCalibration,
    shadedCalibration,
    calibrationError: missed / Math.max(1, 2 * bids.length),
    all: compare(bids),
    spendChange: changeOf(
      perBreak.map(({ full, shaded }) => ({ without: full.spendMicros, with: shaded.spendMicros })),
      seed,
    ),
    parts: [...Map.groupBy(bids, ({ publisherId }) => publisherId)]
      .sort(([a], [b]) => compareIds(a, b))
      .map(([publisherId, own]) => ({ publisherId, ...compare(own) })),
  };
}

function judged(publisherId: string, bid: LoggedBid, landscape: readonly number[]): readonly JudgedBid[] {
  const { limitMicros, neededMicros, floorMicros } = bid;
  if (neededMicros === null) return [];
  const shadedMicros = shadedBid(micros(limitMicros), micros(floorMicros), landscape);
  return [
    {
      publisherId,
      limitMicros,
      neededMicros,
      shadedMicros,
      fullChance: chanceToWin(landscape, limitMicros),
      shadedChance: chanceToWin(landscape, shadedMicros),
    },
  ];
}

function compare(bids: readonly JudgedBid[]): ShadingCompared {
  return {
    bids: bids.length,
    full: biddingOf(bids, ({ limitMicros }) => limitMicros),
    shaded: biddingOf(bids, ({ shadedMicros }) => shadedMicros),
    oracle: biddingOf(bids, ({ neededMicros, limitMicros }) => Math.min(neededMicros, limitMicros)),
  };
}

function biddingOf(bids: readonly JudgedBid[], bidMicros: (bid: JudgedBid) => number): Bidding {
  let [wins, spendMicros, surplusMicros] = [0, 0, 0];
  for (const bid of bids) {
    const made = bidMicros(bid);
    if (made < bid.neededMicros) continue;
    wins++;
    spendMicros += made;
    surplusMicros += bid.limitMicros - made;
  }
  return { wins, spendMicros, surplusMicros };
}

/** Bids by tenths of their chance. */
function binned(
  bids: readonly JudgedBid[],
  of: (bid: JudgedBid) => { readonly chance: number; readonly bidMicros: number },
): readonly CalibrationBin[] {
  const bins = Array.from({ length: BINS }, () => ({ bids: 0, predicted: 0, won: 0 }));
  for (const bid of bids) {
    const { chance, bidMicros } = of(bid);
    const bin = bins[Math.min(BINS - 1, Math.floor(chance * BINS))];
    if (bin === undefined) continue;
    bin.bids++;
    bin.predicted += chance;
    bin.won += bidMicros >= bid.neededMicros ? 1 : 0;
  }
  return bins
    .filter((bin) => bin.bids > 0)
    .map((bin) => ({ bids: bin.bids, predicted: bin.predicted / bin.bids, won: bin.won / bin.bids }));
}

/** Chance that a bid beats the others: between two quantiles on a straight line. Units: micros for one impression. */
function chanceToWin(rivalCpmMicros: readonly number[], bidMicros: number): number {
  const bid = bidMicros * 1000;
  const above = rivalCpmMicros.findIndex((rival) => rival > bid);
  if (above < 0) return 1;
  if (above === 0) return 0;
  const [low, high] = [rivalCpmMicros[above - 1] ?? 0, rivalCpmMicros[above] ?? 0];
  return (above - 1 + (bid - low) / (high - low)) / (rivalCpmMicros.length - 1);
}
