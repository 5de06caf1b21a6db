/**
 * Campaigns to plan and markets to plan them into, all drawn from a seed: a few publishers with floors, a dozen rivals,
 * and a campaign with one to three line items of any goal, targeting and frequency cap.
 */
import { readFileSync } from "node:fs";
import { compileCatalog, type CompiledCatalog } from "../../src/catalog/compiled.ts";
import { catalogSchema, type Catalog, type Goal } from "../../src/catalog/entities.ts";
import { linearScorer } from "../../src/decision/linear_scorer.ts";
import { present } from "../../src/kernel/assert.ts";
import { stream, type RandomStream } from "../../src/kernel/random.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import { fallbackWeightsSchema } from "../../src/models/fallback.ts";
import { drawChance, drawWord } from "../../src/simulation/draw.ts";
import type { PlanQuestion } from "../../src/simulation/planning/forecast.ts";
import { simulatedTraffic } from "../../src/simulation/planning/simulated_traffic.ts";
import { drawAd } from "../../src/simulation/training_rows.ts";

const WEIGHTS = new URL("../../models/fallback.json", import.meta.url);
/** The scorer that planning uses. */
const SCORER = linearScorer(fallbackWeightsSchema.parse(JSON.parse(readFileSync(WEIGHTS, "utf8"))));
/** The campaign that is planned in every catalog of this stage. */
export const PLANNED = "planned";
/** Monday. */
const FLIGHT_START_MS = Date.UTC(2026, 6, 6);

/** What makes one planning question; every field is drawn from the seed unless it is given. */
export interface Sketch {
  readonly rivals: number;
  readonly lines: number;
  readonly days: number;
  readonly breaksPerDay: number;
  readonly budgetMicros: number;
  readonly pacing: "even" | "asap";
  readonly capped: boolean;
}

function drawGoal(random: RandomStream): Goal {
  const level = 0.6 + random.next();
  return drawWord<Goal>(random, [
    [{ kind: "cpm", cpmMicros: Math.round(22_000_000 * level) }, 3],
    [{ kind: "completedView", perViewMicros: Math.round(32_000 * level) }, 3],
    [{ kind: "click", perClickMicros: Math.round(3_500_000 * level) }, 1],
  ]);
}

function drawTargeting(random: RandomStream): object {
  return {
    ...(drawChance(random, 0.3) ? { devices: { include: ["ctv", "desktop"] } } : {}),
    ...(drawChance(random, 0.3) ? { countries: { include: ["US", "GB", "DE"] } } : {}),
    ...(drawChance(random, 0.2) ? { genres: { exclude: ["kids", "news"] } } : {}),
    ...(drawChance(random, 0.2) ? { dayparts: [{ days: [0, 1, 2, 3, 4, 5, 6], fromHour: 10, toHour: 23 }] } : {}),
  };
}

function drawLine(random: RandomStream, campaignId: string, number: number, capped: boolean): object {
  return {
    id: `li-${campaignId}-${number}`,
    campaignId,
    name: `${campaignId} ${number}`,
    creativeIds: [`cr-${campaignId}`],
    goal: drawGoal(random),
    targeting: drawTargeting(random),
    ...(capped && drawChance(random, 0.7)
      ? {
          frequencyCap: {
            impressions: 1 + random.below(3),
            windowMinutes: drawWord(random, [
              [60, 1],
              [1440, 2],
            ]),
          },
        }
      : {}),
  };
}

/** The sketch of a seed. */
export function drawSketch(seed: string): Sketch {
  const random = stream(seed, "sketch");
  const days = 2 + random.below(3);
  const breaksPerDay = 250 + random.below(250);
  return {
    rivals: 6 + random.below(8),
    lines: 1 + random.below(3),
    days,
    breaksPerDay,
    budgetMicros: Math.round(days * breaksPerDay * 24_000 * (0.05 + 0.6 * random.next())),
    pacing: drawChance(random, 0.8) ? "even" : "asap",
    capped: drawChance(random, 0.5),
  };
}

/** A catalog with the planned campaign and its rivals; rivals have money to spare. */
function drawCatalog(seed: string, sketch: Sketch): Catalog {
  const random = stream(seed, "catalog");
  const ids = [PLANNED, ...Array.from({ length: sketch.rivals }, (_, n) => `rival-${n}`)];
  const flight = {
    start: new Date(FLIGHT_START_MS).toISOString(),
    end: new Date(FLIGHT_START_MS + sketch.days * DAY_MS).toISOString(),
  };
  return catalogSchema.parse({
    publishers: ["north", "south", "west"].map((id) => ({
      id,
      name: id,
      floorCpmMicros: 4_000_000 + random.below(6_000_000),
    })),
    advertisers: ids.map((id) => ({ id: `adv-${id}`, name: id, domain: `${id}.example` })),
    campaigns: ids.map((id) => ({
      id,
      advertiserId: `adv-${id}`,
      name: id,
      budgetMicros: id === PLANNED ? sketch.budgetMicros : 1_000_000_000_000,
      flight: id === PLANNED ? flight : { start: "2026-01-01T00:00:00Z", end: "2027-01-01T00:00:00Z" },
      pacing: id === PLANNED ? sketch.pacing : "asap",
    })),
    lineItems: ids.flatMap((id) =>
      Array.from({ length: id === PLANNED ? sketch.lines : 1 }, (_, n) => drawLine(random, id, n, sketch.capped)),
    ),
    creatives: ids.map((id) => ({
      id: `cr-${id}`,
      advertiserId: `adv-${id}`,
      name: id,
      ...drawAd(random),
      durationSec: drawWord(random, [
        [10, 1],
        [15, 3],
        [20, 1],
        [30, 2],
      ]),
      media: [
        { url: "media/x/index.m3u8", mimeType: "application/x-mpegURL", width: 320, height: 180, bitrateKbps: 90 },
      ],
      clickThroughUrl: "https://advertiser.example/",
    })),
  });
}

/** The question of a seed. */
export function questionOf(catalog: CompiledCatalog, sketch: Sketch, seed: string, sampleSize: number): PlanQuestion {
  return {
    catalog,
    campaign: present(catalog.campaigns.get(PLANNED), "the stage has its campaign"),
    scorer: SCORER,
    traffic: simulatedTraffic(`${seed} plan`, [...catalog.publishers.keys()], sketch.breaksPerDay),
    seed,
    sampleSize,
    competition: "full",
  };
}

/** Catalog and question of a seed, with what is given changed. */
export function drawQuestion(seed: string, sampleSize: number, given: Partial<Sketch> = {}) {
  const sketch = { ...drawSketch(seed), ...given };
  const written = drawCatalog(seed, sketch);
  const question = questionOf(compileCatalog(written), sketch, seed, sampleSize);
  return { sketch, written, question };
}
