/**
 * The offline solve: from what is owed and the supply that is expected to the table that edges serve from.
 *
 *   minimise   ½ Σ breaks (share − owed ÷ supply)²  +  Σ penalty × missing impressions
 *   such that  the shares of a break add up to at most 1
 *
 * The square spreads a contract evenly over all it may be shown in; the penalty wins over it, so what is missing is
 * what a linear program would miss (docs/guaranteed.md has the measurement). Stage one finds the α of this problem's
 * dual, stage two the ζ that make the shares add up to what is owed although stage one was stopped early.
 * Source: SHALE (see serve.ts), with the weight V = owed ÷ supply, which makes the shares α − β and leaves two numbers
 * a contract; and with the momentum of Beck and Teboulle, "A Fast Iterative Shrinkage-Thresholding Algorithm", 2009,
 * restarted as O'Donoghue and Candès say: 100 rounds come nearer than 400 plain ones.
 */
import { assert, present } from "../kernel/assert.ts";
import type { Contract, GuaranteeLine, GuaranteeTable, SupplyNode } from "./contract.ts";
import { waterLine, WHOLE_PPM } from "./serve.ts";

/** Rounds of stage one at most. */
const ROUNDS_MAX = 200;
/** Stage one ends when no α moves by more than this in a round. Units: breaks. */
const SETTLED = 1e-7;
/** Price of a missing impression, in breaks: beyond the longest chain of contracts that could make room for another. */
const PENALTY_UNIT = 10;
/** A contract that stage one leaves this much short cannot be met: it takes its share last. Share of what is owed. */
const SHORT = 0.01;
/** Newton steps towards one α. It converges from the right, usually in three. */
const STEPS_MAX = 30;

interface Node {
  readonly breaks: number;
  /** Indices of contracts. */
  readonly contracts: readonly number[];
}

interface Demand {
  readonly id: string;
  readonly owed: number;
  /** Indices of nodes. */
  readonly nodes: readonly number[];
  /** Breaks in all of them. */
  readonly supply: number;
  /** Where α starts: owed ÷ supply; and where it ends: the contract cannot be met. */
  readonly least: number;
  readonly most: number;
}

interface Problem {
  readonly demands: readonly Demand[];
  readonly nodes: readonly Node[];
}

/**
 * The table for these contracts and this supply. The order of either changes nothing. Requires: ids are unique, nodes
 * name contracts of the list. Cost: at most `ROUNDS_MAX` passes over all pairs of node and contract, in memory of one.
 */
export function solveGuarantees(contracts: readonly Contract[], supply: readonly SupplyNode[]): GuaranteeTable {
  const problem = toProblem(contracts, supply);
  return takeInTurn(problem, pulls(problem));
}

function toProblem(contracts: readonly Contract[], supply: readonly SupplyNode[]): Problem {
  const sorted = contracts.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const indexOf = new Map(sorted.map(({ id }, index) => [id, index]));
  assert(indexOf.size === contracts.length, "every contract is in the list once");
  const nodesOf: number[][] = sorted.map(() => []);
  const nodes = supply
    .map(({ breaks, contractIds }): Node => {
      const named = contractIds.map((id) => present(indexOf.get(id), "supply names contracts of the list"));
      return { breaks, contracts: named.toSorted((a, b) => a - b) };
    })
    .filter((node) => node.breaks > 0 && node.contracts.length > 0)
    .toSorted(byContractsThenBreaks);
  nodes.forEach((node, index) => node.contracts.forEach((contract) => nodesOf[contract]?.push(index)));
  const demands = sorted.map(({ id, owed, penalty }, contract): Demand => {
    const own = nodesOf[contract] ?? [];
    const breaks = own.reduce((sum, node) => sum + (nodes[node]?.breaks ?? 0), 0);
    // A contract nobody expects to see supply for takes all that turns up.
    const least = breaks === 0 ? 1 : Math.min(1, owed / breaks);
    return { id, owed, nodes: own, supply: breaks, least, most: least + PENALTY_UNIT * penalty };
  });
  return { demands, nodes };
}

