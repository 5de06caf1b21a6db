/**
 * `npm run bench:retrieval`: what retrieval costs in catalogs of growing size that hold the same number of line items
 * for the viewer, beside a walk over the whole catalog; what their index weighs; and how long it takes to build.
 */
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import type { CompiledCatalog } from "../src/catalog/compiled.ts";
import { openPostings } from "../src/catalog/postings_draft.ts";
import { explainRetrieval, retrieve } from "../src/decision/retrieve.ts";
import type { World } from "../src/decision/world.ts";
import { present } from "../src/kernel/assert.ts";
import { FULL_LIMITS } from "../src/kernel/limits.ts";
import { micros } from "../src/kernel/money.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { table, writeSection } from "./measurements_page.ts";
import { catalogOf, NOW_MS, probes, type ProbedCatalog } from "./retrieval_catalogs.ts";
import { figureText, percentile, threeDigits } from "./statistics.ts";

const USAGE = `npm run bench:retrieval -- [options]

Measures the CPU of retrieval in catalogs of 1,000, 10,000 and 100,000 line items with the same number eligible, and
the size and building time of their index, and writes docs/measurements.md.

  --requests N    retrievals a catalog (default 8000)
  --seed S        seed of the catalogs (default 1)
  --json          print one JSON object on standard output instead of writing the page
  --write         write the page also with --json`;

const SIZES = [1_000, 10_000, 100_000] as const;
const ELIGIBLE = [200, 500] as const;
const WARM_REQUESTS = 4_000;
const ROUNDS = 20;
const WALKS = 3;
const LINES_A_STEP = 128;
const FRESH_REQUESTS = 1_000;

/** One catalog and its figures. Units: microseconds, bytes, milliseconds. */
interface Figures {
  readonly lineItems: number;
  readonly eligible: number;
  readonly retrieveUsP50: number;
  readonly retrieveUsP99: number;
  /** p50 beside that of the smallest catalog with as many eligible. */
  readonly ratio: number;
  /** The same when no request's context was asked before. */
  readonly freshUsP50: number;
  readonly explainMs: number;
  readonly indexBytes: number;
  readonly indexMs: number;
  readonly longestStepMs: number;
}

function worldOf(catalog: CompiledCatalog): World {
  const ample = { availableMicros: micros(1_000_000_000), multiplierPpm: 1_000_000 };
  return {
    decisionId: "d-bench",
    nowMs: NOW_MS,
    catalogDigest: "0".repeat(64),
    catalog,
    budgets: new Map([...catalog.campaigns.keys()].map((id) => [id, ample])),
    guarantees: [],
    limits: FULL_LIMITS,
  };
}

/**
 * Times of so many retrievals, by all probes in turn; with `fresh`, each from a region that nobody came from before.
 * Units: microseconds.
 */
function timesOf({ catalog }: ProbedCatalog, count: number, fresh = false): readonly number[] {
  const world = worldOf(catalog);
  const publisher = present(catalog.publishers.get("pub0"), "the catalog has the probed publisher");
  const asked = probes();
  return Array.from({ length: count }, (_, n) => {
    const probe = present(asked[n % asked.length], "there are probes");
    const request = fresh ? { ...probe, viewer: { ...probe.viewer, region: `region ${n}` } } : probe;
    const startedMs = performance.now();
    retrieve(request, world, publisher);
    return (performance.now() - startedMs) * 1000;
  });
}

/** Builds the index again, timing every step. Units: milliseconds of CPU. */
function buildingOf({ indexedLines }: ProbedCatalog): { readonly indexMs: number; readonly longestStepMs: number } {
  const builder = openPostings();
  let [indexMs, longestStepMs] = [0, 0];
  const step = <T>(work: () => T): T => {
    const started = process.cpuUsage();
    const done = work();
    const { user, system } = process.cpuUsage(started);
    const tookMs = (user + system) / 1000;
    indexMs += tookMs;
    longestStepMs = Math.max(longestStepMs, tookMs);
    return done;
  };
  for (let at = 0; at < indexedLines.length; at += LINES_A_STEP) {
    step(() => indexedLines.slice(at, at + LINES_A_STEP).forEach((line) => builder.add(line)));
  }
  while (step(() => builder.advance()) === null);
  return { indexMs, longestStepMs };
}

