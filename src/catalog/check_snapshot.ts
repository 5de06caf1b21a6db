/**
 * Whether a snapshot that somebody sends may become current. Reading it has checked every field; what is left are the
 * laws between entities, and they are the very ones that catalogs written as files are held against.
 */
import { ok, refused, type Result } from "../kernel/result.ts";
import type { CompiledCatalog } from "./compiled.ts";
import { checkGuarantees } from "./guarantee_laws.ts";
import { gatherProblems, type CatalogProblem } from "./problem.ts";
import { checkReferences, type Section, type Sections } from "./references.ts";
import { readSnapshot, SNAPSHOT_FORMAT, type SnapshotRefusal } from "./snapshot.ts";
import type { Steps } from "./steps.ts";

/** What problems call a snapshot. */
const FILE = "catalog";

/** The catalog in a snapshot, or everything that is wrong with it. A step is one of reading, or of the laws. */
export function* checkSnapshot(bytes: Uint8Array): Steps<Result<CompiledCatalog, readonly CatalogProblem[]>> {
  const read = yield* readSnapshot(bytes, false);
  if (!read.ok) return refused([unreadable(read.reason)]);
  const { report, reported } = gatherProblems();
  const sections = sectionsOf(read.value);
  if (read.value.publishers.size === 0) {
    report({ file: FILE, path: "publishers", code: "no_publisher", expected: "at least one publisher", found: "none" });
  }
  yield* checkReferences(sections, report);
  checkGuarantees(sections, report);
  const problems = reported();
  return problems.length > 0 ? refused(problems) : ok(read.value);
}

function unreadable(reason: SnapshotRefusal): CatalogProblem {
  const expected =
    reason === "too_large"
      ? "a smaller catalog"
      : `a snapshot in the format ${SNAPSHOT_FORMAT}, as this version writes it`;
  return { file: FILE, path: "", code: "bad_snapshot", expected, found: reason };
}

function sectionsOf(catalog: CompiledCatalog): Sections {
  const { lineItems, creatives } = catalog;
  return {
    publishers: listed([...catalog.publishers.values()].map(({ publisher }) => publisher)),
    advertisers: listed([...catalog.advertisers.values()]),
    campaigns: listed([...catalog.campaigns.values()].map(({ campaign }) => campaign)),
    lineItems: section(
      () => mapped(lineItems, ({ lineItem }) => lineItem),
      (id) => lineItems.get(id)?.lineItem,
    ),
    creatives: section(
      () => creatives,
      (id) => creatives.get(id),
    ),
    deals: listed(catalog.deals),
    currencies: listed(catalog.currencies),
    reserves: listed(catalog.reserves),
    landscapes: listed(catalog.landscapes),
  };
}

function listed<T extends { readonly id: string }>(entities: readonly T[]): Section<T> {
  const byId = new Map(entities.map((entity) => [entity.id, entity]));
  return section(
    () => entities,
    (id) => byId.get(id),
  );
}

/** A section whose entities are made while they are walked. */
function section<T extends { readonly id: string }>(
  entities: () => Iterable<T>,
  get: (id: string) => T | undefined,
): Section<T> {
  return {
    placed: { [Symbol.iterator]: () => mapped(entities(), (entity, index) => ({ entity, file: FILE, index })) },
    byId: { get },
    ids: {
      has: (id) => get(id) !== undefined,
      [Symbol.iterator]: () => mapped(entities(), ({ id }) => id),
    },
  };
}

function* mapped<T, U>(items: Iterable<T>, to: (item: T, index: number) => U): Generator<U, void> {
  let index = 0;
  for (const item of items) yield to(item, index++);
}
