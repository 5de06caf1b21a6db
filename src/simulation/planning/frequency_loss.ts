/**
 * How many wins a frequency cap turns away. "At most k impressions in any window" is a loss system: each impression
 * holds one of k permits for exactly one window, and a win that finds none free is lost. For viewers whose breaks come
 * at random moments the share lost is Erlang's formula, which does not depend on how permit times are distributed.
 * Source: Erlang B and its insensitivity (Sevastyanov 1957); recurrence as in Kleinrock, Queueing Systems 1, 3.6.
 */

/** Beyond this many wins a window, everything but the cap is lost anyway. */
const OFFERED_MAX = 1e9;

/**
 * Share of wins that a cap of `impressions` a window turns away when a viewer would otherwise bring `offered` wins a
 * window. Between 0 and 1; grows with `offered`. Requires: impressions ≥ 1, offered ≥ 0. Cost: linear in impressions.
 */
export function shareCapped(impressions: number, offered: number): number {
  if (!(offered > 0)) return 0;
  const load = Math.min(offered, OFFERED_MAX);
  let blocked = 1;
  for (let permits = 1; permits <= impressions; permits++) blocked = (load * blocked) / (permits + load * blocked);
  return blocked;
}
