/** The ads of one break as cards: which is playing, how far, and (when readable) what each impression pays. */
import { byId, el, setAttributes, setText } from "../console/dom.ts";
import { cpmText, exactMoney } from "../console/money_text.ts";
import type { Ad } from "./break_follower.ts";
import { peekClaim } from "./claim_peek.ts";

/** The cards of the break that is coming or playing. */
export interface AdCards {
  readonly show: (ads: readonly Ad[], note: string) => void;
  /** Units: seconds. */
  readonly progress: (ad: Ad, positionSec: number, durationSec: number) => void;
  readonly ended: (ad: Ad, how: "played" | "failed") => void;
}

interface Card {
  readonly card: HTMLElement;
  readonly bar: HTMLElement;
}

/** Builds the list of cards, empty. */
export function adCards(): AdCards {
  const list = byId("ads", HTMLOListElement);
  const note = byId("ads-note", HTMLElement);
  const title = byId("ads-title", HTMLElement);
  let cards = new Map<Ad, Card>();

  return {
    show: (ads, noteText) => {
      cards = new Map(ads.map((ad) => [ad, makeCard(ad)]));
      list.replaceChildren(...[...cards.values()].map(({ card }) => card));
      setText(title, "Ads of the coming break");
      setText(note, noteText);
    },
    progress: (ad, positionSec, durationSec) => {
      const drawn = cards.get(ad);
      if (drawn === undefined) return;
      setText(title, "Ads of this break");
      setAttributes(drawn.card, { "data-state": "playing" });
      drawn.bar.style.width = `${Math.min(100, (positionSec / durationSec) * 100)}%`;
    },
    ended: (ad, how) => {
      const drawn = cards.get(ad);
      if (drawn === undefined) return;
      setAttributes(drawn.card, { "data-state": how });
      if (how === "played") drawn.bar.style.width = "100%";
    },
  };
}

function makeCard(ad: Ad): Card {
  const bar = el("span");
  const card = el(
    "li",
    { "data-ad": ad.adId },
    el("span", { class: "position" }, String(ad.position)),
    el("div", {}, el("b", {}, ad.adId), el("span", { class: "note" }, payText(ad))),
    el("span", { class: "badge" }, ad.durationSec === null ? "? s" : `${ad.durationSec} s`),
    el("div", { class: "meter", "aria-hidden": "true" }, bar),
  );
  return { card, bar };
}

function payText(ad: Ad): string {
  const url = ad.tracking.get("impression")?.[0];
  const claim = url === undefined ? null : peekClaim(url);
  if (claim === null) return "price unknown";
  if (claim.wallet === "") return "house ad: fills time nobody bought";
  return `${claim.campaignId} pays ${exactMoney(claim.priceMicros)} (CPM ${cpmText(claim.priceMicros)})`;
}
