/**
 * The programme as a line with its breaks on it, and the same in words: when each break comes, and how it stands.
 */
import { el, setAttributes, setText } from "../console/dom.ts";

/** How one break stands. */
export type BreakState = "coming" | "filled" | "empty" | "playing" | "played";

/** One break. Units: seconds of the programme. */
export interface TimelineBreak {
  readonly breakId: string;
  readonly startSec: number;
  readonly state: BreakState;
  /** Ads in it, or null before its list has arrived. */
  readonly ads: number | null;
}

/** Draws the timeline. Units: seconds of the programme, breaks not counted. */
export type BreakTimeline = (breaks: readonly TimelineBreak[], positionSec: number, durationSec: number) => void;

/** Builds the timeline inside `parent`. */
export function breakTimeline(parent: HTMLElement): BreakTimeline {
  const played = el("div", { class: "track-played" });
  const track = el("div", { class: "track", "aria-hidden": "true" }, played);
  const words = el("ul", { class: "track-words", "aria-label": "Breaks" });
  parent.append(track, words);
  const marks = new Map<
    string,
    { readonly mark: HTMLElement; readonly word: HTMLElement; readonly text: HTMLElement }
  >();

  return (breaks, positionSec, durationSec) => {
    const percent = (sec: number): string => `${durationSec > 0 ? Math.min(100, (sec / durationSec) * 100) : 0}%`;
    played.style.width = percent(positionSec);
    for (const { breakId, startSec, state, ads } of breaks) {
      let drawn = marks.get(breakId);
      if (drawn === undefined) {
        const text = el("span");
        drawn = { mark: el("i", { class: "track-break" }), word: el("li", { "data-break": breakId }, text), text };
        marks.set(breakId, drawn);
        track.append(drawn.mark);
        words.append(drawn.word);
      }
      drawn.mark.style.left = percent(startSec);
      setAttributes(drawn.mark, { "data-state": state });
      setAttributes(drawn.word, { "data-state": state });
      setText(drawn.text, `${clock(startSec)} ${stateWords(state, ads)}`);
    }
  };
}

function stateWords(state: BreakState, ads: number | null): string {
  const count = ads === null ? "" : `, ${ads} ${ads === 1 ? "ad" : "ads"}`;
  if (state === "coming") return "break, not asked for yet";
  return state === "empty" ? "break, nobody bought it" : `break ${state}${count}`;
}

/** `75` is `1:15`. */
export function clock(totalSec: number): string {
  const whole = Math.max(0, Math.floor(totalSec));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
