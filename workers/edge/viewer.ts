/**
 * What the edge makes of a viewer: an opaque key from the player's id, and the history in the signed frequency token.
 * The id itself goes no further than this file. A token is bound to its viewer's key, so a shared or stolen one counts
 * as no history.
 */
import {
  decodeFrequency,
  encodeFrequency,
  rememberShown,
  type FrequencyEntry,
} from "../../src/protocols/frequency_token.ts";
import type { BreakRequest } from "../../src/protocols/break_request.ts";
import { toBase64Url, toUtf8 } from "../../src/kernel/bytes.ts";
import { withViewer, type ParsedBreak } from "../../src/protocols/normalise_request.ts";
import { sha256 } from "../platform/digest.ts";
import { householdOf, recentlyShownIn } from "./household.ts";
import type { Door } from "./isolate.ts";
import type { TokenSigner } from "./money/tokens.ts";

/** Bytes of the viewer's hash that a frequency token carries. */
const BOUND_BYTES = 12;

async function boundTo(key: string | null): Promise<Uint8Array> {
  return (await sha256(toUtf8(`frequency\u0000${key ?? ""}`))).subarray(0, BOUND_BYTES);
}

async function historyOf(signer: TokenSigner, token: string, key: string | null): Promise<readonly FrequencyEntry[]> {
  const payload = await signer.verify("frequency", token);
  if (payload === null) return [];
  const bound = await boundTo(key);
  if (!bound.every((byte, at) => payload[at] === byte)) return [];
  const decoded = decodeFrequency(payload.subarray(BOUND_BYTES));
  return decoded.ok ? decoded.value : [];
}

/** A request whose viewer is known as far as it may be. */
export interface KnownBreak {
  readonly request: BreakRequest;
  /** Name of the household whose history is to be continued; null: only the token is. */
  readonly household: string | null;
}

/**
 * The request with its viewer's key and history filled in. Cost: three hashes, one signature check and one call to a
 * household at most.
 */
export async function identify(door: Door, parsed: ParsedBreak): Promise<KnownBreak> {
  const { viewerId, frequencyToken } = parsed;
  const key = viewerId === null ? null : toBase64Url((await sha256(toUtf8(`viewer\u0000${viewerId}`))).subarray(0, 16));
  const household = await householdOf(door, parsed);
  const shared = household === null ? null : await recentlyShownIn(door, household);
  const { signer } = door.isolate;
  const history = shared ?? (frequencyToken === null ? [] : await historyOf(signer, frequencyToken, key));
  return { request: withViewer(parsed, key, history), household };
}

/** The viewer's history with these line items added, signed; null for a viewer who limits tracking. */
export async function frequencyTokenAfter(
  signer: TokenSigner,
  request: BreakRequest,
  lineItemIds: readonly string[],
  nowMs: number,
): Promise<string | null> {
  if (request.viewer.limitAdTracking) return null;
  const history = encodeFrequency(rememberShown(request.viewer.frequency, lineItemIds, nowMs));
  const payload = new Uint8Array(BOUND_BYTES + history.length);
  payload.set(await boundTo(request.viewer.key));
  payload.set(history, BOUND_BYTES);
  return signer.sign("frequency", payload);
}
