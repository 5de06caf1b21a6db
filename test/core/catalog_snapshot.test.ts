/**
 * A snapshot's name depends on what the catalog says and on nothing else, and reading one refuses what is not one.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededCatalog } from "../../bench/seeded_catalog.ts";
import { sha256 } from "../../cli/sha256.ts";
import { checkSnapshot } from "../../src/catalog/check_snapshot.ts";
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { CHUNK_ROWS_MAX } from "../../src/catalog/pack.ts";
import { encodeSnapshot, loadSnapshot, snapshotDigest, SNAPSHOT_FORMAT } from "../../src/catalog/snapshot.ts";
import { endOf } from "../../src/catalog/steps.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { present } from "../../src/kernel/assert.ts";
import { fromUtf8, toUtf8 } from "../../src/kernel/bytes.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { stream } from "../../src/kernel/random.ts";
import { sampleCatalogFiles } from "../../scripts/make_sample_catalog.ts";
import { smallCatalog } from "./catalog_fixture.ts";
import { drawEntities } from "./decision/drawn_catalog.ts";
import { entitiesIn, expectedOffers, observed, sortedCatalog } from "./naive_catalog.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/catalog_snapshot.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

function accepted(json: unknown): Catalog {
  const parsed = parseCatalog([{ file: "c.json", json }]);
  if (!parsed.ok) throw new Error("the fixture must validate");
  return parsed.value;
}

const digestOf = (catalog: Catalog): Promise<string> => snapshotDigest(encodeSnapshot(catalog), sha256);

/** The same sections with the entities of each in another order. */
const reordered = (catalog: ReturnType<typeof smallCatalog>) =>
  fc.record({
    deals: fc.shuffledSubarray(catalog.deals, { minLength: catalog.deals.length }),
    creatives: fc.shuffledSubarray(catalog.creatives, { minLength: catalog.creatives.length }),
    lineItems: fc.shuffledSubarray(catalog.lineItems, { minLength: catalog.lineItems.length }),
    campaigns: fc.shuffledSubarray(catalog.campaigns, { minLength: catalog.campaigns.length }),
    advertisers: fc.shuffledSubarray(catalog.advertisers, { minLength: catalog.advertisers.length }),
    publishers: fc.constant(catalog.publishers),
  });

describe("A snapshot", () => {
  it("has the same digest in whatever order the entities and fields were written", async () => {
    const digest = await digestOf(accepted(smallCatalog()));
    await fc.assert(
      fc.asyncProperty(reordered(smallCatalog()), async (written) => {
        const backwards: unknown = JSON.parse(JSON.stringify(written), (_key, value: unknown) =>
          value !== null && typeof value === "object" && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).toReversed())
            : value,
        );
        expect(await digestOf(accepted(backwards))).toBe(digest);
      }),
      { seed, numRuns: 100 },
    );
  });

  it("has the same digest whether a default was written or left out, and another when anything differs", async () => {
    const digest = await digestOf(accepted(smallCatalog()));
    const spelledOut = smallCatalog();
    Object.assign(spelledOut.campaigns[0] ?? {}, { status: "active", pacing: "even" });
    expect(await digestOf(accepted(spelledOut))).toBe(digest);
    Object.assign(spelledOut.campaigns[0] ?? {}, { pacing: "asap" });
    expect(await digestOf(accepted(spelledOut))).not.toBe(digest);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it("of the sample reads as the sample, letter for letter, and packs into the same bytes again", () => {
    const files = [...sampleCatalogFiles()].map(([file, text]) => ({ file, json: JSON.parse(text) as unknown }));
    const parsed = parseCatalog(files);
    if (!parsed.ok) throw new Error("the sample must validate");
    const bytes = encodeSnapshot(parsed.value);
    const entities = entitiesIn(loaded(bytes));
    expect(entities).toEqual(sortedCatalog(parsed.value));
    expect(encodeSnapshot(entities)).toEqual(bytes);
  });

  it("keeps names in any script", () => {
    const catalog = smallCatalog();
    Object.assign(catalog.publishers[0] ?? {}, { name: "Küche 料理 🍳" });
    Object.assign(catalog.lineItems[0] ?? {}, { name: "Füße 🦶" });
    Object.assign(catalog.creatives[0] ?? {}, { name: "𝔄uto" });
    const { publishers, lineItems, creatives } = loaded(encodeSnapshot(accepted(catalog)));
    expect(publishers.get("demo")?.publisher.name).toBe("Küche 料理 🍳");
    expect(lineItems.get("cars-tv")?.lineItem.name).toBe("Füße 🦶");
    expect(creatives.get("cars-30")?.name).toBe("𝔄uto");
  });

  it("says of drawn catalogs what their entities say, offer by offer", () => {
    expect.hasAssertions();
    for (let n = 0; n < 40; n++) expectWhole(drawEntities(stream(String(seed), `snapshot ${n}`), 30));
  });

  it("says it across the bounds of chunks as well", () => {
    expect.hasAssertions();
    for (const lineItems of [1, CHUNK_ROWS_MAX + 1]) expectWhole(seededCatalog(lineItems, String(seed)));
  });

  it("finds every entity by its id, and no other", () => {
    const catalog = seededCatalog(300, String(seed));
    const { lineItems, creatives } = loaded(encodeSnapshot(catalog));
    for (const { id } of catalog.lineItems) expect(lineItems.get(id)?.lineItem.id).toBe(id);
    for (const { id } of catalog.creatives) expect(creatives.get(id)?.id).toBe(id);
    for (const id of ["", "0", "li", "zzz", "li-zz"])
      expect([lineItems.get(id), creatives.get(id)]).toEqual([undefined, undefined]);
  });

  it("gives all offers of a line item the same line item, and counts them as their numbers say", () => {
    const { paidOffers } = loaded(encodeSnapshot(seededCatalog(200, String(seed))));
    expect(paidOffers.firstOf(paidOffers.lineCount)).toBe(paidOffers.length);
    for (let line = 0; line < paidOffers.lineCount; line++) {
      for (let order = paidOffers.firstOf(line); order < paidOffers.firstOf(line + 1); order++) {
        expect(paidOffers.at(order).line).toBe(paidOffers.lineAt(line));
      }
    }
    expect(() => paidOffers.at(paidOffers.length)).toThrow(RangeError);
    expect(() => paidOffers.at(-1)).toThrow(RangeError);
  });
});

