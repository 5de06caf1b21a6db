/**
 * Frequency caps without a database: what a viewer was shown travels with the viewer, signed. The token is a list of
 * (line item, when) pairs, bounded and pruned; a player hands it back with its next request. A forged or mangled token
 * counts as no history. This file is the list and its bytes; the door signs them.
 */
import { assert } from "../kernel/assert.ts";
import { ok, refused } from "../kernel/result.ts";
import type { Result } from "../kernel/result.ts";
import { DAY_MS, MINUTE_MS } from "../kernel/time.ts";

/** One ad shown to this viewer. Units: epoch milliseconds. */
export interface FrequencyEntry {
  readonly lineItemId: string;
  readonly shownMs: number;
}

/** Most impressions remembered; the newest are kept. */
export const FREQUENCY_ENTRIES_MAX = 64;
/** Impressions older than the longest window a line item may cap are forgotten. Units: milliseconds. */
export const FREQUENCY_AGE_MS_MAX = 31 * DAY_MS;
/** Most bytes before signing, so that a token with its signature leaves room in a URL. */
export const FREQUENCY_BYTES_MAX = 1536;
/** Most characters of a signed token that a door reads; a longer one counts as no history. */
export const FREQUENCY_TOKEN_CHARS_MAX = 2304;

/** Why bytes are not a history: the first thing that `encodeFrequency` would not have written. */
export type FrequencyRefusal = "version" | "truncated" | "trailing" | "bad_id" | "too_many" | "unordered";

const VERSION = 1;
const ID_CHARS_MAX = 64;
const MINUTE_MAX = 0xffff_ffff;
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/**
 * The history after these line items were shown now: newest first, pruned by age and count. Times are whole minutes,
 * rounded down, as the token holds them. A time in the future (another machine's clock) counts as now.
 */
export function rememberShown(
  entries: readonly FrequencyEntry[],
  lineItemIds: readonly string[],
  nowMs: number,
): readonly FrequencyEntry[] {
  const shown = lineItemIds.map((lineItemId) => ({ lineItemId, shownMs: nowMs }));
  return [...shown, ...entries]
    .map(({ lineItemId, shownMs }) => ({ lineItemId, shownMs: wholeMinutes(Math.min(shownMs, nowMs)) * MINUTE_MS }))
    .filter(({ shownMs }) => nowMs - shownMs <= FREQUENCY_AGE_MS_MAX)
    .sort(newestFirst)
    .slice(0, FREQUENCY_ENTRIES_MAX);
}

/**
 * The history as bytes; equal histories give equal bytes. Shape: version, newest minute, number of line items, then for
 * each, in id order: id length, id, count, and minutes before the newest in growing order. Numbers are LEB128.
 * Oldest entries go first when the bytes would exceed `FREQUENCY_BYTES_MAX`. Requires: ids as the catalog spells them.
 */
export function encodeFrequency(entries: readonly FrequencyEntry[]): Uint8Array {
  const kept = [...entries].sort(newestFirst).slice(0, FREQUENCY_ENTRIES_MAX);
  let bytes = writeEntries(kept);
  while (bytes.length > FREQUENCY_BYTES_MAX) {
    kept.pop();
    bytes = writeEntries(kept);
  }
  return Uint8Array.from(bytes);
}

/**
 * The history in the bytes, newest first. Refuses anything `encodeFrequency` would not have written, in the order of
 * `FrequencyRefusal` as it reads along. Cost: at most the bytes' length.
 */
export function decodeFrequency(bytes: Uint8Array): Result<readonly FrequencyEntry[], FrequencyRefusal> {
  if (bytes[0] !== VERSION) return refused("version");
  const reader: Reader = { bytes, at: 1 };
  const newest = readNumber(reader);
  const groups = readNumber(reader);
  if (newest === null || groups === null) return refused("truncated");
  if (groups > FREQUENCY_ENTRIES_MAX) return refused("too_many");
  const entries: FrequencyEntry[] = [];
  let previousId = "";
  for (let group = 0; group < groups; group++) {
    const lineItemId = readId(reader);
    const count = readNumber(reader);
    if (lineItemId === null || count === null) return refused("truncated");
    if (!ID.test(lineItemId)) return refused("bad_id");
    if (lineItemId <= previousId || count === 0) return refused("unordered");
    if (entries.length + count > FREQUENCY_ENTRIES_MAX) return refused("too_many");
    previousId = lineItemId;
    let agoMinutes = 0;
    for (let shown = 0; shown < count; shown++) {
      const step = readNumber(reader);
      if (step === null) return refused("truncated");
      agoMinutes += step;
      if (agoMinutes > newest) return refused("unordered");
      entries.push({ lineItemId, shownMs: (newest - agoMinutes) * MINUTE_MS });
    }
  }
  if (reader.at !== bytes.length) return refused("trailing");
  return ok(entries.sort(newestFirst));
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function writeEntries(entries: readonly FrequencyEntry[]): number[] {
  const minutesOf = new Map<string, number[]>();
  for (const { lineItemId, shownMs } of entries) {
    assert(ID.test(lineItemId) && lineItemId.length <= ID_CHARS_MAX, "a remembered line item has a catalog id");
    const minutes = minutesOf.get(lineItemId) ?? [];
    minutes.push(wholeMinutes(shownMs));
    minutesOf.set(lineItemId, minutes);
  }
  const newest = Math.max(0, ...[...minutesOf.values()].flat());
  const out = [VERSION, ...leb128(newest), ...leb128(minutesOf.size)];
  for (const [id, minutes] of [...minutesOf].sort(([a], [b]) => (a < b ? -1 : 1))) {
    out.push(id.length, ...[...id].map((letter) => letter.charCodeAt(0)), ...leb128(minutes.length));
    let before = newest;
    for (const minute of minutes.sort((a, b) => b - a)) {
      out.push(...leb128(before - minute));
      before = minute;
    }
  }
  return out;
}

/** Unsigned LEB128 of a number below 2^32. */
function leb128(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return out;
}

/** The next number, or null when it is cut, above 32 bits, or written longer than needed. */
function readNumber(reader: Reader): number | null {
  let value = 0;
  for (let place = 0; place < 5; place++) {
    const byte = reader.bytes[reader.at];
    if (byte === undefined) return null;
    reader.at += 1;
    value += (byte & 127) * 128 ** place;
    if (byte < 128) return value <= MINUTE_MAX && (byte !== 0 || place === 0) ? value : null;
  }
  return null;
}

function readId(reader: Reader): string | null {
  const length = reader.bytes[reader.at] ?? 0;
  const start = reader.at + 1;
  if (length === 0 || length > ID_CHARS_MAX || start + length > reader.bytes.length) return null;
  reader.at = start + length;
  return String.fromCharCode(...reader.bytes.subarray(start, reader.at));
}

function wholeMinutes(timeMs: number): number {
  return Math.min(MINUTE_MAX, Math.max(0, Math.floor(timeMs / MINUTE_MS)));
}

function newestFirst(a: FrequencyEntry, b: FrequencyEntry): number {
  if (a.shownMs !== b.shownMs) return b.shownMs - a.shownMs;
  return a.lineItemId < b.lineItemId ? -1 : a.lineItemId > b.lineItemId ? 1 : 0;
}
