/**
 * Who is in a trial: a fixed share of viewers, the same ones for as long as the trial lasts. Whoever is in at five per
 * cent is still in at twenty-five, and another set's trial has other viewers.
 */
import { hash32 } from "../kernel/random.ts";
import type { Trial } from "./serving_order.ts";

const WHOLE_PPM = 1_000_000;
const HASHES = 0x1_0000_0000;

/**
 * Whether the bearer of this key is in the trial; the same answer in every isolate. `key`: what stays the same for one
 * viewer; see `trialKeyOf`.
 */
export function isInTrial(key: string, { digest, sharePpm }: Trial): boolean {
  return hash32(`trial\u0000${digest}\u0000${key}`) < (sharePpm / WHOLE_PPM) * HASHES;
}

/**
 * What a trial goes by: the viewer, else the household, else the request by itself. Callers choose request ids freely,
 * so an id counts only where nothing else is known.
 */
export function trialKeyOf(viewer: string | null, household: string | null, requestId: string): string {
  if (viewer !== null) return `viewer\u0000${viewer}`;
  return household === null ? `request\u0000${requestId}` : `household\u0000${household}`;
}