function explainMsOf({ catalog }: ProbedCatalog): number {
  const publisher = present(catalog.publishers.get("pub0"), "the catalog has the probed publisher");
  const request = present(probes()[0], "there are probes");
  const startedMs = performance.now();
  for (let n = 0; n < WALKS; n++) explainRetrieval(request, worldOf(catalog), publisher);
  return (performance.now() - startedMs) / WALKS;
}

function measure(eligible: number, requests: number, seed: string): readonly Figures[] {
  const probed = SIZES.map((size) => catalogOf(size, eligible, seed));
  for (const one of probed) timesOf(one, WARM_REQUESTS);
  // In turns, so that whatever else the machine does meets all of them.
  const times = probed.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    probed.forEach((one, at) => times[at]?.push(...timesOf(one, Math.ceil(requests / ROUNDS))));
  }
  const smallest = percentile(present(times[0], "there is a smallest catalog"), 0.5);
  return probed.map((one, at) => {
    const taken = present(times[at], "every catalog was measured");
    const building = buildingOf(one);
    return {
      lineItems: one.catalog.lineItems.length,
      eligible,
      retrieveUsP50: threeDigits(percentile(taken, 0.5)),
      retrieveUsP99: threeDigits(percentile(taken, 0.99)),
      ratio: threeDigits(percentile(taken, 0.5) / smallest),
      freshUsP50: threeDigits(percentile(timesOf(one, FRESH_REQUESTS, true), 0.5)),
      explainMs: threeDigits(explainMsOf(one)),
      indexBytes: one.catalog.paidOffers.postings.bytes,
      indexMs: threeDigits(building.indexMs),
      longestStepMs: threeDigits(building.longestStepMs),
    };
  });
}

function retrievalReport(command: string, catalogs: readonly Figures[], machine = thisMachine()) {
  return { benchmark: "retrieval", measuredAt: new Date().toISOString(), command, machine, catalogs };
}

function retrievalSection(report: ReturnType<typeof retrievalReport>): string {
  const head = [
    "line items",
    "eligible",
    "p50, µs",
    "p99, µs",
    "ratio",
    "index, MB",
    "built in, ms",
    "longest step, ms",
  ];
  const rows = report.catalogs.map((row) =>
    [
      row.lineItems,
      row.eligible,
      row.retrieveUsP50,
      row.retrieveUsP99,
      row.ratio,
      row.freshUsP50,
      row.indexBytes / 1e6,
      row.indexMs,
      row.longestStepMs,
    ].map(figureText),
  );
  const walk = report.catalogs.map(({ explainMs }) => explainMs);
  return [
    `\`${report.command}\``,
    "",
    ...machineLines(report.measuredAt, report.machine),
    "",
    table([[...head], ...rows]),
    "",
    "Ratio: p50 beside 1,000 line items. New context: every request from a region that nobody came from before.",
    `Asking every line item why it may not run, as an explanation does, takes`,
    `${figureText(Math.max(...walk))} ms in the largest catalog.`,
  ].join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    requests: { type: "string", default: "8000" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const requests = wholeFrom(options.requests, "--requests", 100, 1_000_000);
  const catalogs: Figures[] = [];
  for (const eligible of ELIGIBLE) {
    console.error(`retrieving ${eligible} line items`);
    catalogs.push(...measure(eligible, requests, options.seed));
  }
  const command = `npm run bench:retrieval -- --requests ${requests} --seed ${options.seed}`;
  const report = retrievalReport(command, catalogs);
  const section = retrievalSection(report);
  console.log(options.json ? JSON.stringify(report) : section);
  if (options.write ?? !options.json) await writeSection("npm run bench:retrieval", section);
});