describe("What is no snapshot", () => {
  const sound = encodeSnapshot(accepted(smallCatalog()));

  it.each([
    ["too_large", new Uint8Array(FULL_LIMITS.catalogBytesMax + 1)],
    ["unknown_format", new Uint8Array()],
    ["unknown_format", toUtf8("midroll-catalog")],
    ["unknown_format", toUtf8('{"format":"midroll-catalog/1","catalog":{}}')],
    ["unknown_format", toUtf8("midroll-catalog/3\n\0")],
    ["bad_directory", headed()],
    // A billion chunks; one of a kind that is not; of no rows; of 1025; stored longer than it is.
    ["bad_directory", headed(0xff, 0xff, 0xff, 0xff, 0x03)],
    ["bad_directory", headed(1, 14, 1, 0, 0)],
    ["bad_directory", headed(1, 0, 0, 0, 0)],
    ["bad_directory", headed(1, 0, 0x81, 0x08, 0, 0)],
    ["bad_directory", headed(1, 0, 1, 1, 2, 0, 0)],
    // Says that it is 256 MiB when it is not compressed.
    ["too_large", headed(1, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x01, 1, 0)],
    ["bad_directory", Uint8Array.of(...sound, 0)],
    ["bad_directory", sound.slice(0, -1)],
    ["bad_catalog", headed(1, 0, 1, 3, 3, 2, 0x7b, 0x7d)],
  ] as const)("is refused as %s", (reason, bytes) => {
    expect(loadSnapshot(bytes)).toEqual({ ok: false, reason });
  });

  it("is refused, or reads as some catalog that holds together, whichever bytes of a sound one are changed", () => {
    const change = fc.record({ at: fc.nat(sound.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(sound.length), (changes, cut) => {
        const bytes = sound.slice();
        for (const { at, to } of changes) bytes[at] = to;
        const read = loadSnapshot(cut % 4 === 0 ? bytes.subarray(0, cut) : bytes);
        expect(read.ok ? offersThatRead(read.value) : 0).toBeGreaterThanOrEqual(0);
      }),
      { seed, numRuns: 4_000 },
    );
  });

  it("is refused for every reference that leads nowhere and every order that is not one", () => {
    const catalog = accepted(smallCatalog());
    const [deal] = catalog.deals;
    const elsewhere = { ...catalog, deals: [{ ...present(deal, "the fixture has a deal"), lineItemIds: ["gone"] }] };
    expect(loadSnapshot(encodeSnapshot(elsewhere))).toEqual({ ok: false, reason: "bad_catalog" });
    const twice = { ...catalog, publishers: [...catalog.publishers, ...catalog.publishers] };
    expect(loadSnapshot(encodeSnapshot(twice))).toEqual({ ok: false, reason: "bad_catalog" });
  });
});

describe("A snapshot that is sent to origin", () => {
  it("is accepted when the catalog it was made of is", () => {
    expect(checked(accepted(smallCatalog())).ok).toBe(true);
    expect(checked(seededCatalog(50, String(seed))).ok).toBe(true);
  });

  it("is held against the laws between entities, with the problems that files would have", () => {
    const catalog = accepted(smallCatalog());
    const campaigns = catalog.campaigns.map((campaign) => ({ ...campaign, budgetMicros: 0 }));
    const creatives = catalog.creatives.map((creative) => ({ ...creative, advertiserId: "larder" }));
    const spoiled = { ...catalog, campaigns, creatives };
    const written = parseCatalog([{ file: "catalog", json: sortedCatalog(spoiled) }]);
    expect(written.ok).toBe(false);
    expect(checked(spoiled)).toEqual(written);
  });

  it("needs a publisher, and a form that this version knows", () => {
    const nobody = { ...accepted(smallCatalog()), publishers: [], deals: [], lineItems: [] };
    expect(checked(nobody)).toMatchObject({ ok: false, reason: [{ code: "no_publisher" }] });
    expect(endOf(checkSnapshot(toUtf8("{}")))).toMatchObject({ ok: false, reason: [{ code: "bad_snapshot" }] });
  });
});

function headed(...directory: readonly number[]): Uint8Array {
  return Uint8Array.of(...toUtf8(`${SNAPSHOT_FORMAT}\n`), ...directory);
}

function checked(catalog: Catalog) {
  return endOf(checkSnapshot(encodeSnapshot(catalog)));
}

function loaded(bytes: Uint8Array): CompiledCatalog {
  const read = loadSnapshot(bytes);
  if (!read.ok) throw new Error(read.reason);
  return read.value;
}

/** Packed and read again, a catalog says what its entities say. */
function expectWhole(catalog: Catalog): void {
  const bytes = encodeSnapshot(catalog);
  const compiled = loaded(bytes);
  expect(entitiesIn(compiled)).toEqual(sortedCatalog(catalog));
  expect(encodeSnapshot(entitiesIn(compiled))).toEqual(bytes);
  expect([...compiled.paidOffers].map(observed)).toEqual(expectedOffers(catalog, false));
  expect([...compiled.houseOffers].map(observed)).toEqual(expectedOffers(catalog, true));
  const guaranteed = sortedCatalog(catalog).deals.filter(({ kind }) => kind === "guaranteed");
  expect(compiled.guarantees.map(({ dealId, lines }) => [dealId, lines.map(({ lineItem }) => lineItem.id)])).toEqual(
    guaranteed.map(({ id, lineItemIds }) => [id, lineItemIds]),
  );
}

/** Reads all that there is, and counts the offers. */
function offersThatRead(catalog: CompiledCatalog): number {
  entitiesIn(catalog);
  for (const { lines } of catalog.guarantees) expect(lines.length).toBeGreaterThan(0);
  const tables = [catalog.paidOffers, catalog.houseOffers];
  for (const { postings } of tables) expect(postings.lineOf).toHaveLength(postings.size);
  return tables.flatMap((offers) => [...offers].map(observed)).length;
}

describe("UTF-8", () => {
  it("reads what the platform's encoder writes, and refuses what the platform's strict decoder refuses", () => {
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const platform = (bytes: Uint8Array): string | null => {
      try {
        return strict.decode(bytes);
      } catch {
        return null;
      }
    };
    // Bytes near the edges of the encoding, so that overlong forms, surrogates and truncation all come up.
    const edge = fc.constantFrom(0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0);
    const edge2 = fc.constantFrom(0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff, 0xbb);
    const bytes = fc.array(fc.oneof(edge, edge2), { maxLength: 6 }).map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(bytes, (sample) => {
        expect(fromUtf8(sample)).toBe(platform(sample));
      }),
      { seed, numRuns: 20_000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        expect(fromUtf8(new TextEncoder().encode(text))).toBe(text);
      }),
      { seed, numRuns: 1_000 },
    );
    const long = "é🍳x".repeat(10_000);
    expect(fromUtf8(toUtf8(long))).toBe(long);
  });
});
