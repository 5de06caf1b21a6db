/**
 * `midroll plan`: what a campaign will deliver, before it runs. This file turns files and options into the question and
 * the answer into numbers for scripts; plan_page.ts writes it for people.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import { linearScorer } from "../../src/decision/linear_scorer.ts";
import type { Scorer } from "../../src/decision/rank.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import { fallbackWeightsSchema } from "../../src/models/fallback.ts";
import { forecastOf, study, type DeliveryForecast, type Forecast } from "../../src/simulation/planning/forecast.ts";
import type { Interval } from "../../src/simulation/planning/replicates.ts";
import { recordedTraffic } from "../../src/simulation/planning/recorded_traffic.ts";
import { simulatedTraffic } from "../../src/simulation/planning/simulated_traffic.ts";
import type { TrafficSource } from "../../src/simulation/planning/traffic.ts";
import { CliFault } from "../fault.ts";
import type { Outcome } from "../outcome.ts";
import { readPlanned, type PlannedCampaign } from "./plan_catalog.ts";
import { planPage } from "./plan_page.ts";
import { readRecording, type TrafficNote } from "./plan_traffic.ts";

/** What is assumed unless told otherwise. */
export const PLAN_DEFAULTS = { breaksPerDay: 20_000, seed: "plan", sampleSize: 600 } as const;
/** Longest flight that is planned. Units: days. */
const FLIGHT_DAYS_MAX = 1_830;

const SAMPLE_CATALOG = fileURLToPath(new URL("../../catalog/sample", import.meta.url));
const FALLBACK_MODELS = fileURLToPath(new URL("../../models/fallback.json", import.meta.url));

const wholeNumber = (least: number, most: number) => z.coerce.number().pipe(z.int().min(least).max(most));
const planOptionsSchema = z.object({
  catalog: z.string().default(SAMPLE_CATALOG),
  campaign: z.string().optional(),
  traffic: z.string().optional(),
  breaksPerDay: wholeNumber(1, 1_000_000_000).optional(),
  sample: wholeNumber(50, 20_000).default(PLAN_DEFAULTS.sampleSize),
  seed: z.string().min(1).max(200).default(PLAN_DEFAULTS.seed),
  competition: z.enum(["paced", "full"]).default("paced"),
});
type PlanOptions = z.output<typeof planOptionsSchema>;

/** What the options mean, in words for a person who got one wrong. */
const OPTION_WORDS: Readonly<Record<string, string>> = {
  breaksPerDay: "--breaks-per-day takes a whole number from 1 to 1,000,000,000",
  sample: "--sample takes a whole number from 50 to 20,000",
  seed: "--seed takes 1 to 200 characters",
  competition: "--competition takes paced or full",
};

/** Plans one campaign. `options` as commander read them. Throws `CliFault`. */
export async function planCampaign(file: string | null, options: unknown): Promise<Outcome> {
  const asked = checkedOptions(options);
  const planned = await readPlanned({ file, catalogDir: asked.catalog, campaignId: asked.campaign ?? null });
  checkFlight(planned);
  const { source, note } = await openTraffic(asked, planned.catalog);
  const studied = await study({
    ...planned,
    scorer: await fallbackModels(),
    traffic: source,
    seed: asked.seed,
    sampleSize: asked.sample,
    competition: asked.competition,
  });
  const forecast = forecastOf(studied);
  return {
    json: asJson(planned, forecast, note, asked),
    lines: planPage({ planned, forecast, note, competition: asked.competition }),
  };
}

function checkedOptions(options: unknown): PlanOptions {
  const parsed = planOptionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const field = String(parsed.error.issues[0]?.path[0] ?? "");
  throw new CliFault("wrong_command", OPTION_WORDS[field] ?? `--${field} is not as expected`, { exitCode: 2 });
}

function checkFlight({ campaign }: PlannedCampaign): void {
  const days = (campaign.flightEndMs - campaign.flightStartMs) / DAY_MS;
  if (days <= FLIGHT_DAYS_MAX) return;
  throw new CliFault("flight_too_long", `the flight has ${Math.ceil(days)} days; a plan looks at most 5 years ahead`, {
    advice: "Give the campaign an earlier flight.end.",
  });
}

async function fallbackModels(): Promise<Scorer> {
  return linearScorer(fallbackWeightsSchema.parse(JSON.parse(await readFile(FALLBACK_MODELS, "utf8"))));
}

async function openTraffic(
  { traffic, breaksPerDay, seed }: PlanOptions,
  catalog: CompiledCatalog,
): Promise<{ readonly source: TrafficSource; readonly note: TrafficNote }> {
  if (traffic === undefined) {
    const publishers = [...catalog.publishers.keys()];
    const source = simulatedTraffic(seed, publishers, breaksPerDay ?? PLAN_DEFAULTS.breaksPerDay);
    const none = { file: null, recordedBreaks: 0, unknownPublishers: 0 };
    return { source, note: { kind: "simulated", breaksPerDay: source.breaksPerDay, seed, ...none } };
  }
  const { breaks, unknownPublishers } = await readRecording(traffic, catalog);
  const source = recordedTraffic(breaks, breaksPerDay ?? null, seed);
  const rest = { file: traffic, recordedBreaks: breaks.length, unknownPublishers };
  return { source, note: { kind: "recorded", breaksPerDay: source.breaksPerDay, seed, ...rest } };
}

function asJson(
  { campaign }: PlannedCampaign,
  forecast: Forecast,
  note: TrafficNote,
  { competition }: PlanOptions,
): Readonly<Record<string, unknown>> {
  const { advice } = forecast;
  return {
    campaignId: campaign.campaign.id,
    flight: campaign.campaign.flight,
    pacing: campaign.campaign.pacing,
    traffic: { ...note, breaksPerDay: Math.round(note.breaksPerDay) },
    competition,
    breaks: forecast.breaks,
    decided: forecast.decided,
    won: forecast.won,
    ...wholeDelivery(forecast.delivery),
    spendCurve: forecast.spendCurve.map(({ dayMs, spendMicros }) => ({
      day: new Date(dayMs).toISOString().slice(0, 10),
      spendMicros: whole(spendMicros),
    })),
    advice: {
      ...advice,
      factor: advice.factor === null ? null : Math.round(advice.factor * 10_000) / 10_000,
      reachableMicros: Math.round(advice.reachableMicros),
      reachableAtMostMicros: Math.round(advice.reachableAtMostMicros),
    },
    budgets: forecast.otherBudgets.map(wholeDelivery),
    outcomes: forecast.outcomes.map(({ outcome, share }) => ({ outcome, share: Math.round(share * 1e6) / 1e6 })),
    supplyShape: forecast.supplyShape,
  };
}

function wholeDelivery(forecast: DeliveryForecast) {
  return {
    budgetMicros: forecast.budgetMicros,
    impressions: whole(forecast.impressions),
    completedViews: whole(forecast.completedViews),
    clicks: whole(forecast.clicks),
    spendMicros: whole(forecast.spendMicros),
    chanceToSpendInFull: forecast.chanceToSpendInFull,
  };
}

function whole({ expected, low, high }: Interval): Interval {
  return { expected: Math.round(expected), low: Math.round(low), high: Math.round(high) };
}
