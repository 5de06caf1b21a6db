/**
 * From a catalog to chunks of rows. Entities come by id, and what is written once for many of them in the order of its
 * first use, so that equal catalogs give equal bytes. Fields that the columns do not name travel in `rules` and
 * `assets`: a field that is added to line items or creatives cannot be forgotten here.
 */
import { present } from "../kernel/assert.ts";
import { canonicalJson, toUtf8 } from "../kernel/bytes.ts";
import { compareIds } from "../kernel/order.ts";
import { ColumnWriter } from "./columns.ts";
import type { Catalog, Creative, LineItem } from "./entities.ts";
import type { CreativeTraits } from "./packed_lines.ts";
import type { Chunk, ChunkKind } from "./packed_rows.ts";

/** A chunk is closed at so many rows, or when it has so many bytes: what opening one chunk costs follows from it. */
export const CHUNK_ROWS_MAX = 1024;
const CHUNK_BYTES = 16 * 1024;

/** One row, its columns in the order of its shape. */
interface Row {
  readonly texts: readonly Uint8Array[];
  readonly numbers: readonly number[];
  readonly lists: readonly (readonly number[])[];
}

/** The chunks of a catalog. Requires one that `parseCatalog` accepted: a reference that leads nowhere throws. */
export function packCatalog(catalog: Catalog): Chunk[] {
  const advertisers = byId(catalog.advertisers);
  const campaigns = byId(catalog.campaigns);
  const creatives = byId(catalog.creatives);
  const lineItems = byId(catalog.lineItems);
  const goals = intern(lineItems.map(({ goal }) => goal));
  const rules = intern(lineItems.map(rulesOf));
  const targetings = intern(lineItems.map(({ targeting }) => targeting));
  const traits = intern(creatives.map(traitsOf));
  const advertiserNumber = numberOf(advertisers, "a creative's advertiser is in the catalog");
  const campaignNumber = numberOf(campaigns, "a line item's campaign is in the catalog");
  const creativeNumber = numberOf(creatives, "a line item's creatives are in the catalog");
  const advertisersOfCampaigns = numberOf(advertisers, "a campaign's advertiser is in the catalog");
  for (const campaign of campaigns) advertisersOfCampaigns(campaign.advertiserId);

  const creativeRows = creatives.map((creative, row): Row => ({
    texts: [toUtf8(creative.id)],
    numbers: [advertiserNumber(creative.advertiserId), traits.numbers[row] ?? 0],
    lists: [],
  }));
  const lineItemRows = lineItems.map((line, row): Row => ({
    texts: [line.id, line.name].map(toUtf8),
    numbers: [
      campaignNumber(line.campaignId),
      goals.numbers[row] ?? 0,
      rules.numbers[row] ?? 0,
      targetings.numbers[row] ?? 0,
    ],
    lists: [line.creativeIds.map(creativeNumber)],
  }));
  return [
    ...cut("publishers", jsonRows(byId(catalog.publishers))),
    ...cut("advertisers", jsonRows(advertisers)),
    ...cut("campaigns", jsonRows(campaigns)),
    ...cut("currencies", jsonRows(byId(catalog.currencies))),
    ...cut("reserves", jsonRows(byId(catalog.reserves))),
    ...cut("landscapes", jsonRows(byId(catalog.landscapes))),
    ...cut("goals", textRows(goals.texts)),
    ...cut("rules", textRows(rules.texts)),
    ...cut("targetings", textRows(targetings.texts)),
    ...cut("traits", textRows(traits.texts)),
    ...cut("creatives", creativeRows),
    ...cut("assets", jsonRows(creatives.map(assetsOf))),
    ...cut("lineItems", lineItemRows),
    ...cut("deals", jsonRows(byId(catalog.deals))),
  ];
}

/** All of a line item that has no column of its own. */
function rulesOf(line: LineItem): unknown {
  const { id: _id, name: _name, campaignId: _campaign, creativeIds: _creatives, ...rest } = line;
  const { goal: _goal, targeting: _targeting, ...rules } = rest;
  return rules;
}

/** What many creatives have in common, and retrieval asks for: the types of their files stand here once more. */
function traitsOf({ durationSec, categories, media }: Creative): CreativeTraits {
  return { durationSec, categories, mimeTypes: [...new Set(media.map(({ mimeType }) => mimeType))].sort() };
}

/** All of a creative that has no column of its own. */
function assetsOf(creative: Creative): unknown {
  const { id: _id, advertiserId: _advertiser, durationSec: _sec, categories: _categories, ...assets } = creative;
  return assets;
}

/** Each different value once, as canonical JSON in the order of first use, and which of them every row has. */
function intern(values: readonly unknown[]): {
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
} {
  const numberOfText = new Map<string, number>();
  const numbers = values.map((value) => {
    const text = canonicalJson(value);
    const number = numberOfText.get(text) ?? numberOfText.size;
    numberOfText.set(text, number);
    return number;
  });
  return { texts: [...numberOfText.keys()], numbers };
}

function numberOf(entities: readonly { readonly id: string }[], law: string): (id: string) => number {
  const numbers = new Map(entities.map(({ id }, number) => [id, number]));
  return (id) => present(numbers.get(id), law);
}

function jsonRows(entities: readonly unknown[]): Row[] {
  return textRows(entities.map((entity) => canonicalJson(entity)));
}

function textRows(texts: readonly string[]): Row[] {
  return texts.map((text) => ({ texts: [toUtf8(text)], numbers: [], lists: [] }));
}

function cut(kind: ChunkKind, rows: readonly Row[]): Chunk[] {
  const chunks: Chunk[] = [];
  let from = 0;
  let size = 0;
  rows.forEach((row, at) => {
    size += row.texts.reduce((sum, text) => sum + text.length, 0);
    const full = size >= CHUNK_BYTES || at + 1 - from === CHUNK_ROWS_MAX;
    if (!full && at + 1 < rows.length) return;
    chunks.push(chunkOf(kind, rows.slice(from, at + 1)));
    from = at + 1;
    size = 0;
  });
  return chunks;
}

function chunkOf(kind: ChunkKind, rows: readonly Row[]): Chunk {
  const writer = new ColumnWriter();
  const [first] = rows;
  first?.texts.forEach((_text, column) => writer.texts(rows.map((row) => row.texts[column] ?? new Uint8Array())));
  first?.numbers.forEach((_number, column) => writer.numbers(rows.map((row) => row.numbers[column] ?? 0)));
  first?.lists.forEach((_list, column) => writer.lists(rows.map((row) => row.lists[column] ?? [])));
  return { kind, rows: rows.length, rawLength: writer.written.length, stored: writer.written };
}

function byId<T extends { readonly id: string }>(entities: readonly T[]): T[] {
  return entities.toSorted((a, b) => compareIds(a.id, b.id));
}
