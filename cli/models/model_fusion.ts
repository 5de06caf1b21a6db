/**
 * Fused equals unfused: what an edge would run of some models, the plan of the whole set, is asked the same rows as
 * each model alone in the native runtime, whose answers are calibrated in doubles. And the plan shown to people: which
 * models run together on what, and what each pass won.
 */
import { BREAK_SPAN, COLUMN_COUNT } from "../../src/features/schema.ts";
import { stream } from "../../src/kernel/random.ts";
import { calibrate } from "../../src/models/calibrate.ts";
import type { Calibrator } from "../../src/onnx/calibrate.ts";
import { planSet, type PlannedModel, type PlannedPart, type SetPlan } from "../../src/onnx/plan.ts";
import { openNative } from "./model_probe.ts";
import { countOf, showTable } from "../outcome.ts";
import { openPlan, type AskPlan } from "./plan_runner.ts";

/** A model that passed the gate, and rows that it is asked besides drawn ones. */
export interface FusedModel extends PlannedModel {
  readonly goldenRows: readonly (readonly number[])[];
}

/** What fusing some models came to. */
export interface Fusion {
  readonly plan: SetPlan;
  /** Largest distance of any model from itself alone, as a share of what it may be: above 1 it is refused. */
  readonly apart: number;
  /** What was found wrong, by model. */
  readonly wrong: ReadonlyMap<string, string>;
}

/** Farthest that a fused answer may be from the model's own; above 1, as a share of the answer. */
const APART_MAX = 1e-6;
/** What two runtimes may differ in the last bits of a probability, before a calibrator makes more of it. */
const LAST_BITS = 2 ** -22;
const DRAWN_ROWS = 64;
const GOLDEN_ROWS_MAX = 64;
const SEED = "fused equals unfused";

/** Plans the models, runs the plan and holds it against each of them. Requires: models that passed the gate. */
export async function checkFusion(models: readonly FusedModel[], columns: number): Promise<Fusion> {
  const plan = planSet(models, columns);
  const shared = columns === COLUMN_COUNT ? BREAK_SPAN : { from: 0, to: 0 };
  const halves = { shared, own: { from: shared.to, to: columns } };
  const wrong = new Map<string, string>();
  try {
    const running = await openPlan(plan, halves, DRAWN_ROWS);
    let apart = 0;
    for (const model of models) {
      const far = await farthest(model, running.ask, columns, shared.to);
      apart = Math.max(apart, far);
      if (!(far <= 1)) wrong.set(model.name, `${(far * APART_MAX).toExponential(1)} away from itself alone`);
    }
    await running.release();
    return { plan, apart, wrong };
  } catch (error) {
    const words = (error instanceof Error ? error.message : String(error)).slice(0, 300);
    for (const { name } of models) wrong.set(name, `the set does not run: ${words}`);
    return { plan, apart: Number.POSITIVE_INFINITY, wrong };
  }
}

/** The largest distance on drawn rows of one break and on golden rows one by one, as a share of what it may be. */
async function farthest(model: FusedModel, ask: AskPlan, columns: number, shared: number): Promise<number> {
  const alone = await openNative(model.bytes, model);
  try {
    const golden = model.goldenRows.slice(0, GOLDEN_ROWS_MAX).map((row) => Float32Array.from(row));
    let most = 0;
    for (const rows of [drawRows(columns, shared), ...golden]) {
      const count = rows.length / columns;
      const own = await alone.ask(rows, count);
      const fused = (await ask(rows, count)).get(model.name);
      for (let row = 0; row < count; row++) {
        const share = distance(own[row] ?? Number.NaN, fused?.[row] ?? Number.NaN, model.calibrator);
        most = share <= most ? most : Number.isNaN(share) ? Number.POSITIVE_INFINITY : share;
      }
    }
    return most;
  } finally {
    await alone.release();
  }
}

function distance(own: number, fused: number, calibrator: Calibrator | null): number {
  const expected = calibrate(calibrator, own);
  // A steep calibrator makes more of the last bits than they are.
  const steep =
    calibrator === null ? 0 : calibrate(calibrator, own + LAST_BITS) - calibrate(calibrator, own - LAST_BITS);
  return Math.abs(fused - expected) / (APART_MAX * Math.max(1, Math.abs(expected)) + steep);
}

/** Ordinary rows of one break. Seeded, so that a refusal can be seen again. */
function drawRows(columns: number, shared: number): Float32Array {
  const random = stream(SEED, "rows");
  const rows = Float32Array.from({ length: DRAWN_ROWS * columns }, () => {
    const kind = random.next();
    return kind < 0.5 ? 0 : kind < 0.7 ? 1 : random.next();
  });
  const once = rows.slice(0, shared);
  for (let row = 0; row < DRAWN_ROWS; row++) rows.set(once, row * columns);
  return rows;
}

const RUNS_ON: Readonly<Record<PlannedPart["kind"], string>> = {
  stack: "kernel of dense layers",
  forests: "kernel of trees",
  graph: "ONNX runtime",
};

/** One line about a fusion; with `all`, what runs together and what each pass won. */
export function fusionLines({ plan, apart }: Fusion, all: boolean): readonly string[] {
  if (plan.parts.length === 0) return [];
  const models = countOf(plan.parts.flatMap(({ names }) => names).length, "model");
  const sessions = plan.parts.filter(({ kind }) => kind === "graph").length;
  const away = `at most ${(apart * APART_MAX).toExponential(1)} from unfused`;
  const line = `fused: ${models} in ${countOf(plan.parts.length, "part")}, ${countOf(sessions, "session")}, ${away}`;
  if (!all) return [line];
  const parts = plan.parts.map(({ kind, names }) => [`  ${RUNS_ON[kind]}`, names.join(", ")]);
  const passes = plan.passes.map(({ of, pass, won, unit }) => [`  ${of.replaceAll(" ", ", ")}`, pass, `${won}`, unit]);
  return [
    line,
    "",
    ...showTable(["  runs on", "models"], parts),
    "",
    ...showTable(["  model", "pass", "won", ""], passes, new Set([2])),
    "",
  ];
}

/** The same for scripts. */
export function fusionJson({ plan, apart, wrong }: Fusion) {
  const parts = plan.parts.map((part) => ({
    kind: part.kind,
    names: part.names,
    ...(part.kind === "graph" ? { sizeBytes: part.bytes.length } : {}),
  }));
  const away = Number.isFinite(apart) ? apart * APART_MAX : null;
  return { parts, passes: plan.passes, apart: away, wrong: Object.fromEntries(wrong) };
}
