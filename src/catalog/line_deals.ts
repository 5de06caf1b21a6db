/**
 * Deals as the line items see them: which private terms each may bid through, the ones that count most first.
 * Guaranteed deals are promises, not terms, and are kept apart (`CompiledGuarantee`).
 */
import { micros, type Micros } from "../kernel/money.ts";
import type { Deal } from "./entities.ts";

/** Private terms that are no promise. Units: micros CPM. */
export interface CompiledDeal {
  readonly dealId: string;
  readonly kind: "fixed" | "privateAuction" | "preferred";
  /** Where it holds. */
  readonly publisherIds: ReadonlySet<string>;
  /** What it costs; of a private auction, its floor. */
  readonly cpmMicros: Micros;
  /** A higher tier is preferred over any price. */
  readonly tier: number;
}

const DEAL_KINDS = ["preferred", "fixed", "privateAuction"] as const;

/** The deals of every line item that has some: by tier, then kind, then price, then id. */
export function dealsByLine(deals: readonly Deal[]): ReadonlyMap<string, readonly CompiledDeal[]> {
  const byLine = new Map<string, CompiledDeal[]>();
  for (const { id, kind, publisherIds, lineItemIds, cpmMicros, tier } of deals) {
    if (kind === "guaranteed") continue;
    const compiled: CompiledDeal = {
      dealId: id,
      kind,
      publisherIds: new Set(publisherIds),
      cpmMicros: micros(cpmMicros),
      tier: tier ?? (kind === "preferred" ? 1 : 0),
    };
    for (const lineItemId of lineItemIds) {
      const held = byLine.get(lineItemId);
      if (held === undefined) byLine.set(lineItemId, [compiled]);
      else held.push(compiled);
    }
  }
  for (const held of byLine.values()) held.sort(byRank);
  return byLine;
}

/** Which of two deals counts more: the higher tier, then the kind, then the higher price, then the smaller id. */
export function byRank(a: CompiledDeal, b: CompiledDeal): number {
  return (
    b.tier - a.tier ||
    DEAL_KINDS.indexOf(a.kind) - DEAL_KINDS.indexOf(b.kind) ||
    b.cpmMicros - a.cpmMicros ||
    (a.dealId < b.dealId ? -1 : a.dealId > b.dealId ? 1 : 0)
  );
}
