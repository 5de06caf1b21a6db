/**
 * Sends beacons. An impression moves money, so it is tried again with growing pauses while the edge is unreachable or
 * answers 5xx; repeating it is safe, because the edge bills an impression once. Everything else is sent once. Requests
 * are kept alive, so that leaving the page does not lose them.
 */
import type { TrackedEvent } from "../src/protocols/beacon_event.ts";

/** How one beacon stands. */
export interface BeaconReport {
  /** Counts beacons of this desk from 1; later reports about the same beacon carry the same number. */
  readonly beacon: number;
  readonly event: TrackedEvent | "click";
  readonly adId: string;
  readonly breakId: string;
  /** 1-based position of the ad in its break. */
  readonly position: number;
  readonly url: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly state: "sending" | "accepted" | "refused" | "waiting" | "lost";
  /** The last HTTP status, or null when nothing answered (or no answer is awaited). */
  readonly status: number | null;
  /** What the edge made of it: `billed`, `duplicate`, `counted`, …; null when it did not say. */
  readonly verdict: string | null;
}

/** What a beacon is about. */
export type Beacon = Pick<BeaconReport, "event" | "adId" | "breakId" | "position" | "url">;

/** What came back. */
export interface BeaconAnswer {
  readonly status: number;
  readonly verdict: string | null;
}

/** Sends beacons and tells how they fare. */
export interface BeaconDesk {
  readonly send: (beacon: Beacon) => void;
  /** Records a beacon that the browser sends by itself, such as a followed link. */
  readonly note: (beacon: Beacon) => void;
  /** Tries everything that is waiting for another try at once: the page is about to go away. */
  readonly flush: () => void;
}

/** Pauses before tries two, three, … Units: milliseconds. */
const PAUSES_MS = [500, 1500, 4000, 10_000, 20_000];

const NO_ANSWER = { status: null, verdict: null };

/** Runs something later; the returned function calls it off. */
export type Later = (pauseMs: number, run: () => void) => () => void;

/** What a desk reaches the world through. */
export interface BeaconDoors {
  /** Sends one GET; rejects when nothing answered. */
  readonly request: (url: string) => Promise<BeaconAnswer>;
  readonly later: Later;
}

const BROWSER: BeaconDoors = { request: getKeptAlive, later: afterTimeout };

/** Opens a desk. */
export function openBeaconDesk(onReport: (report: BeaconReport) => void, doors: BeaconDoors = BROWSER): BeaconDesk {
  const waiting = new Map<number, { readonly callOff: () => void; readonly again: () => void }>();
  let count = 0;

  const attemptSend = async (beacon: Beacon, number: number, attempt: number): Promise<void> => {
    const report = (state: BeaconReport["state"], answer: BeaconAnswer | null): void =>
      onReport({ ...beacon, beacon: number, attempt, state, ...(answer ?? NO_ANSWER) });
    report("sending", null);
    const answer = await doors.request(beacon.url).catch(() => null);
    const status = answer?.status ?? null;
    if (status !== null && status >= 200 && status < 400) {
      report("accepted", answer);
      return;
    }
    const passing = status === null || status >= 500 || status === 429;
    const pauseMs = PAUSES_MS[attempt - 1];
    if (beacon.event !== "impression" || !passing || pauseMs === undefined) {
      report(passing ? "lost" : "refused", answer);
      return;
    }
    report("waiting", answer);
    const again = (): void => {
      waiting.delete(number);
      void attemptSend(beacon, number, attempt + 1);
    };
    waiting.set(number, { again, callOff: doors.later(pauseMs, again) });
  };

  return {
    send: (beacon) => void attemptSend(beacon, ++count, 1),
    note: (beacon) => onReport({ ...beacon, ...NO_ANSWER, beacon: ++count, attempt: 1, state: "accepted" }),
    flush: () => {
      const held = [...waiting.values()];
      for (const { callOff, again } of held) {
        callOff();
        again();
      }
    },
  };
}

function afterTimeout(pauseMs: number, run: () => void): () => void {
  const timer = setTimeout(run, pauseMs);
  return () => clearTimeout(timer);
}

async function getKeptAlive(url: string): Promise<BeaconAnswer> {
  const response = await fetch(url, {
    keepalive: true,
    cache: "no-store",
    credentials: "omit",
    referrerPolicy: "origin",
  });
  return { status: response.status, verdict: response.headers.get("midroll-verdict") };
}
