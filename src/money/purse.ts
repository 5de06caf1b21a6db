/**
 * The purse: money in the memory of one isolate. Committing is synchronous and asks nobody; a purse that dies with its
 * isolate needs nothing special, its wallet closes it. A purse is changed in place, because a commit sits in every
 * decision; what may be refused is refused before anything changes. Law: committed ≤ drawn, per campaign.
 */
import { assert } from "../kernel/assert.ts";
import { maxMicros, type Micros, micros, ZERO_MICROS } from "../kernel/money.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import {
  COMMITS_MAX,
  DRAW_CAMPAIGNS_MAX,
  DRAW_LOW_INTERVAL_MS,
  isWhole,
  PURSE_ROTATE_AFTER_MS,
  PURSE_SPARE_PRICES,
  PURSE_START_MICROS,
  PURSE_WANT_MICROS_MAX,
  PURSE_WANT_SECONDS,
  SKEW_GUARD_MS,
  TOKEN_LIFETIME_MS,
} from "./limits.ts";
import type { DrawReply, DrawRequest } from "./protocol.ts";

/** What one campaign may still spend here, and the pacing factor on its bids. */
export interface PurseViewEntry {
  readonly availableMicros: Micros;
  readonly multiplierPpm: number;
}

/** What a decision sees of a purse: campaigns without an entry have no money. */
export type PurseView = ReadonlyMap<string, PurseViewEntry>;

/** What a committed slot carries in its billing token. */
export interface Commitment {
  readonly purseId: string;
  /** Number of this commit within its purse. */
  readonly seq: number;
  readonly wallet: string;
  /** When the token expires. Units: epoch milliseconds, as close to the wallet's clock as is known. */
  readonly expiresMs: number;
}

/** A won slot that asks for its price. */
export interface Purchase {
  readonly campaignId: string;
  readonly priceMicros: Micros;
  /** Outcomes of the campaign's goal expected of this impression, in millionths. */
  readonly outcomePpm: number;
}

/** Why a commit is not made, in the order checked. */
export type CommitRefusal =
  | "price_malformed"
  | "no_purse"
  | "purse_expired"
  | "purse_full"
  | "campaign_unknown"
  | "short_of_money";

interface Line {
  drawnMicros: Micros;
  committedMicros: Micros;
  impressionsCommitted: number;
  outcomesPpm: number;
  opportunities: number;
  multiplierPpm: number;
  /** Committed when the last draw was asked for. */
  committedAtAskMicros: Micros;
  /** Smoothed commits a second, and the wish of the last draw. */
  perSecMicros: Micros;
  wantMicros: Micros;
  /** Highest price seen, won or missed. */
  peakMicros: Micros;
}

/** One purse. Change it only through the functions below. */
export interface Purse {
  readonly purseId: string;
  readonly wallet: string;
  /** The wallet's storage that holds this purse's money; null before the first reply. */
  incarnation: string | null;
  /** When its first draw was asked for, by the isolate's clock; null before. */
  openedMs: number | null;
  /**
   * Last moment to commit, by the isolate's clock; the wallet's expiry, by the wallet's. Null before the first reply.
   */
  commitUntilMs: number | null;
  walletExpiryMs: number;
  askedMs: number;
  /** Commits so far: the next one's number. */
  commits: number;
  readonly lines: Map<string, Line>;
}

/** A purse before its first draw. */
export function newPurse(purseId: string, wallet: string): Purse {
  const lines = new Map<string, Line>();
  const times = { openedMs: null, commitUntilMs: null, walletExpiryMs: 0, askedMs: 0 };
  return { purseId, wallet, incarnation: null, ...times, commits: 0, lines };
}

/**
 * The purse that takes over from another: it knows how that one spent on what is still wanted, so that its first draw
 * asks for enough. What is wanted no longer is not passed on, or a long life would fill a purse with it.
 */
export function nextPurse(purseId: string, before: Purse, wanted: ReadonlySet<string>): Purse {
  const purse = newPurse(purseId, before.wallet);
  for (const [campaignId, { perSecMicros, peakMicros }] of before.lines) {
    if (peakMicros > 0 && wanted.has(campaignId)) {
      purse.lines.set(campaignId, { ...newLine(), perSecMicros, peakMicros });
    }
  }
  return purse;
}

