/**
 * What the gate found of a set's models before it was published: the evidence that goes with it. Origin registers no
 * set without a report on every model in it.
 */
import { z } from "zod";
import type { ModelSet } from "./manifest.ts";

const distance = z.number().nonnegative().nullable();

/** Shape of a report. What the checker says beyond it is dropped. */
export const gateReportSchema = z.object({
  /** Which release checked. */
  checkedBy: z.string().min(1).max(64),
  /** Units: epoch milliseconds. */
  checkedMs: z.int().nonnegative(),
  models: z
    .array(
      z.object({
        name: z.string().min(1).max(64),
        digest: z.string().regex(/^[0-9a-f]{64}$/),
        /** Multiplications a row. */
        rowCost: z.int().nonnegative(),
        onKernel: z.boolean(),
        /** Largest distances between runtimes, and from the golden answers; null: not asked. */
        runtimesApart: distance,
        goldenApart: distance,
      }),
    )
    .min(1)
    .max(64),
});

export type GateReport = z.output<typeof gateReportSchema>;

/** Names of the set's models that a report says nothing of, in the order of the set. */
export function unreported(set: ModelSet, report: GateReport): readonly string[] {
  const reported = new Set(report.models.map(({ name, digest }) => `${name} ${digest}`));
  return set.models.filter(({ name, digest }) => !reported.has(`${name} ${digest}`)).map(({ name }) => name);
}
