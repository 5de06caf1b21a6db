/**
 * Long work cut into short steps. Whoever runs it decides what happens between two of them: an edge lets requests
 * through, a tool goes straight on.
 */

/** Work that pauses between steps. The bound of a step is part of what the work promises. */
export type Steps<T> = Generator<undefined, T>;

/** All steps at once. */
export function endOf<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
