/**
 * The wallet's two doors for isolates: `draw` hands money to a purse, `bill` turns an impression into spent money.
 * Billing here is the only event that spends. Both are pure: state and command in, reply and changed rows out.
 * What the wallet does in its own rhythm (closing, returning, reconciling) is in wallet_rounds.ts.
 */
import { type Micros, maxMicros, micros, minMicros, ZERO_MICROS } from "../kernel/money.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import {
  BILL_CLAIMS_MAX,
  CAMPAIGNS_MAX,
  COMMITS_MAX,
  DRAW_CAMPAIGNS_MAX,
  DRAW_INTERVAL_MS,
  DRAW_RETRY_MS,
  isId,
  isWhole,
  PURSE_LIFETIME_MS,
  PURSE_START_MICROS,
  PURSE_WANT_MICROS_MAX,
  PURSES_MAX,
  RATION_PARTS,
  RECONCILE_INTERVAL_MS,
} from "./limits.ts";
import type {
  Allotment,
  BillingClaim,
  BillReply,
  BillVerdict,
  DrawCampaign,
  DrawReply,
  DrawRequest,
} from "./protocol.ts";
import { type Outcome, type PurseAccount, purseCloseMs, type WalletState } from "./wallet_state.ts";
import { WalletDraft } from "./wallet_draft.ts";

/** Why a draw is not taken, in the order checked. */
export type DrawRefusal =
  | "purse_malformed"
  | "too_many_campaigns"
  | "campaign_malformed"
  | "amount_malformed"
  | "wallet_full";

/** Why a bill batch is not taken. */
export type BillRefusal = "too_many_claims";

/** What one wish of a draw comes to. */
interface Served {
  readonly allotment: Allotment | null;
  readonly moneyOnItsWay: boolean;
}

/**
 * Hears what a purse has committed and raises its drawn totals towards committed + wanted. Never asks a ledger: what is
 * not free now is wanted at the next round. A repeated or overtaken request changes nothing that matters.
 * A purse that is closing, closed, expired or unknown-but-used gets no money; its expiry tells its isolate to rotate.
 * Refuses in the order of `DrawRefusal`.
 */
export function draw(state: WalletState, request: DrawRequest, nowMs: number): Result<Outcome<DrawReply>, DrawRefusal> {
  if (!isId(request.purseId)) return refused("purse_malformed");
  if (request.incarnation !== null && !isId(request.incarnation)) return refused("purse_malformed");
  if (request.campaigns.length > DRAW_CAMPAIGNS_MAX) return refused("too_many_campaigns");
  if (!request.campaigns.every((wish) => isId(wish.campaignId))) return refused("campaign_malformed");
  if (!request.campaigns.every(amountsAreWhole)) return refused("amount_malformed");
  const known = state.purses.get(request.purseId);
  if (known === undefined && state.purses.size >= PURSES_MAX) return refused("wallet_full");

  const draft = new WalletDraft(state);
  const elsewhere = request.incarnation !== null && request.incarnation !== state.incarnation;
  const used =
    request.closing || request.incarnation !== null || request.campaigns.some((wish) => wish.committedMicros > 0);
  if (elsewhere || (known === undefined && used)) return ok(strangerReply(draft, request, nowMs));
  const expiryMs = nowMs + PURSE_LIFETIME_MS;
  const purse = draft.purse(request.purseId) ?? draft.openPurse({ purseId: request.purseId, expiryMs, phase: "open" });

  if (purse.phase !== "closed") for (const wish of request.campaigns) hearCommitted(draft, purse.purseId, wish);
  if (request.closing && purse.phase === "open") cutToCommitted(draft, purse, request.campaigns);
  const mayDraw = purse.phase === "open" && nowMs < purse.expiryMs;
  const served = request.campaigns.map((wish) => serve(draft, purse.purseId, wish, mayDraw, nowMs));
  const reply: DrawReply = {
    purseId: purse.purseId,
    incarnation: state.incarnation,
    nowMs,
    expiryMs: purse.expiryMs,
    allotments: served.flatMap(({ allotment }) => (allotment === null ? [] : [allotment])),
    retryAfterMs: served.some(({ moneyOnItsWay }) => moneyOnItsWay) ? DRAW_RETRY_MS : DRAW_INTERVAL_MS,
  };
  return ok({ reply, changes: draft.changes() });
}

