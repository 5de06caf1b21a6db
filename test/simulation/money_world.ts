/**
 * A small world of isolates, wallets and ledgers with a network between them that may delay, drop, repeat and reorder
 * every message, and objects that may die between their transaction and their reply. A command list drives it, so a
 * failing run shrinks.
 */
import { present } from "../../src/kernel/assert.ts";
import { micros } from "../../src/kernel/money.ts";
import { assertLedgerInvariants, configure, type LedgerState, NEW_LEDGER, reconcile } from "../../src/money/ledger.ts";
import type {
  BillingClaim,
  BillReply,
  DrawReply,
  DrawRequest,
  ReconcileReply,
  ReconcileReport,
} from "../../src/money/protocol.ts";
import {
  askFor,
  assertPurseInvariants,
  commit,
  lastReport,
  newPurse,
  type Purse,
  receive,
  shouldRotate,
} from "../../src/money/purse.ts";
import { bill, draw } from "../../src/money/wallet.ts";
import { campaignsDue, hearLedger, missLedger, report, tend } from "../../src/money/wallet_rounds.ts";
import { at, Auditor } from "./money_auditor.ts";
import { StoredWallet } from "./money_disk.ts";

export const CAMPAIGNS = ["coffee", "trains"] as const;
export const WALLETS = ["wallet:eu:0", "wallet:sa:1"] as const;
export const ISOLATES = 4;
const START_MS = 1_000_000_000;
export const FLIGHT_END_MS = START_MS + 3 * 60 * 60_000;

/** One step of a run. Indices are taken modulo what exists, so that every list is a valid run. */
export type Step =
  | { readonly kind: "tick"; readonly ms: number }
  | { readonly kind: "ask"; readonly isolate: number }
  | { readonly kind: "commit"; readonly isolate: number; readonly campaign: number; readonly price: number }
  | { readonly kind: "rotate"; readonly isolate: number; readonly silently: boolean }
  | { readonly kind: "beacon"; readonly token: number; readonly batch: number }
  | { readonly kind: "round"; readonly wallet: number }
  | { readonly kind: "deliver"; readonly message: number; readonly crash: boolean; readonly keep: boolean }
  /** A quiet moment: an isolate draws, its wallet makes a round, and what is under way arrives. */
  | { readonly kind: "calm"; readonly isolate: number }
  | { readonly kind: "drop"; readonly message: number }
  | { readonly kind: "restart"; readonly wallet: number }
  | { readonly kind: "terms"; readonly campaign: number; readonly budget: number; readonly paused: boolean };

type Message =
  | {
      readonly kind: "draw";
      readonly wallet: number;
      readonly isolate: number;
      readonly askedMs: number;
      readonly body: DrawRequest;
    }
  | { readonly kind: "drawn"; readonly isolate: number; readonly askedMs: number; readonly body: DrawReply }
  | { readonly kind: "bill"; readonly wallet: number; readonly claims: readonly BillingClaim[] }
  | { readonly kind: "billed"; readonly claims: readonly BillingClaim[]; readonly body: BillReply }
  | { readonly kind: "report"; readonly wallet: number; readonly body: ReconcileReport }
  | {
      readonly kind: "granted";
      readonly wallet: number;
      readonly sent: ReconcileReport;
      readonly body: ReconcileReply;
    };

/** The whole world. */
export class MoneyWorld {
  nowMs = START_MS;
  readonly auditor = new Auditor();
  readonly ledgers = new Map<string, LedgerState>();
  readonly wallets: StoredWallet[];
  readonly messages: Message[] = [];
  readonly tokens: BillingClaim[] = [];
  readonly #purses: Purse[] = [];
  #serial = 0;

  constructor(budgetMicros: number) {
    this.wallets = WALLETS.map((name) => new StoredWallet(name, this.nowMs));
    CAMPAIGNS.forEach((_, campaign) => this.#configure(campaign, budgetMicros, false));
    for (let isolate = 0; isolate < ISOLATES; isolate++) this.#purses.push(this.#openPurse(isolate));
  }

  step(step: Step): void {
    if (step.kind === "tick") this.nowMs += step.ms;
    else if (step.kind === "ask") this.#ask(step.isolate);
    else if (step.kind === "commit") this.#commit(step.isolate, step.campaign, step.price);
    else if (step.kind === "rotate") this.#rotate(step.isolate, step.silently);
    else if (step.kind === "beacon") this.#beacon(step.token, step.batch);
    else if (step.kind === "round") this.round(step.wallet % WALLETS.length);
    else if (step.kind === "deliver") this.#deliverAt(step.message, step.crash, step.keep);
    else if (step.kind === "calm") this.#calm(step.isolate);
    else if (step.kind === "drop") this.#drop(step.message);
    else if (step.kind === "restart") at(this.wallets, step.wallet).restart(this.nowMs);
    else this.#configure(step.campaign, step.budget, step.paused);
  }

  /** Delivers what is under way until nothing is. */
  drain(): void {
    for (let i = 0; i < 10_000 && this.messages.length > 0; i++) this.#deliverAt(0, false, false);
  }

  /** One round of a wallet, as its alarm does it; lost reports are retried as if their ledger had failed. */
  round(index: number): void {
    const wallet = at(this.wallets, index);
    wallet.run((state) => tend(state, this.nowMs));
    for (const campaignId of campaignsDue(wallet.memory, this.nowMs)) {
      const body = wallet.run((state) => report(state, campaignId, this.nowMs));
      this.messages.push({ kind: "report", wallet: index, body });
    }
  }

  #openPurse(isolate: number): Purse {
    return newPurse(`purse${this.#serial++}`, at<string>(WALLETS, isolate));
  }

