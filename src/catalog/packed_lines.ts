/**
 * Line items and creatives of a catalog that stays packed: each becomes an object when somebody asks for it, and those
 * asked for lately are remembered.
 */
import { present } from "../kernel/assert.ts";
import { Recent } from "../kernel/recent.ts";
import { MINUTE_MS } from "../kernel/time.ts";
import { compareIds } from "../kernel/order.ts";
import { withParents } from "./category_tree.ts";
import type { CompiledCampaign, CompiledLineItem } from "./compiled.ts";
import type { Advertiser, Creative, Goal, LineItem, MimeType, Targeting } from "./entities.ts";
import type { ChunkKind, PackedRows } from "./packed_rows.ts";
import type { CompiledDeal } from "./line_deals.ts";
import type { EntityTable } from "./tables.ts";
import { compileTargeting, type CompiledTargeting } from "./targeting.ts";

/** Line items that are remembered. More than any request asks for. */
const LINES_KEPT = 4096;
/** Creatives that are remembered. */
const CREATIVES_KEPT = 2048;
/** Shared values of a kind that are remembered. */
const VALUES_KEPT = 1024;

/** Rows of every kind. */
export type RowsByKind = Readonly<Record<ChunkKind, PackedRows>>;

/** What a line item is besides its columns. */
export type LineItemRules = Omit<LineItem, "id" | "name" | "campaignId" | "creativeIds" | "goal" | "targeting">;
/** What creatives are, but for what tells one from another. */
export type CreativeTraits = Pick<Creative, "durationSec" | "categories"> & { readonly mimeTypes: MimeType[] };
type CreativeAssets = Omit<Creative, "id" | "advertiserId" | "durationSec" | "categories">;

/** Length and categories of creatives, worked out once for all that have the same. */
export class Traits {
  readonly written: CreativeTraits;
  #categories: readonly string[] | null = null;
  #withParents: readonly string[] | null = null;

  constructor(written: CreativeTraits) {
    this.written = written;
  }

