/**
 * `npm run bench:guaranteed`: how much of what was promised is missing, beside the least that must be missing: a linear
 * program over the same supply, solved by HiGHS. Traffic is drawn break by break and served by the stateless rule.
 */
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import type { SupplyNode } from "../src/guaranteed/contract.ts";
import { solveGuarantees } from "../src/guaranteed/solve.ts";
import { stream } from "../src/kernel/random.ts";
import { missingAfter, missingInExpectation } from "./guaranteed_delivery.ts";
import { drawInstance, type Instance } from "./guaranteed_instances.ts";
import { leastMissing } from "./guaranteed_lp.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { table, writeSection } from "./measurements_page.ts";
import { figureText, threeDigits } from "./statistics.ts";

const USAGE = `npm run bench:guaranteed -- [options]

Compares guaranteed delivery with a linear program solved by HiGHS, and writes docs/measurements.md.

  --seeds N       markets of each size and tightness (default 1)
  --solves N      times a flight is solved anew where it is (default 100)
  --size LIST     of small, medium, large (default small,medium; large takes minutes)
  --json          print one JSON object on standard output instead of writing the page
  --write         write the page also with --json`;

/** Contracts, kinds of breaks, and breaks in the whole flight. */
const SIZES: ReadonlyMap<string, { contracts: number; nodes: number; breaks: number }> = new Map([
  ["small", { contracts: 10, nodes: 100, breaks: 200_000 }],
  ["medium", { contracts: 50, nodes: 500, breaks: 500_000 }],
  ["large", { contracts: 200, nodes: 2_000, breaks: 2_000_000 }],
]);
/** Impressions owed for each break there is: loose, usual, sold out, oversold. */
const TIGHTNESS = [0.6, 0.9, 1, 1.1] as const;
/** How far a forecast is from the truth, as a whole and in each kind of break. */
const WRONG_BY = 0.2;

/** What became of one market. Everything but times is in points: hundredths of what is owed. */
interface Outcome {
  readonly name: string;
  /** What must be missing, by the linear program. */
  readonly leastPoints: number;
  /** Ours beyond that: in expectation, served after one solve, served and solved anew. */
  readonly expectedPoints: number;
  readonly oncePoints: number;
  readonly resolvedPoints: number;
  /** With a forecast that is too high, too low, or wrong in every kind: the worst of the three. */
  readonly wrongOncePoints: number;
  readonly wrongResolvedPoints: number;
  readonly solveMs: number;
  readonly linearProgramMs: number;
}

function wrongForecasts({ supply }: Instance, seed: string): readonly (readonly SupplyNode[])[] {
  const random = stream(seed, "wrong forecast");
  const scaled = (factor: () => number) => supply.map((node) => ({ ...node, breaks: node.breaks * factor() }));
  return [
    scaled(() => 1 + WRONG_BY),
    scaled(() => 1 - WRONG_BY),
    scaled(() => 1 - WRONG_BY + 2 * WRONG_BY * random.next()),
  ];
}

function timed<T>(work: () => T): readonly [T, number] {
  const startMs = performance.now();
  return [work(), performance.now() - startMs];
}

function judge(instance: Instance, seed: string, solves: number): Outcome {
  const { name, contracts, supply } = instance;
  const owed = contracts.reduce((sum, contract) => sum + contract.owed, 0);
  const [least, linearProgramMs] = timed(() => leastMissing(contracts, supply));
  const [solved, solveMs] = timed(() => solveGuarantees(contracts, supply));
  const beyond = (missing: number): number => (100 * (missing - least)) / owed;
  const flight = { seed, contracts, supply };
  const served = (forecast: readonly SupplyNode[], times: number): number =>
    beyond(missingAfter({ ...flight, forecast, solves: times }));
  const wrong = wrongForecasts(instance, seed);
  return {
    name,
    leastPoints: (100 * least) / owed,
    expectedPoints: beyond(missingInExpectation(contracts, supply, solved)),
    oncePoints: served(supply, 1),
    resolvedPoints: served(supply, solves),
    wrongOncePoints: Math.max(...wrong.map((forecast) => served(forecast, 1))),
    wrongResolvedPoints: Math.max(...wrong.map((forecast) => served(forecast, solves))),
    solveMs,
    linearProgramMs,
  };
}

