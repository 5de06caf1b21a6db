/**
 * Which line item and which creative every offer of a packed catalog has, and the index over them.
 */
import type { CompiledGuarantee } from "./compiled.ts";
import type { Deal } from "./entities.ts";
import type { IndexedLine } from "./indexed_line.ts";
import type { PackedEntities } from "./packed_lines.ts";
import type { PackedRows } from "./packed_rows.ts";
import type { Postings } from "./postings.ts";
import { openPostings } from "./postings_draft.ts";
import type { Steps } from "./steps.ts";

/** Line items whose offers are listed in one step. */
const LISTED_A_STEP = 2048;
/** Line items that are indexed in one step. */
const INDEXED_A_STEP = 64;

/** Which offers a table has. */
export interface OfferRows {
  /** Rows of the line items, ascending. */
  readonly lines: Uint32Array;
  /** Shape: lines + 1; the offers of a line item are those from its first to the next one's. */
  readonly firsts: Uint32Array;
  /** Rows of the creatives, ascending within a line item. */
  readonly creatives: Uint32Array;
}

/** Deals by the row of the line item that may use them. */
export interface DealsOfLines {
  readonly guaranteed: ReadonlyMap<number, CompiledGuarantee>;
  readonly others: ReadonlyMap<number, readonly Deal[]>;
}

/** The offers of all line items, house ones apart. A step is `LISTED_A_STEP` line items. */
export function* listOffers(
  lineItems: PackedRows,
  houseGoals: ReadonlySet<number>,
  offersMax: number,
): Steps<{ readonly paid: OfferRows; readonly house: OfferRows }> {
  const paid = new OfferLister(lineItems.length, offersMax);
  const house = new OfferLister(lineItems.length, offersMax);
  for (let line = 0; line < lineItems.length; line++) {
    const lister = houseGoals.has(lineItems.number(1, line)) ? house : paid;
    lister.add(line, lineItems.list(0, line));
    if (line % LISTED_A_STEP === 0) yield;
  }
  return { paid: paid.listed(), house: house.listed() };
}

/** The index over the line items of these offers. A step is `INDEXED_A_STEP` of them, or one of the index's own. */
export function* indexOffers(entities: PackedEntities, offers: OfferRows, deals: DealsOfLines): Steps<Postings> {
  const builder = openPostings();
  let added = 0;
  for (const line of indexedLines(entities, offers, deals)) {
    builder.add(line);
    if (++added % INDEXED_A_STEP === 0) yield;
  }
  for (;;) {
    const built = builder.advance();
    if (built !== null) return built;
    yield;
  }
}

/** What the index is told of the line items of these rows, in their order. */
function* indexedLines(
  entities: PackedEntities,
  { lines, firsts, creatives }: OfferRows,
  deals: DealsOfLines,
): Iterable<IndexedLine> {
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? 0;
    const { active, campaign } = entities.line(line);
    yield {
      targeting: entities.targeting(line),
      active,
      flightStartMs: campaign.flightStartMs,
      flightEndMs: campaign.flightEndMs,
      goal: entities.goal(line),
      positionPremiumPpm: entities.rules(line).positionPremiumPpm,
      guaranteed: deals.guaranteed.has(line),
      deals: deals.others.get(line) ?? [],
      advertiserDomain: campaign.advertiser.domain.toLowerCase(),
      creatives: Array.from(creatives.subarray(firsts[at], firsts[at + 1]), (creative) => {
        const { durationSec, categories, mimeTypes } = entities.traits(creative).written;
        return { durationSec, categories, media: mimeTypes.map((mimeType) => ({ mimeType })) };
      }),
    };
  }
}

/** Gathers the offers of one table. */
class OfferLister {
  readonly #lines: Uint32Array;
  readonly #firsts: Uint32Array;
  readonly #creatives: Uint32Array;
  #lineCount = 0;
  #offerCount = 0;

  constructor(linesMax: number, offersMax: number) {
    this.#lines = new Uint32Array(linesMax);
    this.#firsts = new Uint32Array(linesMax + 1);
    this.#creatives = new Uint32Array(offersMax);
  }

  add(line: number, creatives: Uint32Array): void {
    this.#lines[this.#lineCount++] = line;
    this.#creatives.set(creatives.toSorted(), this.#offerCount);
    this.#offerCount += creatives.length;
    this.#firsts[this.#lineCount] = this.#offerCount;
  }

  listed(): OfferRows {
    return {
      lines: this.#lines.slice(0, this.#lineCount),
      firsts: this.#firsts.slice(0, this.#lineCount + 1),
      creatives: this.#creatives.slice(0, this.#offerCount),
    };
  }
}
