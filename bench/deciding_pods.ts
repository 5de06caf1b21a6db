/** The pod solver alone: seeded bids of the sample catalog's own offers against long breaks, where choosing is hard. */
import type { CompiledCatalog, Offer } from "../src/catalog/compiled.ts";
import type { Bid } from "../src/decision/candidate.ts";
import { choosePod, type PodRules } from "../src/decision/pod.ts";
import { FULL_LIMITS } from "../src/kernel/limits.ts";
import { micros } from "../src/kernel/money.ts";
import { stream } from "../src/kernel/random.ts";
import { percentile, threeDigits } from "./statistics.ts";

/** What choosing pods of one size costs. */
export interface PodFigures {
  readonly slots: number;
  readonly bids: number;
  readonly pods: number;
  readonly solveUsP50: number;
  readonly solveUsP99: number;
  readonly nodesP50: number;
  readonly nodesP99: number;
  readonly provedShare: number;
}

const PODS = 400;
const WARM_PODS = 50;
/** Mean length of an ad in the breaks asked for. Units: seconds. */
const SLOT_SEC = 20;

/** Different offers, each bidding between about $5 and $60 CPM. */
function drawBids(offers: readonly Offer[], count: number, seed: string): readonly Bid[] {
  const random = stream(seed, "pod bids");
  const left = [...offers];
  const bids: Bid[] = [];
  while (bids.length < count && left.length > 0) {
    const [offer] = left.splice(random.below(left.length), 1);
    if (offer === undefined) break;
    const valueMicros = micros(Math.round(5_000 * 12 ** random.next()));
    const scores = { completedView: 0.9, click: 0.01, abandon: 0.02, conversion: 0.005 };
    bids.push({ offer, frequencyCount: 0, scores, bidMicros: valueMicros, valueMicros });
  }
  return bids;
}

/** Chooses many pods of up to `slots` ads from `bidCount` bids each; every category that any publisher separates. */
export function measurePods(catalog: CompiledCatalog, slots: number, bidCount: number): PodFigures {
  const separatedCategories = new Set(
    [...catalog.publishers.values()].flatMap((publisher) => [...publisher.separatedCategories]),
  );
  const durationSec = slots * SLOT_SEC;
  const rules: PodRules = { durationSec, maxAds: slots, separatedCategories, nodesMax: FULL_LIMITS.podNodesMax };
  const solveUs: number[] = [];
  const nodes: number[] = [];
  let proved = 0;
  for (let number = -WARM_PODS; number < PODS; number++) {
    const bids = drawBids(catalog.paidOffers, bidCount, `pod ${number}`);
    const startedMs = performance.now();
    const { certificate } = choosePod(bids, rules);
    const tookMs = performance.now() - startedMs;
    if (number < 0) continue;
    solveUs.push(tookMs * 1000);
    nodes.push(certificate.nodes);
    if (certificate.proved) proved++;
  }
  return {
    slots,
    bids: bidCount,
    pods: PODS,
    solveUsP50: threeDigits(percentile(solveUs, 0.5)),
    solveUsP99: threeDigits(percentile(solveUs, 0.99)),
    nodesP50: percentile(nodes, 0.5),
    nodesP99: percentile(nodes, 0.99),
    provedShare: threeDigits(proved / PODS),
  };
}
