/**
 * A fleet at scale: the real purses, wallets and ledgers on the simulator's queue and network, with a viewer's
 * decisions drawn per isolate and tick instead of one by one. Nothing fails here; what breaks when things fail is the
 * business of src/simulation/money.
 */
import { present } from "../../kernel/assert.ts";
import { type RandomStream, stream } from "../../kernel/random.ts";
import { nameWallet } from "../../money/limits.ts";
import { isWritten } from "../../money/wallet_codec.ts";
import type { WalletChanges } from "../../money/wallet_state.ts";
import { EventQueue, WallClock } from "../money/event_queue.ts";
import { Isolate } from "../money/isolate.ts";
import { LedgerObject } from "../money/ledger_object.ts";
import { Network } from "../money/network.ts";
import { NO_FAULTS } from "../money/swarm.ts";
import type { WalletDisk } from "../money/wallet_disk.ts";
import { WalletObject } from "../money/wallet_object.ts";
import { LagTrace } from "./lag_trace.ts";
import { drawPrice } from "./landscape.ts";
import { FleetMeter, hasMoney } from "./meter.ts";
import { FLEET_START_MS, type FleetCampaign, type FleetScenario, REGIONS } from "./scenario.ts";
import { FleetViewers } from "./viewers.ts";

/** Shortest time between two writes, as the Durable Objects keep it. */
const WALLET_GAP_MS = 40;
const LEDGER_GAP_MS = 250;
/** A disk takes up to this long. */
const FLUSH_MS_MAX = 5;
/** Some messages take much longer than usual. */
const SLOW = { slow: 0.001, slowMsMax: 1_000 };
/** Distance of an isolate from the wallet of its region, one way. */
const NEAR_MS = { least: 3, spread: 22 };
/** How often it is looked who has heard of which commits. */
const LOOK_MS = 20;

/** A disk that only counts its rows: objects that never die read nothing back. */
class CountingDisk implements WalletDisk {
  rows = 0;

  store(group: readonly WalletChanges[]): void {
    if (group.some(isWritten)) this.rows += 1;
  }

  load(): void {}

  lose(): void {}
}

/** See the head of this file. */
export class Fleet {
  readonly queue = new EventQueue(FLEET_START_MS);
  readonly trace: LagTrace;
  readonly meter: FleetMeter;
  readonly wallets: readonly WalletObject[];
  readonly ledgers: ReadonlyMap<string, LedgerObject>;
  readonly isolates: readonly Isolate[];
  /** The campaign that is measured. */
  readonly measured: string;
  decisions = 0;
  readonly #scenario: FleetScenario;
  readonly #network: Network;
  readonly #viewers: FleetViewers;
  readonly #random: RandomStream;
  readonly #nearMs = new Map<string, number>();
  readonly #disks = new Map<WalletObject, CountingDisk>();

