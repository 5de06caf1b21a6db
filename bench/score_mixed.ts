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

/** Decisions of one stretch; and those that are timed one by one, a batch of them after each stretch. */
const STRETCH = 100;
const BATCH = 100;
const BATCHES = 20;
const CLOSE = 1e-6;

/** What the mixed set costs. Units: microseconds a decision. */
export interface MixedFigures {
  readonly rows: number;
  readonly decisions: number;
  /** Median of stretches, by the Worker's own clock. */
  readonly p50Us: number;
  /** Of decisions one by one, seen from outside: the request to the Worker and its answer are part of the time. */
  readonly p99Us: number;
  readonly p50OutsideUs: number;
  readonly maxUs: number;
  /** Farthest answer from the model's own, alone, in the native runtime. */
  readonly apart: number;
}

const answerSchema = z.object({ elapsedMs: z.number(), scores: z.array(z.number()) });

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
  const eachUs: number[] = [];
  const stretchesUs: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    stretchesUs.push(((await stretch()).elapsedMs * 1000) / STRETCH);
    for (let n = 0; n < BATCH; n++) {
      const startedMs = performance.now();
      await (await ask("mixedOnce")).text();
      eachUs.push((performance.now() - startedMs) * 1000);
    }
  }
  const at = (share: number): number => threeDigits(percentile(eachUs, share));
  return {
    rows: MIXED.rows,
    decisions: eachUs.length,
    p50Us: threeDigits(percentile(stretchesUs, 0.5)),
    p99Us: at(0.99),
    p50OutsideUs: at(0.5),
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
export function mixedLines({ rows, decisions, p50Us, p50OutsideUs, p99Us, maxUs }: MixedFigures): readonly string[] {
  const { dense, forests, trees, depth, embeddings } = MIXED;
  return [
    `Mixed set in workerd: ${dense} dense heads, ${forests} ensembles of ${trees} trees of depth ${depth},`,
    `${embeddings} models with embeddings, ${rows} rows: median of stretches ${p50Us} µs a decision.`,
    `${decisions} decisions one by one, seen from outside with request and answer: p50 ${p50OutsideUs} µs, p99`,
    `${p99Us} µs, slowest ${maxUs} µs.`,
  ];
}
