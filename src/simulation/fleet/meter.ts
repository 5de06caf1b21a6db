/**
 * Counts what leaves the objects of a fleet, and checks the one thing that must hold whatever the figures say: no
 * campaign is billed more than its budget.
 */
import { assert } from "../../kernel/assert.ts";
import { SKEW_GUARD_MS, TOKEN_LIFETIME_MS } from "../../money/limits.ts";
import type {
  BillingClaim,
  BillVerdict,
  DrawReply,
  DrawRequest,
  ReconcileReply,
  ReconcileReport,
} from "../../money/protocol.ts";
import type { Holder } from "../money/audited_money.ts";
import type { LedgerWitness, WalletWitness } from "../money/witness.ts";
import type { LagTrace } from "./lag_trace.ts";
import type { FleetCampaign } from "./scenario.ts";

/** One campaign's money as the outside sees it. */
export interface FleetBooks {
  readonly campaign: FleetCampaign;
  /** Slots that it would have won, and those that its purse could not pay although another holder could have. */
  wins: number;
  lacked: number;
  /** Whether the budget was as good as spent once: from then on it lives on what lapses, and nothing is counted. */
  spentOnce: boolean;
  committed: number;
  committedMicros: number;
  billed: number;
  billedMicros: number;
  /** Won, and neither billed nor in a purse that has closed. */
  pendingMicros: number;
  /** Reports its ledger has answered. */
  reports: number;
  multiplierPpm: number;
  readonly verdicts: Record<BillVerdict, number>;
}

/** See the head of this file. */
export class FleetMeter implements WalletWitness, LedgerWitness {
  readonly books: ReadonlyMap<string, FleetBooks>;
  readonly money = { configured: (): void => {} };
  /** Calls that isolates made to draw. */
  draws = 0;
  readonly #trace: LagTrace;
  readonly #expiryMs = new Map<string, number>();

  constructor(campaigns: readonly FleetCampaign[], trace: LagTrace) {
    this.books = new Map(campaigns.map((campaign) => [campaign.terms.campaignId, newBooks(campaign)]));
    this.#trace = trace;
  }

  of(campaignId: string): FleetBooks {
    const books = this.books.get(campaignId);
    assert(books !== undefined, "fleet: every campaign has books");
    return books;
  }

  /** When a purse closes at the latest: what it committed and nobody saw is nobody's before. */
  closeMs(purseId: string): number {
    return (this.#expiryMs.get(purseId) ?? 0) + TOKEN_LIFETIME_MS + SKEW_GUARD_MS;
  }

  drawn(holder: Holder, reply: DrawReply, request: DrawRequest): void {
    this.draws += 1;
    if (reply.expiryMs > 0) this.#expiryMs.set(reply.purseId, reply.expiryMs);
    this.#trace.drawn(holder.wallet, request, reply);
  }

  decided(_holder: Holder, claims: readonly BillingClaim[], verdicts: readonly BillVerdict[]): void {
    for (const [i, claim] of claims.entries()) {
      const verdict = verdicts[i] ?? "invalid";
      const books = this.of(claim.campaignId);
      books.verdicts[verdict] += 1;
      if (verdict !== "billed") continue;
      books.billed += 1;
      books.billedMicros += claim.priceMicros;
      books.pendingMicros -= claim.priceMicros;
      assert(books.billedMicros <= books.campaign.terms.budgetMicros, "fleet: no campaign is billed over its budget");
    }
  }

  reported(report: ReconcileReport): void {
    this.#trace.reported(report);
  }

  granted(report: ReconcileReport, reply: ReconcileReply, ledgerMs: number): void {
    const books = this.of(report.campaignId);
    books.reports += 1;
    books.multiplierPpm = reply.multiplierPpm;
    this.#trace.answered(report, reply, ledgerMs);
  }

  heard(holder: Holder, reply: ReconcileReply): void {
    this.#trace.heard(holder.wallet, reply);
  }

  forgot(): void {}
}

/** A campaign is as good as spent when no more than this share of its budget is neither billed nor pending. */
const REST_SHARE = 0.001;

/** Whether the campaign is in flight and its budget is not as good as spent. */
export function hasMoney({ campaign, billedMicros, pendingMicros }: FleetBooks, nowMs: number): boolean {
  const { budgetMicros, flightStartMs, flightEndMs } = campaign.terms;
  const inFlight = flightStartMs <= nowMs && nowMs < flightEndMs;
  return inFlight && budgetMicros - billedMicros - pendingMicros > REST_SHARE * budgetMicros;
}

function newBooks(campaign: FleetCampaign): FleetBooks {
  const counts = { wins: 0, lacked: 0, spentOnce: false, committed: 0, billed: 0, reports: 0 };
  const money = { committedMicros: 0, billedMicros: 0, pendingMicros: 0, multiplierPpm: 1_000_000 };
  return { campaign, ...counts, ...money, verdicts: { billed: 0, duplicate: 0, late: 0, exhausted: 0, invalid: 0 } };
}
