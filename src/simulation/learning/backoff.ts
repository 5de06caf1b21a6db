/**
 * Learning by kinds of break, for anything that can be fitted and scored: a narrow kind leans on the wider one it
 * belongs to, and gets a line of its own only when that is shown to help on days that it was not fitted on.
 *
 * Days are the folds: what an ad was sold for at noon says much about the same ad at one, so breaks of one day never
 * stand on both sides. Source: cross-fitting (Chernozhukov et al. 2018).
 */
import { contextKey, type BreakContext } from "./contexts.ts";

/** One observation: what was seen, on which day, and the kinds of break it is of, the widest first. */
export interface Observation<Sample> {
  readonly day: number;
  readonly contexts: readonly BreakContext[];
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
  readonly context: BreakContext;
  readonly model: Model;
  readonly samples: number;
  /** What the line adds a day to what a wider line or nothing gives, on days not fitted on; null: there was nothing. */
  readonly gainPerDay: number | null;
}

interface Kind<Sample> {
  readonly context: BreakContext | null;
  readonly byDay: Map<number, Sample[]>;
  readonly narrower: Map<string, Kind<Sample>>;
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
  const fitAll = (kind: Kind<Sample>, wider: readonly (Model | null)[]): readonly Model[] =>
    Array.from({ length: folds + 1 }, (_, fold) => {
      const seen = [...kind.byDay].flatMap(([day, samples]) => (foldOf.get(day) === fold ? [] : samples));
      return learner.fit(seen, wider[fold] ?? null);
    });
  const gainsOf = (kind: Kind<Sample>, models: readonly Model[], held: readonly (Model | null)[]): readonly number[] =>
    days.map((day) => {
      const samples = kind.byDay.get(day) ?? [];
      const [model, before] = [models[foldOf.get(day) ?? 0], held[foldOf.get(day) ?? 0]];
      if (model === undefined || before === undefined || before === null) return 0;
      return learner.score(model, samples) - learner.score(before, samples);
    });
  const visit = (kind: Kind<Sample>, wider: readonly (Model | null)[], held: readonly (Model | null)[]): void => {
    if (kind.count < evidence.samplesMin) return;
    const models = fitAll(kind, wider);
    let holds = held;
    const model = models.at(-1);
    if (kind.context !== null && model !== undefined) {
      const gainPerDay = held.includes(null) ? null : surely(gainsOf(kind, models, held));
      if (gainPerDay === null || gainPerDay > 0) {
        lines.push({ context: kind.context, model, samples: kind.count, gainPerDay });
        holds = models;
      }
    }
    for (const [, narrow] of [...kind.narrower].sort(([a], [b]) => (a < b ? -1 : 1))) visit(narrow, models, holds);
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

/** Samples by kind of break and day; the root holds them all. */
function sortOut<Sample>(observations: readonly Observation<Sample>[]): Kind<Sample> {
  const root = emptyKind<Sample>(null);
  for (const { day, contexts, sample } of observations) {
    let kind = root;
    add(kind, day, sample);
    for (const context of contexts) {
      const key = contextKey(context);
      let next = kind.narrower.get(key);
      if (next === undefined) {
        next = emptyKind<Sample>(context);
        kind.narrower.set(key, next);
      }
      kind = next;
      add(kind, day, sample);
    }
  }
  return root;
}

function emptyKind<Sample>(context: BreakContext | null): Kind<Sample> {
  return { context, byDay: new Map(), narrower: new Map(), count: 0 };
}

function add<Sample>(kind: Kind<Sample>, day: number, sample: Sample): void {
  const samples = kind.byDay.get(day);
  if (samples === undefined) kind.byDay.set(day, [sample]);
  else samples.push(sample);
  kind.count++;
}
