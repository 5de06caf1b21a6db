/**
 * Runs one load against one port: the closed loop that finds saturation, and the open loop that measures latency at a
 * rate that does not wait for the server. Between two requests that are close together it turns its event loop instead
 * of sleeping, because a timer is a millisecond late and that would be counted as the server's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../../src/kernel/assert.ts";
import { ArrivalBook, poissonArrivals } from "./arrivals.ts";
import type { LoadJob, LoadResult } from "./job.ts";
import { Lane, type LaneEvents } from "./lane.ts";
import { Tally } from "./tally.ts";

/** How long the last answers may take after the last request. */
const DRAIN_MS_MAX = 10_000;
/** Below this a timer is too coarse. */
const TURN_BELOW_MS = 2;
const POLL_MS = 2;

/** What both loops report. */
interface Timed {
  readonly sent: number;
  readonly answered: number;
  readonly latenciesMs: readonly number[];
  readonly sendLagsMs: readonly number[];
  readonly waitingMax: number;
  readonly elapsedMs: number;
}

/** Runs a load to its end. Rejects when nobody listens on the port. */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const tally = new Tally(job.expect, job.harvest);
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const timed = job.timing.kind === "open" ? await openLoop(job, job.timing, tally) : await closedLoop(job, tally);
  const cpu = process.cpuUsage(cpuBefore);
  const { right, errors, firstWrong, marks, harvested, replyBytes } = tally;
  return {
    ...timed,
    latenciesMs: Float64Array.from(timed.latenciesMs),
    sendLagsMs: Float64Array.from(timed.sendLagsMs),
    right,
    errors,
    firstWrong,
    marks,
    harvested,
    replyBytes,
    generatorCoreShare: (cpu.user + cpu.system) / 1000 / (performance.now() - startedMs),
  };
}

function messageNumber(job: LoadJob, request: number): number {
  return (job.firstMessage + request) % job.messages.length;
}

function sendOn(job: LoadJob, lane: Lane, request: number): void {
  lane.send(request, present(job.messages[messageNumber(job, request)], "a load has messages"));
}

async function closedLoop(job: LoadJob, tally: Tally): Promise<Timed> {
  const lengthMs = job.timing.kind === "closed" ? job.timing.seconds * 1000 : Number.POSITIVE_INFINITY;
  const requestsMax = job.timing.kind === "once" ? job.messages.length : Number.POSITIVE_INFINITY;
  const sentMs = new Map<number, number>();
  const latenciesMs: number[] = [];
  let startedMs = 0;
  let sent = 0;
  let lastAnswerMs = 0;
  const ask = (lane: Lane): void => {
    const nowMs = performance.now() - startedMs;
    if (nowMs >= lengthMs || sent >= requestsMax) return;
    sentMs.set(sent, nowMs);
    sendOn(job, lane, sent++);
  };
  const lanes = await openLanes(job, (lane, request, reply) => {
    const nowMs = performance.now() - startedMs;
    const right = tally.judge(messageNumber(job, request), reply);
    if (right && nowMs <= lengthMs) {
      lastAnswerMs = nowMs;
      latenciesMs.push(nowMs - present(sentMs.get(request), "an answered request was sent"));
    }
    sentMs.delete(request);
    ask(lane);
  });
  startedMs = performance.now();
  for (const lane of lanes) ask(lane);
  const endMs = job.timing.kind === "closed" ? startedMs + lengthMs + DRAIN_MS_MAX : Number.POSITIVE_INFINITY;
  while (sentMs.size > 0 && performance.now() < endMs) await sleep(POLL_MS);
  tally.wrong("unanswered", sentMs.size);
  for (const lane of lanes) lane.close();
  const elapsedMs = job.timing.kind === "closed" ? lengthMs : lastAnswerMs;
  return { sent, answered: latenciesMs.length, latenciesMs, sendLagsMs: [], waitingMax: 0, elapsedMs };
}

async function openLoop(
  job: LoadJob,
  timing: { readonly perSec: number; readonly seconds: number; readonly seed: string },
  tally: Tally,
): Promise<Timed> {
  const book = new ArrivalBook(poissonArrivals(timing.perSec, timing.seconds, timing.seed));
  const free: Lane[] = [];
  let startedMs = 0;
  const send = (): void => {
    const nowMs = performance.now() - startedMs;
    book.admit(nowMs);
    for (let lane = free.pop(); lane !== undefined; lane = free.pop()) {
      const request = book.send(nowMs);
      if (request === null) {
        free.push(lane);
        return;
      }
      sendOn(job, lane, request);
    }
  };
  const lanes = await openLanes(job, (lane, request, reply) => {
    const nowMs = performance.now() - startedMs;
    if (tally.judge(messageNumber(job, request), reply)) book.answered(request, nowMs);
    else book.lost();
    free.push(lane);
    send();
  });
  free.push(...lanes);
  startedMs = performance.now();
  const endMs = startedMs + timing.seconds * 1000 + DRAIN_MS_MAX;
  while (book.unsettled > 0 && performance.now() < endMs) {
    send();
    const waitMs = (book.nextDueMs() ?? Number.POSITIVE_INFINITY) - (performance.now() - startedMs);
    if (waitMs <= TURN_BELOW_MS) await nextTurn();
    else await sleep(Math.min(Math.floor(waitMs - 1), POLL_MS));
  }
  tally.wrong("unanswered", book.unsettled);
  for (const lane of lanes) lane.close();
  const { latenciesMs, sendLagsMs, waitingMax } = book;
  const elapsedMs = timing.seconds * 1000;
  return { sent: sendLagsMs.length, answered: latenciesMs.length, latenciesMs, sendLagsMs, waitingMax, elapsedMs };
}

async function openLanes(job: LoadJob, answered: LaneEvents["answered"]): Promise<readonly Lane[]> {
  return Promise.all(Array.from({ length: job.connections }, () => Lane.open(job.port, { answered })));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
