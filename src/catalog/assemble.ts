/**
 * From chunks of rows to a catalog that can decide, a step at a time. Whoever calls has compared a digest, so the
 * content is what origin accepted; shapes and references are checked all the same, once for each thing that is written
 * once, so that nothing which is read later can be missing or of another kind.
 */
import type { z } from "zod";
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import { micros } from "../kernel/money.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import { textAt } from "./columns.ts";
import { compileCampaign, compilePublisher } from "./compile_parts.ts";
import type { CompiledCatalog, CompiledGuarantee, CompiledPublisher } from "./compiled.ts";
import { advertiserSchema, campaignSchema, goalSchema, lineItemSchema } from "./entities.ts";
import { publisherSchema, type Advertiser, type Campaign, type Currency, type Deal } from "./entities.ts";
import type { Landscape, Publisher, Reserve } from "./entities.ts";
import { id as idSchema } from "./fields.ts";
import { currencySchema, dealSchema, landscapeSchema, reserveSchema } from "./market.ts";
import { dealsByLine } from "./line_deals.ts";
import { PackedEntities, type RowsByKind } from "./packed_lines.ts";
import { listOffers } from "./offer_rows.ts";
import { PackedOffers } from "./packed_offers.ts";
import { CHUNK_KINDS, openChunk, type Chunk, type ChunkKind, type RowChunk } from "./packed_rows.ts";
import { ratesOf } from "./rates.ts";
import { assetsSchema, emptyRows, rowsMax, rulesSchema, traitsSchema } from "./row_kinds.ts";
import type { Steps } from "./steps.ts";
import { targetingSchema } from "./targeting_schema.ts";

/** Entities that are few enough to be kept as objects. */
interface Parts {
  readonly publishers: Publisher[];
  readonly advertisers: Advertiser[];
  readonly campaigns: Campaign[];
  readonly currencies: Currency[];
  readonly reserves: Reserve[];
  readonly landscapes: Landscape[];
  readonly deals: Deal[];
}

/** JSON rows that are read in one step. */
const ROWS_A_STEP = 64;

/** What is rarely read: it stays compressed. */
const CLOSED: ReadonlySet<ChunkKind> = new Set(["targetings", "assets"]);
/** What rows keep of entities that are kept as objects. */
const NO_COLUMNS = { texts: [], numbers: [], lists: [] };

/**
 * The catalog in these chunks, `indexed` now or when somebody first asks. A step is `ROWS_A_STEP` rows, the rest of a
 * chunk, or what `offer_rows.ts` says. Refuses a chunk out of order or of another shape, an entity of another shape or
 * out of order, a reference that leads nowhere, too many.
 */
export function* assembleCatalog(
  chunks: Iterable<Chunk>,
  indexed: boolean,
): Steps<Result<CompiledCatalog, "bad_catalog">> {
  const assembly = new Assembly();
  for (const chunk of chunks) {
    if (!(yield* assembly.take(chunk))) return refused("bad_catalog");
    yield;
  }
  return yield* assembly.finish(indexed);
}

class Assembly {
  readonly #rows: RowsByKind = emptyRows();
  readonly #parts: Parts = emptyParts();
  /** Rows of goals that nobody pays for. */
  readonly #houseGoals = new Set<number>();
  /** Rows of targetings that have an expression. */
  readonly #expressions = new Set<number>();
  #kind = 0;
  #lastId = "";
  #offers = 0;

