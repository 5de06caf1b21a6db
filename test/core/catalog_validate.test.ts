/**
 * Every way a catalog can be wrong, once: what is refused, where the problem is placed, and what the operator is told.
 */
import { describe, expect, it } from "vitest";
import { CATALOG_PROBLEM_CODES, renderProblem, renderProblems } from "../../src/catalog/problem.ts";
import { parseCatalog } from "../../src/catalog/validate.ts";
import { CATALOG_LIMITS } from "../../src/kernel/limits.ts";
import { smallCatalog, spoiled } from "./catalog_fixture.ts";
import { REFUSALS } from "./catalog_refusals.ts";

function problemsOf(json: unknown) {
  const parsed = parseCatalog([{ file: "c.json", json }]);
  return parsed.ok ? [] : parsed.reason;
}

describe("A catalog", () => {
  it("with one of everything is taken, and defaults are filled in", () => {
    const parsed = parseCatalog([{ file: "c.json", json: smallCatalog() }]);
    expect(parsed.ok).toBe(true);
    if (!parsed.ok) return;
    expect(parsed.value.campaigns[0]).toMatchObject({ status: "active", pacing: "even" });
    expect(parsed.value.publishers[0]).toMatchObject({ houseFill: true, blockedAdvertiserDomains: [] });
    expect(parsed.value.lineItems[1]).toMatchObject({ status: "active", targeting: {} });
  });

  it.each(REFUSALS)("with %s = %j is refused: %s", (path, value, code, where, expected, found) => {
    const problems = problemsOf(spoiled(path, value));
    expect(problems).toEqual([{ file: "c.json", path: where, code, expected, found }]);
    expect(problems.map(renderProblem)).toEqual([`c.json: ${where}: expected ${expected}, found ${found}`]);
  });

  it.each([[null], [[]], ["text"], [7]])("that is %j instead of an object is refused, and has no publisher", (json) => {
    expect(problemsOf(json).map(({ code }) => code)).toEqual(["not_an_object", "no_publisher"]);
  });

  it("without a publisher is refused", () => {
    const { publishers: _, ...rest } = smallCatalog();
    expect(problemsOf(rest).map(({ code }) => code)).toContain("no_publisher");
    expect(problemsOf({}).map(renderProblem)).toEqual([
      "c.json: publishers: expected at least one publisher, found none",
    ]);
  });

  it("may be spread over files, and a duplicate names both of them", () => {
    const { creatives, ...rest } = smallCatalog();
    const good = parseCatalog([
      { file: "creatives.json", json: { creatives } },
      { file: "rest.json", json: rest },
    ]);
    expect(good.ok).toBe(true);
    const bad = parseCatalog([
      { file: "a.json", json: smallCatalog() },
      { file: "b.json", json: { creatives: creatives.slice(1, 2) } },
    ]);
    expect(bad.ok ? [] : bad.reason.map(renderProblem)).toEqual([
      "b.json: creatives[0].id: expected an id that no other creative has, " +
        'found "cars-15", already at a.json: creatives[1]',
    ]);
  });

  it("is not blamed twice for one fault: references to a malformed entity stand", () => {
    const problems = problemsOf(spoiled("creatives[0].durationSec", -1));
    expect(problems.map(({ path }) => path)).toEqual(["creatives[0].durationSec"]);
  });

  it("shows all its problems, in the order of sections, the first fifty in text", () => {
    const catalog = smallCatalog();
    const advertisers = Array.from({ length: 70 }, (_, i) => ({ id: `a${i}`, name: "", domain: "x.example" }));
    const problems = problemsOf({
      ...catalog,
      publishers: [{ id: "p" }],
      advertisers: [...catalog.advertisers, ...advertisers],
    });
    expect(problems[0]).toMatchObject({ path: "publishers[0].name", code: "missing_field" });
    expect(problems).toHaveLength(73);
    expect(renderProblems(problems).split("\n")).toHaveLength(51);
    expect(renderProblems(problems)).toMatch(/\n\.\.\. and 23 more$/);
  });

  it("with more problems than anyone reads is refused with a bounded list", () => {
    const advertisers = Array.from({ length: 3_000 }, () => 0);
    const problems = problemsOf({ ...smallCatalog(), advertisers });
    expect(problems).toHaveLength(CATALOG_LIMITS.problemsMax);
    expect(problems.at(-1)).toMatchObject({ code: "too_many_problems", found: "2006 more" });
  });

  it("with more entities, offers or files than an edge can hold is refused", () => {
    const publishers = Array.from({ length: CATALOG_LIMITS.entitiesMax.publishers + 1 }, (_, i) => ({
      id: `p${i}`,
      name: "P",
    }));
    expect(problemsOf({ publishers }).map(({ code }) => code)).toEqual(["too_many_entities"]);

    const paid = smallCatalog().campaigns[0];
    const more = Array.from({ length: CATALOG_LIMITS.entitiesMax.campaigns }, (_, i) => ({ ...paid, id: `k${i}` }));
    const campaigns = [...smallCatalog().campaigns, ...more];
    expect(problemsOf({ ...smallCatalog(), campaigns }).map(renderProblem)).toEqual([
      `c.json: campaigns: expected at most 2000 in all files, found a list of ${campaigns.length}`,
    ]);
    const whole = campaigns.slice(0, CATALOG_LIMITS.entitiesMax.campaigns);
    expect(problemsOf({ ...smallCatalog(), campaigns: whole })).toEqual([]);

    const catalog = smallCatalog();
    const ids = Array.from({ length: 50 }, (_, i) => `c${i}`);
    const [first, , house] = catalog.creatives;
    const creatives = [house, ...catalog.creatives.slice(0, 2), ...ids.map((id) => ({ ...first, id }))];
    const many = Array.from({ length: CATALOG_LIMITS.offersMax / 50 }, (_, i) => ({
      ...catalog.lineItems[0],
      id: `li${i}`,
      creativeIds: ids,
    }));
    const lineItems = [...catalog.lineItems, ...many];
    expect(problemsOf({ ...catalog, creatives, lineItems }).map(({ code }) => code)).toEqual(["too_many_offers"]);

    const files = Array.from({ length: CATALOG_LIMITS.filesMax + 1 }, (_, i) => ({
      file: `${i}.json`,
      json: i === 0 ? smallCatalog() : {},
    }));
    const parsed = parseCatalog(files);
    expect(parsed.ok ? [] : parsed.reason.map(({ code }) => code)).toEqual(["too_many_files"]);
  });

  it("cannot smuggle fields in by the names of built-in properties", () => {
    const json: unknown = JSON.parse(
      '{"publishers":[{"id":"p","name":"P","__proto__":{"houseFill":false}}],"constructor":[]}',
    );
    expect(problemsOf(json).map(({ code, path }) => [code, path])).toEqual([
      ["unknown_section", "constructor"],
      ["unknown_field", "publishers[0].__proto__"],
    ]);
  });

  it("is refused for every reason there is, somewhere in these tests", () => {
    const shownElsewhere = [
      "bad_json",
      "bad_snapshot",
      "unreadable_file",
      "no_files",
      "not_an_object",
      "no_publisher",
      "too_many_entities",
      "guarantee_over_campaigns",
      "too_many_guarantees",
    ];
    const rest = ["too_many_offers", "too_many_files", "too_many_problems", "rule_broken"];
    const covered = new Set<string>([...REFUSALS.map(([, , code]) => code), ...shownElsewhere, ...rest]);
    expect(CATALOG_PROBLEM_CODES.filter((code) => !covered.has(code))).toEqual([]);
  });
});
