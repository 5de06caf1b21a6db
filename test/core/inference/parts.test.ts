/** Batches put together and taken apart, what a shelf of models has room for, and what versions a name has. */
import { describe, expect, test } from "vitest";
import { joinRows, splitRows } from "../../../src/inference/rows.ts";
import { Shelf } from "../../../src/inference/shelf.ts";
import type { Tensor } from "../../../src/inference/tensor.ts";
import { modelsOf, versionOf, type PublishedSet } from "../../../src/models/versions.ts";
import { HEADS, type ModelSet } from "../../../src/models/manifest.ts";

const pair = (rows: number, from: number): readonly Tensor[] => [
  {
    name: "x",
    datatype: "INT64",
    shape: [rows, 2],
    values: BigInt64Array.from({ length: 2 * rows }, (_, i) => BigInt(from + i)),
  },
  { name: "word", datatype: "BYTES", shape: [rows], values: Array.from({ length: rows }, (_, i) => `w${from + i}`) },
];

describe("a batch", () => {
  test("has the rows of its requests one after the other, and each gets its own back", () => {
    const requests = [pair(1, 0), pair(3, 10), pair(2, 100)];
    const joined = joinRows(requests);
    expect(joined.map(({ shape }) => shape)).toEqual([[6, 2], [6]]);
    expect(joined[0]?.values).toEqual(BigInt64Array.from([0, 1, 10, 11, 12, 13, 14, 15, 100, 101, 102, 103], BigInt));
    expect(splitRows(joined, [1, 3, 2])).toEqual(requests);
  });

  test("cannot be taken apart where a row has no answer of its own", () => {
    expect(splitRows(joinRows([pair(1, 0), pair(3, 10)]), [1, 2])).toBeNull();
  });
});

/** A shelf for three things and 100 bytes, with three of 30 on it. */
function filled(): Shelf<string> {
  const shelf = new Shelf<string>({ countMax: 3, bytesMax: 100 });
  for (const name of ["a", "b", "c"]) shelf.put(name, name, 30);
  return shelf;
}

describe("a shelf", () => {
  test("gives up what was used longest ago, and no more than it must", () => {
    const shelf = filled();
    shelf.use("a");
    expect(shelf.makeRoom(30)).toEqual(["b"]);
    shelf.put("d", "d", 30);
    expect([shelf.use("a"), shelf.use("b"), shelf.count, shelf.bytes]).toEqual(["a", null, 3, 90]);
  });

  test("gives up several for a large one, and all for one that is too large", () => {
    expect(filled().makeRoom(70)).toEqual(["a", "b"]);
    expect(filled().makeRoom(1_000)).toEqual(["a", "b", "c"]);
  });

  test("knows nothing of what was taken off", () => {
    const shelf = filled();
    expect([shelf.take("b"), shelf.take("b"), shelf.use("b"), shelf.bytes]).toEqual(["b", null, null, 60]);
  });
});

/** A set whose models all have the digest `digit` repeated; `early` is the same in all sets. */
const setOf = (digit: string, standing: PublishedSet["standing"]): PublishedSet => {
  const ends = { inputName: "x", outputName: "y", sizeBytes: 10 };
  const models: ModelSet["models"] = [
    { name: "early", role: "earlyRanker", digest: "e".repeat(64), ...ends },
    ...HEADS.map((head) => ({
      name: head.toLowerCase(),
      role: "head" as const,
      head,
      digest: digit.repeat(64),
      ...ends,
    })),
  ];
  return {
    digest: `${digit}5`.repeat(32),
    standing,
    set: { featureSchemaDigest: "f".repeat(64), columns: 48, models },
  };
};

describe("versions", () => {
  const [first, second] = [setOf("1", "live"), setOf("2", "canary")];
  const models = modelsOf([second, first]);
  const named = (name: string) => models.find((model) => model.name === name);

  test("are a name's digests, the newest first, with the sets they are in", () => {
    expect(models.map(({ name }) => name)).toEqual(["abandon", "click", "completedview", "conversion", "early"]);
    expect(named("click")?.versions).toMatchObject([
      { version: "222222222222", sets: [{ digest: second.digest, standing: "canary" }], live: false, head: "click" },
      { version: "111111111111", sets: [{ digest: first.digest, standing: "live" }], live: true },
    ]);
    expect(named("early")?.versions).toMatchObject([
      { sets: [{ standing: "canary" }, { standing: "live" }], live: true, head: null },
    ]);
  });

  test("a name alone means the one that serves, also where a newer one is published", () => {
    const click = named("click");
    expect(click && versionOf(click, null)?.version).toBe("111111111111");
    expect(click && versionOf(click, "222222222222")?.live).toBe(false);
    expect(click && versionOf(click, "2".repeat(64))?.version).toBe("222222222222");
    expect(click && versionOf(click, "3")).toBeNull();
  });

  test("of a name that no serving set has, the newest is meant", () => {
    const [click] = modelsOf([second, { ...first, standing: "retired" }]).filter(({ name }) => name === "click");
    expect(click && versionOf(click, null)?.version).toBe("222222222222");
  });
});
