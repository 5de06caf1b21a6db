/**
 * What happens to a world while traffic comes: partings of the network, deaths of isolates and objects, disks that are
 * lost, clocks that step, a wallet that hears no ledger for a long time, edits by the operator, keys that rotate. Each
 * has its own rhythm. When traffic is over everything is healed; what was begun (a rotation of keys) is finished.
 */
import type { RandomStream } from "../../kernel/random.ts";
import { MINUTE_MS, SECOND_MS } from "../../kernel/time.ts";
import { STUCK_AFTER_MS, TOKEN_LIFETIME_MS } from "../../money/limits.ts";
import { drawChance } from "../draw.ts";
import type { WallClock } from "./event_queue.ts";
import { type Faults, NO_FAULTS } from "./swarm.ts";
import type { Keys } from "./seal.ts";
import type { World } from "./world.ts";

/** A new key signs when every isolate has it; the old one goes when its last token has expired, with room for skew. */
const KEY_EVERYWHERE_MS = 10 * SECOND_MS;
const KEY_OUTLIVED_MS = TOKEN_LIFETIME_MS + 3 * MINUTE_MS;
const LOOK_FOR_STUCK_MS = MINUTE_MS;
const STEP_MS = 10 * MINUTE_MS;

/** See the head of this file. */
export class Mishaps {
  readonly #world: World;
  readonly #faults: Faults;
  readonly #random: RandomStream;
  readonly #trueSkews = new Map<WallClock, number>();
  #over = false;
  #rotating = false;
  #keysMade = 1;

  constructor(world: World, faults: Faults, random: RandomStream) {
    this.#world = world;
    this.#faults = faults;
    this.#random = random;
  }

  begin(): void {
    const faults = this.#faults;
    this.#every(faults.partEveryMs, () => this.#world.network.part(this.#random.below(faults.partMsMax)));
    this.#every(faults.isolateDeathEveryMs, () => this.#killIsolate());
    this.#every(faults.objectDeathEveryMs, () => this.#any(this.#objects())?.host.die(drawChance(this.#random, 0.5)));
    this.#every(faults.diskLossEveryMs, () => this.#any(this.#world.wallets)?.loseDisk());
    this.#every(faults.editEveryMs, () => this.#world.desk.edit());
    this.#every(faults.keyRotationEveryMs, () => this.#rotateKeys());
    this.#every(faults.clockStepMsMax > 0 ? 20 * SECOND_MS : 0, () => this.#stepClock());
    if (faults.exile) this.#exile();
  }

  /** Everything is healed, and nothing more happens. */
  end(): void {
    this.#over = true;
    const { network } = this.#world;
    network.faults = NO_FAULTS.network;
    network.join();
    network.recall();
    for (const { host } of this.#objects()) host.faults = NO_FAULTS.objects;
  }

  /** Again and again, at random moments with this mean distance. */
  #every(meanMs: number, happens: () => void): void {
    if (meanMs === 0) return;
    this.#wait(-meanMs * Math.log(1 - this.#random.next()), () => {
      happens();
      this.#every(meanMs, happens);
    });
  }

  /** Waits in steps, so that no distant mishap is still planned when all is over and the world should be at rest. */
  #wait(leftMs: number, then: () => void): void {
    const stepMs = Math.min(leftMs, STEP_MS);
    this.#world.queue.after(stepMs, () => {
      if (this.#over) return;
      if (leftMs > stepMs) this.#wait(leftMs - stepMs, then);
      else then();
    });
  }

  #objects() {
    return [...this.#world.wallets, ...this.#world.ledgers.values()];
  }

  #any<T>(items: readonly T[]): T | undefined {
    return items[this.#random.below(Math.max(1, items.length))];
  }

  #killIsolate(): void {
    const { isolates } = this.#world;
    const place = this.#random.below(isolates.length);
    const dying = isolates[place];
    if (dying === undefined) return;
    dying.alive = false;
    isolates[place] = this.#world.newIsolate();
  }

  /** A wallet's or isolate's clock moves, never further from where it was than half the largest step. */
  #stepClock(): void {
    const clock = this.#any([...this.#world.wallets, ...this.#world.isolates])?.clock;
    if (clock === undefined) return;
    const trueSkewMs = this.#trueSkews.get(clock) ?? clock.skewMs;
    this.#trueSkews.set(clock, trueSkewMs);
    clock.skewMs = trueSkewMs + Math.round((this.#random.next() - 0.5) * this.#faults.clockStepMsMax);
  }

  /** One wallet hears no ledger until an operator has given up on it, and then comes back. */
  #exile(): void {
    const { queue, network, wallets, desk } = this.#world;
    const name = this.#any(wallets)?.name;
    if (name === undefined) return;
    queue.after(this.#random.below(MINUTE_MS), () => network.exile(name, "ledger:"));
    const backMs = STUCK_AFTER_MS + 2 * MINUTE_MS + this.#random.below(5 * MINUTE_MS);
    queue.after(backMs, () => network.recall());
    const look = (): void => {
      if (this.#over) return;
      desk.writeOffStuck();
      queue.after(LOOK_FOR_STUCK_MS, look);
    };
    look();
  }

  #rotateKeys(): void {
    if (this.#rotating) return;
    this.#rotating = true;
    const { queue } = this.#world;
    const fresh = `key${this.#keysMade++}`;
    const before = this.#world.keys;
    this.#deploy([...before, fresh]);
    queue.after(KEY_EVERYWHERE_MS, () => this.#deploy([fresh, ...before]));
    queue.after(KEY_EVERYWHERE_MS + KEY_OUTLIVED_MS, () => {
      this.#deploy([fresh]);
      this.#rotating = false;
    });
  }

  #deploy(keys: Keys): void {
    this.#world.keys = keys;
    for (const isolate of this.#world.isolates) isolate.keys = keys;
  }
}
