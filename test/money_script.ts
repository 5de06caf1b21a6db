/**
 * A random life of one wallet and its ledgers: draws, bills, rounds and changes of terms, sensible and not, in the order
 * and at the times a seed says. Played by the pure machines here, and by the real objects in test/workers.
 */
import { micros } from "../src/kernel/money.ts";
import { type RandomStream, stream } from "../src/kernel/random.ts";
import { MINUTE_MS, SECOND_MS } from "../src/kernel/time.ts";
import { configure, reconcile } from "../src/money/ledger.ts";
import { type LedgerState, NEW_LEDGER } from "../src/money/ledger_state.ts";
import type { BillingClaim, CampaignTerms, DrawRequest } from "../src/money/protocol.ts";
import { bill, draw } from "../src/money/wallet.ts";
import { campaignsDue, hearLedger, hearUnknown, missLedger, report, tend } from "../src/money/wallet_rounds.ts";
import {
  applyChanges,
  assertWalletInvariants,
  newWallet,
  type Outcome,
  type WalletChanges,
  type WalletState,
} from "../src/money/wallet_state.ts";
import { claim, INCARNATION, must, NOON_MS, terms, WALLET, wish } from "./money_fixture.ts";

/** One command, and how much time has passed since the one before. */
export type MoneyStep = { readonly passMs: number } & (
  | { readonly kind: "draw"; readonly request: DrawRequest }
  | { readonly kind: "bill"; readonly claims: readonly BillingClaim[] }
  | { readonly kind: "round" }
  | { readonly kind: "terms"; readonly terms: CampaignTerms }
);

/** Campaigns of every script. */
export const CAMPAIGNS = ["beans", "coffee", "filters", "tea"] as const;
const ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata"] as const;

/** The script of a seed. Begins by giving all campaigns but the last their terms. */
export function moneyScript(seed: string, length: number): readonly MoneyStep[] {
  const random = stream(seed, "money script");
  const opening = CAMPAIGNS.slice(0, -1).map((campaignId) => setTerms(random, campaignId, "active"));
  let nowMs = NOON_MS;
  const steps = Array.from({ length }, (_, index) => {
    const passMs = someTime(random);
    nowMs += passMs;
    // A few purses at a time; each goes out of use after some steps.
    const purseId = `p${Math.floor(index / 12) + random.below(3)}`;
    const pick = random.below(20);
    if (pick < 8) return { passMs, kind: "draw" as const, request: someDraw(random, purseId) };
    if (pick < 13) return { passMs, kind: "bill" as const, claims: someClaims(random, purseId, nowMs) };
    if (pick < 19) return { passMs, kind: "round" as const };
    return { ...setTerms(random, oneOf(random, CAMPAIGNS), "any"), passMs };
  });
  return [...opening, ...steps];
}

/** The pure machines under a script. `changes` is what a wallet would have written, command by command. */
export class PureMoney {
  readonly wallet: WalletState = newWallet(WALLET, INCARNATION, NOON_MS);
  readonly ledgers = new Map<string, LedgerState>();
  readonly changes: WalletChanges[] = [];
  nowMs = NOON_MS;

  /** What the step answers: a reply, or nothing. Throws on a refusal: scripts keep to the shapes. */
  play(step: MoneyStep): unknown {
    this.nowMs += step.passMs;
    if (step.kind === "draw") return this.#take(must(draw(this.wallet, step.request, this.nowMs)));
    if (step.kind === "bill") return this.#take(must(bill(this.wallet, step.claims, this.nowMs)));
    if (step.kind === "round") return this.#round();
    const { campaignId } = step.terms;
    this.ledgers.set(campaignId, must(configure(this.#ledger(campaignId), step.terms, this.nowMs)));
    return null;
  }

  #round(): null {
    this.#take(tend(this.wallet, this.nowMs));
    for (const campaignId of campaignsDue(this.wallet, this.nowMs)) {
      const sent = this.#take(report(this.wallet, campaignId, this.nowMs));
      const answer = reconcile(this.#ledger(campaignId), sent, this.nowMs);
      if (answer.ok) {
        this.ledgers.set(campaignId, answer.value.state);
        this.#take(hearLedger(this.wallet, sent, answer.value.reply, this.nowMs));
      } else if (answer.reason === "campaign_unknown") this.#take(hearUnknown(this.wallet, sent, this.nowMs));
      else this.#take(missLedger(this.wallet, campaignId, this.nowMs));
    }
    return null;
  }

  #take<Reply>({ reply, changes }: Outcome<Reply>): Reply {
    this.changes.push(changes);
    applyChanges(this.wallet, changes);
    assertWalletInvariants(this.wallet);
    return reply;
  }

  #ledger(campaignId: string): LedgerState {
    return this.ledgers.get(campaignId) ?? NEW_LEDGER;
  }
}

/** Never so little that a group of the step before is still waiting; now and then a purse dies, or all of them do. */
function someTime(random: RandomStream): number {
  const pick = random.below(40);
  if (pick === 0) return 11 * MINUTE_MS;
  if (pick < 4) return 30 * SECOND_MS + random.below(40 * SECOND_MS);
  return 300 + random.below(2 * SECOND_MS);
}

function someDraw(random: RandomStream, purseId: string): DrawRequest {
  const wanted = CAMPAIGNS.filter(() => random.below(2) === 0);
  const campaigns = wanted.map((campaignId) =>
    wish({
      campaignId,
      committedMicros: micros(random.below(3) === 0 ? random.below(300_000) : 0),
      wantMicros: micros(random.below(500_000)),
      leastMicros: micros(random.below(2) * 20_000),
      impressionsCommitted: random.below(20),
      outcomesPpm: random.below(1_000_000),
      opportunities: random.below(100),
    }),
  );
  return { purseId, incarnation: null, campaigns, closing: random.below(10) === 0 };
}

function someClaims(random: RandomStream, purseId: string, nowMs: number): BillingClaim[] {
  return Array.from({ length: 1 + random.below(30) }, () =>
    claim(random.below(40), {
      purseId,
      campaignId: oneOf(random, CAMPAIGNS),
      priceMicros: micros(oneOf(random, [0, 1, 20_000, 20_000, 60_000])),
      wallet: random.below(20) === 0 ? "wallet:local:1" : WALLET,
      expiresMs: nowMs - 20 * SECOND_MS + random.below(10 * MINUTE_MS),
    }),
  );
}

function setTerms(random: RandomStream, campaignId: string, status: "active" | "any"): MoneyStep & { kind: "terms" } {
  const change: Partial<CampaignTerms> = {
    campaignId,
    budgetMicros: micros(100_000 + random.below(20_000_000)),
    dailyBudgetMicros: random.below(2) === 0 ? null : micros(random.below(2_000_000)),
    timeZone: oneOf(random, ZONES),
    pacing: oneOf(random, ["even", "asap"]),
    status: status === "active" ? status : oneOf(random, ["active", "active", "active", "paused"]),
  };
  return { passMs: 300, kind: "terms", terms: terms(change) };
}

function oneOf<T>(random: RandomStream, choices: readonly T[]): T {
  const choice = choices[random.below(choices.length)];
  if (choice === undefined) throw new Error("there is nothing to choose from");
  return choice;
}
