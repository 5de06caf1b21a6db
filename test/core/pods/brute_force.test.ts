/**
 * The solver against every order of every set: on small breaks in which all kinds of rules meet, none may be worth more
 * than the pod it calls proved.
 *
 * A case that fails names its seed; `drawSmall(seed)` of bench/pod_instances.ts is the case. The bench runs more of them:
 * `npm run bench:pods -- --cases 20000`.
 */
import { describe, expect, test } from "vitest";
import { drawSmall } from "../../../bench/pod_instances.ts";
import { smallMismatch } from "../../../bench/pod_cases.ts";

const CASES = 1_500;

describe("a pod", () => {
  test(`is worth as much as the best of all orders of all sets, ${CASES} times`, () => {
    const wrong = Array.from({ length: CASES }, (_, number) => `case ${number}`).flatMap((seed) => {
      const mismatch = smallMismatch(drawSmall(seed));
      return mismatch === null ? [] : [`${seed}: ${mismatch}`];
    });
    expect(wrong).toEqual([]);
  });
});
