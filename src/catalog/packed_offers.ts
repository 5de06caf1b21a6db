/**
 * Offers of a catalog that stays packed. Two numbers an offer say all of it: which line item, which creative.
 */
import { Recent } from "../kernel/recent.ts";
import type { CompiledGuarantee, CompiledLineItem, Offer } from "./compiled.ts";
import type { Creative, Goal } from "./entities.ts";
import type { PackedEntities } from "./packed_lines.ts";
import type { OfferTable } from "./tables.ts";

/** Offers that are remembered. More than any request asks for. */
const OFFERS_KEPT = 4096;

/** Which offers a table has. */
export interface OfferRows {
  /** Rows of the line items, ascending. */
  readonly lines: Uint32Array;
  /** Shape: lines + 1; the offers of a line item are those from its first to the next one's. */
  readonly firsts: Uint32Array;
  /** Rows of the creatives, ascending within a line item. */
  readonly creatives: Uint32Array;
}

/** The offers of these rows. `guarantees`: the guaranteed deal of a line item's row. */
export function packedOffers(
  entities: PackedEntities,
  { lines, firsts, creatives }: OfferRows,
  guarantees: ReadonlyMap<number, CompiledGuarantee>,
): OfferTable {
  const recent = new Recent<Offer>(OFFERS_KEPT, (order) => {
    if (!(order >= 0 && order < creatives.length)) throw new RangeError(`no offer ${order} of ${creatives.length}`);
    const line = lines[lineOf(firsts, order)] ?? 0;
    return new PackedOffer(entities, order, line, creatives[order] ?? 0, guarantees.get(line) ?? null);
  });
  return {
    length: creatives.length,
    at: (order) => recent.at(order),
    lineCount: lines.length,
    lineAt: (line) => entities.line(lines[line] ?? 0),
    firstOf: (line) => firsts[line] ?? creatives.length,
    *[Symbol.iterator]() {
      for (let order = 0; order < creatives.length; order++) yield recent.at(order);
    },
  };
}

/** Position of the line item whose offers include this order. */
function lineOf(firsts: Uint32Array, order: number): number {
  let from = 0;
  let to = firsts.length - 2;
  while (from < to) {
    const middle = (from + to + 1) >> 1;
    if ((firsts[middle] ?? 0) <= order) from = middle;
    else to = middle - 1;
  }
  return from;
}

/** An offer; its creative is made when asked for, because most offers lose before anybody does. */
class PackedOffer implements Offer {
  readonly order: number;
  readonly lineItemId: string;
  readonly creativeId: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  readonly advertiserDomain: string;
  readonly line: CompiledLineItem;
  readonly goal: Goal;
  readonly guarantee: CompiledGuarantee | null;
  readonly durationSec: number;
  readonly categories: readonly string[];
  readonly categoriesWithParents: readonly string[];
  readonly active: boolean;
  readonly flightStartMs: number;
  readonly flightEndMs: number;
  readonly #entities: PackedEntities;
  readonly #creative: number;

  constructor(
    entities: PackedEntities,
    order: number,
    line: number,
    creative: number,
    guarantee: CompiledGuarantee | null,
  ) {
    const traits = entities.traits(creative);
    this.order = order;
    this.lineItemId = entities.rows.lineItems.text(0, line);
    this.creativeId = entities.rows.creatives.text(0, creative);
    this.line = entities.line(line);
    const { campaign, advertiser, flightStartMs, flightEndMs } = this.line.campaign;
    this.campaignId = campaign.id;
    this.advertiserId = advertiser.id;
    this.advertiserDomain = advertiser.domain.toLowerCase();
    this.goal = entities.goal(line);
    this.guarantee = guarantee;
    this.durationSec = traits.written.durationSec;
    this.categories = traits.categories;
    this.categoriesWithParents = traits.categoriesWithParents;
    this.active = this.line.active;
    this.flightStartMs = flightStartMs;
    this.flightEndMs = flightEndMs;
    this.#entities = entities;
    this.#creative = creative;
  }

  get creative(): Creative {
    return this.#entities.creative(this.#creative);
  }
}
