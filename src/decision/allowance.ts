/**
 * How often one break may show the same: what a line item allows itself in a break, and what frequency caps leave of
 * the viewer's allowance, of the line item and of its campaign.
 */
import type { Offer } from "../catalog/compiled.ts";
import { MINUTE_MS } from "../kernel/time.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import type { World } from "./world.ts";

/** What a break may show of one line item and of one campaign. Infinity: as much as it likes. */
export interface Allowance {
  readonly line: number;
  readonly campaign: number;
}

/** Allowances in one break, each line item and campaign worked out once. */
export class Allowances {
  readonly #request: BreakRequest;
  readonly #world: Pick<World, "nowMs" | "catalog">;
  readonly #campaigns = new Map<string, number>();

  constructor(request: BreakRequest, world: Pick<World, "nowMs" | "catalog">) {
    this.#request = request;
    this.#world = world;
  }

  /** Cost: linear in the viewer's history where something is capped. */
  of({ line }: Offer): Allowance {
    const { lineItem, campaign, frequencyCap } = line;
    let left = lineItem.maxPerBreak;
    if (frequencyCap !== null) {
      const shown = this.#shown(frequencyCap.windowMs, (id) => id === lineItem.id);
      left = Math.min(left, frequencyCap.impressions - shown);
    }
    return { line: Math.max(1, left), campaign: this.#campaign(campaign.campaign) };
  }

  #campaign({ id, frequencyCap }: Offer["line"]["campaign"]["campaign"]): number {
    if (frequencyCap === undefined) return Number.POSITIVE_INFINITY;
    let left = this.#campaigns.get(id);
    if (left === undefined) {
      const { lineItems } = this.#world.catalog;
      const shown = this.#shown(frequencyCap.windowMinutes * MINUTE_MS, (lineItemId) => {
        return lineItems.get(lineItemId)?.campaign.campaign.id === id;
      });
      left = Math.max(1, frequencyCap.impressions - shown);
      this.#campaigns.set(id, left);
    }
    return left;
  }

  #shown(windowMs: number, counts: (lineItemId: string) => boolean): number {
    const since = this.#world.nowMs - windowMs;
    let shown = 0;
    for (const { lineItemId, shownMs } of this.#request.viewer.frequency) {
      if (shownMs > since && counts(lineItemId)) shown++;
    }
    return shown;
  }
}
