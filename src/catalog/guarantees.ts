/**
 * Guaranteed deals and expected traffic as the planner asks them: when and where a deal may be shown, and which breaks
 * publishers expect. Structures only; how supply is spread over deals is the business of src/guaranteed/.
 */
import type { CompiledCatalog, CompiledGuarantee } from "./compiled.ts";
import type { Forecast } from "./entities.ts";
import { compileHours, firstMismatch, hourMasksOf, type TargetingFacts } from "./targeting.ts";

/** A guaranteed deal's place in time and targeting. Units: epoch milliseconds, half-open. */
export interface GuaranteeReach {
  readonly contractId: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Every list of hours of the week that its line items ask. Shape: as `hours` of `CompiledTargeting`. */
  readonly hourMasks: readonly Uint8Array[];
  admits(facts: TargetingFacts): boolean;
}

/** Breaks of one kind, as they come week after week. */
export interface ExpectedTraffic {
  readonly kind: Omit<TargetingFacts, "hour" | "weekday">;
  /** On the viewers' clock. */
  readonly hours: Uint8Array | null;
  readonly breaksPerWeek: number;
}

/** Where a deal may be shown: at its publishers, where any of its active line items may. */
export function reachOf({ dealId, publisherIds, campaign, lines }: CompiledGuarantee): GuaranteeReach {
  const targetings = lines.filter(({ active }) => active).map(({ targeting }) => targeting);
  return {
    contractId: dealId,
    fromMs: campaign.flightStartMs,
    untilMs: campaign.flightEndMs,
    hourMasks: targetings.flatMap(hourMasksOf),
    admits: (facts) =>
      publisherIds.has(facts.publisherId) && targetings.some((targeting) => firstMismatch(targeting, facts) === null),
  };
}

/** What all publishers expect. */
export function expectedTraffic({ publishers }: CompiledCatalog): readonly ExpectedTraffic[] {
  return [...publishers.values()].flatMap(({ publisher }) =>
    publisher.forecast.map((forecast) => trafficOf(publisher.id, forecast)),
  );
}

function trafficOf(publisherId: string, forecast: Forecast): ExpectedTraffic {
  const { surface, device, country, region, genre, rating, language, segments, dayparts, breaksPerWeek } = forecast;
  return {
    kind: {
      publisherId,
      surface,
      device: device ?? null,
      country: country ?? null,
      region: region ?? null,
      genre: genre ?? null,
      rating: rating ?? null,
      language: language ?? null,
      // A forecast says neither what single breaks are about nor that anybody refused.
      contentCategories: new Set(),
      segments: new Set(segments),
      consent: true,
    },
    hours: compileHours(dayparts),
    breaksPerWeek,
  };
}
