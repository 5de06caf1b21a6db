/**
 * Offers of a catalog that stays packed. Two numbers an offer say all of it: which line item, which creative.
 */
import { Recent } from "../kernel/recent.ts";
import type { CompiledGuarantee, CompiledLineItem, Offer } from "./compiled.ts";
import type { Creative, Goal, MimeType } from "./entities.ts";
import { indexOffers, type DealsOfLines, type OfferRows } from "./offer_rows.ts";
import type { PackedEntities } from "./packed_lines.ts";
import type { Postings } from "./postings.ts";
import { endOf, type Steps } from "./steps.ts";
import type { OfferTable } from "./tables.ts";

/** Offers that are remembered. More than any request asks for. */
const OFFERS_KEPT = 4096;

/** The offers of these rows. */
export class PackedOffers implements OfferTable {
  readonly length: number;
  readonly lineCount: number;
  readonly #entities: PackedEntities;
  readonly #rows: OfferRows;
  readonly #deals: DealsOfLines;
  readonly #recent = new Recent<Offer>(OFFERS_KEPT, (order) => this.#offerOf(order));
  #postings: Postings | null = null;

  constructor(entities: PackedEntities, rows: OfferRows, deals: DealsOfLines) {
    this.length = rows.creatives.length;
    this.lineCount = rows.lines.length;
    this.#entities = entities;
    this.#rows = rows;
    this.#deals = deals;
  }

  /** The index; built at once when nobody has called `index` before. */
  get postings(): Postings {
    return (this.#postings ??= endOf(indexOffers(this.#entities, this.#rows, this.#deals)));
  }

  /** Builds the index a step at a time. */
  *index(): Steps<void> {
    this.#postings ??= yield* indexOffers(this.#entities, this.#rows, this.#deals);
  }

  at(order: number): Offer {
    return this.#recent.at(order);
  }

  lineAt(line: number): CompiledLineItem {
    return this.#entities.line(this.#rows.lines[line] ?? 0);
  }

  firstOf(line: number): number {
    return this.#rows.firsts[line] ?? this.length;
  }

  *[Symbol.iterator](): Iterator<Offer> {
    for (let order = 0; order < this.length; order++) yield this.at(order);
  }

  #offerOf(order: number): Offer {
    const { lines, firsts, creatives } = this.#rows;
    if (!(order >= 0 && order < this.length)) throw new RangeError(`no offer ${order} of ${this.length}`);
    const line = lines[lineOf(firsts, order)] ?? 0;
    return new PackedOffer(
      this.#entities,
      order,
      line,
      creatives[order] ?? 0,
      this.#deals.guaranteed.get(line) ?? null,
    );
  }
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
  readonly mimeTypes: readonly MimeType[];
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
    this.mimeTypes = traits.written.mimeTypes;
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
