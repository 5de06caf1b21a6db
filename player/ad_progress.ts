/**
 * Which moments of an ad have been reached, from the positions its player passes. Each moment is told once. The first
 * position after zero is the impression: an ad that never showed a frame was not seen.
 */
import type { TrackedEvent } from "../src/protocols/beacon_event.ts";

/** Follows one ad. Positions and durations in seconds. */
export interface AdProgress {
  /** Tells the moments newly reached at this position. */
  readonly at: (positionSec: number, durationSec: number) => readonly TrackedEvent[];
  /** The ad ended. Tells what was still missing if it was seen to its end, and nothing if it was cut short. */
  readonly end: (durationSec: number) => readonly TrackedEvent[];
  /** The ad could not be played (any further). */
  readonly fail: () => readonly TrackedEvent[];
  readonly started: () => boolean;
  readonly completed: () => boolean;
}

/** Fractions of the duration, in order. */
const QUARTILES: readonly (readonly [TrackedEvent, number])[] = [
  ["firstQuartile", 0.25],
  ["midpoint", 0.5],
  ["thirdQuartile", 0.75],
];

/** Positions are heard about four times a second and clips may be a little shorter than they say. Units: seconds. */
const END_TOLERANCE_SEC = 1.5;

/** Starts to follow an ad. */
export function followAd(): AdProgress {
  const told = new Set<TrackedEvent>();
  let furthestSec = 0;

  const tell = (events: readonly TrackedEvent[]): readonly TrackedEvent[] => {
    const fresh = events.filter((event) => !told.has(event));
    for (const event of fresh) told.add(event);
    return fresh;
  };
  const reached = (durationSec: number): TrackedEvent[] =>
    furthestSec <= 0
      ? []
      : [
          "impression",
          "start",
          ...QUARTILES.filter(([, share]) => furthestSec >= share * durationSec).map(([event]) => event),
        ];

  return {
    at: (positionSec, durationSec) => {
      furthestSec = Math.max(furthestSec, positionSec);
      return tell(reached(durationSec));
    },
    end: (durationSec) => {
      const tolerance = Math.min(END_TOLERANCE_SEC, durationSec / 4);
      if (furthestSec < durationSec - tolerance) return [];
      return tell([...reached(Infinity), ...QUARTILES.map(([event]) => event), "complete"]);
    },
    fail: () => tell(["error"]),
    started: () => told.has("start"),
    completed: () => told.has("complete"),
  };
}