/**
 * Takes the price of a won slot out of the purse. After `ok` the slot may be shown and its token billed.
 * Refuses in the order of `CommitRefusal` (`no_purse`: no reply of the wallet yet). Cost: two map look-ups.
 */
export function commit(purse: Purse, purchase: Purchase, nowMs: number): Result<Commitment, CommitRefusal> {
  const { campaignId, priceMicros, outcomePpm } = purchase;
  if (!isWhole(priceMicros) || !isWhole(outcomePpm)) return refused("price_malformed");
  if (purse.commitUntilMs === null) return refused("no_purse");
  if (nowMs >= purse.commitUntilMs) return refused("purse_expired");
  if (purse.commits >= COMMITS_MAX) return refused("purse_full");
  const line = purse.lines.get(campaignId);
  if (line === undefined) return refused("campaign_unknown");
  line.peakMicros = maxMicros(line.peakMicros, priceMicros);
  if (line.committedMicros + priceMicros > line.drawnMicros) return refused("short_of_money");

  line.committedMicros = micros(line.committedMicros + priceMicros);
  line.impressionsCommitted += 1;
  line.outcomesPpm += outcomePpm;
  const seq = purse.commits++;
  const expiresMs = Math.min(nowMs, purse.walletExpiryMs) + TOKEN_LIFETIME_MS;
  return ok({ purseId: purse.purseId, seq, wallet: purse.wallet, expiresMs });
}

/** Notes that a decision found these campaigns worth a bid, whether they won or not: what pacing knows of supply. */
export function countOpportunities(purse: Purse, campaignIds: Iterable<string>): void {
  for (const campaignId of campaignIds) {
    const line = purse.lines.get(campaignId);
    if (line !== undefined) line.opportunities += 1;
  }
}

/** What a decision may spend. Empty when the purse has expired or never heard from its wallet. */
export function viewPurse(purse: Purse, nowMs: number): PurseView {
  const view = new Map<string, PurseViewEntry>();
  if (purse.commitUntilMs === null || nowMs >= purse.commitUntilMs) return view;
  for (const [campaignId, line] of purse.lines) {
    const availableMicros = micros(line.drawnMicros - line.committedMicros);
    if (availableMicros > 0) view.set(campaignId, { availableMicros, multiplierPpm: line.multiplierPpm });
  }
  return view;
}

/** Notes a price that was bid but could not be paid: the next draw asks for at least that much. */
export function missPurse(purse: Purse, campaignId: string, priceMicros: Micros): void {
  const line = lineOf(purse, campaignId);
  if (line !== null) line.peakMicros = maxMicros(line.peakMicros, priceMicros);
}

/**
 * The next draw: commits so far of every campaign held, and wishes for the wanted ones, sized by recent commits. Marks
 * the moment of asking, from which the purse's deadline is counted. Campaigns beyond the bound of a draw are left out.
 */
export function askFor(purse: Purse, wanted: ReadonlySet<string>, nowMs: number): DrawRequest {
  const elapsedMs = Math.max(nowMs - purse.askedMs, DRAW_LOW_INTERVAL_MS);
  for (const campaignId of wanted) {
    const line = lineOf(purse, campaignId);
    if (line === null) continue;
    const recent = line.committedMicros - line.committedAtAskMicros;
    const perSec = Math.floor((recent * 1000) / elapsedMs);
    // Before its first draw a purse has spent nothing yet: what its predecessor spent stands.
    if (purse.openedMs !== null) line.perSecMicros = micros(Math.max(perSec, Math.floor(line.perSecMicros / 2)));
    line.committedAtAskMicros = line.committedMicros;
    const spare = line.peakMicros > 0 ? line.peakMicros * PURSE_SPARE_PRICES : PURSE_START_MICROS;
    const wish = spare + line.perSecMicros * PURSE_WANT_SECONDS;
    line.wantMicros = micros(Math.min(wish, PURSE_WANT_MICROS_MAX));
  }
  purse.askedMs = nowMs;
  purse.openedMs ??= nowMs;
  const campaigns = [...purse.lines].map(([campaignId, line]) => ({
    ...soFar(campaignId, line),
    wantMicros: wanted.has(campaignId) ? line.wantMicros : ZERO_MICROS,
    leastMicros: line.peakMicros,
  }));
  return { purseId: purse.purseId, incarnation: purse.incarnation, campaigns, closing: false };
}