/** Mean and largest over markets. */
function pair(outcomes: readonly Outcome[], of: (outcome: Outcome) => number) {
  const values = outcomes.map(of);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean: Number(mean.toFixed(4)), max: Number(Math.max(...values).toFixed(4)) };
}

function summary(outcomes: readonly Outcome[]) {
  return {
    markets: outcomes.length,
    leastMissingPoints: pair(outcomes, (o) => o.leastPoints),
    underDeliveryPointsExpected: pair(outcomes, (o) => o.expectedPoints),
    underDeliveryPointsServedOnce: pair(outcomes, (o) => o.oncePoints),
    underDeliveryPointsResolved: pair(outcomes, (o) => o.resolvedPoints),
    wrongForecastPointsServedOnce: pair(outcomes, (o) => o.wrongOncePoints),
    wrongForecastPointsResolved: pair(outcomes, (o) => o.wrongResolvedPoints),
    solveMs: pair(outcomes, (o) => threeDigits(o.solveMs)),
    linearProgramMs: pair(outcomes, (o) => threeDigits(o.linearProgramMs)),
  };
}

function points(value: number): string {
  return value.toFixed(2);
}

function section(command: string, measuredAt: string, outcomes: readonly Outcome[]): string {
  const all = summary(outcomes);
  const cells = (name: string, of: (o: Outcome) => number, figures: { mean: number; max: number }) => [
    name,
    ...[...new Set(outcomes.map((o) => o.name.split(" ")[0]))].map((size) =>
      points(Math.max(...outcomes.filter((o) => o.name.startsWith(`${size} `)).map(of))),
    ),
    points(figures.mean),
    points(figures.max),
  ];
  const sizes = [...new Set(outcomes.map((o) => `${o.name.split(" ")[0]} contracts`))];
  return [
    `\`${command}\``,
    "",
    ...machineLines(measuredAt, thisMachine()),
    "",
    table([
      ["missing beyond the linear program, points of what is owed; largest", ...sizes, "mean of all", "largest of all"],
      cells("in expectation, forecast right", (o) => o.expectedPoints, all.underDeliveryPointsExpected),
      cells("served, solved once", (o) => o.oncePoints, all.underDeliveryPointsServedOnce),
      cells("served, solved on a schedule", (o) => o.resolvedPoints, all.underDeliveryPointsResolved),
      cells("forecast wrong by 20 %, solved once", (o) => o.wrongOncePoints, all.wrongForecastPointsServedOnce),
      cells("forecast wrong by 20 %, on a schedule", (o) => o.wrongResolvedPoints, all.wrongForecastPointsResolved),
    ]),
    "",
    `${all.markets} seeded markets. The linear program itself misses ${points(all.leastMissingPoints.mean)} points`,
    `on average (at most ${points(all.leastMissingPoints.max)}): some are oversold.`,
    `Solving took ${figureText(all.solveMs.mean)} ms (at most ${figureText(all.solveMs.max)}),`,
    `HiGHS ${figureText(all.linearProgramMs.mean)} ms (at most ${figureText(all.linearProgramMs.max)}).`,
  ].join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    seeds: { type: "string", default: "1" },
    solves: { type: "string", default: "100" },
    size: { type: "string", default: "small,medium" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const seeds = wholeFrom(options.seeds, "--seeds", 1, 100);
  const solves = wholeFrom(options.solves, "--solves", 1, 10_000);
  const outcomes: Outcome[] = [];
  for (const size of options.size.split(",")) {
    const shape = SIZES.get(size);
    if (shape === undefined) throw new Error(`--size takes ${[...SIZES.keys()].join(", ")}, not "${size}".`);
    for (const tightness of TIGHTNESS) {
      for (let n = 1; n <= seeds; n++) {
        const seed = `${size}-${tightness}-${n}`;
        const outcome = judge(drawInstance({ ...shape, seed, tightness }), seed, solves);
        console.error(`${seed}: ${JSON.stringify(outcome)}`);
        outcomes.push(outcome);
      }
    }
  }
  const command = `npm run bench:guaranteed -- --seeds ${seeds} --solves ${solves} --size ${options.size}`;
  const measuredAt = new Date().toISOString();
  if (options.json)
    console.log(JSON.stringify({ command, measuredAt, machine: thisMachine(), ...summary(outcomes), outcomes }));
  if (!options.json || options.write === true) {
    await writeSection("npm run bench:guaranteed", section(command, measuredAt, outcomes));
  }
});
