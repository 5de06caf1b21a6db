/**
 * Asks the feed about once a second, one request at a time, and keeps asking whatever happens: a lost connection
 * becomes a word to the page and a slower rhythm, never an end. Only a refused token stops it, because asking again
 * cannot help.
 */
import type { LiveAnswer } from "./live_answer.ts";

/** What the page hears. */
export interface FeedListener {
  readonly onAnswer: (answer: LiveAnswer) => void;
  /** The feed could not be read; `sinceMs` is the browser's time of the first failure in a row. */
  readonly onTrouble: (reason: string, sinceMs: number) => void;
  /** The token was refused. The feed has stopped. */
  readonly onRefused: () => void;
}

/** A running feed. */
export interface Feed {
  readonly stop: () => void;
}

const POLL_MS = 1000;
const POLL_MS_MAX = 8000;
const TIMEOUT_MS = 10_000;

/** Starts reading the feed at once. */
export function startFeed(token: string, listener: FeedListener): Feed {
  const stopping = new AbortController();
  let after = 0;
  let waitMs = POLL_MS;
  let troubleSinceMs: number | null = null;

  const trouble = (reason: string): void => {
    troubleSinceMs ??= Date.now();
    waitMs = Math.min(waitMs * 2, POLL_MS_MAX);
    listener.onTrouble(reason, troubleSinceMs);
  };

  const ask = async (): Promise<void> => {
    const asked = await askOnce(token, after, stopping.signal);
    if (stopping.signal.aborted) return;
    if (asked.kind === "refused") {
      stopping.abort();
      listener.onRefused();
      return;
    }
    try {
      if (asked.kind === "trouble") trouble(asked.reason);
      else {
        after = asked.answer.seq;
        waitMs = POLL_MS;
        troubleSinceMs = null;
        listener.onAnswer(asked.answer);
      }
    } finally {
      // A page that fails to draw one answer still asks for the next.
      setTimeout(() => void ask(), waitMs);
    }
  };
  void ask();
  return { stop: () => stopping.abort() };
}

type Asked =
  | { readonly kind: "answer"; readonly answer: LiveAnswer }
  | { readonly kind: "trouble"; readonly reason: string }
  | { readonly kind: "refused" };

async function askOnce(token: string, after: number, stopped: AbortSignal): Promise<Asked> {
  try {
    const response = await fetch(`/v1/admin/live?after=${after}`, {
      headers: { authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (response.status === 401 || response.status === 403) return { kind: "refused" };
    if (!response.ok) return { kind: "trouble", reason: `origin answered ${response.status}` };
    // Origin writes this shape (live_answer.ts); page and origin are deployed together.
    return { kind: "answer", answer: (await response.json()) as LiveAnswer };
  } catch {
    return { kind: "trouble", reason: "origin cannot be reached" };
  }
}