/**
 * Bills a batch. Verdict per claim, first that applies: `invalid` (malformed, another wallet's, unknown campaign),
 * `duplicate`, `late` (purse unknown or closed, token expired), `exhausted` (would exceed what the purse drew),
 * `billed`. Refuses more claims than one batch may hold.
 */
export function bill(
  state: WalletState,
  claims: readonly BillingClaim[],
  nowMs: number,
): Result<Outcome<BillReply>, BillRefusal> {
  if (claims.length > BILL_CLAIMS_MAX) return refused("too_many_claims");
  const draft = new WalletDraft(state);
  const verdicts = claims.map((claim) => billOne(draft, claim, nowMs));
  return ok({ reply: { verdicts }, changes: draft.changes() });
}

function billOne(draft: WalletDraft, claim: BillingClaim, nowMs: number): BillVerdict {
  if (!claimIsSound(claim) || claim.wallet !== draft.state.name) return "invalid";
  const account = draft.account(claim.campaignId);
  if (account === undefined) return "invalid";
  if (draft.wasBilled(claim)) {
    account.duplicates += 1;
    return "duplicate";
  }
  const purse = draft.purse(claim.purseId);
  const open = purse !== undefined && purse.phase !== "closed" && nowMs < purseCloseMs(purse);
  if (!open || nowMs >= claim.expiresMs) {
    // Of a purse that nobody remembers nothing is counted: a repeat could not be told from the first.
    if (purse !== undefined && draft.markGivenAway(claim)) giveAway(account, "late", claim.priceMicros);
    return "late";
  }
  const line = draft.line(claim.purseId, claim.campaignId);
  const billedMicros = micros((line?.billedMicros ?? 0) + claim.priceMicros);
  if (billedMicros > (line?.drawnMicros ?? 0)) {
    if (draft.markGivenAway(claim)) giveAway(account, "exhausted", claim.priceMicros);
    return "exhausted";
  }
  // Without a line nothing was drawn, and only an impression won at no price gets here.
  if (line !== undefined) {
    line.billedMicros = billedMicros;
    raiseCommitted(account, line, billedMicros);
  }
  account.billedMicros = micros(account.billedMicros + claim.priceMicros);
  account.impressionsBilled += 1;
  draft.markBilled(claim);
  return "billed";
}

/** Counts an impression that was seen and cannot be billed, once however often its beacon comes. */
function giveAway(account: EditableAccount, total: "late" | "exhausted", priceMicros: Micros): void {
  account[total] += 1;
  account.unbilledMicros = micros(account.unbilledMicros + priceMicros);
}

/** Whether an outside claim has the shape of one: the token was signed, but its signer may be of another version. */
function claimIsSound(claim: BillingClaim): boolean {
  const named = isId(claim.decisionId) && isId(claim.campaignId) && isId(claim.purseId);
  const numbered = isWhole(claim.slot) && isWhole(claim.seq) && claim.seq < COMMITS_MAX;
  return named && numbered && isWhole(claim.priceMicros) && isWhole(claim.expiresMs);
}

function amountsAreWhole(wish: DrawCampaign): boolean {
  const money = [wish.committedMicros, wish.wantMicros, wish.leastMicros ?? 0];
  return [...money, wish.impressionsCommitted, wish.outcomesPpm, wish.opportunities].every(isWhole);
}

/** A purse this storage never opened or has forgotten, yet one that was filled before: it must not come to life. */
function strangerReply(draft: WalletDraft, request: DrawRequest, nowMs: number): Outcome<DrawReply> {
  const { incarnation } = draft.state;
  const reply = {
    purseId: request.purseId,
    incarnation,
    nowMs,
    expiryMs: 0,
    allotments: [],
    retryAfterMs: DRAW_RETRY_MS,
  };
  return { reply, changes: draft.changes() };
}

type EditableLine = NonNullable<ReturnType<WalletDraft["line"]>>;
type EditableAccount = NonNullable<ReturnType<WalletDraft["account"]>>;

function hearCommitted(draft: WalletDraft, purseId: string, wish: DrawCampaign): void {
  const line = draft.line(purseId, wish.campaignId);
  const account = draft.account(wish.campaignId);
  if (line === undefined || account === undefined) return;
  raiseCommitted(account, line, wish.committedMicros);
  for (const total of ["impressionsCommitted", "outcomesPpm", "opportunities"] as const) {
    const raised = Math.max(line[total], wish[total]);
    account[total] += raised - line[total];
    line[total] = raised;
  }
}

