/**
 * Laws of micro-batching under drawn arrivals: order is kept, every request goes exactly once, no batch is above the
 * most, the queue is bounded, and nobody waits longer than said.
 */
import { expect, test } from "vitest";
import { stream } from "../../../src/kernel/random.ts";
import { Batcher, type Batch, type BatchTerms } from "../../../src/inference/batcher.ts";

const seed = process.env["MIDROLL_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/inference/batcher.test.ts`;

interface Job {
  readonly number: number;
  readonly line: string;
  readonly rows: number;
  readonly arrivedMs: number;
}

/** A batch, when it went and since when the thread was free for it. */
interface Served extends Batch<Job> {
  readonly atMs: number;
  readonly freeMs: number;
}

/** What came of a drawn hour: who was taken in, who was told no, which batches went when. */
interface Story {
  readonly terms: BatchTerms;
  readonly taken: readonly Job[];
  readonly refused: readonly { readonly job: Job; readonly reason: string; readonly queuedRows: number }[];
  readonly batches: readonly Served[];
  readonly queuedRowsMost: number;
}

/** Arrivals of three models, and somebody who looks for batches whenever one may be due, but is sometimes busy. */
function play(name: string): Story {
  const random = stream(seed, name);
  const terms: BatchTerms = {
    rowsMax: 1 + random.below(40),
    waitMsMax: random.below(10),
    queuedRowsMax: 40 + random.below(100),
  };
  const batcher = new Batcher<Job>(terms);
  const taken: Job[] = [];
  const refused: { job: Job; reason: string; queuedRows: number }[] = [];
  const batches: Served[] = [];
  let queuedRowsMost = 0;
  let nowMs = 0;
  let freeAtMs = 0;
  const serve = (untilMs: number): void => {
    for (let dueMs = batcher.nextMs(); dueMs !== null; dueMs = batcher.nextMs()) {
      const atMs = Math.max(dueMs, freeAtMs);
      if (atMs > untilMs) return;
      const batch = batcher.take(atMs);
      if (batch === null) throw new Error("a batch that was due is not there");
      batches.push({ ...batch, atMs, freeMs: freeAtMs });
      freeAtMs = atMs + random.below(6);
    }
  };
  for (let number = 0; number < 400; number++) {
    nowMs += random.below(5);
    serve(nowMs);
    const job = { number, line: `model ${random.below(3)}`, rows: 1 + random.below(45), arrivedMs: nowMs };
    const offered = batcher.offer(job.line, job, job.rows, nowMs);
    if (offered.ok) taken.push(job);
    else refused.push({ job, reason: offered.reason, queuedRows: batcher.queuedRows });
    queuedRowsMost = Math.max(queuedRowsMost, batcher.queuedRows);
  }
  serve(Number.POSITIVE_INFINITY);
  expect(batcher.queuedRows, repeat).toBe(0);
  return { terms, taken, refused, batches, queuedRowsMost };
}

const stories = Array.from({ length: 40 }, (_, number) => play(`story ${number}`));

test("every request that was taken in goes exactly once, in the order of its model", () => {
  for (const { taken, batches } of stories) {
    for (const line of new Set(taken.map((job) => job.line))) {
      const went = batches
        .filter((batch) => batch.line === line)
        .flatMap(({ jobs }) => jobs.map(({ number }) => number));
      const came = taken.filter((job) => job.line === line).map(({ number }) => number);
      expect(went, repeat).toEqual(came);
    }
  }
});

test("no batch is empty, mixes models or is above the most", () => {
  for (const { batches, terms } of stories) {
    for (const { line, jobs, rows } of batches) {
      expect(jobs.length, repeat).toBeGreaterThan(0);
      expect(new Set(jobs.map((job) => job.line)), repeat).toEqual(new Set([line]));
      expect(rows, repeat).toBe(jobs.reduce((sum, job) => sum + job.rows, 0));
      expect(rows, repeat).toBeLessThanOrEqual(terms.rowsMax);
    }
  }
});

test("the queue never holds more than its bound, and only who would break it or a batch is refused", () => {
  const reasons = new Set<string>();
  for (const { refused, terms, queuedRowsMost } of stories) {
    expect(queuedRowsMost, repeat).toBeLessThanOrEqual(terms.queuedRowsMax);
    for (const { job, reason, queuedRows } of refused) {
      reasons.add(reason);
      const overBatch = job.rows > terms.rowsMax;
      expect(reason, repeat).toBe(overBatch ? "too_many_rows" : "queue_full");
      expect(overBatch || queuedRows + job.rows > terms.queuedRowsMax, repeat).toBe(true);
    }
  }
  expect(reasons, "the stories are hard enough").toEqual(new Set(["too_many_rows", "queue_full"]));
});

test("where the thread is free nobody waits longer than said", () => {
  for (const { batches, terms } of stories) {
    for (const { jobs, atMs, freeMs } of batches) {
      const [head] = jobs;
      expect(atMs, repeat).toBeLessThanOrEqual(Math.max(freeMs, (head?.arrivedMs ?? 0) + terms.waitMsMax));
    }
  }
});

test("a full batch does not wait, and one that is not full does", () => {
  const batcher = new Batcher<string>({ rowsMax: 4, waitMsMax: 10, queuedRowsMax: 100 });
  batcher.offer("a", "first", 3, 0);
  expect(batcher.take(9)).toBeNull();
  expect(batcher.nextMs()).toBe(10);
  batcher.offer("a", "second", 2, 1);
  expect(batcher.take(1)).toEqual({ line: "a", jobs: ["first"], rows: 3 });
  expect(batcher.nextMs()).toBe(11);
  expect(batcher.take(10)).toBeNull();
  expect(batcher.take(11)).toEqual({ line: "a", jobs: ["second"], rows: 2 });
  expect(batcher.nextMs()).toBeNull();
});

test("of two models whose batches are due, the one that waits longest goes first", () => {
  const batcher = new Batcher<string>({ rowsMax: 4, waitMsMax: 10, queuedRowsMax: 100 });
  batcher.offer("late but full", "x", 4, 5);
  batcher.offer("early", "y", 1, 0);
  expect(batcher.take(12)?.line).toBe("early");
  expect(batcher.take(12)?.line).toBe("late but full");
});
