/**
 * Brings traces from the queue to rest: what one delivery brings becomes one object of the store, and the index learns
 * where each decision is. A message that is no trace is dropped, so it can never block the queue; when store or index
 * do not answer, the good ones come again, and what was filed already is not filed twice.
 */
import { logFailure } from "../../platform/log.ts";
import type { OriginEnv } from "../env.ts";
import { batchKey, openMessage, putBatch, type TraceMessage } from "./trace_store.ts";

const RETRY_SEC = 5;

/** Takes one batch. Every message is either acknowledged or asked for again. */
export async function takeTraces(
  batch: MessageBatch<unknown>,
  env: Pick<OriginEnv, "TRACES" | "TRACE_INDEX">,
): Promise<void> {
  const good: Message<unknown>[] = [];
  const opened = new Map<string, TraceMessage>();
  for (const message of batch.messages) {
    const bytes = bytesOf(message.body);
    const found = bytes === null ? null : await openMessage(bytes);
    if (found === null) {
      logFailure("origin", "bad_trace", "a message of the trace queue is no compressed lines of traces");
      message.ack();
    } else {
      opened.set(found.digest, found);
      good.push(message);
    }
  }
  try {
    await fileNew(opened, env);
    for (const message of good) message.ack();
  } catch (failure) {
    logFailure("origin", "traces_unavailable", failure);
    for (const message of good) message.retry({ delaySeconds: RETRY_SEC });
  }
}

/** Files the messages that are not filed yet as one batch: first the bytes, then the index that points at them. */
async function fileNew(
  opened: ReadonlyMap<string, TraceMessage>,
  env: Pick<OriginEnv, "TRACES" | "TRACE_INDEX">,
): Promise<void> {
  if (opened.size === 0) return;
  const index = env.TRACE_INDEX.getByName("traces");
  const unknown = new Set(await index.unknown([...opened.keys()]));
  const messages = [...opened.values()].filter(({ digest }) => unknown.has(digest));
  if (messages.length === 0) return;
  const key = await batchKey(messages);
  await putBatch(env.TRACES, key, messages);
  let sizeBytes = 0;
  const placed = messages.map(({ digest, bytes, decisionIds }) => {
    const offset = sizeBytes;
    sizeBytes += bytes.length;
    return { digest, offset, size: bytes.length, decisionIds };
  });
  await index.file({
    key,
    fromMs: Math.min(...messages.map(({ fromMs }) => fromMs)),
    untilMs: Math.max(...messages.map(({ untilMs }) => untilMs)),
    sizeBytes,
    messages: placed,
  });
}

function bytesOf(body: unknown): Uint8Array | null {
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  return body instanceof Uint8Array ? body : null;
}
