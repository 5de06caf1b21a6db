/**
 * The mixed part of `npm run bench:score`: dense heads, trees and embeddings in one decision inside workerd, in
 * stretches and one by one, after its answers were compared with every model alone in the native runtime.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { z } from "zod";
import { apart } from "../src/onnx/apart.ts";
import { planSet } from "../src/onnx/plan.ts";
import { benchRows, COLUMNS, drawMixedSet, ENDS, MIXED, type ScoreOrder } from "./score_models.ts";
import { percentile, threeDigits } from "./statistics.ts";

/** Decisions of one stretch, and stretches. So few that a slow one shows, so many that the clock can tell. */
const STRETCH = 5;
const STRETCHES = 1_000;
/** Decisions that are timed one by one, from outside. */
const ALONE = 2_000;
const CLOSE = 1e-6;

/** What the mixed set costs. Units: microseconds a decision. */
export interface MixedFigures {
  readonly rows: number;
  readonly decisions: number;
  /** Of stretches of five, by the Worker's clock of whole milliseconds, the timers on both sides included. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Of decisions one by one, seen from outside, request and answer included; and of requests for nothing. */
  readonly outside: { readonly p50Us: number; readonly p99Us: number };
  readonly nothing: { readonly p50Us: number; readonly p99Us: number };
  /** Farthest answer from the model's own, alone, in the native runtime. */
  readonly apart: number;
}

const answerSchema = z.object({ elapsedMs: z.number(), scores: z.array(z.number()) });

function at(list: readonly number[], share: number): number {
  return threeDigits(percentile(list, share));
}

/** Measures it in the driver that listens on this port. */
export async function measureMixed(port: number): Promise<MixedFigures> {
  const ask = async (way: ScoreOrder["way"]): Promise<Response> => {
    const order: ScoreOrder = { way, rows: MIXED.rows, times: STRETCH };
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(order) });
    if (answer.ok) return answer;
    throw new Error(`the driver failed: ${await answer.text()}`);
  };
  const stretch = async () => answerSchema.parse(await (await ask("mixed")).json());
  const away = apart((await stretch()).scores, await nativeScores());
  if (!(away <= CLOSE)) throw new Error(`the mixed set is ${away} away from its models alone`);
  const stretchesUs: number[] = [];
  for (let n = 0; n < STRETCHES; n++) stretchesUs.push(((await stretch()).elapsedMs * 1000) / STRETCH);
  const samples = { mixedOnce: [] as number[], nothing: [] as number[] };
  for (let n = 0; n < ALONE; n++) {
    for (const way of ["mixedOnce", "nothing"] as const) {
      const startedMs = performance.now();
      await (await ask(way)).text();
      samples[way].push((performance.now() - startedMs) * 1000);
    }
  }
  const ends = (list: readonly number[]) => ({ p50Us: at(list, 0.5), p99Us: at(list, 0.99) });
  return {
    rows: MIXED.rows,
    decisions: STRETCH * STRETCHES,
    ...ends(stretchesUs),
    maxUs: at(stretchesUs, 1),
    outside: ends(samples.mixedOnce),
    nothing: ends(samples.nothing),
    apart: away,
  };
}

/** What every model says alone, in the order of the plan. */
async function nativeScores(): Promise<readonly number[]> {
  const set = drawMixedSet();
  const features = benchRows(MIXED.rows);
  const scores: number[] = [];
  for (const name of planSet(set, COLUMNS).parts.flatMap(({ names }) => names)) {
    const model = set.find((one) => one.name === name);
    const session = await InferenceSession.create(model?.bytes ?? new Uint8Array(0), { intraOpNumThreads: 1 });
    const input = new Tensor("float32", features, [MIXED.rows, COLUMNS]);
    const answer = (await session.run({ [ENDS.inputName]: input }))[ENDS.outputName]?.data;
    if (!(answer instanceof Float32Array)) throw new Error(`${name} answered something else than float32`);
    scores.push(...answer);
    await session.release();
  }
  return scores;
}

/** The same for people. */
export function mixedLines({ rows, decisions, p50Us, p99Us, maxUs, outside, nothing }: MixedFigures): string[] {
  const { dense, forests, trees, depth, embeddings } = MIXED;
  return [
    `Mixed set in workerd: ${dense} dense heads, ${forests} ensembles of ${trees} trees of depth ${depth},`,
    `${embeddings} models with embeddings, ${rows} rows. ${decisions} decisions in stretches of ${STRETCH}:`,
    `p50 ${p50Us} µs,`,
    `p99 ${p99Us} µs, slowest ${maxUs} µs a decision. One by one, seen from outside with request and answer: p50`,
    `${outside.p50Us} µs, p99 ${outside.p99Us} µs; a request for nothing: p50 ${nothing.p50Us} µs,`,
    `p99 ${nothing.p99Us} µs.`,
  ];
}
