/** Laws of the offline solve that hold for every market. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linesIn, missingInExpectation } from "../../../bench/guaranteed_delivery.ts";
import { drawInstance } from "../../../bench/guaranteed_instances.ts";
import type { Contract, SupplyNode } from "../../../src/guaranteed/contract.ts";
import { shares, WHOLE_PPM } from "../../../src/guaranteed/serve.ts";
import { solveGuarantees } from "../../../src/guaranteed/solve.ts";
import { decodeTable, encodeTable } from "../../../src/guaranteed/table.ts";

const SEED = 20261124;
const market = fc
  .record({ seed: fc.uuid(), tightness: fc.constantFrom(0.5, 0.9, 1, 1.3) })
  .map((drawn) => drawInstance({ ...drawn, contracts: 8, nodes: 40, breaks: 50_000 }));

const contract = (id: string, owed: number, penalty = 1): Contract => ({ id, owed, penalty });
const breaksFor = (breaks: number, ...contractIds: readonly string[]): SupplyNode => ({ contractIds, breaks });

/** Each contract's chance of such a break. Units: percent, whole. */
function percentOf(contracts: readonly Contract[], supply: readonly SupplyNode[], node: SupplyNode) {
  const lines = linesIn(solveGuarantees(contracts, supply), node);
  return Object.fromEntries(
    shares(lines).map((share, index) => [lines[index]?.contractId, Math.round((100 * share) / WHOLE_PPM)]),
  );
}

describe("solving guaranteed deals", () => {
  test("comes out the same in whatever order contracts and supply are listed", () => {
    fc.assert(
      fc.property(market, ({ contracts, supply }) => {
        const reversed = supply.toReversed().map((node) => ({ ...node, contractIds: node.contractIds.toReversed() }));
        expect(solveGuarantees(contracts.toReversed(), reversed)).toEqual(solveGuarantees(contracts, supply));
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  test("never misses more when there is more supply", () => {
    fc.assert(
      fc.property(market, fc.nat(39), fc.integer({ min: 1, max: 5_000 }), ({ contracts, supply }, at, more) => {
        const ampler = supply.map((node, n) => (n === at ? { ...node, breaks: node.breaks + more } : node));
        const missing = (given: readonly SupplyNode[]) =>
          missingInExpectation(contracts, given, solveGuarantees(contracts, given));
        const owed = contracts.reduce((sum, { owed: promised }) => sum + promised, 0);
        // A thousandth of what is owed: the solve stops after a bounded number of rounds.
        expect(missing(ampler)).toBeLessThanOrEqual(missing(supply) + owed / 1_000);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  test("delivers no more than is owed", () => {
    fc.assert(
      fc.property(market, ({ contracts, supply }) => {
        const table = solveGuarantees(contracts, supply);
        for (const { id, owed } of contracts) {
          const delivered = owed - missingInExpectation([{ id, owed, penalty: 1 }], supply, table);
          expect(delivered).toBeLessThanOrEqual(owed + 1);
        }
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  test("spreads a contract evenly over all it may be shown in", () => {
    const supply = [breaksFor(700, "a"), breaksFor(100, "a"), breaksFor(200)];
    expect(supply.slice(0, 2).map((node) => percentOf([contract("a", 200)], supply, node))).toEqual([
      { a: 25 },
      { a: 25 },
    ]);
  });

  test("keeps scarce breaks for the contract that has no others", () => {
    const contracts = [contract("anywhere", 100), contract("scarce", 100)];
    const supply = [breaksFor(100, "anywhere", "scarce"), breaksFor(100, "anywhere")];
    expect(supply.map((node) => percentOf(contracts, supply, node))).toEqual([
      { anywhere: 0, scarce: 100 },
      { anywhere: 100 },
    ]);
  });

  test("shares what is not enough evenly between equals, and by penalty between others", () => {
    const supply = [breaksFor(100, "a", "b")];
    const node = breaksFor(100, "a", "b");
    expect(percentOf([contract("a", 100), contract("b", 100)], supply, node)).toEqual({ a: 50, b: 50 });
    expect(percentOf([contract("a", 100, 1), contract("b", 100, 1.02)], supply, node)).toEqual({ a: 40, b: 60 });
    expect(percentOf([contract("a", 100, 1), contract("b", 100, 3)], supply, node)).toEqual({ a: 0, b: 100 });
  });

  test("gives a contract that nothing is forecast for whatever turns up", () => {
    expect(percentOf([contract("a", 5)], [], breaksFor(1, "a"))).toEqual({ a: 100 });
  });

  test("is nothing when nothing is owed, and refuses a contract listed twice", () => {
    expect(solveGuarantees([], [breaksFor(10)])).toEqual([]);
    expect(() => solveGuarantees([contract("a", 1), contract("a", 1)], [])).toThrow("once");
  });
});

describe("the table as a document", () => {
  test("is read back as written; anything else is no table", () => {
    const table = solveGuarantees([contract("a", 10), contract("b", 3)], [breaksFor(100, "a", "b")]);
    const bytes = encodeTable(table);
    expect(decodeTable(bytes)).toEqual(table);
    expect(decodeTable(bytes.slice(1))).toBeNull();
    expect(decodeTable(Uint8Array.from([0xff]))).toBeNull();
    expect(decodeTable(encodeTable([{ contractId: "a", alphaPpm: -1, zetaPpm: 0 }]))).toBeNull();
  });
});
