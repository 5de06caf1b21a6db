/**
 * The one place where this Worker writes to its log. A line carries a stable code and the failure's own name and
 * message: never a URL, a header, an address or a body, which may hold secrets or say something about a person.
 */

const MESSAGE_CHARS_MAX = 200;

/** One line about a failure of our own. */
export function logFailure(code: string, failure: unknown): void {
  const name = failure instanceof Error ? failure.name : typeof failure;
  const message = failure instanceof Error ? failure.message.slice(0, MESSAGE_CHARS_MAX) : "";
  console.error(JSON.stringify({ worker: "origin", code, name, message }));
}
