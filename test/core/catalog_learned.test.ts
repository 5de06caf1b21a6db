/** Learned numbers by kind of break: which of several lines holds. */
import { describe, expect, test } from "vitest";
import { inContext, learnedOf } from "../../src/catalog/learned.ts";
import { reserveSchema } from "../../src/catalog/market.ts";

const line = (cpmMicros: number, over: object = {}) =>
  reserveSchema.parse({ id: `r${cpmMicros}`, publisherId: "p", cpmMicros, ...over });
const drama = { surface: "midroll", device: "ctv", genre: "drama" } as const;
const reservesOf = (...reserves: ReturnType<typeof line>[]) => learnedOf("p", { reserves, landscapes: [] }).reserves;

describe("of the lines that fit a break", () => {
  test("the one that states most dimensions holds; of as many, surface before device before genre", () => {
    const ordered = [
      line(1, { surface: "midroll", device: "ctv", genre: "drama" }),
      line(2, { surface: "midroll", device: "ctv" }),
      line(3, { surface: "midroll", genre: "drama" }),
      line(4, { device: "ctv", genre: "drama" }),
      line(5, { surface: "midroll" }),
      line(6, { device: "ctv" }),
      line(7, { genre: "drama" }),
      line(8),
    ];
    for (let from = 0; from < ordered.length; from++) {
      expect(inContext(reservesOf(...ordered.slice(from).toReversed()), drama)).toBe(from + 1);
    }
  });

  test("of two about the same kind the smaller id holds, whichever is written first", () => {
    const [a, b] = [line(1, { id: "a" }), line(2, { id: "b" })];
    expect(inContext(reservesOf(a, b), drama)).toBe(1);
    expect(inContext(reservesOf(b, a), drama)).toBe(1);
  });

  test("what is not known of a break fits only lines that leave it open", () => {
    const table = reservesOf(line(1, { device: "ctv" }), line(2, { genre: "news" }));
    expect(inContext(table, { surface: "midroll", device: null, genre: null })).toBeNull();
  });

  test("none is another publisher's", () => {
    expect(inContext(reservesOf(line(1, { publisherId: "q" })), drama)).toBeNull();
  });
});
