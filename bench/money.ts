/**
 * `npm run bench:money`: the money protocol at scale, in simulation. A simulated fleet runs the purses, wallets and
 * ledgers of the product; what is measured is their rules (how much money lies idle, who goes short, how often what is
 * written, how late a multiplier is), not this machine, so the same seed gives the same figures everywhere.
 */
import { optionsOf, run } from "../local/command.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../src/kernel/time.ts";
import {
  billCallsPerSec,
  type Deployment,
  LIST_PRICES,
  priceOf,
  type Usage,
  usagePerSec,
  walletsMet,
} from "../src/simulation/fleet/cost.ts";
import {
  type FlightFigures,
  type FlightWish,
  measureBurst,
  measureFlight,
  measureRate,
  measureWallet,
  type RateFigures,
} from "../src/simulation/fleet/measure.ts";
import type { FleetRates } from "../src/simulation/fleet/rates.ts";
import { DECISIONS_PER_ISOLATE, SLOTS_PER_DECISION, UNSEEN_SHARE } from "../src/simulation/fleet/scenario.ts";
import { table, writeSection } from "./measurements_page.ts";
import { figureText, percentile, threeDigits } from "./statistics.ts";

const USAGE = `npm run bench:money -- [options]

Measures the money protocol at scale in simulation: utilisation, false "no budget", writes a second, the lag of
reconciling and the cost of budget state from a thousand to a million decisions a second. Takes about five minutes.

  --quick            short flights and few seconds: a look in half a minute, not a measurement
  --seed S           another world (default 1)
  --campaigns N      campaigns in flight at a time in the cost scenario (default 100)
  --json             print one JSON object on standard output
  --write            write the section of docs/measurements.md`;

const RATES = [1e3, 1e4, 1e5, 1e6];
const COST_BAR = 0.02;
const BEACONS_PER_ISOLATE = DECISIONS_PER_ISOLATE * SLOTS_PER_DECISION * (1 - UNSEEN_SHARE);

/** How long everything runs. */
interface Lengths {
  readonly even64Ms: number;
  readonly asap64Ms: number;
  readonly even256Ms: number;
  readonly warmMs: number;
  readonly countMs: number;
  readonly walletMs: number;
}

const FULL: Lengths = {
  even64Ms: 6 * HOUR_MS,
  asap64Ms: 1.5 * HOUR_MS,
  even256Ms: HOUR_MS,
  warmMs: 20 * SECOND_MS,
  countMs: 30 * SECOND_MS,
  walletMs: 10 * SECOND_MS,
};
const QUICK: Lengths = {
  even64Ms: 20 * MINUTE_MS,
  asap64Ms: 20 * MINUTE_MS,
  even256Ms: 5 * MINUTE_MS,
  warmMs: 15 * SECOND_MS,
  countMs: 10 * SECOND_MS,
  walletMs: 4 * SECOND_MS,
};

/** One rate of decisions in figures. Writes: rows a second, alarms that are set included. */
function rateReport({ lagsMs, rates, ...size }: RateFigures) {
  return {
    ...size,
    ledgerWritesPerSec: threeDigits(rates.ledgerRows),
    busiestWalletWritesPerSec: threeDigits(rates.busiestWalletRows),
    writesPerSec: threeDigits(rates.ledgerRows + rates.busiestWalletRows),
    allWalletsWritesPerSec: threeDigits(rates.walletRows + rates.alarmsSet),
    commitsFollowed: lagsMs.length,
    lagMsP50: percentile(lagsMs, 0.5),
    lagMsP99: percentile(lagsMs, 0.99),
    lagMsMax: percentile(lagsMs, 1),
  };
}

/** A wallet of a deployment at this rate, with all its campaigns. */
function walletAt(seed: string, { isolates, wallets }: RateFigures, campaigns: number, lengthMs: number): FleetRates {
  const met = walletsMet(wallets);
  const own = Math.ceil(isolates / wallets);
  const calls = own * met * billCallsPerSec(BEACONS_PER_ISOLATE / met);
  return measureWallet(seed, { isolates: own, campaigns, calls }, lengthMs, lengthMs);
}

