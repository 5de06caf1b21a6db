/**
 * Reserve prices from a log: for each kind of break the one that would have earned most, within bounds.
 *
 * A sale is a slot that open demand won, with the price it paid and the limit up to which it would have paid. Under a
 * reserve r it pays the larger of r and that price, or is lost when r is above its limit. Where the winner pays what it
 * needed (second price, VCG) that is exact while the rest of the break stays as it is. Where it pays its bid, price and
 * limit are one and no reserve can help, except that of a shaded campaign, which bids up to its limit when it must.
 * Who would have come in for a lost sale is not counted, so the choice is careful.
 * Source: Myerson 1981; reserves from the two highest bids alone, Coey, Larsen, Sweeney and Waisman 2021.
 */
import type { Reserve } from "../../catalog/entities.ts";
import { PRICE_RULES, type PriceRule } from "../../catalog/words.ts";
import { paidMicros, dayOf, type AuctionRecord } from "./auction_record.ts";
import { learnLines, type Evidence, type LearnedLine, type Learner, type Observation } from "./backoff.ts";
import { kindKey, kindsOf, lineId } from "./kinds.ts";

/** A slot that open demand won. Units: micros for one impression, milliseconds. */
export interface Sale {
  readonly campaignId: string;
  readonly priceMicros: number;
  readonly limitMicros: number;
  readonly lengthMs: number;
}

/** What learning keeps to. */
export interface ReserveTerms extends Evidence {
  /** Largest share of sold time that a reserve may lose. */
  readonly fillLossMax: number;
  /** How many sales of the wider kind's average stand in for what a narrow kind lacks. */
  readonly widerSales: number;
}

/** What is kept to unless told otherwise. */
export const RESERVE_TERMS: ReserveTerms = { samplesMin: 200, folds: 5, fillLossMax: 0.05, widerSales: 200 };

/** What an average sale brings at every reserve of the grid. Shapes: [grid]. */
interface ReserveModel {
  readonly revenue: Float64Array;
  readonly lostMs: Float64Array;
  readonly soldMs: number;
  /** The chosen one. Units: micros for one impression. */
  readonly reserveMicros: number;
}

/** Reserves that are tried: so many an octave. */
const STEPS_PER_OCTAVE = 32;

/** What a sale brings under a reserve. Units: micros for one impression. */
export function revenueOf({ priceMicros, limitMicros }: Sale, reserveMicros: number): number {
  return limitMicros < reserveMicros ? 0 : Math.max(priceMicros, reserveMicros);
}

/** The sales of a logged break under a price rule. */
export function salesOf(record: AuctionRecord, rule: PriceRule): readonly Sale[] {
  return record.bids
    .filter(({ won }) => won)
    .map((bid) => ({
      campaignId: bid.campaignId,
      priceMicros: paidMicros(bid, rule),
      limitMicros: bid.limitMicros,
      lengthMs: Math.round(bid.durationSec * 1000),
    }));
}

/** A line of the table. */
export interface LearnedReserve extends LearnedLine<Reserve> {
  /** Share of its sales that went to the campaign which bought most: a buyer alone that bids low lowers its reserve. */
  readonly largestBuyerShare: number;
}

/**
 * The table, wide kinds of break before narrow ones. Publishers that charge by different rules do not lean on one
 * another. A line of 0 frees a narrow kind from the reserve of its wider one.
 */
export function learnReserves(
  records: readonly AuctionRecord[],
  ruleOf: (publisherId: string) => PriceRule,
  terms: ReserveTerms,
): readonly LearnedReserve[] {
  return PRICE_RULES.flatMap((rule) => {
    const charged = records.filter((record) => ruleOf(record.publisherId) === rule);
    const observations = charged.flatMap((record) => {
      const [day, kinds] = [dayOf(record), kindsOf(record)];
      return salesOf(record, rule).map((sample): Observation<Sale> => ({ day, kinds, sample }));
    });
    return learnLines(observations, reserveLearner(observations, terms), terms).map((line): LearnedReserve => ({
      ...line,
      model: { id: lineId("reserve", line.kind), ...line.kind, cpmMicros: line.model.reserveMicros * 1000 },
      largestBuyerShare: largestBuyerShare(observations, kindKey(line.kind)),
    }));
  });
}

