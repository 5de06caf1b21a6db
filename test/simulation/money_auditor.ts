/**
 * The independent auditor of the money world. It knows nothing of the machines: it sees tokens and verdicts, and adds up
 * for itself.
 */
import { assert, present } from "../../src/kernel/assert.ts";
import type { BillingClaim, BillVerdict } from "../../src/money/protocol.ts";
import { billedKey } from "../../src/money/wallet_state.ts";

/** Sees tokens and verdicts only, and adds up for itself. */
export class Auditor {
  committed = 0;
  readonly verdicts: Record<BillVerdict, number> = { billed: 0, duplicate: 0, late: 0, exhausted: 0, invalid: 0 };
  readonly #budgetMax = new Map<string, number>();
  readonly #paid = new Map<string, BillingClaim>();
  readonly #doubtful = new Map<string, BillingClaim>();
  readonly #billedOnce = new Set<string>();

  budgetSet(campaignId: string, budgetMicros: number): void {
    this.#budgetMax.set(campaignId, Math.max(budgetMicros, this.#budgetMax.get(campaignId) ?? 0));
  }

  /** A wallet's answer leaves. Its copy may arrive twice, but "billed" is said once for one impression. */
  sent(claims: readonly BillingClaim[], verdicts: readonly BillVerdict[]): void {
    claims.forEach((claim, i) => {
      if (verdicts[i] !== "billed") return;
      assert(!this.#billedOnce.has(billedKey(claim)), "auditor: an impression is billed once");
      this.#billedOnce.add(billedKey(claim));
    });
  }

  answerLost(claims: readonly BillingClaim[]): void {
    for (const claim of claims) this.#doubtful.set(billedKey(claim), claim);
  }

  hear(claims: readonly BillingClaim[], verdicts: readonly BillVerdict[]): void {
    assert(claims.length === verdicts.length, "auditor: one verdict a claim");
    claims.forEach((claim, i) => {
      const verdict = at(verdicts, i);
      const key = billedKey(claim);
      this.verdicts[verdict] += 1;
      if (verdict === "billed" || verdict === "duplicate") this.#paid.set(key, claim);
    });
    for (const [campaignId, budgetMicros] of this.#budgetMax) {
      assert(this.certainMicros(campaignId) <= budgetMicros, `auditor: ${campaignId} never pays more than its budget`);
    }
  }

  certainMicros(campaignId: string): number {
    return total([...this.#paid.values()], campaignId);
  }

  /** Billed or not: the answer was lost and the token is past its life. */
  doubtfulMicros(campaignId: string): number {
    return total(
      [...this.#doubtful].flatMap(([key, claim]) => (this.#paid.has(key) ? [] : [claim])),
      campaignId,
    );
  }

  budgetMaxMicros(campaignId: string): number {
    return this.#budgetMax.get(campaignId) ?? 0;
  }
}

function total(claims: readonly BillingClaim[], campaignId: string): number {
  return claims.reduce((sum, claim) => sum + (claim.campaignId === campaignId ? claim.priceMicros : 0), 0);
}

/** The item at an index, counted around. */
export function at<T>(items: readonly T[], index: number): T {
  return present(items[index % items.length], "world: the list is not empty");
}
