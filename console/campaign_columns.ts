/**
 * The columns of the campaign table: how each is read from a campaign, shown, and sorted. House campaigns have no money
 * and show dashes, and so does a campaign whose ledger did not answer.
 */
import type { CampaignStatus } from "../src/money/protocol.ts";
import { el, setText } from "./dom.ts";
import type { LiveCampaign } from "./live_answer.ts";
import { countText, exactMoney, multiplierText, shortMoney } from "./money_text.ts";

/** One column. */
export interface Column {
  readonly key: string;
  readonly label: string;
  readonly title: string;
  readonly numeric: boolean;
  /** Narrow screens keep only the columns that matter most. */
  readonly narrow: boolean;
  readonly sortValue: (campaign: LiveCampaign) => number | string;
  /** Draws the cell's content. */
  readonly fill: (cell: HTMLTableCellElement, campaign: LiveCampaign) => void;
}

/** How far the billed share is from the planned share before the console speaks of ahead or behind. */
const PACE_TOLERANCE = 0.05;

/** A campaign's share of budget billed, 0 to 1. */
export function utilisation(status: CampaignStatus): number {
  return status.terms.budgetMicros > 0 ? status.billedMicros / status.terms.budgetMicros : 0;
}

/** A share of a budget; small shares keep enough digits to be seen moving. */
export function utilisationText(share: number): string {
  const percent = share * 100;
  return `${percent.toFixed(percent !== 0 && percent < 1 ? 3 : 1)} %`;
}

/** Where billed money stands against the plan curve, in words. */
export function paceText(status: CampaignStatus): "on plan" | "ahead" | "behind" {
  if (status.terms.budgetMicros === 0) return "on plan";
  const lead = (status.billedMicros - status.plannedMicros) / status.terms.budgetMicros;
  if (lead > PACE_TOLERANCE) return "ahead";
  return lead < -PACE_TOLERANCE ? "behind" : "on plan";
}

/** Wallets that have gone silent with this campaign's money. */
export function stuckWalletsOf({ status }: LiveCampaign): number {
  return status?.wallets.filter((share) => share.stuck).length ?? 0;
}

/** A small bar: billed as the filled part, won and out at wallets lighter behind it, the plan as a tick. */
export function spendMeter(status: CampaignStatus): HTMLElement {
  const { budgetMicros } = status.terms;
  const percent = (amount: number): string =>
    `${budgetMicros > 0 ? Math.min(100, Math.max(0, (amount / budgetMicros) * 100)) : 0}%`;
  const meter = el("div", {
    class: "meter",
    role: "img",
    "aria-label": `${utilisationText(utilisation(status))} billed, ${paceText(status)}`,
  });
  const out = el("span", { class: "meter-out" });
  out.style.width = percent(status.billedMicros + status.outstandingMicros);
  const pending = el("span", { class: "meter-pending" });
  pending.style.width = percent(status.billedMicros + status.pendingMicros);
  const billed = el("span", { class: "meter-billed" });
  billed.style.width = percent(status.billedMicros);
  const plan = el("i", { class: "meter-plan" });
  plan.style.left = percent(status.plannedMicros);
  meter.append(out, pending, billed, plan);
  return meter;
}

const NOTHING = "–";
const UNKNOWN = "unknown";

function numberColumn(
  key: string,
  label: string,
  title: string,
  narrow: boolean,
  read: (status: CampaignStatus) => number,
  text: (value: number) => string,
  exact?: (value: number) => string,
): Column {
  const value = (campaign: LiveCampaign): number | null =>
    campaign.status === null || campaign.house ? null : read(campaign.status);
  return {
    key,
    label,
    title,
    numeric: true,
    narrow,
    sortValue: (campaign) => value(campaign) ?? -1,
    fill: (cell, campaign) => {
      const amount = value(campaign);
      const shown = amount === null ? NOTHING : text(amount);
      if (cell.textContent !== shown) cell.textContent = shown;
      cell.classList.toggle("zero", amount === 0);
      if (exact !== undefined && amount !== null) cell.title = exact(amount);
    },
  };
}

