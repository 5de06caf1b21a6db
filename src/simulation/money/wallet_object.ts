/**
 * A wallet as its durable object runs it: the pure machine, a journal, an alarm, reports to ledgers of which at most
 * one a campaign is under way. Mirrors the object that serves, with the platform taken out.
 */
import { assert } from "../../kernel/assert.ts";
import type { RandomStream } from "../../kernel/random.ts";
import type { Result } from "../../kernel/result.ts";
import type { ReconcileRefusal } from "../../money/ledger.ts";
import { RECONCILE_ROUND_MS, RECONCILE_TIMEOUT_MS } from "../../money/limits.ts";
import type {
  BillingClaim,
  BillReply,
  DrawReply,
  DrawRequest,
  ReconcileReply,
  ReconcileReport,
} from "../../money/protocol.ts";
import { bill, draw } from "../../money/wallet.ts";
import {
  campaignsDue,
  hearLedger,
  hearUnknown,
  missLedger,
  nextRoundMs,
  report,
  tend,
} from "../../money/wallet_rounds.ts";
import {
  applyChanges,
  assertWalletInvariants,
  newWallet,
  type Outcome,
  type WalletChanges,
  type WalletState,
} from "../../money/wallet_state.ts";
import { drawChance } from "../draw.ts";
import { DurableHost, type ObjectFaults } from "./durable_object.ts";
import type { EventQueue, WallClock } from "./event_queue.ts";
import type { Network } from "./network.ts";
import { RowDisk, SpelledDisk, type WalletDisk } from "./wallet_disk.ts";
import type { WalletWitness } from "./witness.ts";

/** A ledger's answer as it comes over the wire. */
export type LedgerAnswer = Result<ReconcileReply, ReconcileRefusal>;

/** What a wallet is made of. */
export interface WalletParts {
  readonly name: string;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly random: RandomStream;
  readonly clock: WallClock;
  readonly auditor: WalletWitness;
  readonly faults: ObjectFaults & { readonly alarmTwice: number };
  /** Left out: one of its own. */
  readonly disk?: WalletDisk;
  /** Where reports go. */
  readonly ledgerAt: (campaignId: string) => {
    readonly place: string;
    readonly clock: WallClock;
    reconcile(sent: ReconcileReport, answer: (body: LedgerAnswer) => void): void;
  };
}

/** A round never follows the one before sooner than this. */
const ROUND_GAP_MS = 50;
/** Share of wallets whose disk is text. */
const SPELLED_DISKS = 0.1;

/** See the head of this file. */
export class WalletObject {
  readonly host: DurableHost<WalletChanges>;
  readonly #parts: WalletParts;
  readonly #disk: WalletDisk;
  #state: WalletState;
  #armedMs = Number.POSITIVE_INFINITY;
  /** Campaigns whose report is being written, and those whose ledger has not answered yet. */
  readonly #reporting = new Set<string>();
  readonly #asking = new Set<string>();
  #storages = 0;
  /** How often the alarm was set, and how often it rang. */
  alarmsSet = 0;
  alarmsRung = 0;

  constructor(parts: WalletParts) {
    this.#parts = parts;
    const { queue, random, faults, name } = parts;
    this.#disk = parts.disk ?? (drawChance(random, SPELLED_DISKS) ? new SpelledDisk() : new RowDisk());
    this.#state = newWallet(name, this.#incarnation(), parts.clock.nowMs());
    this.host = new DurableHost(queue, random, faults, {
      store: (rows) => this.#disk.store(rows),
      load: (livesOn) => this.#load(livesOn),
      wake: () => this.#arm(0),
    });
  }

  get name(): string {
    return this.#parts.name;
  }

  get clock(): WallClock {
    return this.#parts.clock;
  }

  get incarnation(): string {
    return this.#state.incarnation;
  }

