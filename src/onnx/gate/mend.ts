/** What the gate mends by itself when asked: what exporters write by habit and no serving code can read. */
import type { Graph } from "../graph.ts";
import { endWithSigmoid, keepOutput, keepPositiveClass, spellTreeLinks } from "../mending.ts";
import { dropDead, freeRows, stripZipMap, type Passed } from "../tidy.ts";

/** Which mendings are asked for. */
export interface Mending {
  readonly stripZipMap?: boolean;
  readonly freeRows?: boolean;
  /** The only output to keep, by name. */
  readonly output?: string | null;
  /** A classifier's table of two probabilities is cut to that of the second class, its label is dropped. */
  readonly positiveClass?: boolean;
  /** A model that answers log-odds ends with a Sigmoid. */
  readonly sigmoid?: boolean;
}

/** A graph after mending, and what was mended, in words. */
export interface Mended {
  readonly graph: Graph;
  readonly mended: readonly string[];
}

/** Mends what is asked for and there, in one fixed order. */
export function mend(graph: Graph, asked: Mending): Mended {
  const { output = null, positiveClass = false, sigmoid = false } = asked;
  const mended: string[] = [];
  let now = graph;
  const pass = (wanted: boolean, work: (graph: Graph) => Passed, words: string): number => {
    const { graph: next, won } = wanted ? work(now) : { graph: now, won: 0 };
    if (won === 0) return 0;
    now = dropDead(next).graph;
    mended.push(words);
    return won;
  };
  // The positive class of a dictionary is that of the table it was made from.
  pass(asked.stripZipMap === true || positiveClass, stripZipMap, "dictionaries of probabilities became tables");
  pass(output !== null, (before) => keepOutput(before, output ?? ""), `only the output ${output} is kept`);
  pass(positiveClass, keepPositiveClass, "two probabilities a row became that of the second class");
  const spelled = pass(sigmoid, spellTreeLinks, "a link that runtimes leave out became a Sigmoid");
  pass(sigmoid && spelled === 0, endWithSigmoid, "a Sigmoid was put at the end");
  pass(asked.freeRows === true, freeRows, "a fixed number of rows became free");
  return { graph: now, mended };
}
