/**
 * The words of the replay command, read strictly: every option says in plain language what it takes, because a bound
 * silently clamped would be a wrong measurement.
 */
import { InvalidArgumentError } from "commander";
import type { Column, Shock } from "../src/simulation/auctions/auctions.ts";
import { type BidderName, BIDDERS } from "../src/simulation/auctions/replay.ts";

/** What each field of a line is; null where the file holds something else. */
export function columnsOf(text: string): Column[] {
  const names = text.split(",").map((name) => name.trim());
  const columns = names.map((name): Column => (name === "click" || name === "price" || name === "pctr" ? name : null));
  for (const name of ["click", "price", "pctr"] as const) {
    if (names.filter((each) => each === name).length !== 1) {
      throw new InvalidArgumentError(`It must name click, price and pctr once each; "${name}" is not there once.`);
    }
  }
  return columns;
}

/** Names of bidders, or all. */
export function biddersOf(text: string): BidderName[] {
  if (text === "all") return [...BIDDERS];
  return text.split(",").map((word) => {
    const name = BIDDERS.find((each) => each === word.trim());
    if (name === undefined)
      throw new InvalidArgumentError(`There is no bidder "${word}". Take all, or some of ${BIDDERS.join(",")}.`);
    return name;
  });
}

/** A part written as 1/32 or 0.125. */
export function fractionOf(text: string): number {
  const [, top, bottom] = /^\s*(\d+(?:\.\d+)?)\s*(?:\/\s*(\d+(?:\.\d+)?))?\s*$/.exec(text) ?? [];
  const value = Number(top) / Number(bottom ?? 1);
  if (!(value > 0 && value <= 100)) throw new InvalidArgumentError("It must be a part like 1/32 or 0.125, above 0.");
  return value;
}

/** A stretch of dear auctions, as price=3,from=0.45,to=0.55. */
export function shockOf(text: string): Shock {
  const terms = new Map(text.split(",").map((term) => [term.split("=")[0]?.trim() ?? "", Number(term.split("=")[1])]));
  const [priceFactor, from, to] = [terms.get("price") ?? NaN, terms.get("from") ?? NaN, terms.get("to") ?? NaN];
  if (terms.size !== 3 || !(priceFactor > 0 && priceFactor <= 1_000 && from >= 0 && from < to && to <= 1)) {
    throw new InvalidArgumentError("It must be like price=3,from=0.45,to=0.55 with 0 ≤ from < to ≤ 1.");
  }
  return { priceFactor, from, to };
}

/** A whole number inside these bounds. */
export function wholeFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** A number inside these bounds. */
export function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
  };
}
