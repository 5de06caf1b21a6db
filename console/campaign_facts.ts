/** One campaign's amounts, every one to the micro, and what each wallet holds of it. */
import type { CampaignStatus, WalletShare } from "../src/money/protocol.ts";
import { paceText, spendMeter, utilisation, utilisationText } from "./campaign_columns.ts";
import { el } from "./dom.ts";
import type { LiveCampaign } from "./live_answer.ts";
import { moneyElement } from "./money_element.ts";
import { countText, multiplierText } from "./money_text.ts";

type Fact = readonly [name: string, value: Node | string, title?: string];

/** The amounts. */
export function campaignFacts(campaign: LiveCampaign, status: CampaignStatus): HTMLElement[] {
  const { terms } = status;
  const facts: readonly Fact[] = [
    ["Budget", moneyElement(terms.budgetMicros)],
    ["Billed", moneyElement(status.billedMicros)],
    ["Daily budget", dailyBudget(status), `Days begin at midnight in ${terms.timeZone}`],
    ["Today", status.today === null ? "–" : moneyElement(status.today.billedMicros), "Billed since midnight"],
    ["Pending", moneyElement(status.pendingMicros), "Won, and waiting for its beacon; part of what is outstanding"],
    ["Outstanding", moneyElement(status.outstandingMicros), "At wallets and purses, not billed"],
    ["Planned by now", moneyElement(status.plannedMicros)],
    ["Against plan", paceText(status)],
    ["Used", utilisationText(utilisation(status)), "Billed share of the budget"],
    ["Pacing multiplier", `${multiplierText(status.multiplierPpm)} (${terms.pacing})`],
    ["Impressions billed", countText(status.impressionsBilled)],
    ["Given away", moneyElement(status.unbilledMicros), "Seen, but late or exhausted: never billed"],
    ["Late", countText(status.late)],
    ["Exhausted", countText(status.exhausted)],
    ["Duplicates", countText(status.duplicates)],
    ["Written off", moneyElement(status.writtenOffMicros), "At silent wallets; still counts against the budget"],
    ["Granted, ever", moneyElement(status.grantedMicros)],
    ["Returned, ever", moneyElement(status.returnedMicros)],
    ["Flight", `${dayText(terms.flightStartMs)} – ${dayText(terms.flightEndMs)}`],
    ["Status", terms.status],
  ];
  const list = el("dl", { class: "facts" });
  for (const [name, value, title] of facts) {
    list.append(el("div", { title: title ?? null }, el("dt", {}, name), el("dd", {}, value)));
  }
  return [
    ...(campaign.house ? [] : [spendMeter(status)]),
    list,
    el("p", { class: "note" }, "Units of the catalog’s currency; the last digit is one micro."),
  ];
}

function dailyBudget({ terms }: CampaignStatus): Node | string {
  return terms.dailyBudgetMicros === null ? "none" : moneyElement(terms.dailyBudgetMicros);
}

/** What each wallet holds. Those that are stuck come first. */
export function walletTable(wallets: readonly WalletShare[], nowMs: number): HTMLElement {
  if (wallets.length === 0) return el("p", { class: "note" }, "No wallet has drawn on this campaign yet.");
  const heads = ["Wallet", "Granted", "Billed", "Returned", "Out", "Heard"].map((label, i) =>
    el("th", { scope: "col", class: i === 0 ? null : "number" }, label),
  );
  const rows = wallets
    .toSorted((a, b) => Number(b.stuck) - Number(a.stuck))
    .map((share) =>
      el(
        "tr",
        { class: share.stuck ? "stuck-row" : null },
        el("th", { scope: "row", class: "mono" }, walletName(share.wallet), walletBadge(share)),
        ...[share.grantedMicros, share.billedMicros, share.returnedMicros, share.outstandingMicros].map((amount) =>
          el("td", { class: "number" }, moneyElement(amount)),
        ),
        el("td", { class: "number" }, agoText(nowMs - share.heardMs)),
      ),
    );
  return el(
    "div",
    { class: "table-box" },
    el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)),
  );
}

/** A wallet's name without the word that all of them begin with. */
export function walletName(wallet: string): string {
  return wallet.replace(/^wallet:/, "");
}

function walletBadge({ stuck, writeOff }: WalletShare): HTMLElement | null {
  if (stuck) return el("span", { class: "badge bad" }, "stuck");
  if (writeOff === null) return null;
  return el("span", { class: "badge warn", title: `By ${writeOff.by}: ${writeOff.why}` }, "written off");
}

function agoText(elapsedMs: number): string {
  const seconds = Math.max(0, Math.round(elapsedMs / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}

function dayText(atMs: number): string {
  return new Date(atMs).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}
