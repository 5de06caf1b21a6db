/**
 * From files to a catalog, or to everything that is wrong with them. Operators may spread a catalog over as many files
 * as they like: each is an object with any of the sections. Shapes first, then the laws between entities; all problems
 * are gathered, because mending one at a time is a bad afternoon.
 */
import type { z } from "zod";
import { CATALOG_LIMITS } from "../kernel/limits.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import {
  advertiserSchema,
  campaignSchema,
  creativeSchema,
  forecastSchema,
  lineItemSchema,
  mediaFileSchema,
  publisherSchema,
  type Catalog,
} from "./entities.ts";
import { currencySchema, dealSchema, landscapeSchema, reserveSchema } from "./market.ts";
import { targetingSchema } from "./targeting_schema.ts";
import { SURFACES } from "./words.ts";
import { fieldProblems, hint } from "./field_problems.ts";
import { showPath, showValue, type CatalogProblem } from "./problem.ts";
import { checkGuarantees } from "./guarantee_laws.ts";
import { checkReferences, type Placed, type Report, type Section, type Sections } from "./references.ts";

/** One file as read. `file` is what problems call it. */
export interface CatalogFile {
  readonly file: string;
  /** What JSON.parse gave. */
  readonly json: unknown;
}

/** The sections a file may hold. */
export const CATALOG_SECTIONS = [
  "publishers",
  "advertisers",
  "campaigns",
  "lineItems",
  "creatives",
  "deals",
  "currencies",
  "reserves",
  "landscapes",
] as const;

/**
 * The catalog of all files together, with defaults filled in, entities in the order written; or every problem, at most
 * `CATALOG_LIMITS.problemsMax`. Checked in this order: files, sections, fields of each entity, ids, references.
 */
export function parseCatalog(files: readonly CatalogFile[]): Result<Catalog, readonly CatalogProblem[]> {
  const problems: CatalogProblem[] = [];
  let unreported = 0;
  const report: Report = (problem) => {
    if (problems.length < CATALOG_LIMITS.problemsMax - 1) problems.push(problem);
    else unreported++;
  };
  const sections = readSections(files, report);
  checkReferences(sections, report);
  checkGuarantees(sections, report);
  if (unreported > 0) {
    const expected = `fewer than ${CATALOG_LIMITS.problemsMax} problems`;
    problems.push({ file: "catalog", path: "", code: "too_many_problems", expected, found: `${unreported} more` });
  }
  if (problems.length > 0) return refused(problems);
  return ok({
    publishers: entitiesOf(sections.publishers),
    advertisers: entitiesOf(sections.advertisers),
    campaigns: entitiesOf(sections.campaigns),
    lineItems: entitiesOf(sections.lineItems),
    creatives: entitiesOf(sections.creatives),
    deals: entitiesOf(sections.deals),
    currencies: entitiesOf(sections.currencies),
    reserves: entitiesOf(sections.reserves),
    landscapes: entitiesOf(sections.landscapes),
  });
}

const FIELDS: ReadonlySet<string> = new Set(
  [
    publisherSchema,
    forecastSchema,
    advertiserSchema,
    campaignSchema,
    campaignSchema.shape.flight,
    lineItemSchema,
    targetingSchema,
    creativeSchema,
    mediaFileSchema,
    dealSchema,
    currencySchema,
    reserveSchema,
    landscapeSchema,
  ]
    .flatMap((schema) => Object.keys(schema.shape))
    .concat("include", "exclude", "days", "fromHour", "toHour", "impressions", "windowMinutes", "kind")
    .concat("perViewMicros", "perClickMicros", "perConversionMicros", SURFACES)
    .concat("conversionValueMicros", "targetRoasPpm")
    .concat("minSec", "maxSec", "first", "last", "is", "all", "any", "not"),
);

type Contents = ReadonlyMap<string, unknown>;
type NamedContents = { readonly file: string; readonly contents: Contents };

