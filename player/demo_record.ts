/**
 * What has happened on the page so far, as `window.midrollDemo`: for the browser test, and for whoever opens the
 * browser's console and wonders.
 */
import type { BeaconReport, MidrollEvent } from "./sdk.ts";

/** The record. Counts only grow. */
export interface DemoRecord {
  breaksFilled: number;
  /** Breaks that ended after at least one of their ads was on screen. */
  breaksPlayed: number;
  adsStarted: number;
  adsCompleted: number;
  adsFailed: number;
  /** In the order in which they were first sent; the newest report about each. */
  beacons: readonly BeaconReport[];
  /** The programme has played to its end. */
  ended: boolean;
}

declare global {
  interface Window {
    midrollDemo: DemoRecord;
  }
}

/** Starts the record and hangs it on the window. The returned function writes events into it. */
export function startRecord(): { readonly record: DemoRecord; readonly write: (event: MidrollEvent) => void } {
  const record: DemoRecord = {
    breaksFilled: 0,
    breaksPlayed: 0,
    adsStarted: 0,
    adsCompleted: 0,
    adsFailed: 0,
    beacons: [],
    ended: false,
  };
  window.midrollDemo = record;
  const beacons = new Map<number, BeaconReport>();
  const withAds = new Set<string>();

  const write = (event: MidrollEvent): void => {
    switch (event.kind) {
      case "breakFilled":
        record.breaksFilled++;
        return;
      case "adStarted":
        withAds.add(event.ad.breakId);
        record.adsStarted++;
        return;
      case "adEnded":
        if (event.completed) record.adsCompleted++;
        return;
      case "adFailed":
        record.adsFailed++;
        return;
      case "breakEnded":
        if (withAds.delete(event.breakId)) record.breaksPlayed++;
        return;
      case "beacon":
        beacons.set(event.report.beacon, event.report);
        record.beacons = [...beacons.values()];
        return;
      default:
        return;
    }
  };
  return { record, write };
}
