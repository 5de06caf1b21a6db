/**
 * The independent auditor. It sees what leaves purses, wallets, ledgers and players, never what they remember, and adds
 * up for itself. When a law breaks it throws; the words are the law.
 */
import { assert } from "../../kernel/assert.ts";
import { FORGET_AFTER_MS, SKEW_GUARD_MS, TOKEN_LIFETIME_MS } from "../../money/limits.ts";
import type { BillingClaim, BillVerdict, DrawReply, ReconcileReply, ReconcileReport } from "../../money/protocol.ts";
import { AuditedMoney, type Holder, type HolderName, holderName } from "./audited_money.ts";
import type { Chronicle } from "./chronicle.ts";

/** One slot that was won, and what became of it. */
export interface Impression {
  readonly claim: BillingClaim;
  /** The purse it was paid from. */
  readonly purse: AuditedPurse;
  shown: boolean;
  billed: boolean;
  lapsed: boolean;
  /** Its wallet was asked, and no longer had the storage that gave the money. */
  diskLost: boolean;
  worst: BillVerdict | null;
}

interface AuditedPurse {
  /** The storage that opened it; more than one when the first was lost. */
  readonly holders: Set<HolderName>;
  expiryMs: number;
  readonly drawnMicros: Map<string, number>;
}

/** What a wallet may allot of a campaign, by the newest answer it heard in this life. */
type View = Pick<ReconcileReply, "revision" | "openUntilMs" | "multiplierPpm">;

/** What a run adds up to. */
export interface Tally {
  decisions: number;
  lacked: number;
  falselyLacked: number;
  readonly verdicts: Record<BillVerdict, number>;
}

/** See the head of this file. */
export class Auditor {
  readonly money = new AuditedMoney();
  readonly tally: Tally = {
    decisions: 0,
    lacked: 0,
    falselyLacked: 0,
    verdicts: { billed: 0, duplicate: 0, late: 0, exhausted: 0, invalid: 0 },
  };
  readonly impressions = new Map<string, Impression>();
  readonly #chronicle: Chronicle;
  /** How far a clock may have moved between two looks at it. */
  readonly #clockStepMs: number;
  readonly #purses = new Map<string, AuditedPurse>();
  readonly #views = new Map<string, View>();
  readonly #inOrder: Impression[] = [];
  readonly #tokens = new Map<string, Impression>();
  #lapsing = 0;

  constructor(chronicle: Chronicle, clockStepMs: number) {
    this.#chronicle = chronicle;
    this.#clockStepMs = clockStepMs;
  }

