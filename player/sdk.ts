/**
 * Midroll for hls.js players: `attachMidroll(hls, video, { onEvent })` follows the interstitials that hls.js plays,
 * reads each ad's signals from the asset list, and reports impression, start, quartiles, completion and errors, each
 * once. What the viewer was shown it hands back with the next break. It asks for nothing but a stream whose breaks
 * carry `X-ASSET-LIST`; the page decides what to show.
 */
import type HlsPlayer from "hls.js";
import { Events, type HlsListeners, type InterstitialAssetErrorData } from "hls.js";
import { openBeaconDesk } from "./beacon_desk.ts";
import { followBreaks, type Ad, type BreakFollower, type MidrollEvent } from "./break_follower.ts";
import { keepHistory, rememberViewers, sendHistory, type ViewerHistory } from "./viewer_history.ts";

export type { Ad, MidrollEvent } from "./break_follower.ts";
export type { BeaconReport } from "./beacon_desk.ts";

/** What the page hands in. */
export interface MidrollOptions {
  readonly onEvent?: (event: MidrollEvent) => void;
}

/** A player with Midroll attached. */
export interface Midroll {
  /** The ad on screen, or null. */
  readonly currentAd: () => Ad | null;
  /** Opens the advertiser's page in a new tab and pauses the ad. Call it from a click. False when there is none. */
  readonly visitAdvertiser: () => boolean;
  /** Stops following. Beacons on their way are still sent. */
  readonly detach: () => void;
}

/** VAST 4.2 error codes (section 2.3.6.3). */
const MEDIA_NOT_FOUND = 401;
const MEDIA_TIMEOUT = 402;
const MEDIA_CANNOT_PLAY = 405;

/** Follows the interstitials of `hls` playing in `video`. Requires hls.js 1.6 or newer with interstitials enabled. */
export function attachMidroll(hls: HlsPlayer, video: HTMLVideoElement, options: MidrollOptions = {}): Midroll {
  const emit = (event: MidrollEvent): void => options.onEvent?.(event);
  const desk = openBeaconDesk((report) => emit({ kind: "beacon", report }));
  const follower = followBreaks(desk, emit);
  const history = rememberViewers();
  sendHistory(hls.config, history);
  const unlisten = listen(hls, { follower, history, emit });
  // Between two ads the video element still shows the old one, so time only counts while it plays.
  const onTime = (): void => {
    if (!video.paused && !video.seeking) follower.tick();
  };
  const onLeaving = (): void => desk.flush();
  video.addEventListener("timeupdate", onTime);
  window.addEventListener("pagehide", onLeaving);

  return {
    currentAd: follower.currentAd,
    visitAdvertiser: () => {
      const ad = follower.currentAd();
      if (ad === null || ad.clickThroughUrl === null) return false;
      // The link is itself the click beacon: it answers with a redirect to the advertiser.
      window.open(ad.clickThroughUrl, "_blank", "noopener");
      video.pause();
      const { adId, breakId, position, clickThroughUrl } = ad;
      desk.note({ event: "click", adId, breakId, position, url: clickThroughUrl });
      return true;
    },
    detach: () => {
      unlisten();
      video.removeEventListener("timeupdate", onTime);
      window.removeEventListener("pagehide", onLeaving);
    },
  };
}

/** The hls.js events that matter here. */
type Heard = Pick<
  HlsListeners,
  | Events.ASSET_LIST_LOADED
  | Events.INTERSTITIAL_STARTED
  | Events.INTERSTITIAL_ASSET_STARTED
  | Events.INTERSTITIAL_ASSET_ENDED
  | Events.INTERSTITIAL_ASSET_ERROR
  | Events.INTERSTITIAL_ENDED
  | Events.ERROR
>;

/** Who wants to know what hls.js does. */
interface Hearers {
  readonly follower: BreakFollower;
  readonly history: ViewerHistory;
  readonly emit: (event: MidrollEvent) => void;
}

/** Listens to hls.js on behalf of these. Returns how to stop. */
function listen(hls: HlsPlayer, { follower, history, emit }: Hearers): () => void {
  const heard: Heard = {
    [Events.ASSET_LIST_LOADED]: (_name, { event, assetListResponse, networkDetails }) => {
      keepHistory(networkDetails, history);
      follower.filled(event.identifier, assetListResponse);
    },
    [Events.INTERSTITIAL_STARTED]: (_name, { event }) => emit({ kind: "breakStarted", breakId: event.identifier }),
    [Events.INTERSTITIAL_ASSET_STARTED]: (_name, { event, assetListIndex, player }) =>
      follower.assetUp(event.identifier, assetListIndex, player),
    [Events.INTERSTITIAL_ASSET_ENDED]: (_name, { event, assetListIndex, player }) =>
      follower.assetEnded(event.identifier, assetListIndex, player),
    [Events.INTERSTITIAL_ASSET_ERROR]: (_name, failure) =>
      follower.assetFailed(
        failure.event?.identifier ?? "",
        failure.assetListIndex,
        failure.details,
        errorCodeOf(failure),
      ),
    [Events.INTERSTITIAL_ENDED]: (_name, { event }) => follower.breakEnded(event.identifier),
    [Events.ERROR]: (_name, { details, interstitial }) => {
      if (!details.startsWith("assetList")) return;
      emit({ kind: "breakFailed", breakId: interstitial?.identifier ?? "", reason: details });
    },
  };
  const each = (act: <E extends keyof Heard>(event: E, listener: HlsListeners[E]) => void): void => {
    act(Events.ASSET_LIST_LOADED, heard[Events.ASSET_LIST_LOADED]);
    act(Events.INTERSTITIAL_STARTED, heard[Events.INTERSTITIAL_STARTED]);
    act(Events.INTERSTITIAL_ASSET_STARTED, heard[Events.INTERSTITIAL_ASSET_STARTED]);
    act(Events.INTERSTITIAL_ASSET_ENDED, heard[Events.INTERSTITIAL_ASSET_ENDED]);
    act(Events.INTERSTITIAL_ASSET_ERROR, heard[Events.INTERSTITIAL_ASSET_ERROR]);
    act(Events.INTERSTITIAL_ENDED, heard[Events.INTERSTITIAL_ENDED]);
    act(Events.ERROR, heard[Events.ERROR]);
  };
  each((event, listener) => hls.on(event, listener));
  return () => each((event, listener) => hls.off(event, listener));
}

function errorCodeOf(failure: InterstitialAssetErrorData): number {
  if (failure.response?.code === 404) return MEDIA_NOT_FOUND;
  return failure.details.toLowerCase().includes("timeout") ? MEDIA_TIMEOUT : MEDIA_CANNOT_PLAY;
}
