/**
 * Every duration, size and bound of the money path, in one place. Durations are chosen so that money held by a purse
 * that died with its isolate comes back after purse lifetime + token lifetime + guard (about eleven minutes).
 */
import { micros } from "../kernel/money.ts";
import { MINUTE_MS, SECOND_MS } from "../kernel/time.ts";

/** How long a purse may commit, by its wallet's clock. */
export const PURSE_LIFETIME_MS = MINUTE_MS;
/** A living isolate asks for its next purse this long after opening one, so that the old one still serves meanwhile. */
export const PURSE_ROTATE_AFTER_MS = 50 * SECOND_MS;
/** How long a billing token is good for after the commit. */
export const TOKEN_LIFETIME_MS = 10 * MINUTE_MS;
/** A purse stops committing this long before its expiry; a wallet waits this long after the last token may expire. */
export const SKEW_GUARD_MS = 2 * SECOND_MS;
/** Billed keys of a closed purse are remembered this much longer; after that a repeated beacon is `late`. */
export const FORGET_AFTER_MS = 10 * MINUTE_MS;

/** Rhythm of draws while an isolate has traffic. */
export const DRAW_INTERVAL_MS = SECOND_MS;
/** Soonest next draw of a purse that runs low although its wallet gave all it asked for. */
export const DRAW_LOW_INTERVAL_MS = 200;
/** How soon to ask again while money is on its way from a ledger. */
export const DRAW_RETRY_MS = 100;
/** A campaign counts as wanted this long after a candidate of it was last seen. */
export const WANTED_FOR_MS = 10 * SECOND_MS;
/** A draw without answer for this long no longer blocks the next one: its request may have died. */
export const DRAW_PATIENCE_MS = 5 * SECOND_MS;
/** Longest wait of a cold isolate's request for the first draw. */
export const FIRST_DRAW_WAIT_MS = 150;

/** Rhythm of reports to a ledger whose campaign has news. */
export const RECONCILE_INTERVAL_MS = SECOND_MS;
/** Soonest repeat when a purse went short although the ledger has not said no. */
export const RECONCILE_HASTE_MS = 100;
/** Rhythm of reports that only fetch a fresh multiplier, and pause after a ledger failed. */
export const RECONCILE_QUIET_MS = 10 * SECOND_MS;
/** A wallet waits this long for one ledger; then the report has failed, and an answer after that is not heard. */
export const RECONCILE_TIMEOUT_MS = 3 * SECOND_MS;
/** A wallet's round waits this long for ledgers; slower answers are heard until they time out. */
export const RECONCILE_ROUND_MS = SECOND_MS;
/** A campaign is drawn from "lately" within this time. */
export const DRAWN_LATELY_MS = MINUTE_MS;
/** Free money of a wallet from which nothing was allotted for this long goes back to its ledger. */
export const IDLE_RETURN_MS = 15 * SECOND_MS;

/** What a purse asks for before it knows its own spending; the smallest share a wallet rations to. */
export const PURSE_START_MICROS = micros(100_000);
/** Seconds of recent commits a purse would like to hold. */
export const PURSE_WANT_SECONDS = 3;
/** Most a purse asks for, per campaign. */
export const PURSE_WANT_MICROS_MAX = micros(10_000_000_000);
/** What a wallet likes to hold free for a wanted campaign; the lease floor that keeps tiny budgets spendable. */
export const LEASE_FLOOR_MICROS = micros(1_000_000);
/** Rounds of recent demand a wallet would like to hold free. */
export const WALLET_WANT_ROUNDS = 3;
/** Outstanding money of a campaign stays under one part in this many of its budget … */
export const OUTSTANDING_BUDGET_PARTS = 20;
/** … and under one part in this many of what is not billed yet. */
export const OUTSTANDING_REMAINING_PARTS = 4;

/** Claims in one bill call. */
export const BILL_CLAIMS_MAX = 500;
/** Impressions the edge gathers into one batch, how long it gathers, and how long waiting requests trust its sender. */
export const BILL_BATCH_CLAIMS = 100;
export const BILL_WINDOW_MS = 20;
export const BILL_TAKEOVER_MS = 250;
export const BILL_ANSWER_MS = 1_500;
/** Campaigns in one draw. */
export const DRAW_CAMPAIGNS_MAX = 1_000;
/** Purses one wallet keeps, closed but not yet forgotten ones included. */
export const PURSES_MAX = 20_000;
/** Campaigns one wallet watches. */
export const CAMPAIGNS_MAX = 20_000;
/** Wallets one ledger knows. */
export const WALLETS_MAX = 4_096;
/** Rotated-out purses whose closing report has not arrived yet; older ones close by themselves. */
export const CLOSING_REPORTS_MAX = 8;

/** Smallest multiplier of an open campaign: it must be able to find its way back. Units: ppm. */
export const MULTIPLIER_PPM_MIN = 10_000;
/** Full bids. Units: ppm. */
export const MULTIPLIER_PPM_MAX = 1_000_000;
/** Shortest and longest averaging window of the pacing controller, and impressions it should span. */
export const PACE_WINDOW_MS_MIN = 10 * SECOND_MS;
export const PACE_WINDOW_MS_MAX = 10 * MINUTE_MS;
export const PACE_WINDOW_IMPRESSIONS = 20;
/** The multiplier is stepped at most this often, however many wallets report. */
export const PACE_STEP_MS = SECOND_MS;

/** Characters of a billing token. */
export const BILLING_TOKEN_CHARS_MAX = 1_024;

const ID = /^[\x21-\x7e]{1,64}$/;
const WALLET_NAME = /^wallet:([a-z][a-z0-9-]{0,31}):(0|[1-9]\d{0,4})$/;

/** Whether text may name a campaign, purse, decision, line item or creative: 1–64 printable ASCII, no spaces. */
export function isId(text: unknown): text is string {
  return typeof text === "string" && ID.test(text);
}

/** Whether a value may be an amount or count: a safe whole number, not negative. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** The region and shard in a wallet's name, or null when it is no wallet's name. */
export function parseWalletName(name: string): { region: string; shard: number } | null {
  const [, region, shard] = WALLET_NAME.exec(name) ?? [];
  return region === undefined || shard === undefined ? null : { region, shard: Number(shard) };
}

/** The name of the wallet object of a region and shard. */
export function nameWallet(region: string, shard: number): string {
  return `wallet:${region}:${shard}`;
}
