/**
 * The lowest price of an impression, and who says so. A deal's own terms stand in for every other floor. Open demand
 * must reach the floor of everyone who states one, and within each of them the more precise one stands in for the more
 * general:
 *
 *   publisher   by the ad's length > by surface > for all
 *   request     in a slot that is cut: the slot's > by the ad's length (`durfloors`) > the break's (`bidfloor`)
 *   request     by second (`mincpmpersec`), in the dynamic part alone
 *   learned     reserve price of the most precise kind of break
 *
 * Where several lengths fit an ad the strictest holds: OpenRTB leaves that to buyer and seller. Everything derived is
 * rounded up, so that nothing is sold below a floor by a rounding.
 * Source: OpenRTB 2.6, objects Imp, Video, DurFloors and Deal.
 */
import type { CompiledPublisher } from "../catalog/compiled.ts";
import { inContext } from "../catalog/learned.ts";
import { maxMicros, micros, perImpressionUp, ZERO_MICROS, type Micros } from "../kernel/money.ts";
import type { BreakRequest, DurationFloor } from "../protocols/break_request.ts";
import { toMs, type Layout } from "./layout.ts";

/** The lowest price of one ad, wherever it may play. Units: micros for one impression. */
export interface Floors {
  readonly dynamicMicros: Micros;
  /** One for each slot that the publisher has cut. */
  readonly slotMicros: readonly Micros[];
}

/** What floors depend on besides the ad. */
export interface FloorTerms {
  readonly request: BreakRequest;
  readonly publisher: CompiledPublisher;
  readonly layout: Layout;
  /** Learned reserve price. Units: micros for one impression. */
  readonly reserveMicros: Micros;
}

/** Terms of one break. */
export function floorTerms(request: BreakRequest, publisher: CompiledPublisher, layout: Layout): FloorTerms {
  const context = { surface: request.surface, device: request.viewer.device, genre: request.content.genre };
  const reserve = inContext(publisher.reserves, context);
  return { request, publisher, layout, reserveMicros: reserve === null ? ZERO_MICROS : perImpressionUp(reserve) };
}

/** The same floor everywhere: that of a deal. */
export function flatFloors(floorMicros: Micros, { layout }: FloorTerms): Floors {
  return { dynamicMicros: floorMicros, slotMicros: layout.slots.map(() => floorMicros) };
}

/** Floors of open demand for an ad of this length. Units: seconds. */
export function openFloors(durationSec: number, terms: FloorTerms): Floors {
  const { request, publisher, layout } = terms;
  const byLength = strictest(publisher.publisher.durationFloors, durationSec);
  const own = maxMicros(perImpressionUp(byLength ?? publisher.floorCpmMicros[request.surface]), terms.reserveMicros);
  const { cpmMicros, cpmMicrosPerSec, byDuration } = request.floors;
  const asked = strictest(byDuration, durationSec) ?? micros(cpmMicros);
  const bySecond = micros(Math.ceil((cpmMicrosPerSec * toMs(durationSec)) / 1_000_000));
  return {
    dynamicMicros: maxMicros(maxMicros(own, perImpressionUp(asked)), bySecond),
    slotMicros: layout.slots.map(({ floorCpmMicros }) => {
      return maxMicros(own, perImpressionUp(floorCpmMicros === null ? asked : micros(floorCpmMicros)));
    }),
  };
}

/** The highest floor among the rows that this length falls into, or null. Units: seconds, micros CPM. */
function strictest(rows: readonly DurationFloor[], durationSec: number): Micros | null {
  let highest: Micros | null = null;
  for (const { minSec, maxSec, cpmMicros } of rows) {
    if (durationSec < minSec || durationSec > maxSec) continue;
    highest = maxMicros(highest ?? ZERO_MICROS, micros(cpmMicros));
  }
  return highest;
}