/** Sums of floats depend on their order, so supply has one of its own. */
function byContractsThenBreaks(a: Node, b: Node): number {
  const length = Math.min(a.contracts.length, b.contracts.length);
  for (let i = 0; i < length; i++) {
    const difference = (a.contracts[i] ?? 0) - (b.contracts[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.contracts.length - b.contracts.length || a.breaks - b.breaks;
}

function waterLines({ nodes }: Problem, levels: readonly number[], whole: number): readonly number[] {
  return nodes.map(({ contracts }) =>
    waterLine(
      contracts.map((contract) => levels[contract] ?? 0),
      whole,
    ),
  );
}

function clamp(alpha: number, { least, most }: Demand): number {
  return Math.min(most, Math.max(least, alpha));
}

/** Stage one: α of every contract. Units: breaks. */
function pulls(problem: Problem): readonly number[] {
  const { demands } = problem;
  let alpha: readonly number[] = demands.map(({ least, supply, most }) => (supply === 0 ? most : least));
  let ahead = alpha;
  let momentum = 1;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const lines = waterLines(problem, ahead, 1);
    const next = demands.map((demand) => clamp(pull(demand, problem.nodes, lines), demand));
    let turned = 0;
    let moved = 0;
    demands.forEach(({ supply }, index) => {
      const step = (next[index] ?? 0) - (alpha[index] ?? 0);
      turned += ((ahead[index] ?? 0) - (next[index] ?? 0)) * step * supply;
      moved = Math.max(moved, Math.abs(step));
    });
    const grown = turned > 0 ? 1 : (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    const carry = turned > 0 ? 0 : (momentum - 1) / grown;
    ahead = demands.map((demand, index) => {
      const at = next[index] ?? 0;
      return clamp(at + carry * (at - (alpha[index] ?? 0)), demand);
    });
    alpha = next;
    momentum = grown;
    if (moved < SETTLED) break;
  }
  return alpha;
}

/** The α at which a contract would get what it is owed, were the water lines to stay where they are. */
function pull({ owed, nodes: own, supply, most }: Demand, nodes: readonly Node[], lines: readonly number[]): number {
  if (supply === 0) return most;
  let weighted = 0;
  for (const node of own) weighted += (nodes[node]?.breaks ?? 0) * (lines[node] ?? 0);
  let alpha = (owed + weighted) / supply;
  for (let step = 0; step < STEPS_MAX; step++) {
    let short = owed;
    let slope = 0;
    for (const node of own) {
      const above = alpha - (lines[node] ?? 0);
      const breaks = nodes[node]?.breaks ?? 0;
      if (above <= 0) continue;
      short -= breaks * above;
      slope += breaks;
    }
    if (slope === 0 || Math.abs(short) <= 1e-9 * owed) break;
    alpha += short / slope;
  }
  return alpha;
}

/** Stage two: contracts take their shares in turn, those first that can be met, the scarcest first among them. */
function takeInTurn(problem: Problem, alpha: readonly number[]): GuaranteeTable {
  const { demands, nodes } = problem;
  const alphaPpm = alpha.map((pulled) => Math.round(pulled * WHOLE_PPM));
  const lines = waterLines(problem, alphaPpm, WHOLE_PPM);
  const leftPpm = nodes.map(() => WHOLE_PPM);
  const shareOf = (node: number, zetaPpm: number): number =>
    Math.min(leftPpm[node] ?? 0, Math.max(0, Math.floor(zetaPpm - (lines[node] ?? 0))));
  const delivered = ({ nodes: own }: Demand, zetaPpm: number): number =>
    own.reduce((sum, node) => sum + (nodes[node]?.breaks ?? 0) * (shareOf(node, zetaPpm) / WHOLE_PPM), 0);

  const turns = demands
    .map((demand, index) => ({ demand, pullPpm: alphaPpm[index] ?? 0 }))
    .map((turn) => ({ ...turn, met: delivered(turn.demand, turn.pullPpm) >= turn.demand.owed * (1 - SHORT) }))
    .toSorted((a, b) => Number(b.met) - Number(a.met) || a.demand.supply - b.demand.supply);
  return turns.map(({ demand, pullPpm, met }): GuaranteeLine => {
    // What cannot be met shares the want as stage one found; the first in turn would otherwise take it all.
    const highest = Math.round((demand.most + 1) * WHOLE_PPM);
    const wanted = Math.min(demand.owed, delivered(demand, highest));
    const zetaPpm = met ? smallestThat((ppm) => delivered(demand, ppm) >= wanted, highest) : pullPpm;
    for (const node of demand.nodes) leftPpm[node] = (leftPpm[node] ?? 0) - shareOf(node, zetaPpm);
    return { contractId: demand.id, alphaPpm: pullPpm, zetaPpm };
  });
}

/** The smallest whole number in [0, highest] for which `holds`, by halving. Requires: it holds from there on. */
function smallestThat(holds: (value: number) => boolean, highest: number): number {
  let below = -1;
  let above = highest;
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (holds(middle)) above = middle;
    else below = middle;
  }
  return above;
}
