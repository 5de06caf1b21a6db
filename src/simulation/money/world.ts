/**
 * The whole world of one seed: isolates, wallets, ledgers, players and an operator on one queue, and the faults that
 * happen to them. `run` lets traffic come until every decision is made, heals everything, waits until all is at rest,
 * and lets the operator give up on what lies on disks that were lost.
 */
import { assert, present } from "../../kernel/assert.ts";
import { type RandomStream, stream } from "../../kernel/random.ts";
import { HOUR_MS, MINUTE_MS } from "../../kernel/time.ts";
import { nameWallet } from "../../money/limits.ts";
import type { CampaignStatus } from "../../money/protocol.ts";
import { Auditor } from "./auditor.ts";
import { Chronicle } from "./chronicle.ts";
import { Desk } from "./desk.ts";
import { EventQueue, WallClock } from "./event_queue.ts";
import { Isolate } from "./isolate.ts";
import { LedgerObject } from "./ledger_object.ts";
import { Mishaps } from "./mishaps.ts";
import { Network } from "./network.ts";
import { Players } from "./player.ts";
import type { Keys } from "./seal.ts";
import type { Swarm } from "./swarm.ts";
import { Traffic } from "./traffic.ts";
import { WalletObject } from "./wallet_object.ts";

const REGIONS = ["eu", "sa", "us"] as const;
/** After traffic and faults: the longest beacon, its token, the memory of it, and room. */
const REST_MS = 2 * HOUR_MS;
/** A ledger writes in larger groups than a wallet. */
const LEDGER_FLUSH_TIMES = 6;
/** A run that needs more events than this for one decision never comes to rest. */
const EVENTS_PER_DECISION_MAX = 2_000;

/** See the head of this file. */
export class World {
  readonly queue: EventQueue;
  readonly chronicle: Chronicle;
  readonly auditor: Auditor;
  readonly network: Network;
  readonly ledgers = new Map<string, LedgerObject>();
  readonly wallets: WalletObject[] = [];
  readonly isolates: Isolate[] = [];
  readonly desk: Desk;
  /** What new isolates sign and verify with. */
  keys: Keys = ["key0"];
  readonly #swarm: Swarm;
  readonly #traffic: Traffic;
  readonly #mishaps: Mishaps;
  readonly #choice: RandomStream;
  readonly #skews: RandomStream;
  #isolatesMade = 0;

  constructor(swarm: Swarm, tracing: boolean) {
    this.#swarm = swarm;
    const { scale, faults } = swarm;
    this.#choice = this.#stream("choice");
    this.#skews = this.#stream("skews");
    this.queue = new EventQueue(scale.startMs);
    this.chronicle = new Chronicle(this.queue, tracing);
    this.auditor = new Auditor(this.chronicle, faults.clockStepMsMax);
    this.network = new Network(this.queue, this.#stream("network"), faults.network);
    for (const { terms } of scale.campaigns) this.ledgers.set(terms.campaignId, this.#newLedger(terms.campaignId));
    for (let i = 0; i < scale.wallets; i++) this.wallets.push(this.#newWallet(i));
    for (let i = 0; i < scale.isolates; i++) this.isolates.push(this.newIsolate());
    const { queue, chronicle, auditor, network } = this;
    const anyIsolate = (): Isolate => this.#anyIsolate();
    this.desk = new Desk({ queue, random: this.#stream("desk"), chronicle, ledgers: this.ledgers });
    const random = this.#stream("players");
    const players = new Players({ queue, network, random, auditor, chronicle, faults, anyIsolate });
    const traffic = { queue, network, random: this.#stream("traffic"), auditor, ledgers: this.ledgers };
    this.#traffic = new Traffic({ ...traffic, scale, players, anyIsolate });
    this.#mishaps = new Mishaps(this, faults, this.#stream("mishaps"));
  }

  /** Throws `InvariantBroken` when a law breaks. */
  run(): void {
    for (const { terms, begunAfterMs } of this.#swarm.scale.campaigns) {
      this.queue.after(begunAfterMs, () => this.desk.set(terms));
    }
    this.#mishaps.begin();
    this.#traffic.begin();
    while (!this.#traffic.isOver) this.#next(Number.POSITIVE_INFINITY);
    const aftermathMs = this.queue.nowMs + this.#swarm.faults.aftermathMs;
    while (this.#next(aftermathMs));
    this.#mishaps.end();
    const restMs = this.queue.nowMs + REST_MS;
    while (this.#next(restMs));
    assert(this.queue.waiting === 0, "world: when traffic and faults are over, all comes to rest");
    this.queue.nowMs = restMs;
    this.desk.writeOffStuck();
    while (this.#next(restMs + MINUTE_MS));
  }

  /** Where a campaign's money is, as an operator is told. */
  status(campaignId: string): CampaignStatus {
    return present(this.ledgers.get(campaignId)?.status(), "world: every campaign has a ledger with terms");
  }

  /** An isolate that is born, with a clock of its own, near one of the wallets. */
  newIsolate(): Isolate {
    const wallet = present(this.wallets[this.#choice.below(this.wallets.length)], "world: there is a wallet");
    const walletNamed = (name: string): WalletObject | undefined => this.wallets.find((one) => one.name === name);
    const { queue, network, keys } = this;
    const name = `isolate${this.#isolatesMade++}`;
    return new Isolate({ name, queue, network, clock: this.#newClock(), wallet, walletNamed, keys });
  }

  #anyIsolate(): Isolate {
    return present(this.isolates[this.#choice.below(this.isolates.length)], "world: there is an isolate");
  }

  #newLedger(campaignId: string): LedgerObject {
    const { queue, auditor } = this;
    const random = this.#stream(`ledger ${campaignId}`);
    const { objects } = this.#swarm.faults;
    const faults = { ...objects, flushMsMax: objects.flushMsMax * LEDGER_FLUSH_TIMES };
    return new LedgerObject({ campaignId, queue, random, clock: this.#newClock(), auditor, faults });
  }

  #newWallet(i: number): WalletObject {
    const { queue, network, auditor } = this;
    const name = nameWallet(REGIONS[i % REGIONS.length] ?? "eu", i);
    const random = this.#stream(name);
    const { objects, alarmTwice } = this.#swarm.faults;
    const ledgerAt = (id: string): LedgerObject => present(this.ledgers.get(id), "world: every campaign has a ledger");
    const faults = { ...objects, alarmTwice };
    return new WalletObject({ name, queue, network, random, clock: this.#newClock(), auditor, faults, ledgerAt });
  }

  #newClock(): WallClock {
    const most = this.#swarm.faults.skewMsMax;
    return new WallClock(this.queue, Math.round((2 * this.#skews.next() - 1) * most));
  }

  #stream(purpose: string): RandomStream {
    return stream(String(this.#swarm.seed), purpose);
  }

  #next(horizonMs: number): boolean {
    const most = EVENTS_PER_DECISION_MAX * this.#swarm.scale.decisions;
    assert(this.queue.happened < most, "world: it comes to rest in a bounded number of events");
    return this.queue.next(horizonMs);
  }
}
