/**
 * Long work in an isolate that has others to serve. Promises alone do not let anybody else in: only a timer gives the
 * thread back, so work is cut into steps and a timer is waited for between two of them.
 */
import type { Steps } from "../../src/catalog/steps.ts";

/** The result of the work. Other requests are served between its steps; a step that throws rejects. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

/** Lets others have the thread. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
