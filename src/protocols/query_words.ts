/**
 * Small grammars of query parameters: lists, numbers, prices, slots, floors by length, deals. A word that is not of its
 * grammar becomes NaN, which normalising refuses or ignores.
 *
 *     slots=30@1:12.50,15-30,30@-1     a length or a range, where it plays, its floor
 *     durfloors=-15:5,16-30:9.50       a range, open on either side, and its floor
 *     deals=sports-premium,news:8      an id, and its floor when the request has one of its own
 */
import type { DealFacts, DurationFloorFacts, SlotFacts } from "./request_facts.ts";

/** OpenRTB `slotinpod`. 2, "first or last", names no slot of a publisher's own. */
const POSITION_OF: ReadonlyMap<string, string> = new Map([
  ["0", "any"],
  ["1", "first"],
  ["-1", "last"],
]);

const NANOS = 1_000_000_000;

/** A plain decimal number; NaN when something else was said. */
export function decimal(text: string | null): number | null {
  if (text === null || text === "") return null;
  return /^-?\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
}

/** A price in units of its currency, as micros, a fraction of a micro rounded up. */
export function price(text: string | null): number | null {
  const units = decimal(text);
  return units === null ? null : Math.ceil(Math.round(units * NANOS) / 1_000);
}

/** Items between commas; spaces around them and empty ones do not count. */
export function commaList(text: string | null): readonly string[] {
  if (text === null) return [];
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Numbers between commas. */
export function numbers(text: string | null): readonly number[] {
  return commaList(text).map((item) => decimal(item) ?? Number.NaN);
}

/** A yes or no that is cautious: whatever is said and does not clearly mean no means yes. */
export function isGiven(text: string | null): boolean {
  return text !== null && text !== "" && text !== "0" && text.toLowerCase() !== "false";
}

/** `30`, `15-30`, each with `@1` and `:12.50` as needed. */
export function slots(text: string | null): readonly SlotFacts[] {
  return commaList(text).map((item) => {
    const [, min, max, place, floor] = /^([^-@:]+)(?:-([^-@:]+))?(?:@([^@:]+))?(?::(.+))?$/.exec(item) ?? [];
    const minSec = decimal(min ?? "") ?? Number.NaN;
    return {
      minSec,
      maxSec: max === undefined ? minSec : (decimal(max) ?? Number.NaN),
      floorCpmMicros: price(floor ?? null),
      position: place === undefined ? null : (POSITION_OF.get(place) ?? "nowhere"),
    };
  });
}

/** `0-15:5`, `-15:5`, `16-:9`. */
export function durationFloors(text: string | null): readonly DurationFloorFacts[] {
  return commaList(text).map((item) => {
    const [, min = "x", max = "x", floor = ""] = /^([^-:]*)-([^-:]*):(.+)$/.exec(item) ?? [];
    return { minSec: decimal(min), maxSec: decimal(max), cpmMicros: price(floor) ?? Number.NaN };
  });
}

/** `id`, `id:8.50`. */
export function deals(text: string | null): readonly DealFacts[] {
  return commaList(text).map((item) => {
    const colon = item.indexOf(":");
    if (colon === -1) return { id: item, floorCpmMicros: null };
    return { id: item.slice(0, colon), floorCpmMicros: price(item.slice(colon + 1)) ?? Number.NaN };
  });
}
