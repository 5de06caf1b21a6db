/**
 * A request may state its floors in any currency that the catalog has a rate for. Here they become the catalog's own,
 * rounded up, so that a floor never sinks in conversion.
 */
import { micros, scaleMicrosUp } from "../kernel/money.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import type { BreakRequest } from "./break_request.ts";

/**
 * The request with all its prices in the catalog's own currency. `currency`: the one they were stated in; null: the
 * catalog's own. `ratesPpm`: what one unit of each is worth. Refuses a currency without a rate.
 */
export function inOwnCurrency(
  request: BreakRequest,
  currency: string | null,
  ratesPpm: ReadonlyMap<string, number>,
): Result<BreakRequest, "currency_unknown"> {
  if (currency === null) return ok(request);
  const ratePpm = ratesPpm.get(currency);
  if (ratePpm === undefined) return refused("currency_unknown");
  const convert = (price: number): number => scaleMicrosUp(micros(price), ratePpm);
  const convertSaid = (price: number | null): number | null => (price === null ? null : convert(price));
  const { floors, structuredSlots, deals } = request;
  return ok({
    ...request,
    floors: {
      cpmMicros: convert(floors.cpmMicros),
      cpmMicrosPerSec: convert(floors.cpmMicrosPerSec),
      byDuration: floors.byDuration.map((row) => ({ ...row, cpmMicros: convert(row.cpmMicros) })),
    },
    structuredSlots: structuredSlots.map((slot) => ({ ...slot, floorCpmMicros: convertSaid(slot.floorCpmMicros) })),
    deals: deals?.map((deal) => ({ ...deal, floorCpmMicros: convertSaid(deal.floorCpmMicros) })) ?? null,
  });
}
