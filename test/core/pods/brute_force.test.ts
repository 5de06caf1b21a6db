/**
 * The solver against every order of every set: on small breaks in which all kinds of rules meet, none may be worth more
 * than the pod it calls proved.
 *
 * A case that fails names its seed; `drawSmall(seed)` of bench/pod_instances.ts is the case. The bench runs more:
 * `npm run bench:pods -- --cases 20000`.
 */
import { describe, expect, test } from "vitest";
import { drawSmall } from "../../../bench/pod_instances.ts";
import { smallMismatch } from "../../../bench/pod_cases.ts";
import { solvePod } from "../../../src/pods/solve.ts";
import { LONG_WAY, solverWith } from "./planted.ts";

const CASES = 1_500;

function mismatches(solve: typeof solvePod, purpose: string): readonly string[] {
  return Array.from({ length: CASES }, (_, number) => `${purpose} ${number}`).flatMap((seed) => {
    const mismatch = smallMismatch(drawSmall(seed), solve);
    return mismatch === null ? [] : [`${seed}: ${mismatch}`];
  });
}

describe("a pod", () => {
  test(`is worth as much as the best of all orders of all sets, ${CASES} times`, () => {
    expect(mismatches(solvePod, "case")).toEqual([]);
  });

  test("is so too when every search is divided at once and the table is coarse", async () => {
    expect(mismatches(await solverWith(LONG_WAY), "long way")).toEqual([]);
  });
});
