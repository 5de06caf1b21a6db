/**
 * The oracle is only worth what it notices: every bug planted in the solver must show within a bounded number of small
 * cases, or brute force has proved nothing. The solver is made to go the long way, so that every path is taken.
 */
import { expect, test } from "vitest";
import { smallMismatch } from "../../../bench/pod_cases.ts";
import { drawSmall } from "../../../bench/pod_instances.ts";
import type { solvePod } from "../../../src/pods/solve.ts";
import { POD_MUTANTS } from "./mutants.ts";
import { LONG_WAY, solverWith } from "./planted.ts";

const CASES_MAX = 10_000;

/** What the bug shows as, at the first case where it shows. */
function firstMismatch(solve: typeof solvePod): string | null {
  for (let number = 0; number < CASES_MAX; number++) {
    try {
      const mismatch = smallMismatch(drawSmall(`mutant ${number}`), solve);
      if (mismatch !== null) return mismatch;
    } catch (error) {
      return String(error);
    }
  }
  return null;
}

test.each(POD_MUTANTS)("brute force notices: $why ($name)", async (mutant) => {
  expect(firstMismatch(await solverWith([mutant, ...LONG_WAY]))).not.toBeNull();
});