/** The last report of a purse that commits no more. The same bytes each time it is sent. */
export function lastReport(purse: Purse): DrawRequest {
  const campaigns = [...purse.lines].map(([campaignId, line]) => ({
    ...soFar(campaignId, line),
    wantMicros: ZERO_MICROS,
  }));
  return { purseId: purse.purseId, incarnation: purse.incarnation, campaigns, closing: true };
}

/**
 * Takes a wallet's reply. `askedMs` is when its request left, by the isolate's clock: the time left counts from there,
 * so a slow reply shortens the purse's life but never lengthens it. Drawn totals only grow. A reply of another storage
 * than the first says that the money of this purse is lost: it commits no more.
 */
export function receive(purse: Purse, reply: DrawReply, askedMs: number): void {
  if (reply.purseId !== purse.purseId) return;
  purse.incarnation ??= reply.incarnation;
  if (purse.incarnation !== reply.incarnation) {
    purse.commitUntilMs = 0;
    return;
  }
  const leftMs = Math.max(0, reply.expiryMs - reply.nowMs - SKEW_GUARD_MS);
  const untilMs = askedMs + leftMs;
  purse.commitUntilMs = purse.commitUntilMs === null ? untilMs : Math.min(purse.commitUntilMs, untilMs);
  purse.walletExpiryMs = reply.expiryMs;
  for (const { campaignId, drawnMicros, multiplierPpm } of reply.allotments) {
    const line = lineOf(purse, campaignId);
    if (line === null) continue;
    line.drawnMicros = maxMicros(line.drawnMicros, drawnMicros);
    line.multiplierPpm = multiplierPpm;
  }
  assertPurseInvariants(purse);
}

/** Whether it is time to open the next purse. */
export function shouldRotate(purse: Purse, nowMs: number): boolean {
  if (purse.commitUntilMs !== null && nowMs >= purse.commitUntilMs) return true;
  if (purse.commits >= COMMITS_MAX) return true;
  return purse.openedMs !== null && nowMs - purse.openedMs >= PURSE_ROTATE_AFTER_MS;
}

/**
 * Whether a campaign that got all it wished for has used three quarters of it: worth drawing before the next second.
 */
export function runsLow(purse: Purse): boolean {
  for (const line of purse.lines.values()) {
    const uncommitted = line.drawnMicros - line.committedMicros;
    const metMicros = line.drawnMicros - line.committedAtAskMicros;
    if (line.wantMicros > 0 && metMicros >= line.wantMicros && uncommitted * 4 < line.wantMicros) return true;
  }
  return false;
}

/** Throws when a campaign has committed more than it drew. */
export function assertPurseInvariants(purse: Purse): void {
  for (const line of purse.lines.values()) {
    assert(line.committedMicros <= line.drawnMicros, "purse: committed never exceeds drawn");
  }
}

/** What a draw says of one campaign's past in this purse. */
function soFar(campaignId: string, line: Line) {
  const { committedMicros, impressionsCommitted, outcomesPpm, opportunities } = line;
  return { campaignId, committedMicros, impressionsCommitted, outcomesPpm, opportunities };
}

/** The line of a campaign, begun when there is room for one more. */
function lineOf(purse: Purse, campaignId: string): Line | null {
  const held = purse.lines.get(campaignId);
  if (held !== undefined) return held;
  if (purse.lines.size >= DRAW_CAMPAIGNS_MAX) return null;
  const line = newLine();
  purse.lines.set(campaignId, line);
  return line;
}

function newLine(): Line {
  const money = { drawnMicros: ZERO_MICROS, committedMicros: ZERO_MICROS, committedAtAskMicros: ZERO_MICROS };
  const sizing = { perSecMicros: ZERO_MICROS, wantMicros: ZERO_MICROS, peakMicros: ZERO_MICROS };
  const counts = { impressionsCommitted: 0, outcomesPpm: 0, opportunities: 0 };
  return { ...money, ...sizing, ...counts, multiplierPpm: 0 };
}
