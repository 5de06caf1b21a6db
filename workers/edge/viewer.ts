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
import type { TokenSigner } from "./tokens.ts";

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

/** The request with its viewer's key and history filled in. Cost: two hashes and one signature check at most. */
export async function identify(signer: TokenSigner, parsed: ParsedBreak): Promise<BreakRequest> {
  const { viewerId, frequencyToken } = parsed;
  const key = viewerId === null ? null : toBase64Url((await sha256(toUtf8(`viewer\u0000${viewerId}`))).subarray(0, 16));
  const history = frequencyToken === null ? [] : await historyOf(signer, frequencyToken, key);
  return withViewer(parsed, key, history);
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
