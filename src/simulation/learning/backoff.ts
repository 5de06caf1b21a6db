/**
 * Learning by kinds of break, for anything that can be fitted and scored: a narrow kind leans on the wider one it
 * belongs to, and gets a line of its own only when that is shown to help on days that it was not fitted on.
 *
 * Days are the folds: what an ad was sold for at noon says much about the same ad at one, so breaks of one day never
 * stand on both sides. Source: cross-fitting (Chernozhukov et al. 2018).
 */
import { kindKey, type BreakKind } from "./kinds.ts";

/** One observation: what was seen, on which day, and the kinds of break it is of, the widest first. */
export interface Observation<Sample> {
  readonly day: number;
  readonly kinds: readonly BreakKind[];
  readonly sample: Sample;
}

/** How to learn one thing. */
export interface Learner<Sample, Model> {
  /** What holds where nothing was learned; null: nothing at all, so that anything is better. */
  readonly nothing: Model | null;
  /** The model of these samples, leaning on the wider kind's. Must not depend on the order of samples. */
  fit(samples: readonly Sample[], wider: Model | null): Model;
  /** How well a model does on samples it was not fitted on: more is better. Adds up over samples. */
  score(model: Model, samples: readonly Sample[]): number;
}

/** When a kind of break may have a line of its own. */
export interface Evidence {
  /** Fewest observations. */
  readonly samplesMin: number;
  /** Most parts that the days are dealt into. */
  readonly folds: number;
}

/** What was learned of one kind of break. */
export interface LearnedLine<Model> {
  readonly kind: BreakKind;
  readonly model: Model;
  readonly samples: number;
  /** What the line adds a day to what a wider line or nothing gives, on days not fitted on; null: there was nothing. */
  readonly gainPerDay: number | null;
}

/** All observations of one kind of break, and its narrower kinds. The root is of every kind. */
interface Branch<Sample> {
  readonly kind: BreakKind | null;
  readonly byDay: Map<number, Sample[]>;
  readonly narrower: Map<string, Branch<Sample>>;
  count: number;
}

/**
 * The lines, wide before narrow, in the order of their words. Requires: at least two days, else there are no lines.
 * Cost: folds × depth × samples.
 */
export function learnLines<Sample, Model>(
  observations: readonly Observation<Sample>[],
  learner: Learner<Sample, Model>,
  evidence: Evidence,
): readonly LearnedLine<Model>[] {
  const root = sortOut(observations);
  const days = [...root.byDay.keys()].sort((a, b) => a - b);
  const folds = Math.min(evidence.folds, days.length);
  if (folds < 2) return [];
  const foldOf = new Map(days.map((day, at) => [day, at % folds]));
  const lines: LearnedLine<Model>[] = [];

  /** One model for each fold, fitted without it, and last the one of all days. */
  const fitAll = (branch: Branch<Sample>, wider: readonly (Model | null)[]): readonly Model[] =>
    Array.from({ length: folds + 1 }, (_, fold) => {
      const seen = [...branch.byDay].flatMap(([day, samples]) => (foldOf.get(day) === fold ? [] : samples));
      return learner.fit(seen, wider[fold] ?? null);
    });
  const gainsOf = (branch: Branch<Sample>, models: readonly Model[], held: readonly (Model | null)[]) =>
    days.map((day) => {
      const fold = foldOf.get(day) ?? 0;
      const [model, before] = [models[fold] ?? null, held[fold] ?? null];
      const samples = branch.byDay.get(day) ?? [];
      return model === null || before === null ? 0 : learner.score(model, samples) - learner.score(before, samples);
    });
  const visit = (branch: Branch<Sample>, wider: readonly (Model | null)[], held: readonly (Model | null)[]): void => {
    if (branch.count < evidence.samplesMin) return;
    const models = fitAll(branch, wider);
    const gainPerDay = held.includes(null) ? null : surely(gainsOf(branch, models, held));
    const model = models.at(-1);
    const shipped = branch.kind !== null && gainPerDay !== 0;
    if (branch.kind !== null && model !== undefined && shipped) {
      lines.push({ kind: branch.kind, model, samples: branch.count, gainPerDay });
    }
    for (const [, narrow] of [...branch.narrower].sort(([a], [b]) => (a < b ? -1 : 1))) {
      visit(narrow, models, shipped ? models : held);
    }
  };
  const none = Array.from({ length: folds + 1 }, () => learner.nothing);
  visit(root, none, none);
  return lines;
}

/** How many standard errors above nothing a gain must be. */
const SURE_ERRORS = 2;

/** The mean gain of a day when it is surely more than nothing, else 0. */
function surely(gains: readonly number[]): number {
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const squares = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
  const error = Math.sqrt(squares / (gains.length - 1) / gains.length);
  return mean > SURE_ERRORS * error ? mean : 0;
}

function sortOut<Sample>(observations: readonly Observation<Sample>[]): Branch<Sample> {
  const root = emptyBranch<Sample>(null);
  for (const { day, kinds, sample } of observations) {
    let branch = root;
    add(branch, day, sample);
    for (const kind of kinds) {
      const key = kindKey(kind);
      const next = branch.narrower.get(key) ?? emptyBranch<Sample>(kind);
      branch.narrower.set(key, next);
      branch = next;
      add(branch, day, sample);
    }
  }
  return root;
}

function emptyBranch<Sample>(kind: BreakKind | null): Branch<Sample> {
  return { kind, byDay: new Map(), narrower: new Map(), count: 0 };
}

function add<Sample>(branch: Branch<Sample>, day: number, sample: Sample): void {
  const samples = branch.byDay.get(day);
  if (samples === undefined) branch.byDay.set(day, [sample]);
  else samples.push(sample);
  branch.count++;
}