  constructor(scenario: FleetScenario) {
    this.#scenario = scenario;
    const { campaigns } = scenario;
    const length = Math.min(scenario.probes, scenario.isolates);
    const probes = Array.from({ length }, (_, i) => isolateName(Math.floor((i * scenario.isolates) / length)));
    this.measured = present(campaigns[0], "fleet: there is a campaign to measure").terms.campaignId;
    this.trace = new LagTrace(this.measured, probes);
    this.meter = new FleetMeter(campaigns, this.trace);
    const faults = { ...NO_FAULTS.network, ...SLOW };
    const distanceMs = (from: string, to: string): number => this.#distanceMs(from, to);
    this.#network = new Network(this.queue, this.#stream("network"), faults, distanceMs);
    this.#viewers = new FleetViewers(this.queue, this.#stream("viewers"), scenario.gatherMs);
    this.#random = this.#stream("decisions");
    this.ledgers = new Map(campaigns.map(({ terms }) => [terms.campaignId, this.#newLedger(terms.campaignId)]));
    this.wallets = Array.from({ length: scenario.wallets }, (_, i) => this.#newWallet(i));
    this.isolates = Array.from({ length: scenario.isolates }, (_, i) => this.#newIsolate(i));
    for (const { terms } of campaigns) this.ledgers.get(terms.campaignId)?.configure(terms, () => {});
    for (const isolate of this.isolates) this.#join(isolate);
    if (length > 0) this.#look();
  }

  /** Lets this much more time pass. */
  run(forMs: number): void {
    const untilMs = this.queue.nowMs + forMs;
    while (this.queue.next(untilMs));
    this.queue.nowMs = untilMs;
  }

  /** Journal rows that a wallet has written. */
  rowsOf(wallet: WalletObject): number {
    return this.#disks.get(wallet)?.rows ?? 0;
  }

  #join(isolate: Isolate): void {
    const { joinMs, tickMs } = this.#scenario;
    this.queue.after(this.#random.below(Math.max(joinMs, tickMs)), () => {
      this.trace.joins(isolate.name);
      this.#tick(isolate);
    });
  }

  /** The decisions of one isolate in one tick. */
  #tick(isolate: Isolate): void {
    const { tickMs, decisionsPerSec, isolates, campaigns } = this.#scenario;
    const decisions = (decisionsPerSec * tickMs) / 1_000 / isolates;
    this.decisions += decisions;
    const nowMs = this.queue.nowMs;
    const chances = campaigns.map((campaign) => drawCount(this.#random, decisions * campaign.reach));
    const wanted = campaigns.flatMap(({ terms }, i) => Array<string>(chances[i] ?? 0).fill(terms.campaignId));
    if (wanted.length > 0) {
      isolate.request(wanted, nowMs, () => {
        for (const [i, campaign] of campaigns.entries()) this.#bid(isolate, campaign, chances[i] ?? 0);
      });
    }
    this.queue.after(tickMs, () => this.#tick(isolate));
  }

  /** One campaign bids for so many slots. */
  #bid(isolate: Isolate, campaign: FleetCampaign, chances: number): void {
    const { campaignId, flightEndMs } = campaign.terms;
    const nowMs = this.queue.nowMs;
    if (chances === 0 || nowMs >= flightEndMs) return;
    const books = this.meter.of(campaignId);
    const multiplierPpm = isolate.view(nowMs).get(campaignId)?.multiplierPpm ?? books.multiplierPpm;
    for (let chance = 0; chance < chances; chance++) {
      const priceMicros = drawPrice(this.#random, campaign.landscape, multiplierPpm);
      if (priceMicros === null) continue;
      books.spentOnce ||= !hasMoney(books, nowMs);
      books.wins += books.spentOnce ? 0 : 1;
      const backing = isolate.commit(campaignId, priceMicros, nowMs);
      if (backing === null) {
        books.lacked += books.spentOnce ? 0 : 1;
        continue;
      }
      books.committed += 1;
      books.committedMicros += priceMicros;
      books.pendingMicros += priceMicros;
      if (campaignId === this.measured) this.trace.committed(isolate.name, backing.purseId, nowMs);
      const ids = { decisionId: "d", slot: 1, campaignId, lineItemId: "line", creativeId: "spot" };
      const seen = this.#viewers.take(isolate.wallet, { ...ids, priceMicros, ...backing });
      if (!seen) {
        this.queue.at(this.meter.closeMs(backing.purseId), () => {
          books.pendingMicros -= priceMicros;
        });
      }
    }
  }

  #look(): void {
    this.trace.look(this.queue.nowMs);
    this.queue.after(LOOK_MS, () => this.#look());
  }

  #newLedger(campaignId: string): LedgerObject {
    const { queue, meter: auditor } = this;
    const faults = { ...NO_FAULTS.objects, flushMsMax: FLUSH_MS_MAX, gapMs: LEDGER_GAP_MS };
    const random = this.#stream(campaignId);
    return new LedgerObject({ campaignId, queue, random, clock: new WallClock(queue, 0), auditor, faults });
  }

  #newWallet(i: number): WalletObject {
    const { queue, meter: auditor } = this;
    const region = present(REGIONS[i % REGIONS.length], "fleet: a region");
    const name = nameWallet(region.name, Math.floor(i / REGIONS.length));
    this.#nearMs.set(name, region.ledgerMs);
    const faults = { ...NO_FAULTS.objects, flushMsMax: FLUSH_MS_MAX, gapMs: WALLET_GAP_MS, alarmTwice: 0 };
    const ledgerAt = (id: string): LedgerObject => present(this.ledgers.get(id), "fleet: a ledger for every campaign");
    const parts = { queue, network: this.#network, random: this.#stream(name), auditor, faults, ledgerAt };
    const disk = new CountingDisk();
    const wallet = new WalletObject({ name, clock: new WallClock(queue, 0), disk, ...parts });
    this.#disks.set(wallet, disk);
    return wallet;
  }

  #newIsolate(i: number): Isolate {
    const { queue } = this;
    const name = isolateName(i);
    this.#nearMs.set(name, NEAR_MS.least + this.#random.below(NEAR_MS.spread));
    const wallet = present(this.wallets[i % this.wallets.length], "fleet: there is a wallet");
    const filled = (reply: Parameters<LagTrace["filled"]>[1]): void => this.trace.filled(name, reply);
    const parts = { queue, network: this.#network, clock: new WallClock(queue, 0), keys: ["key0"], filled };
    return new Isolate({ name, wallet, walletNamed: noWallet, ...parts });
  }

  /** Isolates and wallets talk within a region; wallets and ledgers over the distance of the region. */
  #distanceMs(from: string, to: string): number {
    const isolate = from.startsWith("isolate") ? from : to.startsWith("isolate") ? to : null;
    const wallet = from.startsWith("wallet") ? from : to;
    return this.#nearMs.get(isolate ?? wallet) ?? 0;
  }

  #stream(purpose: string): RandomStream {
    return stream(this.#scenario.seed, purpose);
  }
}

/** Fleet isolates bill nothing themselves: viewers hand their beacons to wallets. */
function noWallet(): undefined {
  return undefined;
}

function isolateName(i: number): string {
  return `isolate${i}`;
}

/** A whole number with this mean (Poisson, by multiplication). Requires: a mean of some tens at most. */
function drawCount(random: RandomStream, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count += 1;
  return count;
}
