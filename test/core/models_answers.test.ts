/**
 * What a head says when several models speak for it, and who is in a trial. The oracle of the mean adds up in plain
 * numbers, row by row, for every subset of models that fail.
 */
import { describe, expect, test } from "vitest";
import { stream, type RandomStream } from "../../src/kernel/random.ts";
import { isInTrial, trialKeyOf } from "../../src/models/assignment.ts";
import { meanOfHeads } from "../../src/models/head_mean.ts";
import { HEADS, type Head, type ModelEntry } from "../../src/models/manifest.ts";

const graph = { digest: "a".repeat(64), sizeBytes: 10, inputName: "features", outputName: "probability" };
const model = (head: Head, name: string, weight?: number): ModelEntry => ({
  role: "head",
  head,
  name,
  ...graph,
  ...(weight === undefined ? {} : { weight }),
});
const SINGLE = HEADS.map((head) => model(head, head));
const f32 = (...values: readonly number[]): Float32Array => Float32Array.from(values);
const plainly = (): Map<string, Float32Array> => new Map(SINGLE.map(({ name }) => [name, f32(0.25, 0.5)]));

describe("a head of one model", () => {
  test("says what its model says, to the bit", () => {
    const said = f32(0.1, 0.7);
    const { heads, thinned, silent } = meanOfHeads(SINGLE, plainly().set("click", said), 2);
    expect(heads.click).toEqual(said);
    expect([thinned, silent]).toEqual([[], []]);
  });

  const ills: [string, Float32Array | null][] = [
    ["not a number in one row", f32(0.1, Number.NaN)],
    ["infinite", f32(Number.POSITIVE_INFINITY, 0.2)],
    ["above one", f32(0.1, 1.0001)],
    ["below nothing", f32(-0.0001, 0.1)],
    ["too few rows", f32(0.1)],
    ["nothing, because it failed", null],
  ];
  test.each(ills)("is silent where its model says %s, and the other heads are not", (_what, said) => {
    const answers = plainly();
    if (said === null) answers.delete("click");
    else answers.set("click", said);
    const { heads, thinned, silent } = meanOfHeads(SINGLE, answers, 2);
    expect([thinned, silent]).toEqual([["click"], ["click"]]);
    expect(Object.keys(heads)).toEqual(["completedView", "abandon", "conversion"]);
  });
});

/** Draws a set with up to five models a head, answers, and which of them are unsound. */
function drawn(random: RandomStream) {
  const rowCount = 1 + random.below(5);
  const models = HEADS.flatMap((head) =>
    Array.from({ length: 1 + random.below(5) }, (_, n) =>
      model(head, `${head}${n}`, random.below(3) === 0 ? undefined : 0.1 + 3 * random.next()),
    ),
  );
  const unsound = new Set(models.filter(() => random.below(4) === 0).map(({ name }) => name));
  const answers = new Map(
    models.map(({ name }) => {
      const said = Float32Array.from({ length: rowCount }, () => random.next());
      if (unsound.has(name)) said[random.below(rowCount)] = Number.NaN;
      return [name, said];
    }),
  );
  return { rowCount, models, unsound, answers };
}

const weightOf = (entry: ModelEntry): number => (entry.role === "head" ? (entry.weight ?? 1) : 0);

test("a head of several models says their weighted mean, without those that are unsound (seeds answers 0 to 199)", () => {
  for (let seed = 0; seed < 200; seed++) {
    const { rowCount, models, unsound, answers } = drawn(stream(`${seed}`, "answers"));
    const said = meanOfHeads(models, answers, rowCount);
    for (const head of HEADS) {
      const all = models.filter((entry) => entry.role === "head" && entry.head === head);
      const sound = all.filter(({ name }) => !unsound.has(name));
      expect(said.thinned.includes(head), `seed ${seed}, ${head}`).toBe(sound.length < all.length);
      expect(said.silent.includes(head), `seed ${seed}, ${head}`).toBe(sound.length === 0);
      for (let row = 0; row < rowCount && sound.length > 0; row++) {
        const total = sound.reduce((sum, entry) => sum + weightOf(entry), 0);
        const naive = sound.reduce(
          (sum, entry) => sum + (weightOf(entry) / total) * (answers.get(entry.name)?.[row] ?? 0),
          0,
        );
        expect(said.heads[head]?.[row], `seed ${seed}, ${head}, row ${row}`).toBeCloseTo(naive, 6);
      }
    }
  }
});

describe("a trial", () => {
  const digest = "d".repeat(64);
  const keys = Array.from({ length: 20_000 }, (_, n) => trialKeyOf(`viewer-${n}`, null, `r-${n}`));

  test("has its share of viewers, within a percentage point", () => {
    for (const sharePpm of [10_000, 50_000, 250_000, 500_000]) {
      const share = keys.filter((key) => isInTrial(key, { digest, sharePpm })).length / keys.length;
      expect(Math.abs(share - sharePpm / 1e6), `${sharePpm} ppm`).toBeLessThan(0.01);
    }
  });

  test("of nobody has nobody, of everybody everybody", () => {
    expect(keys.some((key) => isInTrial(key, { digest, sharePpm: 0 }))).toBe(false);
    expect(keys.every((key) => isInTrial(key, { digest, sharePpm: 1_000_000 }))).toBe(true);
  });

  test("keeps whom it has when its share grows", () => {
    const first = keys.filter((key) => isInTrial(key, { digest, sharePpm: 50_000 }));
    expect(first.every((key) => isInTrial(key, { digest, sharePpm: 250_000 }))).toBe(true);
  });

  test("of another set has other viewers", () => {
    const of = (name: string) => keys.filter((key) => isInTrial(key, { digest: name.repeat(64), sharePpm: 500_000 }));
    const [a, b] = [new Set(of("a")), of("b")];
    const both = b.filter((key) => a.has(key)).length / keys.length;
    expect(Math.abs(both - 0.25)).toBeLessThan(0.02);
  });

  test("goes by the viewer, whatever the request is called, else by the household, else by the request", () => {
    expect(trialKeyOf("v", "h", "r1")).toBe(trialKeyOf("v", null, "r2"));
    expect(trialKeyOf(null, "h", "r1")).toBe(trialKeyOf(null, "h", "r2"));
    expect(trialKeyOf(null, null, "r1")).not.toBe(trialKeyOf(null, null, "r2"));
    expect(new Set([trialKeyOf("x", null, ""), trialKeyOf(null, "x", ""), trialKeyOf(null, null, "x")]).size).toBe(3);
  });
});
