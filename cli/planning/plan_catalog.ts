/**
 * The catalog as it would be with the campaign that is being planned: the files of the competing demand, and over them
 * the campaign's own file. What both name, the campaign's file decides.
 */
import { compileCatalog, type CompiledCampaign, type CompiledCatalog } from "../../src/catalog/compiled.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { nearestWord } from "../../src/catalog/problem.ts";
import { CATALOG_SECTIONS, parseCatalog, type CatalogFile } from "../../src/catalog/validate.ts";
import { present } from "../../src/kernel/assert.ts";
import { catalogFault } from "../catalog/catalog_commands.ts";
import { CliFault } from "../fault.ts";
import { readCatalogFiles } from "../catalog/read_catalog.ts";

/** A campaign in its catalog. */
export interface PlannedCampaign {
  readonly catalog: CompiledCatalog;
  readonly campaign: CompiledCampaign;
}

/** Where the campaign and its competition are written. */
export interface PlanSources {
  /** The campaign's own file or directory; null when it stands in the catalog. */
  readonly file: string | null;
  readonly catalogDir: string;
  /** Which campaign; null when the file has just one. */
  readonly campaignId: string | null;
}

/** Reads, overlays and checks. The planned campaign counts as active, whatever its status. Throws `CliFault`. */
export async function readPlanned({ file, catalogDir, campaignId }: PlanSources): Promise<PlannedCampaign> {
  const base = await filesOf([catalogDir]);
  const own = file === null ? [] : await filesOf([file]);
  const id = campaignId ?? onlyCampaign(own, file);
  const parsed = parseCatalog([...overlaid(base, own), ...own]);
  if (!parsed.ok) throw catalogFault(parsed.reason);
  const campaign = parsed.value.campaigns.find((one) => one.id === id);
  if (campaign === undefined) throw unknownCampaign(id, parsed.value, file ?? catalogDir);
  if (campaign.budgetMicros === 0) {
    throw new CliFault("nothing_to_plan", `campaign "${id}" has no budget, so there is nothing to plan`, {
      advice: "House campaigns fill what is left and are never billed. Give it a budgetMicros and paid goals.",
    });
  }
  if (!parsed.value.lineItems.some((line) => line.campaignId === id)) {
    throw new CliFault("nothing_to_plan", `campaign "${id}" has no line items, so it could not show anything`, {
      advice: "Add them to lineItems in its file; docs/catalog.md shows a whole one.",
    });
  }
  const campaigns = parsed.value.campaigns.map((one) => (one.id === id ? { ...one, status: "active" as const } : one));
  const catalog = compileCatalog({ ...parsed.value, campaigns });
  return { catalog, campaign: present(catalog.campaigns.get(id), "a campaign of the catalog is compiled with it") };
}

async function filesOf(paths: readonly string[]): Promise<readonly CatalogFile[]> {
  const read = await readCatalogFiles(paths);
  if (!read.ok) throw catalogFault(read.reason);
  return read.value;
}

type Named = Readonly<Record<string, unknown>>;

/** The entities of one section, as far as they can be told. What is malformed is left for validation to name. */
function entitiesIn(file: CatalogFile, section: string): readonly Named[] {
  const { json } = file;
  if (typeof json !== "object" || json === null) return [];
  const list: unknown = new Map(Object.entries(json)).get(section);
  return Array.isArray(list) ? list.filter((item): item is Named => typeof item === "object" && item !== null) : [];
}

function valuesIn(files: readonly CatalogFile[], section: string, field: string): ReadonlySet<unknown> {
  return new Set(files.flatMap((file) => entitiesIn(file, section).map((entity) => entity[field])));
}

function onlyCampaign(own: readonly CatalogFile[], file: string | null): string {
  const ids = [...valuesIn(own, "campaigns", "id")].filter((id) => typeof id === "string");
  const [id] = ids;
  if (id !== undefined && ids.length === 1) return id;
  const found = file === null ? "no file and no --campaign" : `${file} with ${ids.length} campaigns`;
  throw new CliFault("wrong_command", `which campaign is to be planned? found ${found}`, {
    advice: "Name a file with one campaign, or say which by --campaign ID.",
    exitCode: 2,
  });
}

/** The base files without what the campaign's file replaces; a campaign that brings line items loses those it had. */
function overlaid(base: readonly CatalogFile[], own: readonly CatalogFile[]): readonly CatalogFile[] {
  const replaced = new Map(CATALOG_SECTIONS.map((section) => [section, valuesIn(own, section, "id")]));
  const rebuilt = valuesIn(own, "lineItems", "campaignId");
  const gone = new Set<unknown>();
  for (const file of base) {
    for (const { id, campaignId } of entitiesIn(file, "lineItems")) {
      if (rebuilt.has(campaignId) && !replaced.get("lineItems")?.has(id)) gone.add(id);
    }
  }
  const stays = (section: (typeof CATALOG_SECTIONS)[number], entity: Named): boolean => {
    if (replaced.get(section)?.has(entity["id"])) return false;
    if (section === "lineItems") return !gone.has(entity["id"]);
    const named: unknown = entity["lineItemIds"];
    return !(section === "deals" && Array.isArray(named) && named.some((id) => gone.has(id)));
  };
  return base.map(({ file, json }) => {
    const kept = CATALOG_SECTIONS.map((section) => [
      section,
      entitiesIn({ file, json }, section).filter((entity) => stays(section, entity)),
    ]);
    // What is not an object of lists is passed on as it is: validation names what is wrong with it.
    return { file, json: isPlainObject(json) ? { ...json, ...Object.fromEntries(kept) } : json };
  });
}

function isPlainObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function unknownCampaign(id: string, catalog: Catalog, where: string): CliFault {
  const near = nearestWord(
    id,
    catalog.campaigns.map((campaign) => campaign.id),
  );
  return new CliFault("not_found", `${where} has no campaign "${id}"`, {
    advice: near === null ? "Campaigns are listed under campaigns in the catalog's files." : `Did you mean "${near}"?`,
  });
}
