/**
 * What makes a model set one that can serve. Origin, edge and CLI all ask the function tested here, so a set that one
 * takes is a set that all take.
 */
import { describe, expect, test } from "vitest";
import { checkModelSet, HEADS, reducedModels, type ModelSetRefusal } from "../../src/models/manifest.ts";

const SCHEMA = "5".repeat(64);
const graph = { digest: "a".repeat(64), sizeBytes: 10, inputName: "features", outputName: "probability" };
const ranker = { name: "early", role: "earlyRanker", ...graph };
const [seen, click, abandon, conversion] = HEADS.map((head) => ({
  name: head.toLowerCase(),
  role: "head",
  head,
  ...graph,
}));
const setOf = (models: readonly unknown[], rest: object = {}) => ({
  featureSchemaDigest: SCHEMA,
  columns: 48,
  models,
  ...rest,
});

function refusalOf(json: unknown): ModelSetRefusal {
  const checked = checkModelSet(json, SCHEMA);
  if (checked.ok) throw new Error("the set was taken");
  return checked.reason;
}

const golden = (columns: number) => ({ rows: [Array.from({ length: columns }, () => 0)], expected: [0.5] });

describe("a model set", () => {
  const another = { ...click, name: "click_trees", weight: 3, golden: golden(48) };

  test("with one early ranker and every head serves, in whatever order and number its models stand", () => {
    for (const models of [
      [ranker, seen, click, abandon, conversion],
      [another, ranker, seen, click, abandon, conversion],
      [conversion, abandon, click, ranker, seen],
    ]) {
      expect(checkModelSet(setOf(models), SCHEMA)).toEqual({ ok: true, value: setOf(models) });
    }
  });

  test.each([
    [
      "of another feature schema",
      setOf([ranker, seen, click, abandon, conversion], { featureSchemaDigest: "6".repeat(64) }),
    ],
    ["of another feature schema, whatever its models", setOf([ranker], { featureSchemaDigest: "6".repeat(64) })],
  ])("%s is refused", (_what, set) => {
    expect(refusalOf(set)).toEqual({
      code: "feature_schema_differs",
      detail: "it was trained on another feature schema",
      problems: [],
    });
  });

  test.each([
    ["no early ranker", [seen, click, abandon, conversion], "it needs one early ranker and has 0"],
    ["two early rankers", [ranker, ranker, seen, click, abandon, conversion], "it needs one early ranker and has 2"],
  ])("with %s is refused", (_what, models, detail) => {
    expect(refusalOf(setOf(models))).toEqual({ code: "early_ranker_not_once", detail, problems: [] });
  });

  test.each([
    [
      "without a head",
      setOf([ranker, seen, click, conversion]),
      "head_missing",
      'it has no model of the head "abandon"',
    ],
    [
      "with two models of one name",
      setOf([ranker, seen, click, click, abandon, conversion]),
      "name_twice",
      'two of its models are named "click"',
    ],
    [
      "with golden rows of other columns",
      setOf([ranker, seen, { ...click, golden: golden(47) }, abandon, conversion]),
      "golden_columns",
      'a golden row of "click" has not 48 columns',
    ],
    [
      "whose reduced tier names nobody",
      setOf([ranker, seen, click, abandon, conversion], { reduced: ["click", "mood"] }),
      "reduced_unknown",
      'its reduced tier names "mood", none of its models',
    ],
    [
      "whose reduced tier names the early ranker alone",
      setOf([ranker, seen, click, abandon, conversion], { reduced: ["early"] }),
      "reduced_without_head",
      "its reduced tier names no model of a head",
    ],
  ])("%s is refused", (_what, set, code, detail) => {
    expect(refusalOf(set)).toEqual({ code, detail, problems: [] });
  });

  test("scores in the reduced tier with the models it names, else with the first of every head", () => {
    const models = [another, ranker, seen, click, abandon, conversion];
    const reducedOf = (rest: object): readonly string[] => {
      const checked = checkModelSet(setOf(models, rest), SCHEMA);
      return checked.ok ? [...reducedModels(checked.value)].sort() : ["refused"];
    };
    expect(reducedOf({})).toEqual(["abandon", "click_trees", "completedview", "conversion"]);
    expect(reducedOf({ reduced: ["click", "abandon"] })).toEqual(["abandon", "click"]);
  });

  const { head: _unnamed, ...headless } = { head: "", ...click };
  test.each([
    ["whose head names no head", setOf([ranker, seen, headless, abandon]), "models.2.head"],
    ["whose head is unknown", setOf([ranker, seen, { ...click, head: "mood" }, abandon]), "models.2.head"],
    ["whose early ranker names a head", setOf([{ ...ranker, head: "click" }, seen, click, abandon]), "models.0"],
    ["with a role nobody plays", setOf([{ ...ranker, role: "tail" }]), "models.0.role"],
    ["with no column", setOf([ranker, seen, click, abandon, conversion], { columns: 0 }), "columns"],
    ["that is no object", null, ""],
  ])("%s is refused with the field", (_what, set, path) => {
    const { code, problems, detail } = refusalOf(set);
    expect([code, problems.map((problem) => problem.path)]).toEqual(["malformed", [path]]);
    expect(detail).toContain(path);
  });
});
