/**
 * The one place where a Worker writes to its log. A line carries the Worker, a stable code and the failure's own name
 * and message: never a URL, a header, an address or a body, which may hold secrets or say something about a person.
 */

const MESSAGE_CHARS_MAX = 200;

/** One line about a failure of our own. `failure`: what was caught, or words where nothing was thrown. */
export function logFailure(worker: "edge" | "origin", code: string, failure: unknown): void {
  const name = failure instanceof Error ? failure.name : typeof failure;
  const words = failure instanceof Error ? failure.message : typeof failure === "string" ? failure : "";
  console.error(JSON.stringify({ worker, code, name, message: words.slice(0, MESSAGE_CHARS_MAX) }));
}