  /** In code-unit order, each once. */
  get categories(): readonly string[] {
    return (this.#categories ??= [...new Set(this.written.categories)].sort(compareIds));
  }

  get categoriesWithParents(): readonly string[] {
    return (this.#withParents ??= withParents(this.written.categories));
  }
}

const NO_DEALS: readonly CompiledDeal[] = [];

/** The objects behind a packed catalog's numbers. */
export class PackedEntities {
  readonly rows: RowsByKind;
  readonly campaigns: readonly CompiledCampaign[];
  readonly #advertisers: readonly Advertiser[];
  readonly #expressions: ReadonlySet<number>;
  readonly #lines = new Recent(LINES_KEPT, (row) => this.#lineOf(row));
  readonly #creatives = new Recent(CREATIVES_KEPT, (row) => this.#creativeOf(row));
  readonly #goals = new Recent(VALUES_KEPT, (row) => this.#valueOf<Goal>("goals", row));
  readonly #rules = new Recent(VALUES_KEPT, (row) => this.#valueOf<LineItemRules>("rules", row));
  readonly #targetings = new Recent(VALUES_KEPT, (row) => this.#valueOf<Targeting>("targetings", row));
  readonly #compiled = new Recent(VALUES_KEPT, (row) => compileTargeting(this.#targetings.at(row)));
  readonly #traits = new Recent(VALUES_KEPT, (row) => new Traits(this.#valueOf<CreativeTraits>("traits", row)));

  readonly #deals: ReadonlyMap<string, readonly CompiledDeal[]>;

  /** `expressions`: rows of targetings that have one. `deals`: by line item. */
  constructor(
    rows: RowsByKind,
    campaigns: readonly CompiledCampaign[],
    advertisers: readonly Advertiser[],
    known: {
      readonly expressions: ReadonlySet<number>;
      readonly deals: ReadonlyMap<string, readonly CompiledDeal[]>;
    },
  ) {
    this.#expressions = known.expressions;
    this.#deals = known.deals;
    this.rows = rows;
    this.campaigns = campaigns;
    this.#advertisers = advertisers;
  }

  get lineItems(): EntityTable<CompiledLineItem> {
    return tableOf(this.rows.lineItems, (row) => this.line(row));
  }

  get creatives(): EntityTable<Creative> {
    return tableOf(this.rows.creatives, (row) => this.creative(row));
  }

  line(row: number): CompiledLineItem {
    return this.#lines.at(row);
  }

  creative(row: number): Creative {
    return this.#creatives.at(row);
  }

  goal(line: number): Goal {
    return this.#goals.at(this.rows.lineItems.number(1, line));
  }

  rules(line: number): LineItemRules {
    return this.#rules.at(this.rows.lineItems.number(2, line));
  }

  targeting(line: number): Targeting {
    return this.#targetings.at(this.rows.lineItems.number(3, line));
  }

  compiledTargeting(line: number): CompiledTargeting {
    return this.#compiled.at(this.rows.lineItems.number(3, line));
  }

  traits(creative: number): Traits {
    return this.#traits.at(this.rows.creatives.number(1, creative));
  }

  campaign(line: number): CompiledCampaign {
    return present(this.campaigns[this.rows.lineItems.number(0, line)], "a line item's campaign was checked");
  }

  /** Whether a line item's targeting has an expression. */
  hasWhere(line: number): boolean {
    return this.#expressions.has(this.rows.lineItems.number(3, line));
  }

  /** Deals that a line item may bid through, without guaranteed ones: the one that counts most first. */
  deals(line: number): readonly CompiledDeal[] {
    return this.#deals.size === 0 ? NO_DEALS : (this.#deals.get(this.rows.lineItems.text(0, line)) ?? NO_DEALS);
  }

  /** The line item as it was written; what decisions rarely ask for is read when they do. */
  written(line: number): LineItem {
    const rows = this.rows.lineItems;
    const targeting = () => this.targeting(line);
    const creativeIds = () => [...rows.list(0, line)].map((creative) => this.rows.creatives.text(0, creative));
    return {
      ...this.rules(line),
      id: rows.text(0, line),
      campaignId: this.campaign(line).campaign.id,
      goal: this.goal(line),
      get name() {
        return rows.text(1, line);
      },
      get creativeIds() {
        return creativeIds();
      },
      get targeting() {
        return targeting();
      },
    };
  }

  #lineOf(row: number): CompiledLineItem {
    return new PackedLine(this, row);
  }

  #creativeOf(row: number): Creative {
    const rows = this.rows.creatives;
    const advertiser = present(this.#advertisers[rows.number(0, row)], "a creative's advertiser was checked");
    const { durationSec, categories } = this.traits(row).written;
    let read: CreativeAssets | null = null;
    const assets = () => (read ??= this.#valueOf<CreativeAssets>("assets", row));
    return {
      id: rows.text(0, row),
      advertiserId: advertiser.id,
      durationSec,
      categories,
      get name() {
        return assets().name;
      },
      get media() {
        return assets().media;
      },
      get clickThroughUrl() {
        return assets().clickThroughUrl;
      },
    };
  }

  #valueOf<T>(kind: ChunkKind, row: number): T {
    // Every row's shape was checked against its schema when the catalog was assembled.
    return JSON.parse(this.rows[kind].text(0, row)) as T;
  }
}

/** A line item; what it was written as, and its targeting, are made when asked for. */
class PackedLine implements CompiledLineItem {
  readonly campaign: CompiledCampaign;
  readonly active: boolean;
  readonly hasWhere: boolean;
  readonly frequencyCap: CompiledLineItem["frequencyCap"];
  readonly deals: readonly CompiledDeal[];
  readonly #entities: PackedEntities;
  readonly #row: number;
  #written: LineItem | null = null;

  constructor(entities: PackedEntities, row: number) {
    const { status, frequencyCap: cap } = entities.rules(row);
    this.#entities = entities;
    this.#row = row;
    this.campaign = entities.campaign(row);
    this.active = this.campaign.active && status === "active";
    this.hasWhere = entities.hasWhere(row);
    this.deals = entities.deals(row);
    this.frequencyCap =
      cap === undefined ? null : { impressions: cap.impressions, windowMs: cap.windowMinutes * MINUTE_MS };
  }

  get lineItem(): LineItem {
    this.#written ??= this.#entities.written(this.#row);
    return this.#written;
  }

  get targeting(): CompiledTargeting {
    return this.#entities.compiledTargeting(this.#row);
  }
}

function tableOf<T>(rows: PackedRows, at: (row: number) => T): EntityTable<T> {
  return {
    length: rows.length,
    at,
    get: (id) => {
      const row = rows.find(id);
      return row < 0 ? undefined : at(row);
    },
    *[Symbol.iterator]() {
      for (let row = 0; row < rows.length; row++) yield at(row);
    },
  };
}