function costReport(deployment: Deployment, decisionsPerSec: number) {
  const scale = 1e6 / decisionsPerSec;
  const perSec = usagePerSec(deployment);
  const usage: Usage = {
    requests: perSec.requests * scale,
    rowsWritten: perSec.rowsWritten * scale,
    rowsRead: perSec.rowsRead * scale,
    gbSeconds: perSec.gbSeconds * scale,
  };
  return { decisionsPerSec, usagePerMillion: usage, dollarsPerMillion: priceOf(usage) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** By how much ln(writes) grows when ln(rate) grows by one, by least squares over the rates where objects are busy. */
function slopeOf(points: readonly { readonly decisionsPerSec: number; readonly writesPerSec: number }[]): number {
  const xs = points.map((point) => Math.log(point.decisionsPerSec));
  const ys = points.map((point) => Math.log(point.writesPerSec));
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const top = xs.reduce((sum, x, i) => sum + (x - meanX) * ((ys[i] ?? 0) - meanY), 0);
  return top / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
}

function measureAll(seed: string, campaigns: number, lengths: Lengths) {
  const flight = { seed, decisionsPerIsolate: 30, supplyFactor: 4 };
  const fly = (wish: Omit<FlightWish, keyof typeof flight>): FlightFigures & { readonly flightHours: number } => {
    console.error(`flying ${wish.pacing} over ${wish.isolates} isolates for ${wish.flightMs / HOUR_MS} h`);
    return { flightHours: threeDigits(wish.flightMs / HOUR_MS), ...measureFlight({ ...flight, ...wish }) };
  };
  const even64 = fly({ isolates: 64, wallets: 4, pacing: "even", flightMs: lengths.even64Ms });
  const asap64 = fly({ isolates: 64, wallets: 4, pacing: "asap", flightMs: lengths.asap64Ms });
  const even256 = fly({ isolates: 256, wallets: 8, pacing: "even", flightMs: lengths.even256Ms });
  const figures = RATES.map((rate) => {
    console.error(`serving ${figureText(rate)} decisions a second`);
    return measureRate(seed, rate, lengths.warmMs, lengths.countMs);
  });
  const costs = figures.map((one) => {
    console.error(`a wallet of ${Math.ceil(one.isolates / one.wallets)} isolates and ${campaigns} campaigns`);
    const ofWallet = walletAt(seed, one, campaigns, lengths.walletMs);
    const { isolates, wallets, rates: ofCampaign, decisionsPerSec } = one;
    const deployment = {
      isolates,
      wallets,
      campaigns,
      beaconsPerIsolateSec: BEACONS_PER_ISOLATE,
      ofWallet,
      ofCampaign,
    };
    return costReport(deployment, decisionsPerSec);
  });
  console.error("a live event begins");
  const rates = figures.map(rateReport);
  return {
    even64,
    asap64,
    even256,
    rates,
    writesPerSecMax: Math.max(...rates.map((rate) => rate.writesPerSec)),
    writesSlopeLastDecade: slopeOf(rates.slice(-2)),
    lagMsP99Max: Math.max(...rates.map((rate) => rate.lagMsP99)),
    prices: LIST_PRICES,
    costs,
    costBarMetFrom: costs.find((cost) => cost.dollarsPerMillion.total <= COST_BAR)?.decisionsPerSec ?? null,
    burst: measureBurst(seed, 350_000, 20, 12),
  };
}

type Report = ReturnType<typeof measureAll> & { readonly command: string; readonly campaigns: number };

const percent = (share: number): string => `${figureText(100 * share)} %`;
const dollars = (amount: number): string => `$${amount.toFixed(4)}`;

function flightRow(name: string, { flightHours, ...figures }: Report["even64"]): readonly string[] {
  const { utilisation, unseen, unspent, falseNoBudget, unbillable } = figures;
  return [`${name}, ${flightHours} h`, ...[utilisation, unseen, unspent, falseNoBudget, unbillable].map(percent)];
}

function section(report: Report): string {
  const { rates, costs, burst } = report;
  return [
    `\`${report.command}\``,
    "",
    table([
      [
        "one campaign, four times the supply it can pay",
        "billed",
        "won, never seen",
        "not won",
        "false no budget",
        "unbillable",
      ],
      flightRow("even, 64 isolates", report.even64),
      flightRow("asap, 64 isolates", report.asap64),
      flightRow("even, 256 isolates", report.even256),
    ]),
    "",
    table([
      [
        "decisions/s",
        "isolates",
        "wallets",
        "writes/s: ledger",
        "busiest wallet",
        "both",
        "all wallets",
        "lag p50, ms",
        "p99, ms",
      ],
      ...rates.map((rate) => [
        figureText(rate.decisionsPerSec),
        String(rate.isolates),
        String(rate.wallets),
        figureText(rate.ledgerWritesPerSec),
        figureText(rate.busiestWalletWritesPerSec),
        figureText(rate.writesPerSec),
        figureText(rate.allWalletsWritesPerSec),
        String(rate.lagMsP50),
        String(rate.lagMsP99),
      ]),
    ]),
    "",
    `Writes grow by the power ${report.writesSlopeLastDecade.toFixed(3)} of the rate over the last decade.`,
    "",
    table([
      [
        `decisions/s, ${report.campaigns} campaigns`,
        "requests",
        "rows written",
        "rows read",
        "duration",
        "a million decisions",
      ],
      ...costs.map(({ decisionsPerSec, dollarsPerMillion: cost }) => [
        figureText(decisionsPerSec),
        ...[cost.requests, cost.rowsWritten, cost.rowsRead, cost.gbSeconds, cost.total].map(dollars),
      ]),
    ]),
    "",
    `At most $${COST_BAR} from ${report.costBarMetFrom?.toLocaleString("en-US") ?? "no measured rate of"} decisions/s.`,
    "",
    `A live event of 350,000 decisions/s, from cold, with a budget for 20 s of it: won after 1, 2, 5, 12 s:`,
    `${[1, 2, 5, 12].map((second) => percent(burst.spent[second - 1] ?? 0)).join(", ")}.`,
  ].join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    quick: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    campaigns: { type: "string", default: "100" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  });
  const campaigns = Number(options.campaigns);
  if (!Number.isInteger(campaigns) || campaigns < 1 || campaigns > 500) throw new Error("--campaigns takes 1 to 500.");
  const quick = options.quick ? " --quick" : "";
  const command = `npm run bench:money -- --seed ${options.seed} --campaigns ${campaigns}${quick}`;
  const report = { command, campaigns, ...measureAll(options.seed, campaigns, options.quick ? QUICK : FULL) };
  console.log(options.json ? JSON.stringify(report) : section(report));
  if (options.write) await writeSection("npm run bench:money", section(report));
});
