/**
 * Players: they show what was decided, some of it, some of it late, and report it by beacons, which they repeat when
 * nobody answers and sometimes when somebody did. Strangers are here too: they send tokens that nobody gave them.
 */
import type { RandomStream } from "../../kernel/random.ts";
import { MINUTE_MS, SECOND_MS } from "../../kernel/time.ts";
import { FORGET_AFTER_MS, TOKEN_LIFETIME_MS } from "../../money/limits.ts";
import type { BillingClaim, BillVerdict } from "../../money/protocol.ts";
import { drawChance } from "../draw.ts";
import type { Auditor } from "./auditor.ts";
import type { Chronicle } from "./chronicle.ts";
import type { EventQueue } from "./event_queue.ts";
import type { Isolate } from "./isolate.ts";
import type { Network } from "./network.ts";
import { forge, openClaim } from "./seal.ts";
import type { Faults } from "./swarm.ts";

/** What players are made of. */
export interface PlayerParts {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly random: RandomStream;
  readonly auditor: Auditor;
  readonly chronicle: Chronicle;
  readonly faults: Faults;
  /** The isolate that a beacon reaches: any that lives. */
  readonly anyIsolate: () => Isolate;
}

/** How often a player sends a beacon that nobody answers, and how long it waits first; each wait is twice the last. */
const TRIES_MAX = 7;
const PATIENCE_MS = 4 * SECOND_MS;

/** See the head of this file. */
export class Players {
  readonly #parts: PlayerParts;

  constructor(parts: PlayerParts) {
    this.#parts = parts;
  }

  /** An ad reached its player. */
  take(token: string, claim: BillingClaim): void {
    const { random, faults, queue } = this.#parts;
    if (drawChance(random, faults.neverShown)) return;
    const late = drawChance(random, faults.beaconLate);
    // Around the moment when token and purse end, and long after.
    const lateMs = TOKEN_LIFETIME_MS + random.below(drawChance(random, 0.6) ? MINUTE_MS : 12 * MINUTE_MS);
    const playMs = late ? lateMs : 100 + random.below(45 * SECOND_MS);
    queue.after(playMs, () => {
      this.#parts.auditor.shown(claim);
      this.#send(token, 1);
    });
    if (drawChance(random, faults.beaconRepeated)) {
      const longest = drawChance(random, 0.1) ? TOKEN_LIFETIME_MS + 2 * FORGET_AFTER_MS : MINUTE_MS;
      queue.after(playMs + random.below(longest), () => this.#send(token, TRIES_MAX));
    }
    if (drawChance(random, faults.beaconForged)) {
      queue.after(playMs + random.below(MINUTE_MS), () => this.#send(forge(random, token), TRIES_MAX));
    }
  }

  /** Sends a beacon, and again while there is no answer. */
  #send(token: string, tries: number): void {
    const { network, anyIsolate } = this.#parts;
    const isolate = anyIsolate();
    network.call<BillVerdict | null>({
      from: "players",
      to: isolate.name,
      patienceMs: PATIENCE_MS,
      arrives: (answer) => this.#beacon(isolate, token, answer),
      answered: (verdict) => {
        if (verdict === null) this.#again(token, tries);
      },
      missed: () => this.#again(token, tries),
    });
  }

  #again(token: string, tries: number): void {
    if (tries >= TRIES_MAX) return;
    this.#parts.queue.after(SECOND_MS * 2 ** tries, () => this.#send(token, tries + 1));
  }

  /** The edge's beacon door. */
  #beacon(isolate: Isolate, token: string, answer: (verdict: BillVerdict | null) => void): void {
    if (!isolate.alive) return;
    const claim = openClaim(isolate.keys, token);
    if (claim !== null) {
      isolate.bill(claim, answer);
      return;
    }
    this.#parts.auditor.turnedAway(token, isolate.clock.nowMs());
    this.#parts.chronicle.note("invalid", isolate.name, token.length);
    answer("invalid");
  }
}
