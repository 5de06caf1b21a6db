/**
 * `npm run sim:mechanism`: decides random markets and changed copies of them, and checks from the outside that prices,
 * winners and fates keep the laws of src/simulation/mechanism/laws.ts. A broken law is printed with the market that
 * breaks it and the command that repeats it. Progress goes to standard error.
 */
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import { PRICE_RULES } from "../src/catalog/words.ts";
import { brokenLaws, type BrokenLaw } from "../src/simulation/mechanism/laws.ts";
import { drawMarket } from "../src/simulation/mechanism/market.ts";

const USAGE = `npm run sim:mechanism -- [options]

Decides random markets under first price, second price and VCG by turns, and checks the laws of the auction on each:
prices between floor and bid, raising a winning bid never loses, prices that do not move with one's own bid, the same
bytes for the same market, every candidate one fate, every rule of the break kept. Exit status 1 when a law breaks.

  --auctions N       how many markets (default 3000)
  --from N           number of the first market (default 0)
  --seed WORD        seed of the markets (default 20261124)
  --price-rule RULE  first, second or vcg; default: all by turns
  --json             print one JSON object on standard output`;

/** Broken laws that are printed. */
const SHOWN_MAX = 20;
const PROGRESS_EVERY = 5_000;

await run(async () => {
  const options = optionsOf(USAGE, {
    auctions: { type: "string", default: "3000" },
    from: { type: "string", default: "0" },
    seed: { type: "string", default: "20261124" },
    "price-rule": { type: "string" },
    json: { type: "boolean", default: false },
  });
  const auctions = wholeFrom(options.auctions, "--auctions", 1, 100_000_000);
  const from = wholeFrom(options.from, "--from", 0, 1_000_000_000);
  const rules = PRICE_RULES.filter((rule) => options["price-rule"] === undefined || rule === options["price-rule"]);
  if (rules.length === 0) throw new Error(`--price-rule takes one of ${PRICE_RULES.join(", ")}.`);
  const broken: (BrokenLaw & { readonly market: number; readonly priceRule: string })[] = [];
  const began = performance.now();
  for (let n = from; n < from + auctions; n++) {
    const market = drawMarket(`${options.seed} ${n}`, { priceRule: rules[n % rules.length] ?? null });
    for (const law of await brokenLaws(market)) broken.push({ market: n, priceRule: market.priceRule, ...law });
    const done = n - from + 1;
    if (done % PROGRESS_EVERY === 0) console.error(`${done} of ${auctions} markets, ${broken.length} laws broken`);
  }
  const seconds = Math.round(performance.now() - began) / 1000;
  const shown = broken.slice(0, SHOWN_MAX);
  const report = { auctions, from, seed: options.seed, violations: broken.length, seconds, broken: shown };
  if (options.json) console.log(JSON.stringify(report));
  else {
    for (const { market, priceRule, law, seen } of shown) {
      console.log(`market ${market} (${priceRule}): "${law}" does not hold: ${seen}`);
      const only = rules.length === 1 ? ` --price-rule ${priceRule}` : "";
      console.log(`  again: npm run -s sim:mechanism -- --seed ${options.seed} --from ${market} --auctions 1${only}`);
    }
    console.log(`${auctions} markets, ${broken.length} laws broken, ${seconds} s`);
  }
  if (broken.length > 0) process.exitCode = 1;
});
