/**
 * Where traces rest: batches of compressed lines in R2, named by the hour of their newest trace and by what is in them,
 * so that the oldest come first in a listing and the same batch written twice is one object. Any number of compressed
 * messages, one behind the other, are again a compressed file: `zcat` shows every line of a batch.
 */
import { fromUtf8, toUtf8 } from "../../../src/kernel/bytes.ts";
import { traceHeading } from "../../../src/decision/trace/codec.ts";
import { gunzip } from "../../platform/gzip.ts";
import { sha256Hex } from "../../platform/digest.ts";
import { reach } from "../unreachable.ts";

/** Bytes of one message once it is opened. An edge sends a few dozen traces of some ten thousand bytes. */
export const MESSAGE_OPEN_BYTES_MAX = 32 * 1024 * 1024;
const PREFIX = "traces/";
/** Objects that one sweep removes at most; the next one goes on. */
const SWEEP_OBJECTS_MAX = 1_000;

/** One message of the queue as it is filed. Units: epoch milliseconds. */
export interface TraceMessage {
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly decisionIds: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A run of bytes in an object of the store. */
export interface TracePlace {
  readonly key: string;
  readonly offset: number;
  readonly size: number;
}

/** What is in a message; null when it is no compressed lines of traces. */
export async function openMessage(bytes: Uint8Array): Promise<TraceMessage | null> {
  const text = await gunzip(bytes, MESSAGE_OPEN_BYTES_MAX);
  if (text === null) return null;
  const lines = text.split("\n").filter((line) => line !== "");
  const headings = lines.flatMap((line) => traceHeading(line) ?? []);
  if (headings.length === 0 || headings.length < lines.length) return null;
  const times = headings.map(({ nowMs }) => nowMs);
  return {
    digest: await sha256Hex(bytes),
    bytes,
    decisionIds: copied(headings.map(({ decisionId }) => decisionId)),
    fromMs: Math.min(...times),
    untilMs: Math.max(...times),
  };
}

/** The same texts. A piece of a text keeps the whole of it in memory, and a batch has a hundred opened messages. */
function copied(texts: readonly string[]): readonly string[] {
  return texts.map((text) => fromUtf8(toUtf8(text)) ?? text);
}

/** The key of a batch of these messages: the same messages in the same order always have the same. */
export async function batchKey(messages: readonly TraceMessage[]): Promise<string> {
  const name = (await sha256Hex(toUtf8(messages.map(({ digest }) => digest).join("\n")))).slice(0, 32);
  const newestMs = Math.max(...messages.map(({ untilMs }) => untilMs));
  return `${hourPrefix(newestMs)}${name}.jsonl.gz`;
}

/** Writes a batch. Throws `Unreachable`. */
export async function putBatch(bucket: R2Bucket, key: string, messages: readonly TraceMessage[]): Promise<void> {
  const httpMetadata = { contentType: "application/gzip" };
  await reach("storage_unavailable", "The trace store did not take the bytes.", () =>
    bucket.put(key, new Blob(messages.map(({ bytes }) => bytes)), { httpMetadata }),
  );
}

/** A batch as it is stored, or null when it has gone. Throws `Unreachable`. */
export function getBatch(bucket: R2Bucket, key: string): Promise<R2ObjectBody | null> {
  return reach("storage_unavailable", "The trace store did not answer.", () => bucket.get(key));
}

/** The line of one decision's trace at its place, or null when it is not there. Throws `Unreachable`. */
export async function getTraceLine(
  bucket: R2Bucket,
  { key, offset, size }: TracePlace,
  decisionId: string,
): Promise<string | null> {
  const bytes = await reach("storage_unavailable", "The trace store did not answer.", async () => {
    const found = await bucket.get(key, { range: { offset, length: size } });
    return found === null ? null : new Uint8Array(await found.arrayBuffer());
  });
  const text = bytes === null ? null : await gunzip(bytes, MESSAGE_OPEN_BYTES_MAX);
  return text?.split("\n").find((line) => traceHeading(line)?.decisionId === decisionId) ?? null;
}

/** Removes objects of hours before this moment, those included that no index names. True: there are more of them. */
export async function sweepStore(bucket: R2Bucket, beforeMs: number): Promise<boolean> {
  const { objects, truncated } = await bucket.list({ prefix: PREFIX, limit: SWEEP_OBJECTS_MAX });
  const old = objects.map(({ key }) => key).filter((key) => key < hourPrefix(beforeMs));
  if (old.length > 0) await bucket.delete(old);
  return truncated && old.length === objects.length;
}

/** `traces/2026-07-01/20/`: keys sort by time, because every part has its full width. */
function hourPrefix(atMs: number): string {
  const [day = "", time = ""] = new Date(atMs).toISOString().split("T");
  return `${PREFIX}${day}/${time.slice(0, 2)}/`;
}
