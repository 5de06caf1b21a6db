/** The solver against HiGHS on breaks too large to try out: the same question as a mixed-integer program. */
import { expect, test } from "vitest";
import { largeMismatch } from "../../../bench/pod_cases.ts";
import { drawLarge, drawMixed } from "../../../bench/pod_instances.ts";

const CASES = 12;

test.each([drawLarge, drawMixed])("a large pod is worth what HiGHS finds: %o", (draw) => {
  const wrong = Array.from({ length: CASES }, (_, number) => {
    const setting = { candidates: 40, slots: 5 + (number % 6), multiShare: number % 2 === 0 ? 0.3 : 0.8 };
    return largeMismatch(draw(`highs ${number}`, setting));
  });
  expect(wrong).toEqual(wrong.map(() => null));
});