const moneyColumn = (
  key: string,
  label: string,
  title: string,
  narrow: boolean,
  read: (status: CampaignStatus) => number,
): Column => numberColumn(key, label, title, narrow, read, shortMoney, exactMoney);

const barColumn: Column = {
  key: "pace",
  label: "Spend and plan",
  title: "Filled: billed. Lighter: won, then out at wallets. Tick: what the plan says should be billed by now.",
  numeric: false,
  narrow: true,
  sortValue: ({ status, house }) =>
    status === null || house || status.terms.budgetMicros === 0
      ? -Infinity
      : (status.billedMicros - status.plannedMicros) / status.terms.budgetMicros,
  fill: (cell, { status, house }) => {
    if (status === null || house) {
      cell.replaceChildren(el("span", { class: "note" }, house ? "no budget" : "ledger silent"));
      return;
    }
    cell.replaceChildren(spendMeter(status));
  },
};

const STUCK = "stuck";

const statusColumn: Column = {
  key: "status",
  label: "Status",
  title: "Active, paused or archived; house campaigns fill leftover time. A stuck wallet needs a look",
  numeric: false,
  narrow: false,
  sortValue: (campaign) => (stuckWalletsOf(campaign) > 0 ? "" : statusWord(campaign)),
  fill: (cell, campaign) => {
    const word = statusWord(campaign);
    const stuck = stuckWalletsOf(campaign);
    const shown = stuck > 0 ? `${word}${STUCK}` : word;
    if (cell.textContent === shown) return;
    const tone = word === "active" ? "good" : word === "paused" ? "warn" : "";
    const badges = [el("span", { class: `badge ${tone}` }, word)];
    if (stuck > 0) badges.push(el("span", { class: "badge bad" }, STUCK));
    cell.replaceChildren(...badges);
  },
};

function statusWord(campaign: LiveCampaign): string {
  return campaign.house ? "house" : (campaign.status?.terms.status ?? UNKNOWN);
}

const todayColumn: Column = {
  key: "today",
  label: "Today",
  title: "Billed since midnight, and the daily budget it may not exceed",
  numeric: true,
  narrow: false,
  sortValue: ({ status }) =>
    status === null || status.today === null ? -1 : status.today.billedMicros / (status.terms.dailyBudgetMicros ?? 1),
  fill: (cell, { status, house }) => {
    const daily = status?.terms.dailyBudgetMicros ?? null;
    if (house || daily === null) {
      setText(cell, NOTHING);
      return;
    }
    const billed = status?.today?.billedMicros ?? 0;
    cell.title = `${exactMoney(billed)} of ${exactMoney(daily)}`;
    cell.replaceChildren(shortMoney(billed), el("span", { class: "note" }, `of ${shortMoney(daily)}`));
  },
};

/** Every column after the campaign's name, in order. */
export const COLUMNS: readonly Column[] = [
  statusColumn,
  moneyColumn("budget", "Budget", "The most that may ever be billed", false, (status) => status.terms.budgetMicros),
  moneyColumn("billed", "Billed", "Spent: billed impressions", true, (status) => status.billedMicros),
  todayColumn,
  moneyColumn("pending", "Pending", "Won, and waiting for its beacon", false, (status) => status.pendingMicros),
  moneyColumn(
    "outstanding",
    "Out",
    "Outstanding: at wallets and purses, not billed",
    false,
    (s) => s.outstandingMicros,
  ),
  moneyColumn("planned", "Planned", "What the plan curve says should be spent by now", false, (s) => s.plannedMicros),
  barColumn,
  numberColumn("used", "Used", "Billed share of the budget", false, utilisation, utilisationText),
  numberColumn("multiplier", "Pacing", "Pacing factor on every bid", false, (s) => s.multiplierPpm, multiplierText),
  numberColumn("impressions", "Imps", "Impressions billed", false, (s) => s.impressionsBilled, countText),
  numberColumn("late", "Late", "Beacons after the token’s time: not billed", false, (s) => s.late, countText),
  numberColumn(
    "exhausted",
    "Exh.",
    "Beacons that found no money left: not billed",
    false,
    (s) => s.exhausted,
    countText,
  ),
  moneyColumn("unbilled", "Given", "Given away: seen, but late or exhausted", false, (status) => status.unbilledMicros),
];
