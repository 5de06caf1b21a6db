/**
 * The mixed part of `npm run bench:score`: dense heads, trees and embeddings in one decision inside workerd, each
 * decision timed by itself, after its answers were compared with every model alone in the native runtime.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { z } from "zod";
import { apart } from "../src/onnx/apart.ts";
import { planSet } from "../src/onnx/plan.ts";
import { benchRows, COLUMNS, drawMixedSet, ENDS, MIXED, type ScoreOrder } from "./score_models.ts";
import { percentile, threeDigits } from "./statistics.ts";

/** Decisions that are measured, in stretches, after as many of one stretch that are not. */
const DECISIONS = 2_000;
const STRETCH = 200;
const CLOSE = 1e-6;

/** What the mixed set costs. Units: microseconds a decision. */
export interface MixedFigures {
  readonly rows: number;
  readonly decisions: number;
  /** From stretches of decisions, because a Worker's clock counts whole milliseconds. */
  readonly p50Us: number;
  /** From decisions one by one, in whole milliseconds, the timers around them included. */
  readonly p99Us: number;
  readonly maxUs: number;
  /** Farthest answer from the model's own, alone, in the native runtime. */
  readonly apart: number;
}

const answerSchema = z.object({ elapsedMs: z.number(), scores: z.array(z.number()), eachUs: z.array(z.number()) });

/** Measures it in the driver that listens on this port. */
export async function measureMixed(port: number): Promise<MixedFigures> {
  const ask = async (way: "mixed" | "mixedEach") => {
    const order: ScoreOrder = { way, rows: MIXED.rows, times: STRETCH };
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: JSON.stringify(order) });
    if (!answer.ok) throw new Error(`the driver failed: ${await answer.text()}`);
    return answerSchema.parse(await answer.json());
  };
  const away = apart((await ask("mixed")).scores, await nativeScores());
  if (!(away <= CLOSE)) throw new Error(`the mixed set is ${away} away from its models alone`);
  const eachUs: number[] = [];
  const meansUs: number[] = [];
  while (eachUs.length < DECISIONS) {
    eachUs.push(...(await ask("mixedEach")).eachUs);
    meansUs.push(((await ask("mixed")).elapsedMs * 1000) / STRETCH);
  }
  const at = (share: number): number => threeDigits(percentile(eachUs, share));
  const { rows } = MIXED;
  return {
    rows,
    decisions: eachUs.length,
    p50Us: threeDigits(percentile(meansUs, 0.5)),
    p99Us: at(0.99),
    maxUs: at(1),
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
export function mixedLines({ rows, decisions, p50Us, p99Us, maxUs }: MixedFigures): readonly string[] {
  const { dense, forests, trees, depth, embeddings } = MIXED;
  return [
    `Mixed set in workerd: ${dense} dense heads, ${forests} ensembles of ${trees} trees of depth ${depth},`,
    `${embeddings} models with embeddings, ${rows} rows, ${decisions} decisions. Median of stretches ${p50Us} µs;`,
    `one by one, by a clock of whole milliseconds and with the timers around each, p99 ${p99Us} µs, slowest ${maxUs} µs.`,
  ];
}
