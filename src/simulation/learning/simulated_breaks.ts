/**
 * Decisions to learn from without production: breaks of the simulated audience, decided by the real funnel with every
 * campaign at the multiplier at which its budget lasts.
 */
import type { CompiledCatalog } from "../../catalog/compiled.ts";
import { plan, score } from "../../decision/funnel.ts";
import type { Scorer } from "../../decision/rank.ts";
import { present } from "../../kernel/assert.ts";
import { DAY_MS } from "../../kernel/time.ts";
import { fullMarket, settleMarket, worldOf } from "../planning/market.ts";
import { withHistory } from "../planning/rival_history.ts";
import { simulatedTraffic } from "../planning/simulated_traffic.ts";
import { sampleFlight } from "../planning/traffic.ts";
import type { DecidedBreak } from "./decided_break.ts";

/** What is simulated. */
export interface SimulatedBreaks {
  readonly catalog: CompiledCatalog;
  readonly scorer: Scorer;
  readonly seed: string;
  readonly startMs: number;
  readonly days: number;
  /** Breaks to decide, a sample of all there are. */
  readonly breaks: number;
  /** Breaks of all publishers: what budgets are paced to. */
  readonly breaksPerDay: number;
}

/** Breaks from which the multipliers are found. */
const MARKET_SAMPLE = 200;
/** No campaign is planned here: all of them are the market. */
const NOBODY = "";

/** The breaks, in the order of time. Cost: a decision a break. */
export async function simulateBreaks(asked: SimulatedBreaks): Promise<readonly DecidedBreak[]> {
  const { catalog, scorer, seed, startMs, days, breaks, breaksPerDay } = asked;
  const source = simulatedTraffic(seed, [...catalog.publishers.keys()], breaksPerDay);
  const { sample } = sampleFlight(source, { startMs, endMs: startMs + days * DAY_MS }, breaks, seed);
  const every = Math.max(1, Math.floor(sample.length / MARKET_SAMPLE));
  const { market, rates } = await settleMarket(
    fullMarket(catalog, scorer),
    NOBODY,
    sample.filter((_, at) => at % every === 0),
    { paced: true, breaksPerDay },
  );
  const decided: DecidedBreak[] = [];
  for (const one of sample) {
    const { request, atMs } = withHistory(one, rates);
    const publisher = present(catalog.publishers.get(request.publisherId), "traffic is of publishers in the catalog");
    const planned = plan(request, worldOf(market, atMs), publisher);
    // Who could not be shown at all is of no use here, and most of what a plan weighs.
    decided.push({ plan: { ...planned, rejections: [] }, scoring: await score(planned, scorer) });
  }
  return decided;
}
