/**
 * The oracle: the least possible number of missing impressions, as a linear program solved by HiGHS. It knows nothing
 * of duals, tables or serving; it may split every kind of break as it likes.
 */
import loadHighs from "highs";
import type { Contract, SupplyNode } from "../src/guaranteed/contract.ts";

const highs = await loadHighs();

/** Σ penalty × missing impressions of the best split of this supply. Throws when HiGHS finds no optimum. */
export function leastMissing(contracts: readonly Contract[], supply: readonly SupplyNode[]): number {
  if (contracts.length === 0) return 0;
  const indexOf = new Map(contracts.map(({ id }, index) => [id, index]));
  const given: string[][] = contracts.map((_, contract) => [`u${contract}`]);
  const supplyRows: string[] = [];
  supply.forEach(({ contractIds, breaks }, node) => {
    const shares = contractIds.map((id) => {
      const contract = indexOf.get(id) ?? -1;
      const share = `x${node}_${contract}`;
      given[contract]?.push(share);
      return share;
    });
    if (shares.length > 0) supplyRows.push(`s${node}: ${sum(shares)} <= ${breaks}`);
  });
  const solution = highs.solve(
    [
      "Minimize",
      `missing: ${sum(contracts.map(({ penalty }, contract) => `${penalty} u${contract}`))}`,
      "Subject To",
      ...contracts.map(({ owed }, contract) => `d${contract}: ${sum(given[contract] ?? [])} >= ${owed}`),
      ...supplyRows,
      "End",
    ].join("\n"),
  );
  if (solution.Status !== "Optimal") throw new Error(`HiGHS: ${solution.Status}`);
  return solution.ObjectiveValue;
}

/** Terms one a line: a line of the LP format has a greatest length. */
function sum(terms: readonly string[]): string {
  return terms.join("\n + ");
}
