/**
 * `npm run bench:score`: what scoring dense heads costs, four ways in one run and by turns: inside workerd as sessions
 * of the ONNX runtime and stacked on the kernel; in Node, on the native runtime, one session a model (the server most
 * people would write) and as one fused graph. Each answer is compared with the native sessions' first.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { z } from "zod";
import { bundleModules, projectDir } from "../local/build.ts";
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import { readWorkerConfigs } from "../local/wrangler_config.ts";
import { startLoneWorker } from "./lone_worker.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { table, writeSection } from "./measurements_page.ts";
import {
  benchRows,
  COLUMNS,
  drawModels,
  ENDS,
  fusedModel,
  HEADS,
  ROWS,
  WIDTHS,
  type ScoreOrder,
} from "./score_models.ts";
import { apart } from "../src/onnx/apart.ts";
import { measureMixed, mixedLines, type MixedFigures } from "./score_mixed.ts";
import { spread, spreadText, threeDigits, type Spread } from "./statistics.ts";

const USAGE = `npm run bench:score -- [options]

Measures the scoring of ${HEADS} dense heads (${WIDTHS.join(" → ")}) on ${ROWS.join(", ")} rows, in workerd and on the
native runtime, by turns in one run, and writes docs/measurements.md.

  --rounds N      rounds by turns, each way a stretch (default 15)
  --json          print one JSON object on standard output instead of writing the page
  --write         write the page also with --json`;

/** What one stretch of one way lasts about. Units: milliseconds. */
const STRETCH_MS = 60;
/** Distance from the native sessions' answers that is still the same answer. */
const CLOSE = 1e-5;

/** One way to score: runs so many times and says how long that took in all, with the last scores. */
type Way = (rows: number, times: number) => Promise<{ readonly elapsedMs: number; readonly scores: readonly number[] }>;

const answerSchema = z.object({ elapsedMs: z.number(), scores: z.array(z.number()) });

/** A way in this process: `once` answers all heads on all rows. */
function timed(once: (input: Record<string, Tensor>) => Promise<number[]>): Way {
  return async (rows, times) => {
    const features = benchRows(rows);
    let scores: number[] = [];
    const startedMs = performance.now();
    for (let n = 0; n < times; n++) {
      scores = await once({ [ENDS.inputName]: new Tensor("float32", features, [rows, COLUMNS]) });
    }
    return { elapsedMs: performance.now() - startedMs, scores };
  };
}

async function nativeWays(models: readonly Uint8Array[]) {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: "all" } as const;
  const sessions: InferenceSession[] = [];
  for (const model of models) sessions.push(await InferenceSession.create(model, options));
  const fused = await InferenceSession.create(fusedModel(models), options);
  const nativeUnfused = timed(async (input) => {
    const all: number[] = [];
    for (const session of sessions) all.push(...floatsOf((await session.run(input))[ENDS.outputName]));
    return all;
  });
  const nativeFused = timed(async (input) => [...floatsOf((await fused.run(input))["scores"])]);
  return { nativeUnfused, nativeFused };
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error("a model answered something else than float32");
}

function workerdWay(port: number, way: ScoreOrder["way"]): Way {
  return async (rows, times) => {
    const order: ScoreOrder = { way, rows, times };
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(order) });
    if (!answer.ok) throw new Error(`the driver failed: ${await answer.text()}`);
    return answerSchema.parse(await answer.json());
  };
}

/** Calls that last about one stretch. Also warms up and compares with what is expected. */
async function calibrate(name: string, way: Way, rows: number, expected: readonly number[] | null): Promise<number> {
  const { scores } = await way(rows, 20);
  const away = expected === null ? 0 : apart(scores, expected);
  if (!(away <= CLOSE)) throw new Error(`${name} is ${away} away from the native sessions on ${rows} rows`);
  const { elapsedMs } = await way(rows, 40);
  return Math.max(1, Math.min(5_000, Math.round((STRETCH_MS * 40) / Math.max(elapsedMs, 0.1))));
}