  /** An ad left with its token. `walletMs`: the time by the clock of the wallet whose money it is. */
  minted(token: string, claim: BillingClaim, walletMs: number): void {
    this.#chronicle.note("won", claim.campaignId, claim.priceMicros);
    const purse = this.#purses.get(claim.purseId);
    assert(purse !== undefined, "auditor: no purse commits before its wallet answered");
    assert(walletMs < purse.expiryMs + this.#clockStepMs, "auditor: no purse commits after its expiry");
    const longest = purse.expiryMs + TOKEN_LIFETIME_MS;
    assert(claim.expiresMs <= longest, "auditor: no token outlives its purse by more than its lifetime");
    const key = keyOf(claim);
    assert(!this.impressions.has(key), "auditor: no two impressions have one name");
    const fate = { shown: false, billed: false, lapsed: false, diskLost: false, worst: null };
    const impression: Impression = { claim, purse, ...fate };
    this.impressions.set(key, impression);
    this.#inOrder.push(impression);
    this.#tokens.set(token, impression);
    this.money.won(claim.campaignId, purse.holders, claim.priceMicros);
  }

  /** A player has shown the ad, so its impression ought to be paid. */
  shown(claim: BillingClaim): void {
    const impression = this.impressions.get(keyOf(claim));
    if (impression !== undefined) impression.shown = true;
  }

  /** The edge found that a token is not genuine. `wallMs`: the isolate's clock. */
  turnedAway(token: string, wallMs: number): void {
    const genuine = this.#tokens.get(token);
    const live = genuine !== undefined && wallMs < genuine.claim.expiresMs;
    assert(!live, "auditor: a token that was minted is good until it expires, also when keys rotate");
  }

  /** A slot wanted this campaign, and its purse could not pay. */
  lacked(campaignId: string, priceMicros: number, ledgerMs: number, wallMs: number): void {
    this.#lapse(wallMs);
    this.tally.lacked += 1;
    if (this.money.hasMoney(campaignId, priceMicros, ledgerMs)) this.tally.falselyLacked += 1;
  }

  /** A draw's answer left its wallet. */
  drawn(holder: Holder, reply: DrawReply): void {
    const name = holderName(holder);
    const purse = this.#purses.get(reply.purseId) ?? newAuditedPurse();
    this.#purses.set(reply.purseId, purse);
    purse.holders.add(name);
    purse.expiryMs = Math.max(purse.expiryMs, reply.expiryMs);
    for (const { campaignId, drawnMicros, multiplierPpm } of reply.allotments) {
      const view = this.#views.get(`${name} ${campaignId}`);
      const open = view !== undefined && reply.nowMs < view.openUntilMs;
      const newest = open ? view.multiplierPpm : 0;
      assert(multiplierPpm === newest, "auditor: a draw brings the multiplier of the newest answer");
      this.#chronicle.note("drew", campaignId, drawnMicros);
      const before = purse.drawnMicros.get(campaignId) ?? 0;
      if (drawnMicros <= before) continue;
      purse.drawnMicros.set(campaignId, drawnMicros);
      assert(open, "auditor: a wallet allots only what its ledger has open");
    }
  }

  /** A wallet has heard a ledger, in its present life. */
  heard(holder: Holder, reply: ReconcileReply): void {
    const key = `${holderName(holder)} ${reply.campaignId}`;
    const view = this.#views.get(key);
    if (view === undefined || reply.revision >= view.revision) this.#views.set(key, reply);
  }

  /** A wallet's memory is gone, and its views with it. */
  forgot(holder: Holder): void {
    const name = holderName(holder);
    for (const key of this.#views.keys()) if (key.startsWith(name)) this.#views.delete(key);
  }

  /** A report left its wallet. */
  reported(report: ReconcileReport): void {
    this.#chronicle.note("reported", report.wallet, report.billedMicros);
    this.money.reported(report);
  }

  /** A ledger's answer left it. */
  granted(report: ReconcileReport, reply: ReconcileReply, ledgerMs: number): void {
    this.#chronicle.note("granted", report.campaignId, reply.grantedMicros);
    this.#chronicle.note("multiplier", report.campaignId, reply.multiplierPpm);
    this.money.granted(report, reply, ledgerMs);
  }

  /** Verdicts left a wallet. `atMs`: its clock when it decided. */
  decided(
    holder: Holder,
    claims: readonly BillingClaim[],
    verdicts: readonly BillVerdict[],
    atMs: number,
    ledgerMsOf: (campaignId: string) => number,
  ): void {
    assert(claims.length === verdicts.length, "auditor: one verdict a claim");
    for (const [i, claim] of claims.entries()) {
      const verdict = verdicts[i] ?? "invalid";
      this.#chronicle.note(verdict, claim.campaignId, claim.priceMicros);
      this.tally.verdicts[verdict] += 1;
      const impression = this.impressions.get(keyOf(claim));
      assert(impression !== undefined && sameClaim(claim, impression.claim), "auditor: no wallet hears a forged claim");
      if (verdict === "billed") this.#billed(holder, impression, atMs, ledgerMsOf(claim.campaignId));
      else this.#notBilled(holder, impression, verdict, atMs);
    }
  }

  #billed(holder: Holder, impression: Impression, atMs: number, ledgerMs: number): void {
    const { claim } = impression;
    assert(!impression.billed, "auditor: an impression is billed once");
    assert(impression.purse.holders.has(holderName(holder)), "auditor: the wallet that gave the money bills it");
    assert(atMs < claim.expiresMs, "auditor: nothing is billed after its token has expired");
    assert(atMs < closeMsOf(impression) + this.#clockStepMs, "auditor: nothing is billed after its purse has closed");
    impression.billed = true;
    if (!impression.lapsed) this.money.of(claim.campaignId).pendingMicros -= claim.priceMicros;
    this.money.billed(claim.campaignId, holder, claim.priceMicros, ledgerMs);
  }

  #notBilled(holder: Holder, impression: Impression, verdict: BillVerdict, atMs: number): void {
    const { claim } = impression;
    impression.worst = verdict;
    if (verdict === "duplicate") {
      assert(impression.billed, "auditor: only what was billed is a duplicate");
      return;
    }
    const remembered = atMs + this.#clockStepMs < closeMsOf(impression) + FORGET_AFTER_MS;
    // A wallet that lost its storage knows nothing of the purses before.
    impression.diskLost = impression.purse.holders.size > 1 || !impression.purse.holders.has(holderName(holder));
    if (impression.diskLost) return;
    assert(verdict !== "exhausted", "auditor: a purse that committed within what it drew is never exhausted");
    assert(verdict !== "invalid", "auditor: a genuine claim is never invalid");
    const step = this.#clockStepMs;
    const inTime = atMs + step < claim.expiresMs && atMs + step < closeMsOf(impression);
    assert(impression.billed || !inTime, "auditor: an impression that comes in time is billed");
    assert(!impression.billed || !remembered, "auditor: what was billed is a duplicate while its purse is remembered");
  }

  /** What was won and not seen in time is nobody's any more. */
  #lapse(wallMs: number): void {
    for (;;) {
      const next = this.#inOrder[this.#lapsing];
      if (next === undefined || next.claim.expiresMs > wallMs) return;
      this.#lapsing += 1;
      next.lapsed = true;
      if (!next.billed) this.money.of(next.claim.campaignId).pendingMicros -= next.claim.priceMicros;
    }
  }
}

function newAuditedPurse(): AuditedPurse {
  return { holders: new Set(), expiryMs: 0, drawnMicros: new Map() };
}

function closeMsOf({ purse }: Impression): number {
  return purse.expiryMs + TOKEN_LIFETIME_MS + SKEW_GUARD_MS;
}

function keyOf({ purseId, seq }: BillingClaim): string {
  return `${purseId} ${seq}`;
}

function sameClaim(a: BillingClaim, b: BillingClaim): boolean {
  const sameImpression = a.decisionId === b.decisionId && a.slot === b.slot && a.wallet === b.wallet;
  return (
    sameImpression && a.campaignId === b.campaignId && a.priceMicros === b.priceMicros && a.expiresMs === b.expiresMs
  );
}