  /** Whether the chunk fits. */
  *take(chunk: Chunk): Steps<boolean> {
    const kind = CHUNK_KINDS.indexOf(chunk.kind);
    if (kind < this.#kind) return false;
    if (kind > this.#kind) this.#lastId = "";
    this.#kind = kind;
    const rows = this.#rows[chunk.kind];
    const open = openChunk(chunk, (referred) => this.#rows[referred].length);
    if (open === null || rows.length + open.rows > rowsMax(chunk.kind)) return false;
    if (!(yield* this.#accepts(chunk.kind, open))) return false;
    if (chunk.kind === "lineItems") this.#offers += open.lists[0]?.values.length ?? 0;
    if (chunk.kind in this.#parts) rows.push({ rows: open.rows, ...NO_COLUMNS });
    else rows.push(CLOSED.has(chunk.kind) ? chunk : open);
    return this.#offers <= CATALOG_LIMITS.offersMax;
  }

  *finish(indexed: boolean): Steps<Result<CompiledCatalog, "bad_catalog">> {
    const { publishers, advertisers, campaigns, deals, ...market } = this.#parts;
    const advertiserById = new Map(advertisers.map((advertiser) => [advertiser.id, advertiser]));
    const compiled = campaigns.flatMap((campaign) => {
      const advertiser = advertiserById.get(campaign.advertiserId);
      return advertiser === undefined ? [] : [compileCampaign(campaign, advertiser)];
    });
    if (compiled.length < campaigns.length) return refused("bad_catalog");
    if (this.#rows.assets.length !== this.#rows.creatives.length) return refused("bad_catalog");
    const entities = new PackedEntities(this.#rows, compiled, advertisers, {
      expressions: this.#expressions,
      deals: dealsByLine(deals),
    });
    const guarantees: CompiledGuarantee[] = [];
    const dealsOf = { guaranteed: new Map<number, CompiledGuarantee>(), others: new Map<number, Deal[]>() };
    for (const deal of deals) {
      const lines = deal.lineItemIds.map((id) => this.#rows.lineItems.find(id));
      if (lines.includes(-1)) return refused("bad_catalog");
      if (deal.kind === "guaranteed") {
        const guarantee = compileGuarantee(deal, lines, entities);
        guarantees.push(guarantee);
        for (const line of lines) dealsOf.guaranteed.set(line, guarantee);
      } else {
        for (const line of lines) addTo(dealsOf.others, line, deal);
      }
      yield;
    }
    const compiledPublishers = yield* compilePublishers(publishers, market);
    const { paid, house } = yield* listOffers(this.#rows.lineItems, this.#houseGoals, this.#offers);
    const paidOffers = new PackedOffers(entities, paid, dealsOf);
    const houseOffers = new PackedOffers(entities, house, dealsOf);
    if (indexed) {
      yield* paidOffers.index();
      yield* houseOffers.index();
    }
    return ok({
      ...market,
      publishers: compiledPublishers,
      advertisers: advertiserById,
      ratesPpm: ratesOf(market.currencies),
      campaigns: new Map(compiled.map((campaign) => [campaign.campaign.id, campaign])),
      lineItems: entities.lineItems,
      creatives: entities.creatives,
      deals,
      guarantees,
      paidOffers,
      houseOffers,
    });
  }

  /** Whether every row is what its kind should be. Keeps the entities that are few. */
  *#accepts(kind: ChunkKind, open: RowChunk): Steps<boolean> {
    const parts = this.#parts;
    switch (kind) {
      case "publishers":
        return yield* this.#keepAll(open, publisherSchema, parts.publishers);
      case "advertisers":
        return yield* this.#keepAll(open, advertiserSchema, parts.advertisers);
      case "campaigns":
        return yield* this.#keepAll(open, campaignSchema, parts.campaigns);
      case "currencies":
        return yield* this.#keepAll(open, currencySchema, parts.currencies);
      case "reserves":
        return yield* this.#keepAll(open, reserveSchema, parts.reserves);
      case "landscapes":
        return yield* this.#keepAll(open, landscapeSchema, parts.landscapes);
      case "deals":
        return yield* this.#keepAll(open, dealSchema, parts.deals);
      case "goals":
        return yield* this.#readAll(open, goalSchema, (goal, row) => {
          if (goal.kind === "house") this.#houseGoals.add(this.#rows.goals.length + row);
          return true;
        });
      case "rules":
        return yield* this.#readAll(open, rulesSchema, () => true);
      case "targetings":
        return yield* this.#readAll(open, targetingSchema, ({ where }, row) => {
          if (where !== undefined) this.#expressions.add(this.#rows.targetings.length + row);
          return true;
        });
      case "traits":
        return yield* this.#readAll(open, traitsSchema, () => true);
      case "assets":
        return yield* this.#readAll(open, assetsSchema, () => true);
      case "creatives":
        return this.#idsFollow(open);
      case "lineItems":
        return this.#idsFollow(open) && namesFit(open) && listsFit(open);
    }
  }

  *#keepAll<T extends { readonly id: string }>(open: RowChunk, schema: z.ZodType<T>, kept: T[]): Steps<boolean> {
    return yield* this.#readAll(open, schema, (entity) => {
      kept.push(entity);
      return this.#follows(entity.id);
    });
  }

