/**
 * A flight of guaranteed contracts, break by break: traffic is drawn from the true supply, each break is served by the
 * stateless rule alone, and the table is solved anew on a schedule from what was delivered and what is still forecast.
 */
import type { Contract, GuaranteeTable, SupplyNode } from "../src/guaranteed/contract.ts";
import { choose, shares, WHOLE_PPM } from "../src/guaranteed/serve.ts";
import { solveGuarantees } from "../src/guaranteed/solve.ts";
import { withReserve } from "../src/guaranteed/supply.ts";
import { stream, type RandomStream } from "../src/kernel/random.ts";

/** What is known before the flight, and how often it is solved: once, or anew for each of `solves` equal parts. */
export interface Flight {
  readonly seed: string;
  readonly contracts: readonly Contract[];
  /** What comes. */
  readonly supply: readonly SupplyNode[];
  /** What was expected to come; the same nodes. */
  readonly forecast: readonly SupplyNode[];
  readonly solves: number;
}

/** Impressions that are missing at the end of the flight, over all contracts. */
export function missingAfter(flight: Flight): number {
  const random = stream(flight.seed, "guaranteed traffic");
  const drawNode = nodeSampler(flight.supply, random);
  const breaks = Math.round(flight.supply.reduce((sum, node) => sum + node.breaks, 0));
  const delivered = new Map<string, number>();
  const owed = ({ id, owed: promised }: Contract): number => promised - (delivered.get(id) ?? 0);
  for (let solve = 0; solve < flight.solves; solve++) {
    const left = 1 - solve / flight.solves;
    const table = tableFor(flight, left, (contract) => owed(contract));
    const linesOf = flight.supply.map((node) => linesIn(table, node));
    const until = Math.round((breaks * (solve + 1)) / flight.solves);
    for (let at = Math.round((breaks * solve) / flight.solves); at < until; at++) {
      const served = choose(linesOf[drawNode()] ?? [], random.next());
      if (served !== null) delivered.set(served.contractId, (delivered.get(served.contractId) ?? 0) + 1);
    }
  }
  return flight.contracts.reduce((sum, contract) => sum + Math.max(0, owed(contract)), 0);
}

/** Impressions that would be missing if every break came exactly as often as supply says. */
export function missingInExpectation(
  contracts: readonly Contract[],
  supply: readonly SupplyNode[],
  table: GuaranteeTable,
): number {
  const delivered = new Map<string, number>();
  for (const node of supply) {
    const lines = linesIn(table, node);
    shares(lines).forEach((sharePpm, index) => {
      const id = lines[index]?.contractId ?? "";
      delivered.set(id, (delivered.get(id) ?? 0) + (node.breaks * sharePpm) / WHOLE_PPM);
    });
  }
  return contracts.reduce((sum, { id, owed }) => sum + Math.max(0, owed - (delivered.get(id) ?? 0)), 0);
}

/** The lines of the contracts that may be shown in these breaks, in the order of the table. */
export function linesIn(table: GuaranteeTable, { contractIds }: SupplyNode): GuaranteeTable {
  const named = new Set(contractIds);
  return table.filter(({ contractId }) => named.has(contractId));
}

function tableFor(flight: Flight, left: number, owed: (contract: Contract) => number): GuaranteeTable {
  const due = flight.contracts.filter((contract) => owed(contract) > 0);
  const ids = new Set(due.map(({ id }) => id));
  const expected = flight.forecast.map(({ contractIds, breaks }): SupplyNode => {
    return { contractIds: contractIds.filter((id) => ids.has(id)), breaks: breaks * left };
  });
  return solveGuarantees(
    due.map((contract) => ({ ...contract, owed: owed(contract) })),
    flight.solves === 1 ? expected : withReserve(expected),
  );
}

/** Draws nodes in proportion to their breaks: a search in their running sum. */
function nodeSampler(supply: readonly SupplyNode[], random: RandomStream): () => number {
  let total = 0;
  const upTo = Float64Array.from(supply, ({ breaks }) => (total += breaks));
  return () => {
    const at = random.next() * total;
    let low = 0;
    let high = upTo.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
