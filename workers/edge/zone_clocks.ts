/**
 * What viewers' clocks show, by time zone. Asking the platform's calendar takes 0.1 ms, so an answer is kept for as
 * long as it cannot change: zones move their clocks on whole quarters of an hour. Bounded, and safe to lose.
 */
import { utcOffsetMinutes } from "../../src/kernel/local_day.ts";
import { MINUTE_MS } from "../../src/kernel/time.ts";

const QUARTER_MS = 15 * MINUTE_MS;
/** A data centre's viewers live in few zones; beyond this all are asked anew. */
const ZONES_MAX = 64;

/** The offsets of the zones asked for in this quarter of an hour. */
export class ZoneClocks {
  readonly #offsets = new Map<string, number | null>();
  #quarter = Number.NEGATIVE_INFINITY;

  /** A zone's clock against UTC now; null: no such zone. Units: minutes, east positive. */
  offsetMinutes(timeZone: string, nowMs: number): number | null {
    const quarter = Math.floor(nowMs / QUARTER_MS);
    if (quarter !== this.#quarter || this.#offsets.size >= ZONES_MAX) this.#offsets.clear();
    this.#quarter = quarter;
    const held = this.#offsets.get(timeZone);
    if (held !== undefined) return held;
    const offset = utcOffsetMinutes(nowMs, timeZone);
    this.#offsets.set(timeZone, offset);
    return offset;
  }
}
