/**
 * Broken invariants stop the work. An assertion states what the code around it has already made true;
 * when it fires, the code is wrong, never the caller's input.
 */

/** Thrown when an invariant of Midroll's own making does not hold. */
export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
}

/** Throws `InvariantBroken` unless the condition holds. `law` names the invariant in the domain's words. */
export function assert(condition: boolean, law: string): asserts condition {
  if (!condition) throw new InvariantBroken(law);
}

/** The value, when an invariant promises that it is there. Throws `InvariantBroken` when it is not. */
export function present<T>(value: T | null | undefined, law: string): T {
  if (value === null || value === undefined) throw new InvariantBroken(law);
  return value;
}
