/**
 * How much of a canary viewers may be shown. The cap is handed out in grants before anything is shown, so what all
 * isolates together show never exceeds it, whoever dies and whatever is lost on the way: a grant that is not handed
 * back counts as shown in full.
 */
import { setOf, type Exposure, type ExposureAmount, type Rollout } from "./rollout.ts";

/** Most that one grant may hold, so that an isolate that dies strands little. Units: micros. */
const GRANT_MAX: ExposureAmount = { impressions: 1_000, spendMicros: 100_000_000 };

/** What is neither shown nor held by an isolate. */
function exposureLeft({ cap, taken }: Exposure): ExposureAmount {
  return {
    impressions: Math.max(0, cap.impressions - taken.impressions),
    spendMicros: Math.max(0, cap.spendMicros - taken.spendMicros),
  };
}

/** Whether a canary may still be shown at all: one impression, and money for it. */
export function isUsedUp(exposure: Exposure): boolean {
  const left = exposureLeft(exposure);
  return left.impressions === 0 || left.spendMicros === 0;
}

/**
 * Takes a grant from a canary's cap: at most what was asked for. Null, and nothing is taken, when the set is no canary,
 * serving is stopped, either part of the cap is used up, or no whole amount was asked for.
 */
export function takeExposure(
  rollout: Rollout,
  digest: string,
  asked: ExposureAmount,
): { readonly rollout: Rollout; readonly granted: ExposureAmount } | null {
  const set = setOf(rollout, digest);
  if (rollout.stopped || set?.standing !== "canary" || set.exposure === null || isUsedUp(set.exposure)) return null;
  const left = exposureLeft(set.exposure);
  const granted = {
    impressions: Math.min(left.impressions, GRANT_MAX.impressions, wholeOf(asked.impressions)),
    spendMicros: Math.min(left.spendMicros, GRANT_MAX.spendMicros, wholeOf(asked.spendMicros)),
  };
  if (granted.impressions === 0 || granted.spendMicros === 0) return null;
  return { rollout: withTaken(rollout, digest, granted, 1), granted };
}

/** Puts back what is unused of a grant: at most the grant. Requires: each grant is put back once. */
export function putBackExposure(
  rollout: Rollout,
  digest: string,
  granted: ExposureAmount,
  unused: ExposureAmount,
): Rollout {
  const back = {
    impressions: Math.min(granted.impressions, wholeOf(unused.impressions)),
    spendMicros: Math.min(granted.spendMicros, wholeOf(unused.spendMicros)),
  };
  return withTaken(rollout, digest, back, -1);
}

/** What an isolate says, if it is an amount at all: a cap that is no whole number could not be read back any more. */
function wholeOf(amount: number): number {
  return Number.isSafeInteger(amount) ? Math.max(0, amount) : 0;
}

function withTaken(rollout: Rollout, digest: string, amount: ExposureAmount, sign: 1 | -1): Rollout {
  const sets = rollout.sets.map((set) => {
    if (set.digest !== digest || set.exposure === null) return set;
    const { cap, taken } = set.exposure;
    const impressions = taken.impressions + sign * amount.impressions;
    const spendMicros = taken.spendMicros + sign * amount.spendMicros;
    return { ...set, exposure: { cap, taken: { impressions, spendMicros } } };
  });
  return { ...rollout, sets };
}
