/**
 * The schedule of guaranteed deals: what is still owed by the ledgers' count, the supply that publishers expect until
 * the flights end, and from both the table that edges serve from. Solved when a catalog becomes current and every few
 * minutes after. A round that fails leaves the last table in force; what a round made of a catalog that was replaced
 * meanwhile stands until the next.
 */
import type { CompiledCatalog, CompiledGuarantee } from "../../../src/catalog/compiled.ts";
import { expectedTraffic, reachOf } from "../../../src/catalog/guarantees.ts";
import { readSnapshot } from "../../../src/catalog/snapshot.ts";
import type { Contract } from "../../../src/guaranteed/contract.ts";
import { solveGuarantees } from "../../../src/guaranteed/solve.ts";
import { expectSupply, withReserve } from "../../../src/guaranteed/supply.ts";
import { encodeTable } from "../../../src/guaranteed/table.ts";
import { perImpression } from "../../../src/kernel/money.ts";
import { sha256Hex } from "../../platform/digest.ts";
import { logFailure } from "../../platform/log.ts";
import { inTurns } from "../../platform/in_turns.ts";
import { getArtifact, putArtifact } from "../artifacts.ts";
import { mapBounded } from "../bounded.ts";
import type { OriginEnv } from "../env.ts";
import { reach } from "../unreachable.ts";

/** Bindings that a round needs. */
export type GuaranteeEnv = Pick<OriginEnv, "ARTIFACTS" | "LEDGER" | "REGISTRY">;

/** How many times as much a missing impression of the dearest deal may hurt as one of the cheapest. */
const PENALTY_MAX = 4;

/** One round for the catalog that is current. Never rejects: the schedule goes on. */
export function solveCurrentGuarantees(env: GuaranteeEnv, nowMs: number): Promise<void> {
  return orLater(async () => {
    const { digest } = await env.REGISTRY.getByName("catalog").current();
    const bytes = digest === null ? null : await getArtifact(env.ARTIFACTS, "snapshot", digest);
    const catalog = bytes === null ? null : await inTurns(readSnapshot(bytes, false));
    if (catalog?.ok === true) await solveAndPublish(env, catalog.value, nowMs);
  });
}

/** One round for a catalog that has just become current. Never rejects: the schedule makes up for it. */
export function solveGuaranteesOf(env: GuaranteeEnv, catalog: CompiledCatalog, nowMs: number): Promise<void> {
  return orLater(() => solveAndPublish(env, catalog, nowMs));
}

async function orLater(round: () => Promise<void>): Promise<void> {
  try {
    await round();
  } catch (failure) {
    logFailure("origin", "guarantees_not_solved", failure);
  }
}

async function solveAndPublish(env: GuaranteeEnv, catalog: CompiledCatalog, nowMs: number): Promise<void> {
  const registry = env.REGISTRY.getByName("guarantees");
  const current = await registry.current();
  if (current.digest === null && catalog.guarantees.length === 0) return;
  const running = catalog.guarantees.filter(({ campaign }) => campaign.active && nowMs < campaign.flightEndMs);
  const contracts = await contractsOf(env, running);
  const due = new Set(contracts.map(({ id }) => id));
  const reaches = running.filter(({ dealId }) => due.has(dealId)).map(reachOf);
  const supply = expectSupply(expectedTraffic(catalog), reaches, nowMs);
  const bytes = encodeTable(solveGuarantees(contracts, withReserve(supply)));
  const digest = await sha256Hex(bytes);
  if (digest === current.digest) return;
  await putArtifact(env.ARTIFACTS, "guarantees", digest, bytes);
  const owed = contracts.reduce((sum, contract) => sum + contract.owed, 0);
  await registry.publish(digest, `${contracts.length} deals, ${owed} impressions owed`, nowMs);
}

/** What is still owed. A ledger that does not answer ends the round: its deal must not count as undelivered. */
async function contractsOf(env: GuaranteeEnv, deals: readonly CompiledGuarantee[]): Promise<readonly Contract[]> {
  const cheapestMicros = Math.min(...deals.map(({ cpmMicros }) => cpmMicros));
  const contracts = await mapBounded(deals, async (deal): Promise<Contract> => {
    const ledger = env.LEDGER.getByName(deal.campaign.campaign.id);
    const status = await reach("ledgers_unavailable", "A ledger did not answer.", () => ledger.status());
    // What is won and waits for its beacon is on its way; what of it is never seen is owed again at the next round.
    const priceMicros = Math.max(1, perImpression(deal.cpmMicros));
    const underWay = Math.floor((status?.pendingMicros ?? 0) / priceMicros);
    const owed = deal.impressions - (status?.impressionsBilled ?? 0) - underWay;
    return { id: deal.dealId, owed, penalty: Math.min(PENALTY_MAX, deal.cpmMicros / cheapestMicros) };
  });
  return contracts.filter(({ owed }) => owed > 0);
}
