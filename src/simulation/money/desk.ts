/**
 * The operator's desk: terms edited in mid-flight, wallets that have been silent too long written off. An operator
 * whose command was not answered sends it again.
 */
import { type Micros, micros } from "../../kernel/money.ts";
import type { RandomStream } from "../../kernel/random.ts";
import { SECOND_MS } from "../../kernel/time.ts";
import type { CampaignTerms } from "../../money/protocol.ts";
import type { Chronicle } from "./chronicle.ts";
import type { EventQueue } from "./event_queue.ts";
import type { LedgerObject } from "./ledger_object.ts";

/** What the desk is made of. */
export interface DeskParts {
  readonly queue: EventQueue;
  readonly random: RandomStream;
  readonly chronicle: Chronicle;
  readonly ledgers: ReadonlyMap<string, LedgerObject>;
}

const AGAIN_MS = 2 * SECOND_MS;
const ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"] as const;

/** See the head of this file. */
export class Desk {
  readonly #parts: DeskParts;
  /** What the operator wants of each campaign, sent or still to be sent. */
  readonly #wanted = new Map<string, CampaignTerms>();

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** Sets terms, and again until the ledger answers or the operator has changed its mind. */
  set(terms: CampaignTerms): void {
    this.#wanted.set(terms.campaignId, terms);
    this.#send(terms);
  }

  /** One edit of one campaign. */
  edit(): void {
    const { random, chronicle } = this.#parts;
    const all = [...this.#wanted.values()];
    const terms = all[random.below(Math.max(1, all.length))];
    if (terms === undefined || terms.status === "archived") return;
    const edited = this.#edited(terms);
    chronicle.note("edit", `${terms.campaignId} ${edited.status}`, edited.budgetMicros);
    this.set(edited);
  }

  /** Gives up on every wallet that a ledger calls stuck. Returns how many. */
  writeOffStuck(): number {
    let given = 0;
    for (const ledger of this.#parts.ledgers.values()) {
      for (const { wallet, incarnation, stuck } of ledger.status()?.wallets ?? []) {
        if (!stuck) continue;
        const taken = ledger.writeOff({ wallet, incarnation, by: "operator", why: "silent for too long" });
        if (!taken) continue;
        given += 1;
        this.#parts.chronicle.note("written off", wallet, given);
      }
    }
    return given;
  }

  #send(terms: CampaignTerms): void {
    if (this.#wanted.get(terms.campaignId) !== terms) return;
    let answered = false;
    this.#parts.ledgers.get(terms.campaignId)?.configure(terms, () => {
      answered = true;
    });
    this.#parts.queue.after(AGAIN_MS, () => {
      if (!answered) this.#send(terms);
    });
  }

  #edited(terms: CampaignTerms): CampaignTerms {
    const { random, queue } = this.#parts;
    const { budgetMicros, dailyBudgetMicros, flightStartMs, flightEndMs, status } = terms;
    switch (random.below(9)) {
      case 0:
      case 1:
        return { ...terms, budgetMicros: scaled(budgetMicros, 1 + 2 * random.next()) };
      case 2:
      case 3:
        return { ...terms, budgetMicros: scaled(budgetMicros, random.next()) };
      case 4:
        return { ...terms, status: status === "paused" ? "active" : "paused" };
      case 5:
        return random.below(4) === 0 ? { ...terms, status: "archived" } : { ...terms, status: "active" };
      case 6: {
        // A flight may be made to end in a moment, or to go on much longer.
        const endMs = queue.nowMs + random.below(2 * Math.max(1, flightEndMs - queue.nowMs, 60 * SECOND_MS));
        return { ...terms, flightEndMs: Math.max(endMs, flightStartMs + 1) };
      }
      case 7: {
        const before = dailyBudgetMicros ?? budgetMicros;
        return { ...terms, dailyBudgetMicros: random.below(4) === 0 ? null : scaled(before, 1.5 * random.next()) };
      }
      default:
        return { ...terms, timeZone: ZONES[random.below(ZONES.length)] ?? "UTC" };
    }
  }
}

function scaled(amount: Micros, factor: number): Micros {
  return micros(Math.round(amount * factor));
}
