/** The beacons as they are sent, newest first, each with the edge's answer. Bounded: a demo may run all day. */
import { byId, el, setText } from "../console/dom.ts";
import { exactMoney } from "../console/money_text.ts";
import type { BeaconReport } from "./beacon_desk.ts";
import { peekClaim } from "./claim_peek.ts";

const LINES_MAX = 120;

/** What each event says to a reader outside the trade. */
const EVENT_WORDS: Readonly<Record<BeaconReport["event"], string>> = {
  impression: "Impression",
  start: "Start",
  firstQuartile: "A quarter seen",
  midpoint: "Half seen",
  thirdQuartile: "Three quarters seen",
  complete: "Seen to the end",
  click: "Click",
  error: "Error",
  skip: "Skip",
};

/** Adds a report, or changes the line of the beacon it is about. */
export type BeaconLog = (report: BeaconReport) => void;

/** Builds the log, empty. */
export function beaconLog(): BeaconLog {
  const list = byId("log", HTMLOListElement);
  const note = byId("log-note", HTMLElement);
  const lines = new Map<number, { readonly line: HTMLElement; readonly badge: HTMLElement }>();
  let accepted = 0;

  return (report) => {
    const known = lines.get(report.beacon);
    if (known === undefined) {
      const badge = el("span", { class: "badge" });
      const line = makeLine(report, badge);
      lines.set(report.beacon, { line, badge });
      list.prepend(line);
      const [oldest] = lines;
      if (lines.size > LINES_MAX && oldest !== undefined) {
        oldest[1].line.remove();
        lines.delete(oldest[0]);
      }
    }
    if (report.state === "accepted") accepted++;
    const badge = lines.get(report.beacon)?.badge;
    if (badge !== undefined) drawBadge(badge, report);
    setText(note, `${accepted} of ${report.beacon > 0 ? Math.max(...lines.keys()) : 0} answered well`);
  };
}

function makeLine(report: BeaconReport, badge: HTMLElement): HTMLElement {
  const claim = report.event === "impression" ? peekClaim(report.url) : null;
  const price = claim === null ? "" : claim.wallet === "" ? " house" : ` ${exactMoney(claim.priceMicros)}`;
  return el(
    "li",
    { "data-event": report.event },
    el("time", {}, new Date().toLocaleTimeString(undefined, { hourCycle: "h23" })),
    el("span", { class: "about" }, el("b", {}, EVENT_WORDS[report.event]), `${price} · ${report.adId}`),
    badge,
  );
}

function drawBadge(badge: HTMLElement, report: BeaconReport): void {
  const { text, tone } = badgeOf(report);
  setText(badge, text);
  badge.className = `badge ${tone}`;
}

function badgeOf({ state, status, verdict, attempt }: BeaconReport): { text: string; tone: string } {
  const answered = status === null ? "no answer" : String(status);
  switch (state) {
    case "sending":
      return { text: attempt > 1 ? `try ${attempt}` : "sending", tone: "" };
    case "accepted":
      if (status === null) return { text: "opened", tone: "good" };
      return { text: `${status} ${verdict ?? ""}`.trim(), tone: "good" };
    case "waiting":
      return { text: `${answered}, trying again`, tone: "warn" };
    case "refused":
    case "lost":
      return { text: `${answered}, ${state}`, tone: "bad" };
  }
}
