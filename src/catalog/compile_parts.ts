/** The parts of a catalog that are few, compiled: publishers with a floor for every surface, campaigns with times. */
import { assert } from "../kernel/assert.ts";
import { micros, type Micros } from "../kernel/money.ts";
import { learnedOf } from "./learned.ts";
import type { CompiledCampaign, CompiledPublisher } from "./compiled.ts";
import type { Advertiser, Campaign, Publisher } from "./entities.ts";
import type { Surface } from "./words.ts";

/** A publisher with its rules as sets, and what was learned about its breaks. */
export function compilePublisher(publisher: Publisher, market: Parameters<typeof learnedOf>[1]): CompiledPublisher {
  const floors = publisher.surfaceFloorsCpmMicros ?? {};
  const floor = (surface: Surface): Micros => micros(floors[surface] ?? publisher.floorCpmMicros);
  return {
    publisher,
    floorCpmMicros: {
      preroll: floor("preroll"),
      midroll: floor("midroll"),
      postroll: floor("postroll"),
      pause: floor("pause"),
      home: floor("home"),
    },
    blockedCategories: new Set(publisher.blockedCategories),
    blockedAdvertiserDomains: new Set(publisher.blockedAdvertiserDomains.map((domain) => domain.toLowerCase())),
    separatedCategories: new Set(publisher.separatedCategories),
    abandonCostMicros: micros(publisher.abandonCostMicros),
    houseFill: publisher.houseFill,
    ...learnedOf(publisher.id, market),
  };
}

/** A campaign with its flight as numbers. */
export function compileCampaign(campaign: Campaign, advertiser: Advertiser): CompiledCampaign {
  const flightStartMs = Date.parse(campaign.flight.start);
  const flightEndMs = Date.parse(campaign.flight.end);
  assert(flightStartMs < flightEndMs, "a flight starts before it ends");
  return {
    campaign,
    advertiser,
    active: campaign.status === "active",
    flightStartMs,
    flightEndMs,
    budgetMicros: micros(campaign.budgetMicros),
  };
}
