/**
 * A log from the simulated audience: breaks of some days, decided by the real funnel with every campaign at the
 * multiplier at which its budget lasts, so that learning can be tried before there is traffic to learn from.
 */
import type { CompiledCatalog } from "../../catalog/compiled.ts";
import { auction } from "../../decision/auction.ts";
import type { Bid } from "../../decision/candidate.ts";
import { choosePod, type Pod } from "../../decision/pod.ts";
import type { Scorer } from "../../decision/rank.ts";
import { DAY_MS } from "../../kernel/time.ts";
import { fullMarket, scoreBreak, settleMarket, type ScoredBreak } from "../planning/market.ts";
import { priceOfRoom } from "../planning/opportunity.ts";
import { withHistory } from "../planning/rival_history.ts";
import { simulatedTraffic } from "../planning/simulated_traffic.ts";
import { sampleFlight, type TrafficBreak } from "../planning/traffic.ts";
import type { AuctionRecord, LoggedBid } from "./auction_record.ts";

/** What is simulated. */
export interface SimulatedLog {
  readonly catalog: CompiledCatalog;
  readonly scorer: Scorer;
  readonly seed: string;
  readonly startMs: number;
  readonly days: number;
  /** Breaks to log. */
  readonly breaks: number;
  /** Of all publishers: what budgets are paced to. */
  readonly breaksPerDay: number;
}

/** Breaks from which the multipliers are found. */
const MARKET_SAMPLE = 200;

/** The log, in the order of time. Cost: a decision a break, and a pod for every bid that competes. */
export async function simulateLog(asked: SimulatedLog): Promise<readonly AuctionRecord[]> {
  const { catalog, scorer, seed, startMs, days, breaks, breaksPerDay } = asked;
  const source = simulatedTraffic(seed, [...catalog.publishers.keys()], breaksPerDay);
  const { sample } = sampleFlight(source, { startMs, endMs: startMs + days * DAY_MS }, breaks, seed);
  const every = Math.max(1, Math.floor(sample.length / MARKET_SAMPLE));
  const { market, rates } = await settleMarket(
    fullMarket(catalog, scorer),
    "",
    sample.filter((_, at) => at % every === 0),
    { paced: true, breaksPerDay },
  );
  const records: AuctionRecord[] = [];
  for (const one of sample) {
    const known = withHistory(one, rates);
    records.push(recordOf(known, await scoreBreak(market, known)));
  }
  return records;
}

function recordOf({ request, atMs }: TrafficBreak, { scored, budgets, terms, rules }: ScoredBreak): AuctionRecord {
  const { bids } = auction(scored, budgets, terms);
  const open = bids.filter(({ offer }) => offer.guarantee === null);
  const pod = choosePod(bids, rules);
  const logged = open
    .filter((bid) => speaks(bid, open, pod))
    .map((bid): LoggedBid => {
      const others = bids.filter((other) => other !== bid);
      const room = priceOfRoom(bid, others, choosePod(others, rules), rules);
      const neededMicros = Math.max(terms.floorMicros, room + abandonMicros(bid) + 1);
      return {
        campaignId: bid.offer.campaignId,
        durationSec: bid.offer.durationSec,
        limitMicros: bid.bidMicros,
        bidMicros: bid.bidMicros,
        floorMicros: terms.floorMicros,
        neededMicros,
        won: pod.bids.includes(bid),
      };
    });
  return {
    atMs,
    publisherId: request.publisherId,
    surface: request.surface,
    device: request.viewer.device,
    genre: request.content.genre,
    durationSec: request.podDurationSec,
    bids: logged.sort((a, b) => b.bidMicros - a.bidMicros),
  };
}

/** Whether a bid is logged: it won, or it is the best of a campaign that won nothing. */
function speaks(bid: Bid, bids: readonly Bid[], pod: Pod): boolean {
  if (pod.bids.includes(bid)) return true;
  const own = bids.filter(({ offer }) => offer.campaignId === bid.offer.campaignId);
  return (
    !own.some((other) => pod.bids.includes(other) || other.bidMicros > bid.bidMicros) &&
    own.find((other) => other.bidMicros === bid.bidMicros) === bid
  );
}

function abandonMicros({ bidMicros, valueMicros }: Bid): number {
  return bidMicros - valueMicros;
}
