/**
 * One history for all devices of a household, for publishers that keep it (`frequencyStore`). It is read before a
 * decision, with a short bound, and written after the answer. An object that cannot be reached costs a counted fault
 * and the household's shared cap: the player's own token is used instead.
 */
import { toHex, toUtf8 } from "../../src/kernel/bytes.ts";
import type { FrequencyEntry } from "../../src/protocols/frequency_token.ts";
import type { ParsedBreak } from "../../src/protocols/normalise_request.ts";
import { sha256 } from "../platform/digest.ts";
import { withinOr } from "../platform/within.ts";
import type { Door } from "./isolate.ts";

/** How long a break waits for a household's history. */
const HISTORY_WAIT_MS = 100;

/**
 * The name of the household's object, or null: the request names no household, or its publisher keeps none. A hash, so
 * that no id is ever stored; with the publisher in it, so that two publishers' numbers do not join strangers.
 */
export async function householdOf(door: Door, { request, householdId }: ParsedBreak): Promise<string | null> {
  const known = door.isolate.publication.catalog?.catalog.publishers.get(request.publisherId);
  if (householdId === null || known?.publisher.frequencyStore !== "household") return null;
  return toHex(await sha256(toUtf8(`household\u0000${request.publisherId}\u0000${householdId}`)));
}

/** What the household was shown, newest first; null when it could not be asked in time. */
export async function recentlyShownIn(door: Door, household: string): Promise<readonly FrequencyEntry[] | null> {
  try {
    const shown = await withinOr(HISTORY_WAIT_MS, door.env.HOUSEHOLD.getByName(household).recent(), null);
    if (shown === null) unreachable(door, "no answer in time");
    return shown;
  } catch (error) {
    unreachable(door, String(error));
    return null;
  }
}

/** Continues the household's history, after the answer. */
export function rememberShownIn(door: Door, household: string, lineItemIds: readonly string[]): void {
  if (lineItemIds.length > 0) door.waitUntil(write(door, household, lineItemIds));
}

async function write(door: Door, household: string, lineItemIds: readonly string[]): Promise<void> {
  try {
    await door.env.HOUSEHOLD.getByName(household).remember(lineItemIds, door.nowMs);
  } catch (error) {
    unreachable(door, String(error));
  }
}

function unreachable(door: Door, why: string): void {
  door.isolate.recorder.fault("household_unreachable");
  console.warn(`a household's history is out of reach; the player's token stands in: ${why}`);
}
