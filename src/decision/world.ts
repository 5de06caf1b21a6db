/**
 * All that a decision may know, as one value. The core cannot ask for more: no clock, no storage, no network. A
 * recorded World decides again to the same bytes.
 */
import type { CompiledCatalog } from "../catalog/compiled.ts";
import type { GuaranteeTable } from "../guaranteed/contract.ts";
import type { Limits } from "../kernel/limits.ts";
import type { Micros } from "../kernel/money.ts";

/** What this isolate may spend for one campaign right now. */
export interface CampaignBudget {
  /** Drawn and not yet committed. Units: micros. */
  readonly availableMicros: Micros;
  /** Pacing factor on every bid. Units: ppm, 0 … 1,000,000. */
  readonly multiplierPpm: number;
}

/** Everything outside the request that a decision depends on. */
export interface World {
  /** Unique name of the decision about to be made; impressions are named by it. */
  readonly decisionId: string;
  /** Units: epoch milliseconds. */
  readonly nowMs: number;
  /** SHA-256 of the catalog snapshot, lower-case hexadecimal. */
  readonly catalogDigest: string;
  readonly catalog: CompiledCatalog;
  /** Campaigns the purse holds money for. Absent means none. */
  readonly budgets: ReadonlyMap<string, CampaignBudget>;
  /** How guaranteed deals share the breaks that are expected. A deal without a line is not due. */
  readonly guarantees: GuaranteeTable;
  readonly limits: Limits;
}
