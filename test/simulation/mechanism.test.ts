/** The laws of the auction over random markets; `npm run -s sim:mechanism` asks a hundred thousand. */
import { describe, expect, test } from "vitest";
import { brokenLaws } from "../../src/simulation/mechanism/laws.ts";
import { drawMarket } from "../../src/simulation/mechanism/market.ts";

const MARKETS = 150;

describe.each(["first", "second", "vcg"] as const)("under the %s price rule", (priceRule) => {
  test("no law of the auction is broken in any of the markets", async () => {
    const broken = [];
    for (let n = 0; n < MARKETS; n++) {
      // Repeat one: npm run -s sim:mechanism -- --seed 20261124 --from <n> --auctions 1 --price-rule <rule>
      const market = drawMarket(`20261124 ${n}`, { priceRule });
      for (const law of await brokenLaws(market)) broken.push({ market: n, ...law });
    }
    expect(broken).toEqual([]);
  });
});
