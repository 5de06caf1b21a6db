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
export const RECONCILE_INTERVAL_MS = 800;
/** A round of reports takes along those that would be due within this time. */
export const RECONCILE_AHEAD_MS = 200;
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

/** What a purse asks for before it knows its own spending. */
export const PURSE_START_MICROS = micros(100_000);
/** One purse gets at most one part in this many of what its wallet has free, unless that is less than one price. */
export const RATION_PARTS = 16;
/** Seconds of recent commits a purse would like to hold, and highest prices beyond them, for wins that cluster. */
export const PURSE_WANT_SECONDS = 3;
export const PURSE_SPARE_PRICES = 2;
/** Most a purse asks for, per campaign. */
export const PURSE_WANT_MICROS_MAX = micros(10_000_000_000);
/** What a wallet likes to hold free for a wanted campaign; the lease floor that keeps tiny budgets spendable. */
export const LEASE_FLOOR_MICROS = micros(1_000_000);
/** Rounds of recent demand a wallet would like to hold free. */
export const WALLET_WANT_ROUNDS = 3;
/** Money that is leased and not yet won stays under one part in this many of the budget … */
export const LEASED_BUDGET_PARTS = 20;
/** … under one part in this many of what is not spent yet (or this many seconds of spending, if that is more) … */
export const LEASED_REMAINING_PARTS = 4;
export const LEASE_SECONDS = 15;
/** … and under this many times what is likely to be spent until the flight ends. */
export const LEASE_END_PARTS = 2;
/** Holders that have reported within this time share what may be leased. */
export const HOLDER_ACTIVE_MS = 15 * SECOND_MS;
/** Window of the smoothed spending that leases near the end of a flight go by. */
export const RATE_WINDOW_MS = 10 * SECOND_MS;
/**
 * A wallet that has been silent for this long has closed every purse it had (purse lifetime, token lifetime, guard and
 * some rounds), so money it still holds is stuck.
 */
export const STUCK_AFTER_MS = 15 * MINUTE_MS;

/** Commits of one purse: a token's number stays below. A purse that reaches it commits no more. */
export const COMMITS_MAX = 1_048_576;
/** Marks of one purse: two for every commit. */
export const MARKS_MAX = 2 * COMMITS_MAX;
/** Claims in one bill call. */
export const BILL_CLAIMS_MAX = 500;
/** Impressions the edge likes to gather into one batch, how long a quiet isolate gathers, and how long a busy one. */
export const BILL_BATCH_CLAIMS = 100;
export const BILL_WINDOW_MS = 20;
export const BILL_WINDOW_MS_MAX = 200;
/** How long the requests of a batch trust that another will send it: longer than any window. */
export const BILL_TAKEOVER_MS = 250;
/** How long a wallet may take to answer. */
export const BILL_ANSWER_MS = 1_500;
/** Shards of its region that one data centre uses: more take a larger load, fewer fill larger batches. */
export const COLO_SHARDS = 4;
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
/** The multiplier is stepped at most this often, however many wallets report: no ledger answers more often. */
export const PACE_STEP_MS = 250;

/** Characters of a billing token. */
export const BILLING_TOKEN_CHARS_MAX = 1_024;

const ID = /^[\x21-\x7e]{1,64}$/;
const WORDS = /^[^\p{Cc}\p{Cs}]{1,200}$/u;
const WALLET_NAME = /^wallet:([a-z][a-z0-9-]{0,31}):(0|[1-9]\d{0,4})$/;

/** Whether text may name a campaign, purse, decision, line item or creative: 1–64 printable ASCII, no spaces. */
export function isId(text: unknown): text is string {
  return typeof text === "string" && ID.test(text);
}

/** Whether a value may be an amount or count: a safe whole number, not negative. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Whether text may say who did something, or why: 1–200 printable characters. */
export function isWords(text: unknown): text is string {
  return typeof text === "string" && WORDS.test(text) && text.trim() !== "";
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
