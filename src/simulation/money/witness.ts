/**
 * Who listens to simulated objects: they say what leaves them, at the moment it is safe to leave. An auditor checks it,
 * a meter counts it.
 */
import type { DrawReply, DrawRequest } from "../../money/protocol.ts";
import type { AuditedMoney, Holder } from "./audited_money.ts";
import type { Auditor } from "./auditor.ts";

/** What a wallet says aloud. */
export interface WalletWitness extends Pick<Auditor, "decided" | "reported" | "heard" | "forgot"> {
  drawn(holder: Holder, reply: DrawReply, request: DrawRequest): void;
}

/** What a ledger says aloud. */
export interface LedgerWitness extends Pick<Auditor, "granted"> {
  readonly money: Pick<AuditedMoney, "configured">;
}
