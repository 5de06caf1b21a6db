/**
 * A ledger as its durable object runs it. Its whole state is one value, so its disk is the last one that was written.
 */
import { assert } from "../../kernel/assert.ts";
import type { RandomStream } from "../../kernel/random.ts";
import { ok, refused } from "../../kernel/result.ts";
import { configure, reconcile, writeOff, type WriteOffCommand } from "../../money/ledger.ts";
import { type LedgerState, ledgerStatus, NEW_LEDGER } from "../../money/ledger_state.ts";
import type { CampaignStatus, CampaignTerms, ReconcileReport } from "../../money/protocol.ts";
import { DurableHost, type ObjectFaults } from "./durable_object.ts";
import type { EventQueue, WallClock } from "./event_queue.ts";
import type { LedgerAnswer } from "./wallet_object.ts";
import type { LedgerWitness } from "./witness.ts";

/** What a ledger is made of. */
export interface LedgerParts {
  readonly campaignId: string;
  readonly queue: EventQueue;
  readonly random: RandomStream;
  readonly clock: WallClock;
  readonly auditor: LedgerWitness;
  readonly faults: ObjectFaults;
}

/** See the head of this file. */
export class LedgerObject {
  readonly place: string;
  readonly clock: WallClock;
  readonly host: DurableHost<LedgerState>;
  readonly #auditor: LedgerWitness;
  #disk = NEW_LEDGER;
  #state = NEW_LEDGER;

  constructor({ campaignId, queue, random, clock, auditor, faults }: LedgerParts) {
    this.place = `ledger:${campaignId}`;
    this.clock = clock;
    this.#auditor = auditor;
    this.host = new DurableHost(queue, random, faults, {
      store: (rows) => {
        this.#disk = rows.at(-1) ?? this.#disk;
      },
      load: () => {
        this.#state = this.#disk;
      },
      wake: () => {},
    });
  }

  /** Takes terms, unless nobody is there. */
  configure(terms: CampaignTerms, answer: () => void): void {
    if (!this.host.isThere) return;
    const nowMs = this.clock.nowMs();
    const next = configure(this.#state, terms, nowMs);
    assert(next.ok, "ledger: an operator's terms are sound");
    this.#state = next.value;
    this.host.commit(next.value, (leaves) => {
      this.#auditor.money.configured(terms, nowMs);
      if (leaves) answer();
    });
  }

  /** Takes a wallet's report, unless nobody is there. */
  reconcile(sent: ReconcileReport, answer: (body: LedgerAnswer) => void): void {
    if (!this.host.isThere) return;
    const nowMs = this.clock.nowMs();
    const outcome = reconcile(this.#state, sent, nowMs);
    if (!outcome.ok) {
      this.host.commit(null, (leaves) => {
        if (leaves) answer(refused(outcome.reason));
      });
      return;
    }
    const { state, reply } = outcome.value;
    this.#state = state;
    this.host.commit(state, (leaves) => {
      this.#auditor.granted(sent, reply, nowMs);
      if (leaves) answer(ok(reply));
    });
  }

  /** Gives up on a silent wallet's money, when the ledger agrees that it is silent. */
  writeOff(command: WriteOffCommand): boolean {
    if (!this.host.isThere) return false;
    const next = writeOff(this.#state, command, this.clock.nowMs());
    if (!next.ok) return false;
    this.#state = next.value;
    this.host.commit(next.value, () => {});
    return true;
  }

  /** Where the money is, as an operator is told. */
  status(): CampaignStatus | null {
    return ledgerStatus(this.#state, this.clock.nowMs());
  }
}
