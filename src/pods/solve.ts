/**
 * `solvePod`: the best pod of a break, in its order of play, with what is known about how good it is. From here:
 * plays.ts writes the question out, board.ts makes it flat, dual.ts prices what is scarce, search.ts finds the set,
 * order.ts puts it in order.
 */
import { boardOf, type Board } from "./board.ts";
import type { PodAd, PodRules, PodSolution } from "./instance.ts";
import { orderOf, plainOrder } from "./order.ts";
import { emptyPodCost, slateSaved } from "./plays.ts";
import { prepare } from "./prepare.ts";
import { explore } from "./explore.ts";
import type { Incumbent } from "./search.ts";

/**
 * The pod of largest objective (see `PodSolution`) among all that the rules allow.
 *
 * Ties: plays are put into a total order first (tier, then gain, then shorter, then the ad's id, then place and claim);
 * all that follows depends on that order alone, so that the order in which ads are handed in changes nothing. Of pods
 * worth the same, the one stands that is met first; an equal one never replaces it.
 *
 * Requires: ids are unique. Cost: bounded by `rules.nodesMax`, beside work that is linear in ads and in the table.
 */
export function solvePod(ads: readonly PodAd[], rules: PodRules): PodSolution {
  const board = boardOf(ads, rules);
  const answer = explore(prepare(board), { root: null, without: null, hint: [], warm: null, nodesMax: rules.nodesMax });
  return solutionOf(board, answer);
}

/** An answer in the words of the question. */
export function solutionOf(board: Board, answer: Incumbent): PodSolution {
  const { rules, ads, plays } = board;
  const found = orderOf(board, answer.plays, { nodes: 0, nodesMax: Number.POSITIVE_INFINITY });
  const order = found === null || found === "unknown" ? plainOrder(board, answer.plays) : found;
  const shown = order.map((play) => board.ad[play] ?? 0);
  const money = podMicros(ads, rules, shown);
  const preference = shown.reduce((sum, index) => sum + (plays.tierBonus[ads[index]?.tier ?? 0] ?? 0), 0);
  // The answer's gain counts money above an empty pod's.
  const gained = money + emptyPodCost(rules) + preference;
  const gapMicros = Math.max(0, Math.floor(answer.bound / board.scale) - gained);
  return {
    ads: shown,
    slots: order.map((play) => plays.list[play]?.slot ?? null),
    valueMicros: money,
    proved: gapMicros === 0,
    gapMicros,
    boundMicros: money + gapMicros,
    nodes: answer.spent.nodes,
  };
}

/** What these ads in this order are worth, less what the time without ads costs. Units: micros. */
export function podMicros(ads: readonly PodAd[], rules: PodRules, order: readonly number[]): number {
  let sum = 0 - emptyPodCost(rules);
  order.forEach((index, at) => {
    const ad = ads[index];
    if (ad === undefined) return;
    sum += ad.valueMicros + slateSaved(ad.durationMs, rules);
    if (at === 0) sum += ad.firstPremiumMicros;
    if (at === order.length - 1) sum += ad.lastPremiumMicros;
  });
  return sum;
}