  /** Takes a draw, unless nobody is there. */
  draw(request: DrawRequest, answer: (reply: DrawReply) => void): void {
    if (!this.host.isThere) return;
    const nowMs = this.clock.nowMs();
    const holder = this.#holder();
    this.#run(unwrap(draw(this.#state, request, nowMs)), (reply, leaves) => {
      this.#parts.auditor.drawn(holder, reply, request);
      if (leaves) answer(reply);
    });
    this.#arm(0);
  }

  /** Takes a batch of impressions, unless nobody is there. */
  bill(claims: readonly BillingClaim[], answer: (reply: BillReply) => void): void {
    if (!this.host.isThere) return;
    const { auditor, ledgerAt } = this.#parts;
    const nowMs = this.clock.nowMs();
    const holder = this.#holder();
    this.#run(unwrap(bill(this.#state, claims, nowMs)), (reply, leaves) => {
      auditor.decided(holder, claims, reply.verdicts, nowMs, (id) => ledgerAt(id).clock.nowMs());
      if (leaves) answer(reply);
    });
    this.#arm(0);
  }

  /** The storage is gone for good, with all the money in it: another holder starts under the old name. */
  loseDisk(): void {
    this.#disk.lose();
    this.#storages += 1;
    this.host.die(false);
  }

  #alarm(atMs: number): void {
    if (this.#armedMs !== atMs) return;
    this.#armedMs = Number.POSITIVE_INFINITY;
    this.alarmsRung += 1;
    this.#round();
    if (drawChance(this.#parts.random, this.#parts.faults.alarmTwice)) this.#round();
  }

  /** One round: close and return what is due, report to ledgers, arm the next. */
  #round(): void {
    const { life } = this.host;
    const nowMs = this.clock.nowMs();
    this.#run(tend(this.#state, nowMs), () => {});
    const busy = (campaignId: string): boolean => this.#asking.has(campaignId) || this.#reporting.has(campaignId);
    const due = campaignsDue(this.#state, nowMs).filter((campaignId) => !busy(campaignId));
    let open = due.length;
    const over = (): void => {
      open -= 1;
      if (open === 0 && life === this.host.life) this.#arm(ROUND_GAP_MS);
    };
    for (const campaignId of due) this.#reconcile(campaignId, over);
    if (open === 0) this.#arm(ROUND_GAP_MS);
    else {
      this.#parts.queue.after(RECONCILE_ROUND_MS, () => {
        if (open > 0 && life === this.host.life) this.#arm(ROUND_GAP_MS);
      });
    }
  }

  #reconcile(campaignId: string, over: () => void): void {
    const { auditor, network, ledgerAt } = this.#parts;
    const { life } = this.host;
    const ledger = ledgerAt(campaignId);
    this.#reporting.add(campaignId);
    this.#run(report(this.#state, campaignId, this.clock.nowMs()), (sent, leaves) => {
      auditor.reported(sent);
      if (!leaves) return;
      this.#reporting.delete(campaignId);
      this.#asking.add(campaignId);
      let open = true;
      const then = (next: () => void): void => {
        if (life !== this.host.life) return;
        next();
        // An echo is heard, but it ends no other report's wait.
        if (!open) return;
        open = false;
        this.#asking.delete(campaignId);
        over();
      };
      network.call<LedgerAnswer>({
        from: this.name,
        to: ledger.place,
        patienceMs: RECONCILE_TIMEOUT_MS,
        arrives: (answer) => ledger.reconcile(sent, answer),
        answered: (answer) => then(() => this.#hear(sent, answer)),
        missed: () => then(() => this.#run(missLedger(this.#state, campaignId, this.clock.nowMs()), () => {})),
      });
    });
  }

  #hear(sent: ReconcileReport, answer: LedgerAnswer): void {
    const nowMs = this.clock.nowMs();
    if (!answer.ok) {
      assert(answer.reason === "campaign_unknown", `ledger: every honest report is taken, yet ${answer.reason}`);
      this.#run(hearUnknown(this.#state, sent, nowMs), () => {});
      return;
    }
    const holder = this.#holder();
    this.#run(hearLedger(this.#state, sent, answer.value, nowMs), () =>
      this.#parts.auditor.heard(holder, answer.value),
    );
  }

  /** One command: decide, apply, check the laws; its words leave when its rows are safe. */
  #run<Reply>({ reply, changes }: Outcome<Reply>, words: (reply: Reply, leaves: boolean) => void): void {
    applyChanges(this.#state, changes);
    const touched = new Set(changes.accounts.map((row) => row.campaignId));
    for (const { line } of changes.lines) touched.add(line.campaignId);
    if (touched.size > 0) assertWalletInvariants(this.#state, touched);
    this.host.commit(changes, (leaves) => words(reply, leaves));
  }

  /** An object that lives on keeps its alarm, and hears what it is waiting for. */
  #load(livesOn: boolean): void {
    this.#parts.auditor.forgot(this.#holder());
    this.#state = newWallet(this.name, this.#incarnation(), this.clock.nowMs());
    this.#disk.load(this.#state);
    assertWalletInvariants(this.#state);
    this.#reporting.clear();
    if (livesOn) return;
    this.#armedMs = Number.POSITIVE_INFINITY;
    this.#asking.clear();
  }

  /** Sets the alarm for the next round, no sooner than the gap, unless it is set for then or earlier. */
  #arm(gapMs: number): void {
    const nowMs = this.clock.nowMs();
    const nextMs = nextRoundMs(this.#state, nowMs);
    if (nextMs === null) return;
    const atMs = Math.max(
      nextMs,
      nowMs + Math.max(gapMs, this.#asking.size + this.#reporting.size > 0 ? ROUND_GAP_MS : 0),
    );
    if (atMs >= this.#armedMs) return;
    this.#armedMs = atMs;
    this.alarmsSet += 1;
    const { life } = this.host;
    this.#parts.queue.at(this.clock.trueMs(atMs), () => {
      if (life === this.host.life && this.host.isThere) this.#alarm(atMs);
    });
  }

  #holder(): { readonly wallet: string; readonly incarnation: string } {
    return { wallet: this.name, incarnation: this.#state.incarnation };
  }

  #incarnation(): string {
    return `storage${this.#storages}`;
  }
}

function unwrap<Reply, Reason>(result: Result<Outcome<Reply>, Reason>): Outcome<Reply> {
  assert(result.ok, "wallet: nothing that the world sends is refused");
  return result.value;
}
