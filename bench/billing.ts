/**
 * `npm run bench:billing`: how many impressions a second one wallet bills, in workerd with its disk and RPC around it
 * and in Node without; how many writes that takes; and how long a wallet with a full disk takes to start.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import { BATCH_CLAIMS, CAMPAIGNS, PURSES } from "./billing_claims.ts";
import { measurePure } from "./billing_pure.ts";
import { type BillingRuntime, startBillingRuntime } from "./billing_runtime.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { table, writeSection } from "./measurements_page.ts";
import { figureText, percentile, spread, spreadText, threeDigits } from "./statistics.ts";
import { workerdCpuMs } from "./workerd_cpu.ts";

const USAGE = `npm run bench:billing -- [options]

Measures how many impressions a second one wallet bills, and writes docs/measurements.md.
Takes half a minute. Nothing else should run meanwhile.

  --rounds N    rounds, each of --batches batches of ${BATCH_CLAIMS} impressions (default 5)
  --batches N   batches in a round (default 800)
  --callers N   callers that have a batch under way at any time (default 32)
  --pure        only the pure machine, in Node
  --json        print one JSON object on standard output instead of writing the page
  --write       write the page also with --json`;

const LOADS = 20;
const say = (line: string): void => console.error(line);

interface Settings {
  readonly rounds: number;
  readonly batches: number;
  readonly callers: number;
}

const roundSchema = z.object({
  asked: z.int(),
  billed: z.int(),
  elapsedMs: z.number().positive(),
  groups: z.int(),
  latenciesMs: z.array(z.number()),
});
type Round = z.output<typeof roundSchema> & { readonly cpuMs: number | null };

async function measureRounds(runtime: BillingRuntime, stateDir: string, settings: Settings): Promise<Round[]> {
  const { rounds, batches, callers } = settings;
  const measured: Round[] = [];
  // The first one warms up and is not counted.
  for (let number = 0; number <= rounds; number++) {
    say(number === 0 ? "warming up" : `round ${number} of ${rounds}`);
    const cpuBefore = workerdCpuMs(stateDir);
    const order = { kind: "bill", firstBatch: number * batches, batches, callers };
    const round = roundSchema.parse(await runtime.ask(order));
    const cpuAfter = workerdCpuMs(stateDir);
    if (round.billed !== round.asked) throw new Error(`only ${round.billed} of ${round.asked} impressions were billed`);
    const cpuMs = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
    if (number > 0) measured.push({ ...round, cpuMs });
  }
  return measured;
}

async function measureLoad(runtime: BillingRuntime) {
  say("starting from a full disk");
  const disk = z.object({ checkpointChars: z.int(), journalRows: z.int() }).parse(await runtime.ask({ kind: "fill" }));
  await runtime.ask({ kind: "load", times: 2 });
  const startedMs = performance.now();
  await runtime.ask({ kind: "load", times: LOADS });
  return { ...disk, loadMs: threeDigits((performance.now() - startedMs) / LOADS) };
}

async function measureWorkerd(settings: Settings) {
  const stateDir = await mkdtemp(path.join(os.tmpdir(), "midroll-bench-billing-"));
  const runtime = await startBillingRuntime(stateDir);
  try {
    say("giving purses their money");
    await runtime.ask({ kind: "fund" });
    const rounds = await measureRounds(runtime, stateDir, settings);
    const perSec = (of: (round: Round) => number) =>
      spread(rounds.map((round) => (of(round) * 1_000) / round.elapsedMs));
    const latenciesMs = rounds.flatMap((round) => round.latenciesMs);
    return {
      impressionsPerSec: perSec((round) => round.billed),
      writesPerSec: perSec((round) => round.groups),
      cpuUsPerImpression: spread(rounds.map((round) => ((round.cpuMs ?? 0) * 1_000) / round.billed)),
      batchMsP50: threeDigits(percentile(latenciesMs, 0.5)),
      batchMsP99: threeDigits(percentile(latenciesMs, 0.99)),
      start: await measureLoad(runtime),
    };
  } finally {
    await runtime.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

function billingSection(
  command: string,
  machine: readonly string[],
  workerd: Awaited<ReturnType<typeof measureWorkerd>>,
  pure: ReturnType<typeof measurePure>,
): string {
  const { start } = workerd;
  return [
    `\`${command}\``,
    "",
    ...machine,
    "",
    table([
      ["one wallet", "median (range)"],
      ["impressions a second, workerd", spreadText(workerd.impressionsPerSec)],
      ["writes a second", spreadText(workerd.writesPerSec)],
      ["CPU an impression, µs (driver, RPC, wallet, disk)", spreadText(workerd.cpuUsPerImpression)],
      ["a batch's answer, ms, p50 and p99", `${figureText(workerd.batchMsP50)} and ${figureText(workerd.batchMsP99)}`],
      ["impressions a second, the pure machine in Node", spreadText(pure.impressionsPerSec)],
      ["start from a full disk, ms", figureText(start.loadMs)],
    ]),
    "",
    `Batches of ${BATCH_CLAIMS} impressions of ${PURSES} purses in ${CAMPAIGNS} campaigns; the callers run in the same`,
    `thread as the wallet. A full disk: a checkpoint of ${figureText(start.checkpointChars / 1e6)} MB and`,
    `${start.journalRows} journal rows of 500 impressions.`,
  ].join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    rounds: { type: "string", default: "5" },
    batches: { type: "string", default: "800" },
    callers: { type: "string", default: "32" },
    pure: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const rounds = wholeFrom(options.rounds, "--rounds", 1, 5_000);
  const batches = wholeFrom(options.batches, "--batches", 1, 5_000);
  const callers = wholeFrom(options.callers, "--callers", 1, 5_000);
  say("the pure machine");
  const pure = measurePure(rounds, batches);
  if (options.pure) {
    console.log(JSON.stringify(pure));
    return;
  }
  const command = `npm run bench:billing -- --rounds ${rounds} --batches ${batches} --callers ${callers}`;
  const [measuredAt, machine] = [new Date().toISOString(), thisMachine()];
  const workerd = await measureWorkerd({ rounds, batches, callers });
  const section = billingSection(command, machineLines(measuredAt, machine), workerd, pure);
  if (options.json) console.log(JSON.stringify({ benchmark: "billing", measuredAt, command, machine, workerd, pure }));
  else console.log(section);
  if (options.write ?? !options.json) await writeSection("npm run bench:billing", section);
});
