/**
 * `midroll explain`: one decision told in full, by deciding it again from its trace: who won at what price, and every
 * other candidate's stage, reason and scores, also of those that targeting kept out.
 */
import { explainReplayed, replay, type Replayed } from "../../src/decision/trace/replay.ts";
import { readTrace } from "../../src/decision/trace/codec.ts";
import type { DecisionTrace } from "../../src/decision/trace/trace.ts";
import type { AdminClient } from "../admin_client.ts";
import { explainPage } from "./explain_page.ts";
import { CliFault } from "../fault.ts";
import type { Outcome } from "../outcome.ts";
import { catalogShelf } from "./trace_source.ts";

/** Explains one decision. Throws `CliFault`; `trace_not_kept` when it left no trace. */
export async function explainDecision(client: AdminClient, decisionId: string): Promise<Outcome> {
  const trace = await traceOf(client, decisionId);
  const shelf = catalogShelf(async () => client, null, false);
  const replayed = await replay(trace, await shelf.catalogOf(trace.catalogDigest));
  if (!replayed.ok) throw notReplayable(trace, replayed.reason);
  return explained(trace, replayed.value);
}

function explained(trace: DecisionTrace, replayed: Replayed): Outcome {
  const { decisionId, nowMs, catalogDigest, build, request, droppedSlots, scores } = trace;
  const { difference, decision } = replayed;
  const { tier, counts, pod } = decision;
  const explanation = explainReplayed(trace, replayed);
  const made = { decisionId, atMs: nowMs, tier, catalogDigest, modelSetDigest: scores?.modelSetDigest ?? null, build };
  const sameBytes = difference === null;
  return {
    json: { ...made, request, counts, pod, droppedSlots, sameBytes, difference, explanation },
    lines: explainPage(trace, replayed, explanation),
  };
}

async function traceOf(client: AdminClient, decisionId: string): Promise<DecisionTrace> {
  const path = `/v1/admin/traces/decisions/${encodeURIComponent(decisionId)}`;
  const bytes = await client.bytes(path).catch((error: unknown) => {
    throw error instanceof CliFault && error.code === "trace_not_kept" ? notKept(client, decisionId) : error;
  });
  const read = readTrace(new TextDecoder().decode(bytes));
  if (read.ok) return read.value;
  throw new CliFault("answer_not_understood", `the trace of ${decisionId} cannot be read: ${read.reason}`, {
    advice: "It was recorded by another version: read it with that one.",
  });
}

function notKept(client: AdminClient, decisionId: string): CliFault {
  return new CliFault("trace_not_kept", `decision ${decisionId} left no trace at ${client.origin}`, {
    lines: [
      "  Only a share of all requests leaves traces: TRACE_SAMPLE_PPM of the edge, in millionths.",
      "  A trace can be found some seconds after the answer, and for TRACE_RETENTION_DAYS of origin.",
    ],
    advice:
      "To see why such a break is filled as it is, send the same request to POST /v1/decide?explain=1; " +
      "to have every decision at hand, raise TRACE_SAMPLE_PPM.",
  });
}

function notReplayable({ decisionId, build }: DecisionTrace, reason: string): CliFault {
  return new CliFault("not_replayable", `decision ${decisionId} cannot be made again here: ${reason}`, {
    advice: `It was made by version ${build.version} ${build.deployment}: explain it with that one.`,
  });
}
