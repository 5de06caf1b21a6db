/** The benchmarks' arithmetic: percentiles, rounds, and the page they write. */
import { describe, expect, test } from "vitest";
import { table, withSection } from "../../bench/measurements_page.ts";
import { percentile, spread, spreadText } from "../../bench/statistics.ts";

const oneToHundred = Array.from({ length: 100 }, (_, i) => 100 - i);

describe("figures of a benchmark", () => {
  test("a percentile is a sample that so many do not exceed, whatever their order", () => {
    expect(percentile(oneToHundred, 0.5)).toBe(50);
    expect(percentile(oneToHundred, 0.99)).toBe(99);
    expect(percentile(oneToHundred, 1)).toBe(100);
    expect(percentile([7], 0.5)).toBe(7);
  });

  test("a percentile sorts by size, not by spelling", () => {
    expect(percentile([9, 10, 100], 1)).toBe(100);
  });

  test("no samples have no percentile", () => {
    expect(() => percentile([], 0.5)).toThrow("samples");
  });

  test("rounds are told as median, smallest and largest", () => {
    expect(spread([3, 10, 1])).toEqual({ median: 3, min: 1, max: 10 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  });

  test("figures claim three digits and no more", () => {
    expect(spreadText({ median: 23_456, min: 0.012345, max: 98_765 })).toBe("23,500 (0.0123..98,800)");
  });
});

describe("docs/measurements.md", () => {
  const page = withSection("# Measurements\n\nBy hand.\n", "bench", "first");

  test("a benchmark's section comes to the end of a page that has none", () => {
    expect(page).toMatch(/^# Measurements\n\nBy hand\.\n\n<!-- bench: begin.*-->\n\nfirst\n\n<!-- bench: end -->\n$/);
  });

  test("a second run replaces its own section and leaves what people and others wrote", () => {
    const written = withSection(`${page}\nBelow by hand.\n`, "other", "other's");
    const again = withSection(written, "bench", "second $& with signs");
    expect(again).toBe(written.replace("first", () => "second $& with signs"));
    expect(again).toContain("By hand.");
    expect(again).toContain("Below by hand.");
    expect(again).toContain("other's");
  });

  test("half a pair of markers is refused rather than guessed at", () => {
    expect(() => withSection(page.replace("<!-- bench: end -->", ""), "bench", "x")).toThrow("not a pair");
    const swapped = "<!-- bench: end -->\n<!-- bench: begin, written by the benchmark -->\n";
    expect(() => withSection(swapped, "bench", "x")).toThrow("not a pair");
  });

  test("a table's columns are as wide as their widest cell", () => {
    expect(
      table([
        ["", "p50"],
        ["`plan`", "1,234"],
      ]),
    ).toBe(["|        | p50   |", "| ------ | ----- |", "| `plan` | 1,234 |"].join("\n"));
  });
});
