/**
 * Break requests and what isolates do with them: for each slot the campaign that bids most and can pay, its price
 * committed, its token sealed and sent. The auction is as simple as it can be; what matters here is the money.
 */
import { micros, scaleMicrosDown } from "../../kernel/money.ts";
import type { RandomStream } from "../../kernel/random.ts";
import { MINUTE_MS } from "../../kernel/time.ts";
import { drawChance } from "../draw.ts";
import type { Auditor } from "./auditor.ts";
import type { EventQueue } from "./event_queue.ts";
import type { Isolate } from "./isolate.ts";
import type { LedgerObject } from "./ledger_object.ts";
import type { Network } from "./network.ts";
import type { Players } from "./player.ts";
import { sealClaim } from "./seal.ts";
import type { Scale, SimulatedCampaign } from "./swarm.ts";

/** What traffic is made of. */
export interface TrafficParts {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly random: RandomStream;
  readonly auditor: Auditor;
  readonly scale: Scale;
  readonly ledgers: ReadonlyMap<string, LedgerObject>;
  readonly players: Players;
  readonly anyIsolate: () => Isolate;
}

/** A campaign that could have one slot, at a price before pacing. */
interface Interest {
  readonly campaignId: string;
  readonly priceMicros: number;
}

/** Now and then nobody watches for a while, and purses lie untouched. */
const LULL = 0.002;
const LULL_MS_MAX = 2 * MINUTE_MS;

/** See the head of this file. */
export class Traffic {
  readonly #parts: TrafficParts;
  #decisions = 0;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
  }

  get isOver(): boolean {
    return this.#parts.auditor.tally.decisions >= this.#parts.scale.decisions;
  }

  /** The first request, which brings the next. */
  begin(): void {
    const { queue, random, scale } = this.#parts;
    const meanMs = scale.trafficMs / scale.decisions;
    const lullMs = drawChance(random, LULL) ? random.below(Math.min(LULL_MS_MAX, scale.trafficMs / 2)) : 0;
    queue.after(lullMs - meanMs * Math.log(1 - random.next()), () => {
      if (this.isOver) return;
      this.#request();
      this.begin();
    });
  }

  #request(): void {
    const { random, scale, anyIsolate } = this.#parts;
    const isolate = anyIsolate();
    const slots = 1 + random.below(scale.slotsMax);
    const interested = scale.campaigns.filter(() => drawChance(random, 0.85));
    const nowMs = isolate.clock.nowMs();
    const wanted = interested.map(({ terms }) => terms.campaignId);
    isolate.request(wanted, nowMs, () => this.#decide(isolate, interested, slots, nowMs));
  }

  #decide(isolate: Isolate, interested: readonly SimulatedCampaign[], slots: number, nowMs: number): void {
    const { auditor, random } = this.#parts;
    auditor.tally.decisions += 1;
    const decisionId = `d${this.#decisions++}`;
    for (let slot = 1; slot <= slots; slot++) {
      const interests = interested
        .map(({ terms, priceMicros }) => ({
          campaignId: terms.campaignId,
          priceMicros: Math.max(1, Math.round(priceMicros * (0.5 + random.next()))),
        }))
        .sort((a, b) => b.priceMicros - a.priceMicros);
      const floorShare = random.next() ** 2;
      for (const interest of interests)
        if (this.#win(isolate, interest, { decisionId, slot, floorShare }, nowMs)) break;
    }
  }

  /** Whether this campaign got the slot. */
  #win(
    isolate: Isolate,
    { campaignId, priceMicros }: Interest,
    place: { readonly decisionId: string; readonly slot: number; readonly floorShare: number },
    nowMs: number,
  ): boolean {
    const { auditor, ledgers } = this.#parts;
    const held = isolate.view(nowMs).get(campaignId);
    const paid = scaleMicrosDown(micros(priceMicros), held?.multiplierPpm ?? 1_000_000);
    if (paid < priceMicros * place.floorShare * 0.5) return false;
    const backing = isolate.commit(campaignId, paid, nowMs);
    if (backing === null) {
      const ledgerMs = ledgers.get(campaignId)?.clock.nowMs() ?? nowMs;
      auditor.lacked(campaignId, paid, ledgerMs, nowMs);
      return false;
    }
    const { decisionId, slot } = place;
    const ids = { decisionId, slot, campaignId, lineItemId: "line", creativeId: "spot" };
    const claim = { ...ids, priceMicros: paid, ...backing };
    const token = sealClaim(isolate.keys, claim);
    auditor.minted(token, claim, isolate.wallet.clock.nowMs());
    let taken = false;
    this.#parts.network.send(isolate.name, "players", () => {
      if (!taken) this.#parts.players.take(token, claim);
      taken = true;
    });
    return true;
  }
}
