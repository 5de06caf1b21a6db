/**
 * A snapshot's name depends on what the catalog says and on nothing else, and reading one refuses what is not one.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../cli/sha256.ts";
import type { Catalog } from "../../src/catalog/entities.ts";
import { decodeSnapshot, encodeSnapshot, snapshotDigest } from "../../src/catalog/snapshot.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { fromUtf8, toUtf8 } from "../../src/kernel/bytes.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { sampleCatalogFiles } from "../../scripts/make_sample_catalog.ts";
import { smallCatalog } from "./catalog_fixture.ts";

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

  it("of the sample decodes to the sample, letter for letter, and encodes to the same bytes again", () => {
    const files = [...sampleCatalogFiles()].map(([file, text]) => ({ file, json: JSON.parse(text) as unknown }));
    const parsed = parseCatalog(files);
    if (!parsed.ok) throw new Error("the sample must validate");
    const bytes = encodeSnapshot(parsed.value);
    const decoded = decodeSnapshot(bytes);
    if (!decoded.ok) throw new Error(decoded.reason);
    expect(encodeSnapshot(decoded.value)).toEqual(bytes);
    expect(new Set(decoded.value.lineItems)).toEqual(new Set(parsed.value.lineItems));
  });

  it("keeps names in any script", () => {
    const catalog = smallCatalog();
    Object.assign(catalog.publishers[0] ?? {}, { name: "Küche 料理 🍳" });
    const decoded = decodeSnapshot(encodeSnapshot(accepted(catalog)));
    expect(decoded.ok && decoded.value.publishers[0]?.name).toBe("Küche 料理 🍳");
  });

  it.each([
    ["too_large", new Uint8Array(FULL_LIMITS.catalogBytesMax + 1)],
    ["not_utf8", Uint8Array.of(0x7b, 0xff)],
    ["not_json", toUtf8('{"format":')],
    ["unknown_format", toUtf8("[]")],
    ["unknown_format", toUtf8('{"format":"midroll-catalog/2","catalog":{}}')],
    ["unknown_format", toUtf8('{"format":"midroll-catalog/1","catalog":{},"more":1}')],
    ["bad_catalog", toUtf8('{"format":"midroll-catalog/1","catalog":{}}')],
    ["unknown_format", toUtf8('{"format":"midroll-catalog/1"}')],
  ] as const)("is refused as %s", (reason, bytes) => {
    expect(decodeSnapshot(bytes)).toEqual({ ok: false, reason });
  });
});

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
