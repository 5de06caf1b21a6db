/**
 * Candidates become rows for the models: the break's half is packed once, each offer's half once in its life, and
 * the two are joined per candidate.
 */
import type { Offer } from "../catalog/compiled.ts";
import { utcHour, utcWeekday } from "../kernel/time.ts";
import { packAd, packBreak, packRow, type AdHalf } from "../features/row.ts";
import { COLUMN_COUNT } from "../features/schema.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import type { Candidate } from "./candidate.ts";

/** Rows for the models. Shape: `rows` is `[rowCount, COLUMN_COUNT]` float32, row-major. */
export interface FeatureMatrix {
  readonly rows: Float32Array;
  readonly rowCount: number;
  readonly columns: number;
}

/** Packed halves by offer; an entry goes when its offer does. A cache only: losing it costs a repack. */
const adHalves = new WeakMap<Offer, AdHalf>();

function adHalfOf(offer: Offer): AdHalf {
  let half = adHalves.get(offer);
  if (half === undefined) {
    half = packAd(offer);
    adHalves.set(offer, half);
  }
  return half;
}

/** One row a candidate, in their order. */
export function hydrate(request: BreakRequest, nowMs: number, candidates: readonly Candidate[]): FeatureMatrix {
  const { viewer, content } = request;
  const half = packBreak({
    device: viewer.device,
    surface: request.surface,
    genre: content.genre,
    rating: content.rating,
    hour: utcHour(nowMs),
    weekday: utcWeekday(nowMs),
    podDurationSec: request.podDurationSec,
    segments: viewer.segments,
    limitAdTracking: viewer.limitAdTracking,
  });
  const rows = new Float32Array(candidates.length * COLUMN_COUNT);
  candidates.forEach((candidate, row) => {
    packRow(half, adHalfOf(candidate.offer), candidate.frequencyCount, rows, row * COLUMN_COUNT);
  });
  return { rows, rowCount: candidates.length, columns: COLUMN_COUNT };
}

/** The rows with these indices, in this order. */
export function pickRows(matrix: FeatureMatrix, indices: readonly number[]): FeatureMatrix {
  const { columns } = matrix;
  const rows = new Float32Array(indices.length * columns);
  indices.forEach((index, row) => {
    rows.set(matrix.rows.subarray(index * columns, (index + 1) * columns), row * columns);
  });
  return { rows, rowCount: indices.length, columns };
}
