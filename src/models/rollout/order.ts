/** What edges are told of a rollout. */
import type { ServingOrder, Trial } from "../serving_order.ts";
import { ROLLOUT_LIMITS, setIn, type Rollout } from "./rollout.ts";

/** The order that edges carry out. */
export function servingOrder(rollout: Rollout): ServingOrder {
  const live = setIn(rollout, "live")?.digest ?? null;
  const trial = (standing: "shadow" | "canary"): Trial | null => {
    const set = setIn(rollout, standing);
    return set === null ? null : { digest: set.digest, sharePpm: set.sharePpm };
  };
  const warm = [...new Set(rollout.former)].filter((digest) => digest !== live).slice(0, ROLLOUT_LIMITS.warmMax);
  const { revision, stopped } = rollout;
  return { revision, live, canary: trial("canary"), shadow: trial("shadow"), warm, stopped };
}
