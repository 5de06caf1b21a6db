/**
 * The campaign table: sorts by any column, searches by name, advertiser or id, and keeps its rows while numbers move,
 * so that a reader's place and keyboard focus survive each second's answer.
 */
import { COLUMNS, stuckWalletsOf, type Column } from "./campaign_columns.ts";
import { byId, el, keyedList, setAttributes, setText } from "./dom.ts";
import type { LiveCampaign } from "./live_answer.ts";
import { countText } from "./money_text.ts";

const NAME_COLUMN: Column = {
  key: "name",
  label: "Campaign",
  title: "Campaign and advertiser",
  numeric: false,
  narrow: true,
  sortValue: (campaign) => campaign.name.toLowerCase(),
  fill: () => undefined,
};
/** Campaigns the notice names before it counts. */
const STUCK_NAMED_MAX = 4;
const ALL_COLUMNS = [NAME_COLUMN, ...COLUMNS];

/** Draws the table again with new campaigns. */
export type CampaignTable = (campaigns: readonly LiveCampaign[]) => void;

interface Sorting {
  readonly column: Column;
  readonly descending: boolean;
}

/** Builds the table. `open` is called with the campaign a reader picked. */
export function campaignTable(open: (campaignId: string) => void): CampaignTable {
  const search = byId("campaign-search", HTMLInputElement);
  const note = byId("campaign-note", HTMLElement);
  const body = byId("campaign-rows", HTMLTableSectionElement);
  let campaigns: readonly LiveCampaign[] = [];
  let sorting: Sorting = { column: columnByKey("billed"), descending: true };

  const rows = keyedList<LiveCampaign, HTMLTableRowElement>(body, {
    key: (campaign) => campaign.campaignId,
    make: (campaign) => makeRow(campaign, open),
    update: updateRow,
  });
  const drawStuck = stuckNotice(open);
  const draw = (): void => {
    const words = search.value.trim().toLowerCase();
    const found = campaigns.filter((campaign) => matches(campaign, words));
    rows(found.toSorted((a, b) => compare(a, b, sorting)));
    setText(note, tableNote(found.length, campaigns.length));
  };
  const heads = headRow((column) => {
    const descending = sorting.column === column ? !sorting.descending : column.numeric;
    sorting = { column, descending };
    heads(sorting);
    draw();
  });
  heads(sorting);
  search.addEventListener("input", draw);

  return (next) => {
    campaigns = next;
    drawStuck(campaigns);
    draw();
  };
}

/** Names the campaigns with a stuck wallet above the table, wherever they stand in it. */
function stuckNotice(open: (campaignId: string) => void): CampaignTable {
  const notice = byId("campaigns-stuck", HTMLElement);
  let shown = "";
  return (campaigns) => {
    const stuck = campaigns.filter((campaign) => stuckWalletsOf(campaign) > 0);
    const key = stuck.map((campaign) => campaign.campaignId).join(" ");
    if (key === shown) return;
    shown = key;
    notice.hidden = stuck.length === 0;
    const buttons = stuck.slice(0, STUCK_NAMED_MAX).map((campaign) => {
      const button = el("button", { type: "button", class: "link-button" }, campaign.name);
      button.addEventListener("click", () => open(campaign.campaignId));
      return button;
    });
    const more = stuck.length > buttons.length ? `and ${countText(stuck.length - buttons.length)} more` : null;
    notice.replaceChildren(
      el("span", {}, "A wallet has gone silent with money of"),
      ...buttons,
      ...(more ? [more] : []),
    );
  };
}

function columnByKey(key: string): Column {
  return ALL_COLUMNS.find((column) => column.key === key) ?? NAME_COLUMN;
}

function tableNote(found: number, all: number): string {
  if (all === 0) return "The catalog has no campaigns yet.";
  if (found === 0) return "No campaign matches the search.";
  return found === all ? `${countText(all)} campaigns` : `${countText(found)} of ${countText(all)} campaigns`;
}

function headRow(sortBy: (column: Column) => void): (sorting: Sorting) => void {
  const row = byId("campaign-heads", HTMLTableRowElement);
  const cells = ALL_COLUMNS.map((column) => {
    const button = el("button", { type: "button", title: column.title }, column.label);
    button.addEventListener("click", () => sortBy(column));
    const cell = el("th", { scope: "col", class: cellClass(column) }, button);
    row.append(cell);
    return { column, cell };
  });
  return (sorting) => {
    for (const { column, cell } of cells) {
      const direction = sorting.descending ? "descending" : "ascending";
      setAttributes(cell, { "aria-sort": column === sorting.column ? direction : null });
    }
  };
}

function cellClass(column: Column): string {
  return `${column.numeric ? "number" : ""} ${column.narrow ? "" : "wide-only"} col-${column.key}`.trim();
}

function makeRow(campaign: LiveCampaign, open: (campaignId: string) => void): HTMLTableRowElement {
  const button = el("button", { type: "button", class: "row-button" }, campaign.name);
  const row = el(
    "tr",
    { "data-campaign": campaign.campaignId },
    el("th", { scope: "row", class: "col-name" }, button, el("span", { class: "note" }, campaign.advertiserName)),
    ...COLUMNS.map((column) => el("td", { class: cellClass(column) })),
  );
  // The whole row is a target for the mouse; the button inside is the one for the keyboard.
  row.addEventListener("click", () => open(campaign.campaignId));
  return row;
}

function updateRow(row: HTMLTableRowElement, campaign: LiveCampaign): void {
  COLUMNS.forEach((column, i) => {
    const cell = row.cells[i + 1];
    if (cell !== undefined) column.fill(cell, campaign);
  });
}

function matches(campaign: LiveCampaign, words: string): boolean {
  const text = `${campaign.name} ${campaign.advertiserName} ${campaign.campaignId}`.toLowerCase();
  return words.split(/\s+/).every((word) => text.includes(word));
}

function compare(a: LiveCampaign, b: LiveCampaign, { column, descending }: Sorting): number {
  const left = column.sortValue(a);
  const right = column.sortValue(b);
  const order = left < right ? -1 : left > right ? 1 : 0;
  return (descending ? -order : order) || (a.campaignId < b.campaignId ? -1 : 1);
}
