/**
 * Expected refusals are values. A function that may be refused for a reason the caller must name returns a `Result`;
 * a broken invariant throws instead (see assert.ts).
 */

/** The outcome of something that may be refused: a value, or one reason from a closed union. */
export type Result<T, Reason> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: Reason };

/** The accepted outcome. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** The refused outcome. */
export function refused<Reason>(reason: Reason): { readonly ok: false; readonly reason: Reason } {
  return { ok: false, reason };
}
