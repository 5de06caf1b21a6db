/** Clocks of the zones that viewers live in, remembered as kernel/zone_clock.ts does. Bounded, safe to lose. */
import { zoneClock, type ZoneClock } from "../../src/kernel/zone_clock.ts";

/** A data centre's viewers live in few zones; beyond this all are asked anew. */
const ZONES_MAX = 64;

/** The clocks of the zones asked for lately. */
export class ZoneClocks {
  readonly #clocks = new Map<string, ZoneClock>();

  /** A zone's clock against UTC now; null: no such zone. Units: minutes, east positive. */
  offsetMinutes(timeZone: string, nowMs: number): number | null {
    let clock = this.#clocks.get(timeZone);
    if (clock === undefined) {
      if (this.#clocks.size >= ZONES_MAX) this.#clocks.clear();
      clock = zoneClock(timeZone);
      this.#clocks.set(timeZone, clock);
    }
    return clock(nowMs);
  }
}
