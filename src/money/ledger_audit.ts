/**
 * What people did to a campaign's money, for whoever asks later: terms that changed, money that was written off, and
 * write-offs that ended because the wallet spoke again. Each command of the ledger says here what of it is to be kept.
 */
import type { Micros } from "../kernel/money.ts";
import type { WriteOffCommand } from "./ledger.ts";
import { holderName, type LedgerState } from "./ledger_state.ts";
import type { CampaignTerms } from "./protocol.ts";

/** One thing to remember. Origin publishes terms for whoever holds the admin token; only a write-off has a name. */
export type AuditEntry = TermsChanged | WrittenOff | WriteOffEnded;

/** An entry with its number: 1 was the first, and none is left out between two that are there. */
export type NumberedEntry = AuditEntry & { readonly number: number };

/** A catalog was published that changed the campaign. */
export interface TermsChanged {
  readonly kind: "terms_changed";
  readonly atMs: number;
  readonly changes: readonly TermChange[];
}

/** One field of the terms. `from` is null when the campaign is new. */
export interface TermChange {
  readonly field: string;
  readonly from: string | number | null;
  readonly to: string | number | null;
}

/** An operator gave up on the money of a silent wallet. */
export interface WrittenOff extends WriteOffCommand {
  readonly kind: "written_off";
  readonly atMs: number;
  readonly amountMicros: Micros;
}

/** The wallet spoke again: its money counts as outstanding once more. */
export interface WriteOffEnded {
  readonly kind: "write_off_ended";
  readonly atMs: number;
  readonly wallet: string;
  readonly incarnation: string;
  readonly amountMicros: Micros;
}

/** Entries a ledger keeps; older ones are let go. */
export const AUDIT_ENTRIES_MAX = 1_000;

type Term = CampaignTerms[keyof CampaignTerms];

/** What a `configure` changed; nothing when the terms are the same. */
export function auditTerms(before: CampaignTerms | null, after: CampaignTerms, nowMs: number): AuditEntry[] {
  // The id never changes: it is whose terms these are.
  const { campaignId: _id, ...terms } = after;
  const known = new Map<string, Term>(before === null ? [] : Object.entries(before));
  const changes = Object.entries(terms).flatMap(([field, to]) => {
    const from = known.get(field) ?? null;
    const same = before !== null && JSON.stringify(from) === JSON.stringify(to);
    return same ? [] : [{ field, from: termWord(from), to: termWord(to) }];
  });
  return changes.length === 0 ? [] : [{ kind: "terms_changed", atMs: nowMs, changes }];
}

/** What a `writeOff` did. `after`: the ledger that took it. */
export function auditWriteOff(after: LedgerState, command: WriteOffCommand, nowMs: number): AuditEntry[] {
  const given = after.shares.get(holderName(command))?.writeOff ?? null;
  if (given === null) return [];
  const { wallet, incarnation, by, why } = command;
  return [{ kind: "written_off", atMs: nowMs, wallet, incarnation, by, why, amountMicros: given.amountMicros }];
}

/** Whether a report ended a write-off. `before`: the ledger that had not heard it. */
export function auditReport(
  before: LedgerState,
  { wallet, incarnation }: { readonly wallet: string; readonly incarnation: string },
  nowMs: number,
): AuditEntry[] {
  const given = before.shares.get(holderName({ wallet, incarnation }))?.writeOff ?? null;
  if (given === null) return [];
  return [{ kind: "write_off_ended", atMs: nowMs, wallet, incarnation, amountMicros: given.amountMicros }];
}

/** The name of a field of the terms as people write it: `daily budget` for `dailyBudgetMicros`. */
export function termName(field: string): string {
  return field.replace(/(Micros|Ms)$/, "").replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A term as one word: a supply shape is long, and that there is another one is what matters here. */
function termWord(term: Term): string | number | null {
  if (term === null || typeof term === "number" || typeof term === "string") return term;
  return term.length === 0 ? "flat" : `a shape of ${term.length} hours`;
}
