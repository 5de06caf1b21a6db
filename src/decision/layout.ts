/**
 * A break as time: the slots that the publisher has cut, and the dynamic part that is filled freely. The break's time
 * and its number of ads include the slots; what they leave is the dynamic part. Whole milliseconds from here on.
 */
import type { Limits } from "../kernel/limits.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import type { PodSlot } from "../pods/instance.ts";

/** A slot that the publisher has cut. */
export interface LaidSlot extends PodSlot {
  /** Lowest price of this slot; null: that of the break. Units: micros CPM. */
  readonly floorCpmMicros: number | null;
}

/** The parts of a break. */
export interface Layout {
  /** In order of play; those after the dynamic part come last. */
  readonly slots: readonly LaidSlot[];
  /** Time and ads of the dynamic part. */
  readonly dynamicMs: number;
  readonly dynamicAdsMax: number;
  /** Units: milliseconds; null: any length. */
  readonly exactDurationsMs: readonly number[] | null;
}

/** Seconds as whole milliseconds; what is no length is none. */
export function toMs(seconds: number): number {
  const ms = Math.round(seconds * 1000);
  return Number.isSafeInteger(ms) && ms > 0 ? ms : 0;
}

/**
 * Lays a break out. Slots that ask for more time than there is are cut to what is left, in their order; one that is
 * left with less than its shortest ad takes none. A slot that plays "last" comes after the dynamic part, all others
 * before it.
 */
export function layOut(request: BreakRequest, limits: Limits): Layout {
  const cut = request.structuredSlots.slice(0, limits.podAdsMax);
  const exactDurationsMs = request.exactDurationsSec === null ? null : request.exactDurationsSec.map(toMs);
  let leftMs = toMs(request.podDurationSec);
  const slots = cut.map(({ minSec, maxSec, floorCpmMicros, position }): LaidSlot => {
    const maxDurationMs = Math.min(toMs(maxSec), leftMs);
    leftMs -= maxDurationMs;
    const side = position === "last" ? "after" : "before";
    // Exact lengths are asked of what is filled freely: a slot that is cut says its own.
    return { minDurationMs: toMs(minSec), maxDurationMs, exactDurationsMs: null, side, floorCpmMicros };
  });
  const adsMax = request.maxAds >= 1 ? Math.min(Math.floor(request.maxAds), limits.podAdsMax) : 0;
  return {
    slots: [...slots.filter(({ side }) => side === "before"), ...slots.filter(({ side }) => side === "after")],
    dynamicMs: leftMs,
    dynamicAdsMax: Math.max(0, adsMax - slots.length),
    exactDurationsMs,
  };
}

/** Whether a slot takes an ad of this length. */
export function slotTakes(slot: PodSlot, durationMs: number): boolean {
  return durationMs >= slot.minDurationMs && durationMs <= slot.maxDurationMs && isExact(slot, durationMs);
}

/** Whether the dynamic part takes an ad of this length. */
export function dynamicTakes(layout: Layout, durationMs: number): boolean {
  return durationMs > 0 && durationMs <= layout.dynamicMs && layout.dynamicAdsMax > 0 && isExact(layout, durationMs);
}

function isExact({ exactDurationsMs }: Pick<Layout, "exactDurationsMs">, durationMs: number): boolean {
  return exactDurationsMs === null || exactDurationsMs.includes(durationMs);
}
