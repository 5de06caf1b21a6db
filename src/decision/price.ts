/**
 * What winners pay. One rule today: first price, the bid itself. The floor was already required of every bid, so
 * floor ≤ price ≤ bid holds by construction.
 */
import type { CompiledPublisher } from "../catalog/compiled.ts";
import type { Surface } from "../catalog/words.ts";
import { perImpression, type Micros } from "../kernel/money.ts";
import type { Bid } from "./candidate.ts";

/** Lowest price at which an impression may be sold: the surface's own floor, else the publisher's. Units: micros. */
export function floorMicros(publisher: CompiledPublisher, surface: Surface): Micros {
  return perImpression(publisher.floorCpmMicros[surface]);
}

/** First price: the winner pays its bid. Units: micros for one impression. */
export function clearingPrice(bid: Bid): Micros {
  return bid.bidMicros;
}