  /** Isolates' clocks are seconds apart. */
  #clockOf(isolate: number): number {
    return this.nowMs + (isolate - 2) * 1_500;
  }

  #ask(index: number): void {
    const isolate = index % ISOLATES;
    const askedMs = this.#clockOf(isolate);
    if (shouldRotate(at(this.#purses, isolate), askedMs)) this.#rotate(isolate, this.#serial % 2 === 0);
    const body = askFor(at(this.#purses, isolate), new Set(CAMPAIGNS), askedMs);
    this.messages.push({ kind: "draw", wallet: isolate % WALLETS.length, isolate, askedMs, body });
  }

  #commit(index: number, campaign: number, price: number): void {
    const isolate = index % ISOLATES;
    const purse = at(this.#purses, isolate);
    const campaignId = at<string>(CAMPAIGNS, campaign);
    const made = commit(purse, campaignId, micros(price), this.#clockOf(isolate));
    assertPurseInvariants(purse);
    if (!made.ok) return;
    const decisionId = `decision${this.#serial++}`;
    const ids = { decisionId, slot: 1, campaignId, lineItemId: "line", creativeId: "spot" };
    this.tokens.push({ ...ids, priceMicros: micros(price), ...made.value });
    this.auditor.committed += 1;
  }

  #calm(isolate: number): void {
    for (let i = 0; i < 2; i++) {
      this.nowMs += 1_000;
      this.#ask(isolate);
      this.drain();
      this.round((isolate % ISOLATES) % WALLETS.length);
      this.drain();
    }
    this.#ask(isolate);
    this.drain();
  }

  #rotate(index: number, silently: boolean): void {
    const isolate = index % ISOLATES;
    const wallet = isolate % WALLETS.length;
    const body = lastReport(at(this.#purses, isolate));
    if (!silently) this.messages.push({ kind: "draw", wallet, isolate, askedMs: this.#clockOf(isolate), body });
    this.#purses[isolate] = this.#openPurse(isolate);
  }

  #beacon(token: number, batch: number): void {
    if (this.tokens.length === 0) return;
    const first = at(this.tokens, token);
    const claims = [first];
    for (let i = 1; i < batch; i++) {
      const claim = at(this.tokens, token + i);
      if (claim.wallet === first.wallet) claims.push(claim);
    }
    this.sendBill(claims);
  }

  sendBill(claims: readonly BillingClaim[]): void {
    const wallet = WALLETS.findIndex((name) => name === claims[0]?.wallet);
    this.messages.push({ kind: "bill", wallet, claims });
  }

  #drop(index: number): void {
    if (this.messages.length === 0) return;
    const [lost] = this.messages.splice(index % this.messages.length, 1);
    if (lost?.kind === "report" || lost?.kind === "granted") {
      at(this.wallets, lost.wallet).run((state) =>
        missLedger(state, (lost.kind === "report" ? lost.body : lost.sent).campaignId, this.nowMs),
      );
    }
    if (lost?.kind === "billed") this.auditor.answerLost(lost.claims);
  }

  #deliverAt(index: number, crash: boolean, keep: boolean): void {
    if (this.messages.length === 0) return;
    const place = index % this.messages.length;
    const message = at(this.messages, place);
    // A kept message arrives again later: repeated and overtaken in one.
    if (!keep || this.messages.length > 200) this.messages.splice(place, 1);
    const answer = this.#deliver(message);
    if (crash && "wallet" in message && message.kind !== "report") {
      at(this.wallets, message.wallet).restart(this.nowMs);
      if (answer?.kind === "billed") this.auditor.answerLost(answer.claims);
      return;
    }
    if (answer === null) return;
    if (answer.kind === "billed") this.auditor.sent(answer.claims, answer.body.verdicts);
    this.messages.push(answer);
  }

  #deliver(message: Message): Message | null {
    if (message.kind === "drawn") {
      receive(at(this.#purses, message.isolate), message.body, message.askedMs);
      return null;
    }
    if (message.kind === "billed") {
      this.auditor.hear(message.claims, message.body.verdicts);
      return null;
    }
    const wallet = at(this.wallets, message.wallet);
    if (message.kind === "draw") {
      const body = wallet.run((state) => value(draw(state, message.body, this.nowMs)));
      return { kind: "drawn", isolate: message.isolate, askedMs: message.askedMs, body };
    }
    if (message.kind === "bill") {
      const seen = new Set(wallet.billed.keys());
      const body = wallet.run((state) => value(bill(state, message.claims, seen, this.nowMs)));
      return { kind: "billed", claims: message.claims, body };
    }
    if (message.kind === "granted") {
      wallet.run((state) => hearLedger(state, message.sent, message.body, this.nowMs));
      return null;
    }
    const ledger = present(this.ledgers.get(message.body.campaignId), "world: every campaign has a ledger");
    const { state, reply } = value(reconcile(ledger, message.body, this.nowMs));
    this.ledgers.set(message.body.campaignId, state);
    return { kind: "granted", wallet: message.wallet, sent: message.body, body: reply };
  }

  #configure(index: number, budget: number, paused: boolean): void {
    const campaignId = at<string>(CAMPAIGNS, index);
    const flight = { flightStartMs: START_MS, flightEndMs: FLIGHT_END_MS };
    const terms = { campaignId, budgetMicros: micros(budget), ...flight, pacing: "asap" as const };
    const status = paused ? ("paused" as const) : ("active" as const);
    const next = value(configure(this.ledgers.get(campaignId) ?? NEW_LEDGER, { ...terms, status }));
    assertLedgerInvariants(next);
    this.ledgers.set(campaignId, next);
    this.auditor.budgetSet(campaignId, budget);
  }
}

function value<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string },
): T {
  if (result.ok) return result.value;
  throw new Error(`the world sends nothing that is refused, yet: ${result.reason}`);
}
