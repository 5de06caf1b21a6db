/**
 * The rounds of `npm run bench:swaps`: the same open-loop load twice, once left alone and once while one model set
 * after another becomes live; and the way back to a set that is still warm.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../src/kernel/assert.ts";
import type { LoadResult, Timing } from "./load/job.ts";
import type { Generator } from "./load/start_generator.ts";
import type { Scenario } from "./scenarios.ts";
import type { SwapSet } from "./swap_sets.ts";
import type { SwapEdge, SwapStage } from "./swap_stage.ts";

const POLL_MS = 25;
const LATE_MS = 30_000;

/** What rounds run on. The first of `watched` is under load. */
export interface SwapBench {
  readonly stage: SwapStage;
  readonly watched: readonly SwapEdge[];
  readonly generator: Generator;
  readonly scenario: Scenario;
  /** More of them than an isolate holds ready: every swap loads its set anew. */
  readonly sets: readonly SwapSet[];
}

/** One round. */
export interface SwapRound {
  readonly still: LoadResult;
  readonly swapping: LoadResult;
  /** Of each swap: milliseconds from the order until every watched edge decided by it. */
  readonly liveAfterMs: readonly number[];
}

/** Puts a load on the first watched edge. */
export function load({ generator, scenario }: SwapBench, timing: Timing, firstMessage: number): Promise<LoadResult> {
  const { port, messages, connections, expect } = scenario;
  return generator.run({ port, messages, firstMessage, connections, timing, expect, harvest: null });
}

/** Makes a set live. Milliseconds until every watched edge decides with it. */
export async function promote({ stage, watched }: SwapBench, { digest }: SwapSet): Promise<number> {
  const startedMs = performance.now();
  await stage.order({ live: digest });
  const waiting = new Set(watched);
  while (waiting.size > 0) {
    for (const edge of waiting) if ((await edge.state()).modelSetDigest === digest) waiting.delete(edge);
    if (performance.now() - startedMs > LATE_MS) throw new Error(`set ${digest} was not live after ${LATE_MS} ms`);
    if (waiting.size > 0) await sleep(POLL_MS);
  }
  return performance.now() - startedMs;
}

/** One set after the other, one every so often. `from`: number of the first. */
export async function swapOnAndOn(bench: SwapBench, from: number, count: number, everyMs: number) {
  const liveAfterMs: number[] = [];
  const startedMs = performance.now();
  for (let n = 0; n < count; n++) {
    await sleep(Math.max(0, startedMs + n * everyMs - performance.now()));
    liveAfterMs.push(await promote(bench, present(bench.sets[(from + n) % bench.sets.length], "a version")));
  }
  return liveAfterMs;
}

/** Both loads of one round; every other round begins with the other one. */
export async function measureRound(
  bench: SwapBench,
  number: number,
  { swaps, everyMs, perSec }: { readonly swaps: number; readonly everyMs: number; readonly perSec: number },
): Promise<SwapRound> {
  const timing = { kind: "open", perSec, seconds: (swaps * everyMs) / 1000, seed: `swaps ${number}` } as const;
  const first = (number * 701) % bench.scenario.messages.length;
  const still = () => load(bench, timing, first);
  const before = number % 2 === 0 ? await still() : null;
  const [swapping, liveAfterMs] = await Promise.all([
    load(bench, timing, first),
    swapOnAndOn(bench, number * swaps, swaps, everyMs),
  ]);
  return { still: before ?? (await still()), swapping, liveAfterMs };
}

/** Goes back to the set before, again and again. Milliseconds until every watched edge had it. */
export async function rollBack(bench: SwapBench, times: number): Promise<readonly number[]> {
  const [one, other] = [present(bench.sets[0], "a version"), present(bench.sets[1], "another")];
  await promote(bench, one);
  await promote(bench, other);
  const backAfterMs: number[] = [];
  for (let n = 0; n < times; n++) backAfterMs.push(await promote(bench, n % 2 === 0 ? one : other));
  return backAfterMs;
}
