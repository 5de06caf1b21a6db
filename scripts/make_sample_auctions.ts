/**
 * Writes the sample file of the auction replay. Generated and seeded, so that the same words always come out (a test
 * compares), and committed, so that nobody has to run it to start.
 *
 *   node scripts/make_sample_auctions.ts [FILE]        default: simulate/sample/auctions.txt
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Auctions } from "../src/simulation/auctions/auctions.ts";
import { generateAuctions } from "../src/simulation/auctions/generate.ts";
import { SAMPLE_MARKET } from "../src/simulation/auctions/markets.ts";

const SEED = "midroll-auctions-1";

/** The sample file: click, price, predicted probability. */
export function sampleAuctionsText(): string {
  return auctionsText(generateAuctions(SAMPLE_MARKET, SEED));
}

function auctionsText(auctions: Auctions): string {
  const lines = Array.from(auctions.prices, (price, i) => `${auctions.clicks[i]} ${price} ${auctions.ctrs[i]}\n`);
  return lines.join("");
}

if (import.meta.main) {
  const file = process.argv[2] ?? path.resolve(import.meta.dirname, "../simulate/sample/auctions.txt");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, sampleAuctionsText());
  console.log(`wrote ${file}`);
}
