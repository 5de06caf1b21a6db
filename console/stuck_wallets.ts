/**
 * Wallets that have gone silent with a campaign's money, and the form with which an operator gives up on it. The forms
 * stay as they are while numbers move around them: they are built again only when other wallets are stuck.
 */
import type { CampaignStatus, WalletShare } from "../src/money/protocol.ts";
import { walletName } from "./campaign_facts.ts";
import { el, setText } from "./dom.ts";
import { moneyElement } from "./money_element.ts";
import { exactMoney } from "./money_text.ts";
import { sendWriteOff } from "./origin_calls.ts";

/** The part of the drawer that is there only while a wallet is stuck, or has just been written off. */
export interface StuckWallets {
  readonly element: HTMLElement;
  readonly draw: (status: CampaignStatus) => void;
}

/** Builds it, empty. `done` is called after a write-off. */
export function stuckWallets(campaignId: string, done: () => void): StuckWallets {
  const forms = el("div");
  const said = el("p", { class: "note", role: "status" });
  const element = el("section", { class: "stuck", hidden: true }, forms, said);
  let shown = "";

  const written = (share: WalletShare): void => {
    setText(said, `${exactMoney(share.outstandingMicros)} at ${walletName(share.wallet)} written off.`);
    done();
  };
  return {
    element,
    draw: ({ wallets }) => {
      const stuck = wallets.filter((share) => share.stuck);
      element.hidden = stuck.length === 0 && said.textContent === "";
      const key = JSON.stringify(stuck.map((share) => [share.wallet, share.incarnation, share.outstandingMicros]));
      if (key === shown) return;
      shown = key;
      forms.replaceChildren(...stuck.map((share) => stuckWallet(campaignId, share, () => written(share))));
      element.classList.toggle("settled", stuck.length === 0);
    },
  };
}

function stuckWallet(campaignId: string, share: WalletShare, written: () => void): HTMLElement {
  const since = new Date(share.heardMs).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return el(
    "div",
    { class: "stuck-wallet" },
    el("h3", {}, "Stuck: ", el("span", { class: "mono" }, walletName(share.wallet))),
    el("p", {}, moneyElement(share.outstandingMicros), ` outstanding; silent since ${since}.`),
    el("details", {}, el("summary", {}, "Write this money off…"), writeOffForm(campaignId, share, written)),
  );
}

const MEANING =
  "The money stays counted against the budget, so nothing can be overspent. It only stops counting as outstanding. " +
  "Should the wallet come back, its next report takes the write-off back.";

function writeOffForm(campaignId: string, share: WalletShare, written: () => void): HTMLFormElement {
  const by = el("input", { class: "field", name: "by", maxlength: 200, autocomplete: "name", required: true });
  const why = el("input", { class: "field", name: "why", maxlength: 200, autocomplete: "off", required: true });
  const sure = el("input", { type: "checkbox", name: "sure", required: true });
  const send = el("button", { type: "submit", class: "button danger" }, "Write off");
  const refusal = el("p", { class: "refusal", role: "alert", hidden: true });
  const form = el(
    "form",
    { class: "write-off" },
    el("p", { class: "note" }, MEANING),
    el("label", {}, "Who decides this", by),
    el("label", {}, "Why", why),
    el("label", { class: "check" }, sure, `I give up on ${exactMoney(share.outstandingMicros)} at this wallet.`),
    send,
    refusal,
  );
  const ask = async (): Promise<void> => {
    const { wallet, incarnation } = share;
    send.disabled = true;
    const answer = await sendWriteOff(campaignId, { wallet, incarnation, by: by.value.trim(), why: why.value.trim() });
    send.disabled = false;
    refusal.hidden = answer.ok;
    if (answer.ok) written();
    else setText(refusal, answer.reason);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void ask();
  });
  return form;
}
