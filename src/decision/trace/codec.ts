/**
 * A trace as one line of JSON, and back. A line, because lines are how traces travel and rest: many of them in one
 * compressed file that any tool can open. Id and time stand first, so that whoever files traces need not read them.
 * docs/traces.md describes every field.
 */
import { fromBase64Url, toBase64Url } from "../../kernel/bytes.ts";
import { FULL_LIMITS } from "../../kernel/limits.ts";
import { ok, refused, type Result } from "../../kernel/result.ts";
import type { DecisionTrace } from "./trace.ts";
import { TRACE_FORMAT, traceSchema } from "./schema.ts";
import type { HeardScores } from "./witness.ts";

/** Longest line that is read. Units: UTF-16 units. */
export const TRACE_CHARS_MAX = 4 * 1024 * 1024;
/** Deepest nesting of a line that is read. */
const DEPTH_MAX = 16;
const FLOAT_BYTES = 4;

/** Why a line is no trace, in the order checked. */
export type TraceRefusal = "too_long" | "not_json" | "too_deep" | "unknown_format" | "bad_trace" | "bad_scores";

/** What a line says first. */
export interface TraceHeading {
  readonly decisionId: string;
  readonly nowMs: number;
}

/** The line of a trace, without a line break. */
export function traceLine(trace: DecisionTrace): string {
  const { decisionId, nowMs, budgets, scores, ...rest } = trace;
  return JSON.stringify({
    format: TRACE_FORMAT,
    decisionId,
    nowMs,
    ...rest,
    budgets: budgets.map(([id, { availableMicros, multiplierPpm }]) => [id, availableMicros, multiplierPpm]),
    scores: scores === null ? null : spelled(scores),
  });
}

/** The trace in a line. Refuses every line that is none. Cost: linear in the line. */
export function readTrace(line: string): Result<DecisionTrace, TraceRefusal> {
  if (line.length > TRACE_CHARS_MAX) return refused("too_long");
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return refused("not_json");
  }
  if (!isWithin(DEPTH_MAX, json)) return refused("too_deep");
  if (typeof json !== "object" || json === null || !("format" in json) || json.format !== TRACE_FORMAT) {
    return refused("unknown_format");
  }
  const parsed = traceSchema.safeParse(json);
  if (!parsed.success) return refused("bad_trace");
  const { format: _, limits, scores, ...rest } = parsed.data;
  const heard = scores === null ? null : heardFrom(scores);
  if (scores !== null && heard === null) return refused("bad_scores");
  // A limit that is younger than the trace bounded nothing then; today's stands in for it.
  return ok({ ...rest, limits: { ...FULL_LIMITS, ...limits }, scores: heard });
}

/** Id and time from the beginning of a line that `traceLine` wrote; null when it did not. Looks no further. */
export function traceHeading(line: string): TraceHeading | null {
  const [, decisionId, nowMs] = HEADING.exec(line) ?? [];
  return decisionId === undefined ? null : { decisionId, nowMs: Number(nowMs) };
}

const HEADING = new RegExp(`^\\{"format":"${TRACE_FORMAT}","decisionId":"([A-Za-z0-9_-]{1,64})","nowMs":(\\d{1,15}),`);

type SpelledScores = NonNullable<(typeof traceSchema)["_output"]["scores"]>;

function spelled({ promises, heads, ...rest }: HeardScores): SpelledScores {
  return {
    ...rest,
    promises: promises === null ? null : toBase64Url(floatBytes(promises)),
    heads: Object.fromEntries(Object.entries(heads).map(([head, column]) => [head, toBase64Url(floatBytes(column))])),
  };
}

function heardFrom({ promises, heads, ...rest }: SpelledScores): HeardScores | null {
  const heard = promises === null ? null : floatsOf(promises);
  if (promises !== null && heard === null) return null;
  const columns: [string, Float32Array][] = [];
  for (const [head, column] of Object.entries(heads)) {
    const floats = floatsOf(column);
    if (floats === null) return null;
    columns.push([head, floats]);
  }
  return { ...rest, promises: heard, heads: Object.fromEntries(columns) };
}

/** Little-endian, whatever the machine. */
function floatBytes(floats: Float32Array): Uint8Array {
  const bytes = new Uint8Array(floats.length * FLOAT_BYTES);
  const view = new DataView(bytes.buffer);
  floats.forEach((value, at) => view.setFloat32(at * FLOAT_BYTES, value, true));
  return bytes;
}

function floatsOf(text: string): Float32Array | null {
  const bytes = fromBase64Url(text);
  if (bytes === null || bytes.length % FLOAT_BYTES !== 0) return null;
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / FLOAT_BYTES }, (_, at) => view.getFloat32(at * FLOAT_BYTES, true));
}

function isWithin(depth: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isWithin(depth - 1, inner));
}