  *#readAll<T>(open: RowChunk, schema: z.ZodType<T>, take: (value: T, row: number) => boolean): Steps<boolean> {
    const [texts] = open.texts;
    if (texts === undefined) return false;
    for (let row = 0; row < open.rows; row++) {
      const read = schema.safeParse(jsonOf(textAt(texts, row)));
      if (!read.success || !take(read.data, row)) return false;
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
    }
    return true;
  }

  #idsFollow(open: RowChunk): boolean {
    const [ids] = open.texts;
    if (ids === undefined) return false;
    for (let row = 0; row < open.rows; row++) {
      const id = textAt(ids, row);
      if (!idSchema.safeParse(id).success || !this.#follows(id)) return false;
    }
    return true;
  }

  #follows(id: string): boolean {
    const follows = id > this.#lastId;
    this.#lastId = id;
    return follows;
  }
}

function namesFit(open: RowChunk): boolean {
  const [, names] = open.texts;
  if (names === undefined) return false;
  for (let row = 0; row < open.rows; row++) {
    if (!lineItemSchema.shape.name.safeParse(textAt(names, row)).success) return false;
  }
  return true;
}

/** Every line item has a creative, and not more than it may have. */
function listsFit(open: RowChunk): boolean {
  const [lists] = open.lists;
  if (lists === undefined) return false;
  for (let row = 0; row < open.rows; row++) {
    const length = (lists.starts[row + 1] ?? 0) - (lists.starts[row] ?? 0);
    if (length < 1 || length > CATALOG_LIMITS.creativesOfLineItemMax) return false;
  }
  return true;
}

function compileGuarantee(deal: Deal, lines: readonly number[], entities: PackedEntities): CompiledGuarantee {
  return {
    dealId: deal.id,
    publisherIds: new Set(deal.publisherIds),
    impressions: deal.impressions ?? 0,
    cpmMicros: micros(deal.cpmMicros),
    campaign: entities.campaign(lines[0] ?? 0),
    get lines() {
      return lines.map((line) => entities.line(line));
    },
  };
}

/** Publishers by id, each handed only its own learned lines: there may be tens of thousands of both. */
function* compilePublishers(
  publishers: readonly Publisher[],
  { reserves, landscapes }: Pick<Parts, "reserves" | "landscapes">,
): Steps<Map<string, CompiledPublisher>> {
  const reservesOf = Map.groupBy(reserves, ({ publisherId }) => publisherId);
  const landscapesOf = Map.groupBy(landscapes, ({ publisherId }) => publisherId);
  const compiled = new Map<string, CompiledPublisher>();
  for (const [at, publisher] of publishers.entries()) {
    const { id } = publisher;
    const own = { reserves: reservesOf.get(id) ?? [], landscapes: landscapesOf.get(id) ?? [] };
    compiled.set(id, compilePublisher(publisher, own));
    if (at % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
  }
  return compiled;
}

function addTo<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function emptyParts(): Parts {
  return {
    publishers: [],
    advertisers: [],
    campaigns: [],
    currencies: [],
    reserves: [],
    landscapes: [],
    deals: [],
  };
}