/** Medians and spreads by way, for one number of rows. Units: microseconds a decision. */
async function measureRows(ways: ReadonlyMap<string, Way>, rows: number, rounds: number): Promise<Map<string, Spread>> {
  const expected = (await ways.get("nativeUnfused")?.(rows, 1))?.scores ?? null;
  const times = new Map<string, number>();
  for (const [name, way] of ways) times.set(name, await calibrate(name, way, rows, expected));
  const samples = new Map([...ways.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of ways) {
      const count = times.get(name) ?? 1;
      const { elapsedMs } = await way(rows, count);
      samples.get(name)?.push((elapsedMs * 1000) / count);
    }
  }
  return new Map([...samples].map(([name, us]) => [name, spread(us)]));
}

const COLUMNS_SHOWN = ["wasmUnfused", "wasmFusedGraph", "wasmFused", "nativeUnfused", "nativeFused"] as const;

function report(command: string, { measured, mixed }: Measured) {
  const rows = [...measured].map(([count, spreads]) => {
    const at = (name: string): number => threeDigits(spreads.get(name)?.median ?? Number.NaN);
    const figures = Object.fromEntries(COLUMNS_SHOWN.map((name) => [`${name}Us`, at(name)]));
    const ratio = threeDigits(at("wasmFused") / at("nativeUnfused"));
    return { rows: count, ...figures, wasmFusedOverNativeUnfused: ratio, spreads: Object.fromEntries(spreads) };
  });
  return { benchmark: "score", measuredAt: new Date().toISOString(), command, machine: thisMachine(), rows, mixed };
}

function section(result: ReturnType<typeof report>): string {
  const head = ["µs a decision, median (min..max)", ...COLUMNS_SHOWN, "wasmFused / nativeUnfused"];
  const lines = result.rows.map(({ rows, spreads, wasmFusedOverNativeUnfused }) => {
    const cells = COLUMNS_SHOWN.map((name) => {
      const found = spreads[name];
      return found === undefined ? "" : spreadText(found);
    });
    return [`${rows} rows`, ...cells, `${wasmFusedOverNativeUnfused} ×`];
  });
  return [
    `\`${result.command}\``,
    "",
    ...machineLines(result.measuredAt, result.machine),
    "",
    table([head, ...lines]),
    "",
    `${HEADS} heads of ${WIDTHS.join(" → ")}, half of the columns the break's. \`wasmUnfused\`: one session a head in`,
    "workerd; `wasmFusedGraph`: the stack as one ONNX graph there; `wasmFused`: the stack on the kernel, as the edge",
    "runs it; `nativeUnfused`: Node and onnxruntime-node, one session a head, one thread; `nativeFused`: the fused",
    "graph there.",
    "",
    ...mixedLines(result.mixed),
  ].join("\n");
}

interface Measured {
  readonly measured: ReadonlyMap<number, ReadonlyMap<string, Spread>>;
  readonly mixed: MixedFigures;
}

async function measure(rounds: number): Promise<Measured> {
  const stateDir = await mkdtemp(path.join(os.tmpdir(), "midroll-bench-score-"));
  const { edge } = await readWorkerConfigs(projectDir);
  const source = { mainPath: path.join(projectDir, "bench/workerd/score_driver.ts"), moduleTypes: edge.moduleTypes };
  const modules = await bundleModules(projectDir, source, path.join(projectDir, "dist/bench-score"));
  const worker = await startLoneWorker(stateDir, "score-driver", modules);
  try {
    const { nativeUnfused, nativeFused } = await nativeWays(drawModels());
    const ways = new Map<string, Way>([
      ["nativeUnfused", nativeUnfused],
      ["wasmFused", workerdWay(worker.port, "kernel")],
      ["nativeFused", nativeFused],
      ["wasmFusedGraph", workerdWay(worker.port, "fusedGraph")],
      ["wasmUnfused", workerdWay(worker.port, "sessions")],
    ]);
    const measured = new Map<number, Map<string, Spread>>();
    for (const rows of ROWS) {
      console.error(`scoring ${rows} rows`);
      measured.set(rows, await measureRows(ways, rows, rounds));
    }
    console.error("scoring the mixed set");
    return { measured, mixed: await measureMixed(worker.port) };
  } finally {
    await worker.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

await run(async () => {
  const options = optionsOf(USAGE, {
    rounds: { type: "string", default: "15" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const rounds = wholeFrom(options.rounds, "--rounds", 1, 1_000);
  const result = report(`npm run bench:score -- --rounds ${rounds}`, await measure(rounds));
  console.log(options.json ? JSON.stringify(result) : section(result));
  if (options.write ?? !options.json) await writeSection("npm run bench:score", section(result));
});