function largestBuyerShare(observations: readonly Observation<Sale>[], key: string): number {
  const bought = new Map<string, number>();
  let [sales, most] = [0, 0];
  for (const { kinds, sample } of observations) {
    if (!kinds.some((kind) => kindKey(kind) === key)) continue;
    const count = (bought.get(sample.campaignId) ?? 0) + 1;
    bought.set(sample.campaignId, count);
    most = Math.max(most, count);
    sales++;
  }
  return most / Math.max(1, sales);
}

function reserveLearner(observations: readonly Observation<Sale>[], terms: ReserveTerms): Learner<Sale, ReserveModel> {
  const grid = reservesToTry(observations.map(({ sample }) => sample));
  const flat = { revenue: new Float64Array(grid.length), lostMs: new Float64Array(grid.length), soldMs: 0 };
  return {
    nothing: { ...flat, reserveMicros: 0 },
    fit: (sales, wider) => {
      const own = addUp(sales, grid);
      const lean = wider === null || wider.soldMs === 0 ? null : wider;
      const weight = lean === null ? 0 : terms.widerSales;
      const total = Math.max(1, sales.length + weight);
      const blend = (mine: number, theirs: number): number => (mine + weight * theirs) / total;
      const revenue = own.revenue.map((sum, at) => blend(sum, lean?.revenue[at] ?? 0));
      const lostMs = own.lostMs.map((sum, at) => blend(sum, lean?.lostMs[at] ?? 0));
      const soldMs = blend(own.soldMs, lean?.soldMs ?? 0);
      let best = 0;
      grid.forEach((_, at) => {
        const lost = (lostMs[at] ?? 0) / Math.max(1, soldMs);
        if (lost <= terms.fillLossMax && (revenue[at] ?? 0) > (revenue[best] ?? 0)) best = at;
      });
      return { revenue, lostMs, soldMs, reserveMicros: grid[best] ?? 0 };
    },
    score: ({ reserveMicros }, sales) => sales.reduce((sum, sale) => sum + revenueOf(sale, reserveMicros), 0),
  };
}

/** No reserve, then equal steps from the cheapest price to the highest limit. Ascending, each once. */
function reservesToTry(sales: readonly Sale[]): readonly number[] {
  const [low, high] = sales.reduce(
    ([least, most], sale) => [Math.min(least, sale.priceMicros), Math.max(most, sale.limitMicros)],
    [Infinity, 1],
  );
  const grid = [0];
  const first = Math.max(1, Math.min(low, high));
  for (let step = 0; first * 2 ** (step / STEPS_PER_OCTAVE) <= high; step++) {
    const reserve = Math.round(first * 2 ** (step / STEPS_PER_OCTAVE));
    if (reserve > (grid.at(-1) ?? 0)) grid.push(reserve);
  }
  return grid;
}

/** Totals of these sales at every reserve. Cost: sales × log of the grid, and the grid. */
function addUp(sales: readonly Sale[], grid: readonly number[]) {
  const [revenue, lostMs] = [new Float64Array(grid.length), new Float64Array(grid.length)];
  // What changes from one reserve to the next: sums at their price, who pays the reserve instead, time lost.
  const steps = (): Float64Array => new Float64Array(grid.length + 1);
  const [paid, payers, lost] = [steps(), steps(), steps()];
  let soldMs = 0;
  for (const { priceMicros, limitMicros, lengthMs } of sales) {
    const [abovePrice, aboveLimit] = [firstAbove(grid, priceMicros), firstAbove(grid, limitMicros)];
    change(paid, 0, priceMicros);
    change(paid, abovePrice, -priceMicros);
    change(payers, abovePrice, 1);
    change(payers, aboveLimit, -1);
    change(lost, aboveLimit, lengthMs);
    soldMs += lengthMs;
  }
  let [paying, reserved, gone] = [0, 0, 0];
  grid.forEach((reserve, at) => {
    paying += paid[at] ?? 0;
    reserved += payers[at] ?? 0;
    gone += lost[at] ?? 0;
    revenue[at] = paying + reserved * reserve;
    lostMs[at] = gone;
  });
  return { revenue, lostMs, soldMs };
}

function change(steps: Float64Array, at: number, by: number): void {
  steps[at] = (steps[at] ?? 0) + by;
}

/** Position of the first of an ascending list that is above a value; its length when none is. */
function firstAbove(grid: readonly number[], value: number): number {
  let [low, high] = [0, grid.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((grid[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
