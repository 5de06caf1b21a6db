/**
 * What all ledgers say, asked at most about once a second however many consoles watch. It lives in the Activity object,
 * so there is one board for all of origin. A ledger that does not answer in time is unknown, not an error.
 */
import type { CampaignStatus } from "../../../src/money/protocol.ts";
import { logFailure } from "../../platform/log.ts";
import { withinOr } from "../../platform/within.ts";
import { mapBounded } from "../bounded.ts";

/** How old an answer may be. Units: milliseconds. */
export const BOARD_TTL_MS = 1_000;
/** How long the ledgers together have to answer. Units: milliseconds. */
export const SWEEP_MS_MAX = 3_000;

/** One round of asking. Shape: `statuses` in the order of the ids asked; null = unknown. */
export interface CampaignSweep {
  readonly atMs: number;
  readonly statuses: readonly (CampaignStatus | null)[];
}

type AskLedger = (campaignId: string) => Promise<CampaignStatus | null>;

/** See the head of this file. */
export class CampaignBoard {
  readonly #ask: AskLedger;
  readonly #nowMs: () => number;
  #held: { readonly key: string; readonly sweep: CampaignSweep } | null = null;
  #underway: { readonly key: string; readonly sweep: Promise<CampaignSweep> } | null = null;

  constructor(ask: AskLedger, nowMs: () => number) {
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  /** The statuses of these campaigns, at most `BOARD_TTL_MS` old. Two callers share one round. */
  async statuses(campaignIds: readonly string[]): Promise<CampaignSweep> {
    const key = campaignIds.join(" ");
    if (this.#held?.key === key && this.#nowMs() - this.#held.sweep.atMs < BOARD_TTL_MS) return this.#held.sweep;
    if (this.#underway?.key === key) return this.#underway.sweep;
    const round = { key, sweep: sweepLedgers(campaignIds, this.#ask, this.#nowMs) };
    this.#underway = round;
    try {
      const sweep = await round.sweep;
      this.#held = { key, sweep };
      return sweep;
    } finally {
      if (this.#underway === round) this.#underway = null;
    }
  }
}

/**
 * Asks every ledger, a few at a time. Never rejects: who fails or comes after `SWEEP_MS_MAX` is null. Failures are one
 * line of the log a round, which names the first.
 */
export async function sweepLedgers(
  campaignIds: readonly string[],
  ask: AskLedger,
  nowMs: () => number,
): Promise<CampaignSweep> {
  const endMs = nowMs() + SWEEP_MS_MAX;
  const failures: unknown[] = [];
  const statuses = await mapBounded(campaignIds, async (id) => {
    const leftMs = endMs - nowMs();
    try {
      return leftMs <= 0 ? null : await withinOr(leftMs, ask(id), null);
    } catch (failure) {
      failures.push(failure);
      return null;
    }
  });
  if (failures.length > 0) logFailure("origin", "ledger_unavailable", failures[0]);
  return { atMs: nowMs(), statuses };
}
