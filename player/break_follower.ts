/**
 * Follows the ads of each break while they play: which ad is on screen, how far it is, what has to be reported now.
 * Knows breaks and ads; of the player it only asks where an ad stands, so any player can drive it.
 */
import type { TrackedEvent } from "../src/protocols/beacon_event.ts";
import { followAd, type AdProgress } from "./ad_progress.ts";
import type { BeaconDesk, BeaconReport } from "./beacon_desk.ts";
import { readAssetList, type AdSignals } from "./creative_signaling.ts";

/** One ad of one break. */
export interface Ad extends AdSignals {
  /** Id of the break's EXT-X-DATERANGE. */
  readonly breakId: string;
  /** 1-based position in the break. */
  readonly position: number;
}

/** What a page may want to know. Units: seconds. */
export type MidrollEvent =
  | { readonly kind: "breakFilled"; readonly breakId: string; readonly ads: readonly Ad[] }
  | { readonly kind: "breakFailed"; readonly breakId: string; readonly reason: string }
  | { readonly kind: "breakStarted"; readonly breakId: string }
  | { readonly kind: "breakEnded"; readonly breakId: string }
  | { readonly kind: "adStarted"; readonly ad: Ad }
  | { readonly kind: "adProgress"; readonly ad: Ad; readonly positionSec: number; readonly durationSec: number }
  | { readonly kind: "adEnded"; readonly ad: Ad; readonly completed: boolean }
  | { readonly kind: "adFailed"; readonly ad: Ad; readonly reason: string }
  | { readonly kind: "beacon"; readonly report: BeaconReport };

/** Where an ad stands in its player. Units: seconds. */
export interface AdPlayhead {
  readonly currentTime: number;
  readonly duration: number;
}

/** Told by the player what happens; tells the page and the beacon desk what it means. */
export interface BreakFollower {
  /** The asset list of a break has arrived. A list that arrives again replaces the earlier one. */
  readonly filled: (breakId: string, assetList: unknown) => void;
  /** The asset at this 0-based index is up next; it counts as started with its first frame. */
  readonly assetUp: (breakId: string, index: number, playhead: AdPlayhead) => void;
  /** Time has passed while something was playing. */
  readonly tick: () => void;
  readonly assetEnded: (breakId: string, index: number, playhead: AdPlayhead) => void;
  /** `errorCode`: VAST 4.2 section 2.3.6.3. */
  readonly assetFailed: (breakId: string, index: number, reason: string, errorCode: number) => void;
  readonly breakEnded: (breakId: string) => void;
  /** The ad on screen, or null. */
  readonly currentAd: () => Ad | null;
}

interface Followed {
  readonly ad: Ad;
  readonly progress: AdProgress;
}

/** Starts with no break known. */
export function followBreaks(desk: BeaconDesk, emit: (event: MidrollEvent) => void): BreakFollower {
  const breaks = new Map<string, readonly Followed[]>();
  let current: (Followed & { readonly playhead: AdPlayhead }) | null = null;
  const find = (breakId: string, index: number): Followed | undefined => breaks.get(breakId)?.[index];

  return {
    filled: (breakId, assetList) => {
      const followed = readAssetList(assetList).map((signals, index) => ({
        ad: { ...signals, breakId, position: index + 1 },
        progress: followAd(),
      }));
      breaks.set(breakId, followed);
      emit({ kind: "breakFilled", breakId, ads: followed.map(({ ad }) => ad) });
    },
    assetUp: (breakId, index, playhead) => {
      const found = find(breakId, index);
      current = found === undefined ? null : { ...found, playhead };
    },
    tick: () => {
      if (current === null) return;
      const { ad, progress, playhead } = current;
      const positionSec = playhead.currentTime;
      const durationSec = ad.durationSec ?? playhead.duration;
      if (!(durationSec > 0) || !(positionSec > 0)) return;
      const startedBefore = progress.started();
      report(desk, ad, progress.at(positionSec, durationSec));
      if (!startedBefore) emit({ kind: "adStarted", ad });
      emit({ kind: "adProgress", ad, positionSec, durationSec });
    },
    assetEnded: (breakId, index, playhead) => {
      const found = find(breakId, index);
      current = null;
      if (found === undefined || !found.progress.started()) return;
      report(desk, found.ad, found.progress.end(found.ad.durationSec ?? playhead.duration));
      emit({ kind: "adEnded", ad: found.ad, completed: found.progress.completed() });
    },
    assetFailed: (breakId, index, reason, errorCode) => {
      const found = find(breakId, index);
      if (found === undefined) return;
      if (current?.ad === found.ad) current = null;
      report(desk, found.ad, found.progress.fail(), errorCode);
      emit({ kind: "adFailed", ad: found.ad, reason });
    },
    breakEnded: (breakId) => {
      current = null;
      emit({ kind: "breakEnded", breakId });
    },
    currentAd: () => (current?.progress.started() === true ? current.ad : null),
  };
}

function report(desk: BeaconDesk, ad: Ad, events: readonly TrackedEvent[], errorCode = 0): void {
  const { adId, breakId, position } = ad;
  for (const event of events) {
    for (const url of ad.tracking.get(event) ?? []) {
      desk.send({ event, adId, breakId, position, url: url.replace("[ERRORCODE]", String(errorCode)) });
    }
  }
}
