/**
 * One campaign in full: every amount to the micro, its money over time as its ledger remembers it, what each wallet
 * holds, a stuck wallet with the form to write it off, and what operators did. A drawer over the page; Escape or a
 * click outside closes it.
 */
import { auditList } from "./audit_list.ts";
import { campaignFacts, walletTable } from "./campaign_facts.ts";
import { byId, el } from "./dom.ts";
import { historyChart } from "./history_chart.ts";
import type { LiveAnswer, LiveCampaign } from "./live_answer.ts";
import { countText } from "./money_text.ts";
import { stuckWallets } from "./stuck_wallets.ts";

/** The drawer. */
export interface CampaignDetail {
  readonly open: (campaignId: string) => void;
  readonly draw: (answer: LiveAnswer) => void;
}

/** The open drawer of one campaign. */
interface Drawer {
  readonly campaignId: string;
  readonly element: HTMLElement;
  readonly draw: (campaign: LiveCampaign, nowMs: number) => void;
  readonly destroy: () => void;
}

/** Builds the drawer, closed. */
export function campaignDetail(): CampaignDetail {
  const dialog = byId("campaign-detail", HTMLDialogElement);
  let answer: LiveAnswer | null = null;
  let drawer: Drawer | null = null;

  const campaignOf = (campaignId: string): LiveCampaign | undefined =>
    answer?.campaigns.find((other) => other.campaignId === campaignId);
  const redraw = (): void => {
    if (drawer === null || answer === null) return;
    const campaign = campaignOf(drawer.campaignId);
    if (campaign !== undefined) drawer.draw(campaign, answer.nowMs);
  };
  dialog.addEventListener("close", () => {
    drawer?.destroy();
    drawer = null;
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  return {
    open: (campaignId) => {
      const campaign = campaignOf(campaignId);
      if (campaign === undefined) return;
      drawer = openDrawer(campaign, () => dialog.close());
      dialog.replaceChildren(drawer.element);
      dialog.showModal();
      redraw();
    },
    draw: (next) => {
      answer = next;
      redraw();
    },
  };
}

function openDrawer(campaign: LiveCampaign, close: () => void): Drawer {
  const { campaignId } = campaign;
  const facts = el("div");
  const wallets = el("div", { class: "wallets" });
  const audit = auditList(campaignId);
  const stuck = stuckWallets(campaignId, audit.ask);
  const chart = historyChart(campaignId);
  const element = el(
    "div",
    { class: "drawer-body" },
    drawerHead(campaign, close),
    stuck.element,
    facts,
    chart.element,
    el("h3", {}, "Wallets"),
    wallets,
    audit.element,
  );
  return {
    campaignId,
    element,
    draw: ({ status, ...rest }, nowMs) => {
      if (status === null) {
        facts.replaceChildren(
          el("p", { class: "note" }, "This campaign’s ledger did not answer. The console keeps asking."),
        );
        return;
      }
      stuck.draw(status);
      facts.replaceChildren(...campaignFacts({ ...rest, status }, status));
      chart.draw(status, nowMs);
      wallets.replaceChildren(walletTable(status.wallets, nowMs));
    },
    destroy: chart.destroy,
  };
}

function drawerHead(campaign: LiveCampaign, close: () => void): HTMLElement {
  const button = el("button", { type: "button", class: "button small" }, "Close");
  button.addEventListener("click", close);
  return el(
    "header",
    {},
    el(
      "div",
      {},
      el("h2", { id: "campaign-detail-title" }, campaign.name),
      el("p", { class: "note" }, subtitle(campaign)),
    ),
    button,
  );
}

function subtitle(campaign: LiveCampaign): string {
  const lines = `${countText(campaign.lineItems)} line ${campaign.lineItems === 1 ? "item" : "items"}`;
  return `${campaign.advertiserName} · ${campaign.campaignId} · ${lines}${campaign.house ? " · house" : ""}`;
}
