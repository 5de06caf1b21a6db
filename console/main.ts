/**
 * The ops console: signs in, reads the feed, and hands each answer to the parts of the page. When the feed is lost the
 * last numbers stay on the page under a quiet banner; the page is never blank.
 */
import { campaignDetail } from "./campaign_detail.ts";
import { campaignTable } from "./campaign_table.ts";
import { decisionList } from "./decision_list.ts";
import { byId, el, setAttributes, setText } from "./dom.ts";
import type { LiveAnswer } from "./live_answer.ts";
import { startFeed, type Feed } from "./live_feed.ts";
import { createLiveStore } from "./live_store.ts";
import { overview } from "./overview.ts";
import type { ServingOrder, Trial } from "../src/models/serving_order.ts";
import { dropToken, keepToken, takeToken } from "./token.ts";

const board = byId("board", HTMLElement);
const signIn = byId("sign-in", HTMLElement);
const signOut = byId("sign-out", HTMLButtonElement);
const tokenField = byId("token", HTMLInputElement);
const trouble = byId("trouble", HTMLElement);
const pulse = byId("pulse", HTMLElement);
const pulseText = byId("pulse-text", HTMLElement);

let feed: Feed | null = null;

function showPulse(state: "live" | "lost" | "waiting", text: string): void {
  setAttributes(pulse, { "data-state": state });
  setText(pulseText, text);
}

function showSignIn(reason: string | null): void {
  feed?.stop();
  feed = null;
  const refusal = byId("sign-in-reason", HTMLElement);
  refusal.hidden = reason === null;
  setText(refusal, reason ?? "");
  signIn.hidden = false;
  board.hidden = true;
  signOut.hidden = true;
  trouble.hidden = true;
  showPulse("waiting", "not signed in");
  tokenField.focus();
}

/** Draws each answer into every part of the page. The parts are built once, on the first sign-in. */
function buildBoard(): (answer: LiveAnswer) => void {
  const store = createLiveStore();
  const drawOverview = overview();
  const detail = campaignDetail();
  const drawCampaigns = campaignTable(detail.open);
  const drawDecisions = decisionList();
  const versions = byId("versions", HTMLElement);
  return (answer) => {
    store.accept(answer);
    board.hidden = false;
    trouble.hidden = true;
    showPulse("live", "live");
    drawOverview(answer, store);
    drawCampaigns(answer.campaigns);
    detail.draw(answer);
    drawDecisions(store.decisions(), answer);
    versions.replaceChildren(
      el("span", {}, "Catalog ", digest(answer.catalogDigest)),
      el("span", {}, "Models ", ...modelsLine(answer.models)),
    );
  };
}

function digest(full: string | null): HTMLElement {
  return el("code", { title: full }, full === null ? "none published" : full.slice(0, 12));
}

/** Which set serves, and which are tried beside it. */
function modelsLine({ live, canary, shadow, stopped }: ServingOrder): (HTMLElement | string)[] {
  const trial = (set: Trial | null, name: string) =>
    set === null ? [] : [` · ${name} `, digest(set.digest), ` ${set.sharePpm / 10_000} %`];
  const halted = stopped ? [" · ", el("strong", {}, "stopped: the fallback tier answers")] : [];
  return [digest(live), ...trial(canary, "canary"), ...trial(shadow, "shadow"), ...halted];
}

const drawBoard = buildBoard();

function connect(token: string): void {
  signIn.hidden = true;
  signOut.hidden = false;
  showPulse("waiting", "connecting");
  feed?.stop();
  feed = startFeed(token, {
    onAnswer: drawBoard,
    onTrouble: (reason, sinceMs) => {
      const since = new Date(sinceMs).toLocaleTimeString(undefined, { hourCycle: "h23" });
      setText(trouble, `No news since ${since}: ${reason}. The numbers below are the last ones heard; still asking.`);
      trouble.hidden = false;
      showPulse("lost", "connection lost");
    },
    onRefused: () => {
      dropToken();
      showSignIn("Origin refused this token. It may belong to another state folder or have been replaced.");
    },
  });
}

byId("sign-in-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const token = tokenField.value.trim();
  if (token === "") return;
  tokenField.value = "";
  keepToken(token);
  connect(token);
});
signOut.addEventListener("click", () => {
  dropToken();
  showSignIn(null);
});
// A link with a token pasted into an open console arrives as a change of the fragment.
addEventListener("hashchange", () => {
  const token = takeToken();
  if (token !== null) connect(token);
});

const token = takeToken();
if (token === null) showSignIn(null);
else connect(token);
