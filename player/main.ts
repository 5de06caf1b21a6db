/**
 * The demo page: hls.js plays a programme whose breaks the edge fills, the SDK reports what is seen, and the page shows
 * breaks, ads, beacons and money. The page's query is handed on to the programme, so `?breaks=10,40&dur=20&genre=news`
 * asks for other breaks.
 */
import HlsPlayer, { Events } from "hls.js";
import { byId, setAttributes, setText } from "../console/dom.ts";
import { takeToken } from "../console/token.ts";
import { adCards } from "./ad_cards.ts";
import { beaconLog } from "./beacon_log.ts";
import { breakTimeline, clock, type BreakState, type TimelineBreak } from "./break_timeline.ts";
import { peekClaim } from "./claim_peek.ts";
import { startRecord } from "./demo_record.ts";
import { moneyPanel } from "./money_panel.ts";
import { attachMidroll, type Ad, type MidrollEvent } from "./sdk.ts";

const DEFAULTS = { breaks: "8,30", dur: "21", pub: "demo" };
/** How far before a break the skip button lands: enough to see the programme turn into the break. Units: seconds. */
const BEFORE_BREAK_SEC = 3;

const video = byId("video", HTMLVideoElement);
const overlay = byId("ad-overlay", HTMLElement);
const badge = byId("ad-badge", HTMLElement);
const play = byId("play", HTMLButtonElement);
const mute = byId("mute", HTMLButtonElement);
const nextBreak = byId("next-break", HTMLButtonElement);
const trouble = byId("trouble", HTMLElement);

const { record, write } = startRecord();
const drawTimeline = breakTimeline(byId("timeline", HTMLElement));
const cards = adCards();
const log = beaconLog();
const money = moneyPanel(takeToken());
const filled = new Map<string, readonly Ad[]>();
const states = new Map<string, BreakState>();

/** The programme's address: the page's own query over the defaults. */
function programUrl(): string {
  const query = new URLSearchParams(DEFAULTS);
  for (const [name, value] of new URLSearchParams(location.search)) if (value !== "") query.set(name, value);
  return `/player/program.m3u8?${query}`;
}

function say(words: string | null): void {
  trouble.hidden = words === null;
  setText(trouble, words ?? "");
}

function onMidroll(event: MidrollEvent): void {
  write(event);
  switch (event.kind) {
    case "breakFilled":
      filled.set(event.breakId, event.ads);
      states.set(event.breakId, event.ads.length > 0 ? "filled" : "empty");
      cards.show(event.ads, breakNote(event.ads));
      break;
    case "breakFailed":
      say(`The edge gave no ads for a break (${event.reason}); the programme goes on.`);
      break;
    case "breakStarted":
      states.set(event.breakId, "playing");
      video.controls = false;
      break;
    case "adStarted":
      overlay.hidden = false;
      break;
    case "adProgress":
      showProgress(event.ad, event.positionSec, event.durationSec);
      break;
    case "adEnded":
    case "adFailed":
      overlay.hidden = true;
      cards.ended(event.ad, event.kind === "adEnded" ? "played" : "failed");
      break;
    case "breakEnded":
      states.set(event.breakId, filled.get(event.breakId)?.length === 0 ? "empty" : "played");
      overlay.hidden = true;
      video.controls = true;
      break;
    case "beacon":
      log(event.report);
      if (event.report.event === "impression") money.seen(peekClaim(event.report.url)?.campaignId ?? "");
      break;
  }
  redraw();
}

function breakNote(ads: readonly Ad[]): string {
  if (ads.length === 0) return "nobody bought this break";
  const totalSec = ads.reduce((sum, ad) => sum + (ad.durationSec ?? 0), 0);
  return `${ads.length} ${ads.length === 1 ? "ad" : "ads"}, ${totalSec} s`;
}

function showProgress(ad: Ad, positionSec: number, durationSec: number): void {
  const count = filled.get(ad.breakId)?.length ?? 1;
  setText(badge, `Ad ${ad.position} of ${count} · ${clock(Math.max(0, durationSec - positionSec) + 0.9)}`);
  cards.progress(ad, positionSec, durationSec);
}

/** Seconds of the programme, breaks not counted. */
function programTimes(): { positionSec: number; durationSec: number } {
  const primary = hls.interstitialsManager?.primary;
  return { positionSec: primary?.currentTime ?? 0, durationSec: primary?.duration ?? 0 };
}

function timelineBreaks(): TimelineBreak[] {
  return (hls.interstitialsManager?.events ?? []).map(({ identifier, startTime }) => ({
    breakId: identifier,
    startSec: startTime,
    state: states.get(identifier) ?? "coming",
    ads: filled.get(identifier)?.length ?? null,
  }));
}

/** The next break that can be skipped to, or null while an ad plays or when none is left. */
function breakAhead(): TimelineBreak | null {
  if ([...states.values()].includes("playing")) return null;
  const { positionSec } = programTimes();
  return timelineBreaks().find(({ startSec, state }) => state !== "played" && startSec > positionSec + 1) ?? null;
}

function redraw(): void {
  const { positionSec, durationSec } = programTimes();
  drawTimeline(timelineBreaks(), positionSec, durationSec);
  nextBreak.disabled = breakAhead() === null;
  setText(play, video.paused ? "Play" : "Pause");
  setText(mute, video.muted ? "Unmute" : "Mute");
  setAttributes(mute, { "aria-pressed": String(video.muted) });
}

function startPlaying(): void {
  // A browser that forbids autoplay leaves the page paused with its Play button; that is fine.
  video.play().catch(redraw);
}

const hls = new HlsPlayer({ enableDateRangeMetadataCues: false });
const midroll = attachMidroll(hls, video, { onEvent: onMidroll });

function connectControls(): void {
  play.addEventListener("click", () => (video.paused ? startPlaying() : video.pause()));
  mute.addEventListener("click", () => {
    video.muted = !video.muted;
  });
  nextBreak.addEventListener("click", () => {
    const ahead = breakAhead();
    if (ahead !== null) video.currentTime = Math.max(programTimes().positionSec, ahead.startSec - BEFORE_BREAK_SEC);
    startPlaying();
  });
  byId("visit", HTMLButtonElement).addEventListener("click", midroll.visitAdvertiser);
  for (const name of ["timeupdate", "play", "pause", "volumechange", "seeked"]) video.addEventListener(name, redraw);
  video.addEventListener("ended", () => {
    if ([...states.values()].includes("playing")) return;
    record.ended = true;
    redraw();
  });
}

/** Fills the form with what plays now; whatever else is in the query stays in it. */
function fillSettings(): void {
  const form = byId("settings", HTMLFormElement);
  const query = new URLSearchParams(programUrl().split("?")[1]);
  for (const [name, value] of query) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
    else form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
}

function start(): void {
  connectControls();
  fillSettings();
  if (!("MediaSource" in window || "ManagedMediaSource" in window)) {
    say("This browser has no Media Source Extensions, which this demo plays with.");
    return;
  }
  hls.on(Events.ERROR, (_name, failure) => {
    if (failure.fatal) say(`The programme cannot be played: ${failure.details}.`);
  });
  hls.on(Events.MANIFEST_PARSED, startPlaying);
  hls.loadSource(programUrl());
  hls.attachMedia(video);
  redraw();
}

start();
