/** The pod command: what it reads, what it answers, and what it refuses in one sentence. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runPod } from "../../cli/pods/pod_command.ts";

const EXAMPLE = path.resolve(import.meta.dirname, "../../docs/pods-example.json");

function pod(words: readonly string[], input = "") {
  const [out, err]: [string[], string[]] = [[], []];
  let clock = 0;
  const code = runPod(words, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    input: () => input,
    nowMs: () => clock++,
  });
  return { code, out: out.join(""), err: err.join("") };
}

const solved = (breaks: unknown): unknown => {
  const { code, out } = pod(["solve", "-", "--json"], JSON.stringify(breaks));
  expect(code).toBe(0);
  return JSON.parse(out);
};

const ad = (id: string, more: object = {}) => ({ id, durationSec: 15, valueMicros: 10, advertiser: id, ...more });
const plain = (...ads: readonly object[]) => ({ durationSec: 30, maxAds: 2, ads });

describe("npm run pod", () => {
  test("solves the example of the documentation", () => {
    const { code, out } = pod(["solve", EXAMPLE, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ads: ["boots", "bank", "sedan-short", "soda"],
      valueMicros: 77_000,
      proved: true,
      gapMicros: 0,
      cpuMicros: 1_000,
    });
    expect(pod(["solve", EXAMPLE]).out).toContain("4 ads of 8, 80 of 90 s, worth 0.077; proved: no pod is worth more");
  });

  test("answers a list with a list, also an empty one", () => {
    expect(solved([plain(ad("a")), plain()])).toMatchObject([
      { ads: ["a"] },
      { ads: [], valueMicros: 0, proved: true },
    ]);
    expect(solved([])).toEqual([]);
  });

  test("asks for no separation unless it is told to, and then for all categories", () => {
    const same = { advertiser: "x", categories: ["IAB2"] };
    const twice = plain(ad("a", same), ad("b", same));
    expect(solved(twice)).toMatchObject({ ads: ["a", "b"] });
    expect(solved({ ...twice, rules: { maxPerAdvertiser: 1 } })).toMatchObject({ ads: ["a"] });
    expect(solved({ ...twice, rules: { maxPerCategory: 1 } })).toMatchObject({ ads: ["a"] });
    expect(solved({ ...twice, rules: { separatedCategories: ["IAB1"] } })).toMatchObject({ ads: ["a", "b"] });
    expect(solved({ ...twice, rules: { separatedCategories: ["IAB2"] } })).toMatchObject({ ads: ["a"] });
    expect(solved({ ...twice, rules: { exclusions: [["x", "x"]] } })).toMatchObject({ ads: ["a"] });
  });

  test("shows no ad that is worth nothing, and none longer than the break by a millisecond", () => {
    expect(solved(plain(ad("a", { valueMicros: 0 }), ad("b", { valueMicros: -5 })))).toMatchObject({ ads: [] });
    expect(solved(plain(ad("a", { durationSec: 15.001 }), ad("b", { durationSec: 15 })))).toMatchObject({ ads: ["b"] });
    expect(solved(plain(ad("a", { durationSec: 14.999 }), ad("b", { durationSec: 15.001 })))).toMatchObject({
      ads: ["a", "b"],
    });
  });

  test.each([
    ["ads[0].durationSec", plain(ad("a", { durationSec: 0 }))],
    ["ads[0].durationSec", plain(ad("a", { durationSec: -15 }))],
    ["ads[0].valueMicros", plain(ad("a", { valueMicros: 1.5 }))],
    ["ads[1].valueMicros", plain(ad("a"), ad("b", { valueMicros: null }))],
    ["ads[1].id", plain(ad("a"), ad("a"))],
    ["maxAds", { ...plain(), maxAds: 1e9 }],
    ["durationSec", { ...plain(), durationSec: -1 }],
    ["colour", { ...plain(), colour: "red" }],
    ["maxPerBrand", { ...plain(), rules: { maxPerBrand: 1 } }],
    ["rules.slots[0]", { ...plain(), rules: { slots: [{ minDurationSec: 31, maxDurationSec: 30 }] } }],
    ["ads[1].cap.max", plain(ad("a", { cap: { key: "k", max: 1 } }), ad("b", { cap: { key: "k", max: 2 } }))],
    ["break 2: ads", [plain(), { ...plain(), ads: "none" }]],
    [
      "tier",
      {
        ...plain(...Array.from({ length: 90 }, (_, at) => ad(`t${at}`, { tier: at % 6, valueMicros: 1e11 }))),
        maxAds: 15,
      },
    ],
  ])("refuses in a sentence that names %s", (field, breaks) => {
    const input = JSON.stringify(breaks);
    const { code, err } = pod(["solve", "-"], input);
    expect(code).toBe(1);
    expect(err).toContain(field);
    expect(err).not.toContain("    at ");
    expect(JSON.parse(pod(["solve", "-", "--json"], input).out)).toMatchObject({ ok: false });
  });

  test("refuses what is not JSON, a file that is not there, and a wrong command", () => {
    expect(pod(["solve", "-"], '{"durationSec": NaN}')).toMatchObject({ code: 1 });
    expect(pod(["solve", "no-such-file.json"])).toMatchObject({ code: 1 });
    expect(pod(["solve"])).toMatchObject({ code: 2 });
    expect(pod(["solve", EXAMPLE, "--repeat", "many"])).toMatchObject({ code: 2 });
    expect(pod(["--help"])).toMatchObject({ code: 0 });
  });
});
