/**
 * One round of the serving benchmark: every scenario saturated in a closed loop, then asked in an open loop at a share
 * of what it could do. Rounds are short and repeated, and their order turns round, so that whatever else happens on the
 * machine falls on all scenarios alike and shows as spread.
 */
import type { LoadJob, LoadResult, Timing } from "./load/job.ts";
import type { Generator } from "./load/start_generator.ts";
import { impressionScenario, isPaid, type Scenario, type ScenarioName } from "./scenarios.ts";
import { percentile } from "./statistics.ts";

/** The share of saturation at which latency is measured. */
export const OPEN_LOOP_SHARE = 0.6;
/** The share of the collected tokens that finds saturation; the others are for the open loop. */
const SATURATING_TOKENS_SHARE = 0.6;

/** Unmeasured load before each measurement. */
const REWARM_SECONDS = 1;

/** What one scenario came to in one round. Units in the names; shares of one core. */
export interface Measured {
  readonly perSecSaturation: number;
  readonly perSecOffered: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly latencyMsMax: number;
  readonly sendLagMsP99: number;
  /** Null where the system keeps no such books. */
  readonly workerdCpuMsPerRequest: number | null;
  readonly generatorCoreShareSaturating: number;
  readonly answers: number;
  readonly replyBytesMean: number;
  readonly marks: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
}

/** One round. */
export type Round = Readonly<Record<ScenarioName, Measured>>;

/** What a round needs. */
export interface Bench {
  readonly generator: Generator;
  readonly empty: Scenario;
  readonly decide: Scenario;
  readonly vast: Scenario;
  readonly edgeUrl: string;
  readonly seconds: number;
  /** CPU time so far of the workerd behind a scenario. Units: milliseconds. */
  readonly cpuMs: (name: ScenarioName) => number | null;
  readonly say: (line: string) => void;
}

/** Adds the counts of two records. */
function added(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

function jobOf({ port, messages, connections, expect, harvest }: Scenario, timing: Timing, first: number): LoadJob {
  return { port, messages, firstMessage: first % messages.length, connections, timing, expect, harvest };
}

/** Saturates, then measures latency. `first`: which message to begin with. */
async function measure(
  bench: Bench,
  scenario: Scenario,
  loads: { readonly saturating: LoadJob; readonly open: (perSec: number, first: number) => LoadJob },
): Promise<{ readonly measured: Measured; readonly results: readonly LoadResult[] }> {
  const cpuBefore = bench.cpuMs(scenario.name);
  const full = await bench.generator.run(loads.saturating);
  const cpuAfter = bench.cpuMs(scenario.name);
  const perSecSaturation = (full.answered * 1000) / full.elapsedMs;
  if (!(perSecSaturation > 0)) throw new Error(`${scenario.name} gave no right answer: ${JSON.stringify(full.errors)}`);
  const perSecOffered = perSecSaturation * OPEN_LOOP_SHARE;
  const open = await bench.generator.run(loads.open(perSecOffered, full.sent));
  const answers = full.right + open.right;
  const measured: Measured = {
    perSecSaturation,
    perSecOffered,
    latencyMsP50: percentile(open.latenciesMs, 0.5),
    latencyMsP99: percentile(open.latenciesMs, 0.99),
    latencyMsMax: percentile(open.latenciesMs, 1),
    sendLagMsP99: percentile(open.sendLagsMs, 0.99),
    workerdCpuMsPerRequest: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / full.sent,
    generatorCoreShareSaturating: full.generatorCoreShare,
    answers,
    replyBytesMean: (full.replyBytes + open.replyBytes) / answers,
    marks: added(full.marks, open.marks),
    errors: added(full.errors, open.errors),
  };
  const wrong = Object.entries(measured.errors).map(([kind, count]) => `, ${count} × ${kind}`);
  bench.say(
    `  ${scenario.name}: ${perSecSaturation.toFixed(0)}/s, then at ${perSecOffered.toFixed(0)}/s ` +
      `p50 ${measured.latencyMsP50.toFixed(2)} ms, p99 ${measured.latencyMsP99.toFixed(2)} ms${wrong.join("")}`,
  );
  const firstWrong = full.firstWrong ?? open.firstWrong;
  if (firstWrong !== null) bench.say(`  the first wrong answer began:\n${firstWrong}`);
  return { measured, results: [full, open] };
}

async function measureForTime(bench: Bench, scenario: Scenario, number: number) {
  const { seconds } = bench;
  // Each round begins elsewhere in the list, so that all rounds together ask for many different breaks.
  const first = number * 701;
  // Purses expire while another scenario is measured; what the first requests after a rest get is not measured here.
  await bench.generator.run({ ...jobOf(scenario, { kind: "closed", seconds: REWARM_SECONDS }, first), harvest: null });
  return measure(bench, scenario, {
    saturating: jobOf(scenario, { kind: "closed", seconds }, first),
    open: (perSec, sent) =>
      jobOf(scenario, { kind: "open", perSec, seconds, seed: `${scenario.name} ${number}` }, first + sent),
  });
}

/** A token is billed once, so the tokens of the round are spent: some on saturation, the others at a steady rate. */
async function measureImpressions(bench: Bench, tokens: readonly string[], number: number): Promise<Measured> {
  const saturating = Math.floor(tokens.length * SATURATING_TOKENS_SHARE);
  const first = impressionScenario(bench.edgeUrl, tokens.slice(0, saturating));
  const rest = impressionScenario(bench.edgeUrl, tokens.slice(saturating));
  const { measured } = await measure(bench, first, {
    saturating: jobOf(first, { kind: "once" }, 0),
    open: (perSec) => {
      // A tenth fewer than there are: arrivals are random, and no token may come twice.
      const seconds = Math.min(bench.seconds, (rest.messages.length * 0.9) / perSec);
      return jobOf(rest, { kind: "open", perSec, seconds, seed: `impression ${number}` }, 0);
    },
  });
  return measured;
}

/** Measures every scenario once. `number` counts from 0; every other round goes the other way round. */
export async function measureRound(bench: Bench, number: number): Promise<Round> {
  const tokens: string[] = [];
  const found = new Map<ScenarioName, Measured>();
  const order = [bench.empty, bench.decide, bench.vast];
  for (const scenario of number % 2 === 0 ? order : order.toReversed()) {
    const { measured, results } = await measureForTime(bench, scenario, number);
    found.set(scenario.name, measured);
    if (scenario.name !== "decide") continue;
    for (const { harvested } of results) tokens.push(...harvested.map(([, token]) => token).filter(isPaid));
  }
  const [emptyWorker, decide, vast] = [found.get("emptyWorker"), found.get("decide"), found.get("vast")];
  if (emptyWorker === undefined || decide === undefined || vast === undefined) throw new Error("a scenario is missing");
  return { emptyWorker, decide, vast, impression: await measureImpressions(bench, tokens, number) };
}