/** Committed totals only grow, and never past what was drawn. */
function raiseCommitted(account: EditableAccount, line: EditableLine, committedMicros: Micros): void {
  const raised = maxMicros(line.committedMicros, minMicros(committedMicros, line.drawnMicros));
  account.committedMicros = micros(account.committedMicros + raised - line.committedMicros);
  line.committedMicros = raised;
}

/** The last report of a rotated-out purse: what it did not commit is free again at once. */
function cutToCommitted(
  draft: WalletDraft,
  purse: { purseId: string; phase: PurseAccount["phase"] },
  reported: readonly DrawCampaign[],
): void {
  purse.phase = "closing";
  for (const { campaignId } of reported) {
    const line = draft.line(purse.purseId, campaignId);
    const account = draft.account(campaignId);
    if (line === undefined || account === undefined) continue;
    account.freeMicros = micros(account.freeMicros + line.drawnMicros - line.committedMicros);
    line.drawnMicros = line.committedMicros;
  }
}

/** Allots what a purse wants of one campaign, as far as it is free and open. */
function serve(draft: WalletDraft, purseId: string, wish: DrawCampaign, mayDraw: boolean, nowMs: number): Served {
  const { campaignId } = wish;
  const knowsIt = draft.state.outlooks.has(campaignId) || draft.state.outlooks.size < CAMPAIGNS_MAX;
  if (!knowsIt) return { allotment: null, moneyOnItsWay: false };
  const outlook = draft.outlook(campaignId);
  const wants = mayDraw && wish.wantMicros > 0;
  let moneyOnItsWay = false;
  if (wants) {
    outlook.drawnMs = nowMs;
    const held = draft.line(purseId, campaignId);
    const uncommitted = held === undefined ? 0 : held.drawnMicros - held.committedMicros;
    const wanted = Math.min(wish.wantMicros, PURSE_WANT_MICROS_MAX) - uncommitted;
    const least = wish.leastMicros ?? ZERO_MICROS;
    outlook.leastMicros = micros(Math.max(least, outlook.leastMicros));
    if (wanted > 0) outlook.askedMicros = micros(outlook.askedMicros + wanted);
    const given = nowMs < outlook.openUntilMs ? ration(draft, campaignId, wanted, uncommitted, least) : 0;
    if (given > 0) {
      const account = draft.openAccount(campaignId);
      const line = draft.openLine(purseId, campaignId);
      account.freeMicros = micros(account.freeMicros - given);
      line.drawnMicros = micros(line.drawnMicros + given);
      outlook.allottedMs = nowMs;
    }
    outlook.short = uncommitted + given < Math.max(least, 1);
    const closed = outlook.revision > 0 && nowMs >= outlook.openUntilMs;
    const denied = outlook.deniedMs > 0 && nowMs - outlook.deniedMs <= RECONCILE_INTERVAL_MS;
    moneyOnItsWay = outlook.short && !closed && !denied;
  }
  const drawnMicros = draft.line(purseId, campaignId)?.drawnMicros ?? ZERO_MICROS;
  if (outlook.revision === 0) return { allotment: null, moneyOnItsWay };
  const multiplierPpm = nowMs < outlook.openUntilMs ? outlook.multiplierPpm : 0;
  return { allotment: { campaignId, drawnMicros, multiplierPpm }, moneyOnItsWay };
}

/**
 * How much free money one purse gets: all it wants while that is a small part of what is free, else that part, but
 * enough to hold one impression's price; a starting purse when no price is known. So what is short goes round. Crumbs
 * under the price of one impression stay in the wallet, where they add up.
 */
function ration(draft: WalletDraft, campaignId: string, wanted: number, uncommitted: number, least: Micros): number {
  const free = draft.account(campaignId)?.freeMicros ?? 0;
  if (wanted <= 0 || free <= 0) return 0;
  const share = Math.max(Math.floor(free / RATION_PARTS), least > 0 ? least - uncommitted : PURSE_START_MICROS);
  const given = Math.min(wanted, share, free);
  return uncommitted + given < least ? 0 : given;
}