function readSections(files: readonly CatalogFile[], report: Report): Sections {
  if (files.length > CATALOG_LIMITS.filesMax) {
    const expected = `at most ${CATALOG_LIMITS.filesMax} files`;
    report({ file: "catalog", path: "", code: "too_many_files", expected, found: String(files.length) });
  }
  const named: NamedContents[] = files
    .slice(0, CATALOG_LIMITS.filesMax)
    .map((file) => ({ file: file.file, contents: contentsOf(file, report) }));
  const sections: Sections = {
    publishers: readSection("publishers", "publisher", publisherSchema, named, report),
    advertisers: readSection("advertisers", "advertiser", advertiserSchema, named, report),
    campaigns: readSection("campaigns", "campaign", campaignSchema, named, report),
    lineItems: readSection("lineItems", "line item", lineItemSchema, named, report),
    creatives: readSection("creatives", "creative", creativeSchema, named, report),
    deals: readSection("deals", "deal", dealSchema, named, report),
    currencies: readSection("currencies", "currency", currencySchema, named, report),
    reserves: readSection("reserves", "reserve", reserveSchema, named, report),
    landscapes: readSection("landscapes", "landscape", landscapeSchema, named, report),
  };
  if (!named.some(({ contents }) => isFilled(contents.get("publishers")))) {
    const file = named.length === 1 ? (named[0]?.file ?? "catalog") : "catalog";
    report({ file, path: "publishers", code: "no_publisher", expected: "at least one publisher", found: "none" });
  }
  return sections;
}

function contentsOf(file: CatalogFile, report: Report): Contents {
  const { json } = file;
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    const expected = `an object with any of ${CATALOG_SECTIONS.join(", ")}`;
    report({ file: file.file, path: "", code: "not_an_object", expected, found: showValue(json) });
    return new Map();
  }
  const known: ReadonlySet<string> = new Set(CATALOG_SECTIONS);
  const contents = new Map(Object.entries(json));
  for (const key of contents.keys()) {
    if (known.has(key)) continue;
    const expected = `one of ${CATALOG_SECTIONS.join(", ")}${hint(key, known)}`;
    report({ file: file.file, path: key, code: "unknown_section", expected, found: showValue(key) });
  }
  return contents;
}

function readSection<T extends { readonly id: string }>(
  section: (typeof CATALOG_SECTIONS)[number],
  what: string,
  schema: z.ZodType<T>,
  files: readonly NamedContents[],
  report: Report,
): Section<T> {
  const placed: Placed<T>[] = [];
  const byId = new Map<string, T>();
  const firstAt = new Map<string, string>();
  const max = section === "campaigns" ? CATALOG_LIMITS.campaignsMax : CATALOG_LIMITS.entitiesMax;
  let left: number = max;
  for (const { file, contents } of files) {
    const items = listIn(contents.get(section), section, file, report);
    if (items.length > left) {
      const expected = `at most ${max} in all files`;
      report({ file, path: section, code: "too_many_entities", expected, found: `a list of ${items.length}` });
    }
    items.slice(0, left).forEach((item, index) => {
      const place = { file, path: [section, index] };
      const id = idOf(item);
      const first = id === null ? undefined : firstAt.get(id);
      if (id !== null && first === undefined) firstAt.set(id, `${file}: ${showPath(place.path)}`);
      if (first !== undefined) {
        const expected = `an id that no other ${what} has`;
        const found = `${showValue(id)}, already at ${first}`;
        report({ file, path: showPath([...place.path, "id"]), code: "duplicate_id", expected, found });
      }
      const parsed = schema.safeParse(item);
      if (!parsed.success) {
        for (const problem of fieldProblems(place, item, parsed.error.issues, FIELDS)) report(problem);
        return;
      }
      placed.push({ entity: parsed.data, file, index });
      if (!byId.has(parsed.data.id)) byId.set(parsed.data.id, parsed.data);
    });
    left = Math.max(0, left - items.length);
  }
  return { placed, byId, ids: new Set(firstAt.keys()) };
}

function listIn(value: unknown, section: string, file: string, report: Report): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  report({ file, path: section, code: "wrong_type", expected: "a list", found: showValue(value) });
  return [];
}

function idOf(item: unknown): string | null {
  if (typeof item !== "object" || item === null || !("id" in item)) return null;
  return typeof item.id === "string" ? item.id : null;
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function entitiesOf<T>(section: Section<T>): T[] {
  return section.placed.map(({ entity }) => entity);
}
