/**
 * Holds what edges scored while sets were swapped against what each set is known to say: every score of every trace,
 * worked out again from the trace's own rows by the native runtime on the bytes of the set that the trace names.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { batchesOfOrigin, catalogShelf } from "../cli/decisions/trace_source.ts";
import type { AdminClient } from "../cli/admin_client.ts";
import { hydrate } from "../src/decision/hydrate.ts";
import { readTrace } from "../src/decision/trace/codec.ts";
import { replay } from "../src/decision/trace/replay.ts";
import { HEADS } from "../src/models/manifest.ts";
import type { SwapSet } from "./swap_sets.ts";

/** Two runtimes round differently; versions differ by hundreds of times as much. */
const TOLERANCE = 1e-5;
/** How long nothing new may come before all is taken to be filed. */
const QUIET_MS = 4_000;
const POLL_MS = 500;

/** What was found. */
export interface Checked {
  readonly traces: number;
  /** Scores that were held against the oracle. */
  readonly scores: number;
  /** Scores that are not those of the set that the trace names. */
  readonly wrong: number;
  /** Traces whose replay gives another decision. */
  readonly differing: number;
  /** Decisions by set. */
  readonly bySet: Readonly<Record<string, number>>;
}

/** Checks every trace that origin has filed. */
export async function checkTraces(client: AdminClient, sets: ReadonlyMap<string, SwapSet>): Promise<Checked> {
  const lines = await linesFiled(client);
  const shelf = catalogShelf(async () => client, null, false);
  const found = { traces: 0, scores: 0, wrong: 0, differing: 0, bySet: {} as Record<string, number> };
  for (const line of lines) {
    const read = readTrace(line);
    if (!read.ok) throw new Error(`a trace cannot be read: ${read.reason}`);
    const trace = read.value;
    found.traces++;
    const replayed = await replay(trace, await shelf.catalogOf(trace.catalogDigest));
    if (!replayed.ok || replayed.value.difference !== null) {
      found.differing++;
      continue;
    }
    const { scores } = trace;
    const set = sets.get(scores?.modelSetDigest ?? "");
    if (scores === null || set === undefined) continue;
    found.bySet[set.digest] = (found.bySet[set.digest] ?? 0) + 1;
    const { rows, rowCount } = hydrate(trace.request, trace.nowMs, replayed.value.scoring.scored);
    const expected = await set.oracle(rows, rowCount);
    for (const head of HEADS) {
      const said = scores.heads[head] ?? new Float32Array(0);
      expected[head].forEach((value, row) => {
        found.scores++;
        if (!(Math.abs((said[row] ?? Number.NaN) - value) <= TOLERANCE)) found.wrong++;
      });
    }
  }
  return found;
}

async function linesFiled(client: AdminClient): Promise<readonly string[]> {
  let lines: string[] = [];
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs += POLL_MS) {
    await sleep(POLL_MS);
    const now: string[] = [];
    for await (const batch of batchesOfOrigin(client, 0, null)) now.push(...batch.lines);
    if (now.length > lines.length) quietMs = 0;
    lines = now;
  }
  return lines;
}
