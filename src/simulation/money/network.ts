/**
 * The network between purse, wallet, ledger and player: it delays, loses, repeats and reorders messages, and for a
 * while may not join two halves of the world at all. A call is a request and its answer; whoever calls hears the first
 * answer in time, or that there was none. An echo is an answer heard once more, later, when newer ones have come.
 */
import type { RandomStream } from "../../kernel/random.ts";
import { drawChance } from "../draw.ts";
import type { EventQueue } from "./event_queue.ts";

/** How bad the network is. Shares: 0 to 1. */
export interface NetworkFaults {
  readonly delayMs: number;
  readonly loss: number;
  readonly duplicate: number;
  readonly slow: number;
  readonly slowMsMax: number;
  readonly echo: number;
}

/** One request and what may come of it. */
export interface Call<Answer> {
  readonly from: string;
  readonly to: string;
  readonly patienceMs: number;
  /** The request arrives, possibly twice. Whatever it asks answers by `answer`, or never. */
  readonly arrives: (answer: (body: Answer) => void) => void;
  readonly answered: (body: Answer) => void;
  /** No answer in time. */
  readonly missed: () => void;
}

/** See the head of this file. */
export class Network {
  faults: NetworkFaults;
  readonly #queue: EventQueue;
  readonly #random: RandomStream;
  /** Which half of the world each place is in; empty while there is one. */
  readonly #halves = new Map<string, number>();
  #parted = false;
  #exile: { readonly place: string; readonly fromPrefix: string } | null = null;

  /** Usual delay between two places where that depends on them; else it is the same everywhere. */
  readonly #distanceMs: ((from: string, to: string) => number) | null;

  constructor(
    queue: EventQueue,
    random: RandomStream,
    faults: NetworkFaults,
    distanceMs: ((from: string, to: string) => number) | null = null,
  ) {
    this.#queue = queue;
    this.#random = random;
    this.faults = faults;
    this.#distanceMs = distanceMs;
  }

  /** Parts the world in two for a while. A parting while it is parted changes who is on which side. */
  part(forMs: number): void {
    this.#halves.clear();
    this.#parted = true;
    this.#queue.after(forMs, () => this.join());
  }

  join(): void {
    this.#parted = false;
  }

  /** Nothing passes between this place and any place whose name begins like that, until `recall`. */
  exile(place: string, fromPrefix: string): void {
    this.#exile = { place, fromPrefix };
  }

  recall(): void {
    this.#exile = null;
  }

  /** One message, delivered never, once or twice. */
  send(from: string, to: string, deliver: () => void): void {
    const copies = drawChance(this.#random, this.faults.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#isCut(from, to) || drawChance(this.#random, this.faults.loss)) continue;
      this.#queue.after(this.#delayMs(from, to), deliver);
    }
  }

  /** A request and its answer. */
  call<Answer>(call: Call<Answer>): void {
    let open = true;
    const hear = (body: Answer): void => {
      if (!open) return;
      open = false;
      call.answered(body);
      if (!drawChance(this.#random, this.faults.echo)) return;
      this.#queue.after(this.#random.below(Math.max(1, this.faults.slowMsMax)), () => call.answered(body));
    };
    const answer = (body: Answer): void => this.send(call.to, call.from, () => hear(body));
    this.send(call.from, call.to, () => call.arrives(answer));
    this.#queue.after(call.patienceMs, () => {
      if (!open) return;
      open = false;
      call.missed();
    });
  }

  #isCut(from: string, to: string): boolean {
    const exile = this.#exile;
    if (exile?.place === from && to.startsWith(exile.fromPrefix)) return true;
    if (exile?.place === to && from.startsWith(exile.fromPrefix)) return true;
    return this.#parted && this.#halfOf(from) !== this.#halfOf(to);
  }

  #halfOf(place: string): number {
    const known = this.#halves.get(place);
    if (known !== undefined) return known;
    const half = this.#random.below(2);
    this.#halves.set(place, half);
    return half;
  }

  /** The usual delay with an exponential tail; a slow message takes anything up to the longest. */
  #delayMs(from: string, to: string): number {
    const { slow, slowMsMax } = this.faults;
    if (drawChance(this.#random, slow)) return this.#random.below(Math.max(1, slowMsMax));
    const delayMs = this.#distanceMs?.(from, to) ?? this.faults.delayMs;
    return delayMs * (0.5 - Math.log(1 - this.#random.next()) * 0.5);
  }
}
