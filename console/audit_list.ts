/** What operators did to one campaign: the newest entries of its audit, in words. */
import { type NumberedEntry, type TermChange, termName } from "../src/money/ledger_audit.ts";
import { walletName } from "./campaign_facts.ts";
import { el } from "./dom.ts";
import { exactMoney } from "./money_text.ts";
import { askAudit } from "./origin_calls.ts";

/** A list that asks the ledger whenever it is told to. */
export interface AuditList {
  readonly element: HTMLElement;
  readonly ask: () => void;
}

/** Entries the drawer shows; `midroll campaigns audit` shows all. */
const SHOWN_MAX = 12;

/** Builds the list and asks. */
export function auditList(campaignId: string): AuditList {
  const list = el("ol", { class: "audit" });
  const ask = async (): Promise<void> => {
    const asked = await askAudit(campaignId);
    if (asked.ok) list.replaceChildren(...asked.value.slice(0, SHOWN_MAX).map(auditItem));
    else list.replaceChildren(el("li", { class: "note" }, `The audit could not be read: ${asked.reason}.`));
  };
  void ask();
  return { element: el("section", {}, el("h3", {}, "Who did what"), list), ask: () => void ask() };
}

function auditItem(entry: NumberedEntry): HTMLElement {
  const when = new Date(entry.atMs).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return el("li", {}, el("span", { class: "note" }, when), el("span", {}, entryWords(entry)));
}

function entryWords(entry: NumberedEntry): string {
  if (entry.kind === "terms_changed") return `Catalog: ${entry.changes.map(changeWords).join(", ")}`;
  const held = `${exactMoney(entry.amountMicros)} at ${walletName(entry.wallet)}`;
  if (entry.kind === "written_off") return `${entry.by} wrote off ${held}: ${entry.why}`;
  return `The wallet came back: ${held} is no longer written off`;
}

function changeWords({ field, from, to }: TermChange): string {
  const name = termName(field);
  return from === null ? `${name} ${termText(field, to)}` : `${name} ${termText(field, from)} → ${termText(field, to)}`;
}

function termText(field: string, value: string | number | null): string {
  if (typeof value !== "number") return value ?? "none";
  if (field.endsWith("Micros")) return exactMoney(value);
  return field.endsWith("Ms") ? new Date(value).toLocaleDateString() : String(value);
}
