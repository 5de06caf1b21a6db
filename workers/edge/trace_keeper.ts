/**
 * Keeps the traces of sampled decisions until they are sent: a few dozen together, compressed, as one message of the
 * queue. Traces are written out after the answer and never delay or fail one; whatever cannot be kept or sent is
 * dropped and counted.
 */
import { TRACE_CHARS_MAX, traceLine } from "../../src/decision/trace/codec.ts";
import { isSampled, traceOf, type Build, type Testimony } from "../../src/decision/trace/trace.ts";
import { Witness } from "../../src/decision/trace/witness.ts";
import { version } from "../../package.json";
import { gzip } from "../platform/gzip.ts";
import { within } from "../platform/within.ts";
import type { Env } from "./env.ts";
import type { Fault } from "./recorder.ts";

/** Traces that are sent together as soon as there are so many. */
const TOGETHER = 32;
/** Traces that may wait; beyond it new ones are dropped. */
const WAITING_MAX = 4 * TOGETHER;
/** How long they wait even then, so that answers go first. */
const SOON_MS = 10;
/** How long fewer of them wait for company. */
const WAIT_MS = 1_000;
/** A wait that has not ended by then belonged to a request that died. */
const WAIT_LOST_MS = 1_500;
/** How long the queue may take. */
const SEND_MS = 10_000;
/** Bytes of one message; the queue refuses more than 128,000. */
const MESSAGE_BYTES_MAX = 120_000;
/** Characters of one message before it is compressed. */
const MESSAGE_CHARS_MAX = 2 * TRACE_CHARS_MAX;

/** What a request lends to the keeper. */
interface TraceDoor {
  readonly env: Pick<Env, "TRACES" | "TRACE_SAMPLE_PPM" | "CF_VERSION_METADATA">;
  readonly nowMs: number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

interface Waiting {
  readonly witness: Witness;
  readonly testimony: Testimony;
}

/** See the head of this file. */
export class TraceKeeper {
  readonly #recorder: { fault(fault: Fault, count: number): void };
  readonly #waiting: Waiting[] = [];
  #dueMs = 0;

  constructor(recorder: { fault(fault: Fault, count: number): void }) {
    this.#recorder = recorder;
  }

  /** A witness for a request whose decisions leave traces; null for all others. */
  witnessFor(door: TraceDoor, requestId: string): Witness | null {
    return isSampled(requestId, sampleShare(door.env.TRACE_SAMPLE_PPM)) ? new Witness() : null;
  }

  /** Keeps one decision's trace. Cost: an entry in a list; the rest happens after the answer. */
  keep(door: TraceDoor, witness: Witness, testimony: Omit<Testimony, "build">): void {
    witness.conclude();
    if (this.#waiting.length >= WAITING_MAX) this.#recorder.fault("trace_dropped", 1);
    else this.#waiting.push({ witness, testimony: { ...lightened(testimony), build: buildOf(door.env) } });
    // Asked again while it is due: the request that was to send them may have died.
    if (this.#waiting.length >= TOGETHER) door.waitUntil(this.#sendAfter(door, SOON_MS));
    else if (door.nowMs >= this.#dueMs) {
      this.#dueMs = door.nowMs + WAIT_LOST_MS;
      door.waitUntil(this.#sendAfter(door, WAIT_MS));
    }
  }

  async #sendAfter(door: TraceDoor, waitMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (waitMs === WAIT_MS) this.#dueMs = 0;
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0, TOGETHER).flatMap((waiting) => this.#lineOf(waiting) ?? []);
      await this.#send(door, lines);
    }
  }

  #lineOf({ witness, testimony }: Waiting): string | null {
    try {
      const line = traceLine(traceOf(witness, testimony));
      if (line.length <= TRACE_CHARS_MAX) return line;
      this.#recorder.fault("trace_too_large", 1);
    } catch (error) {
      this.#recorder.fault("trace_dropped", 1);
      console.error(`a trace could not be written: ${String(error)}`);
    }
    return null;
  }

  /** Sends lines as one message; as two, where one would be too large. */
  async #send(door: TraceDoor, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const text = lines.map((line) => `${line}\n`).join("");
    const message = text.length <= MESSAGE_CHARS_MAX ? await gzip(text) : null;
    if (message !== null && message.length <= MESSAGE_BYTES_MAX) {
      return this.#sendMessage(door, message, lines.length);
    }
    if (lines.length === 1) return this.#recorder.fault("trace_too_large", 1);
    const half = Math.ceil(lines.length / 2);
    await this.#send(door, lines.slice(0, half));
    await this.#send(door, lines.slice(half));
  }

  async #sendMessage(door: TraceDoor, message: Uint8Array, traces: number): Promise<void> {
    try {
      const sent = door.env.TRACES.send(message, { contentType: "bytes" });
      if (await within(SEND_MS, sent)) return;
      console.warn(`${traces} traces were lost: the queue did not answer`);
    } catch (error) {
      console.warn(`${traces} traces were lost: ${String(error)}`);
    }
    this.#recorder.fault("trace_lost", traces);
  }
}

/** Without the rows for the models, which no trace holds: those of a hundred plans are megabytes. */
function lightened({ plan, ...rest }: Omit<Testimony, "build">): Omit<Testimony, "build"> {
  const { request, world, publisher, candidates } = plan;
  return { plan: { request, world, publisher, candidates }, ...rest };
}

/** The share in millionths. Anything that is not a whole number from 0 to 1,000,000 counts as none. */
function sampleShare(variable: string): number {
  const sharePpm = /^\d{1,7}$/.test(variable) ? Number(variable) : 0;
  return sharePpm <= 1_000_000 ? sharePpm : 0;
}

function buildOf(env: TraceDoor["env"]): Build {
  return { version, deployment: env.CF_VERSION_METADATA?.id ?? "" };
}
