/**
 * The messages between purse, wallet and ledger. All amounts are cumulative totals that only grow, so lost, repeated
 * and reordered messages are harmless: the receiver takes the maximum. These shapes cross Worker boundaries by RPC, so
 * they are plain values. Units: micros, ppm, epoch milliseconds.
 */
import type { Micros } from "../kernel/money.ts";
import type { CampaignTotals } from "./totals.ts";

/** A purse asks its wallet for money and reports what it has committed so far. */
export interface DrawRequest {
  /** Random id of this purse; an isolate rotates its purse about once a minute. */
  readonly purseId: string;
  /** Storage of the wallet that filled the purse, as its first reply said; null before. */
  readonly incarnation: string | null;
  /** Every campaign the purse holds or wants. */
  readonly campaigns: readonly DrawCampaign[];
  /** True in the last report of a purse that was rotated out: its uncommitted rest may return at once. */
  readonly closing: boolean;
}

export interface DrawCampaign {
  readonly campaignId: string;
  /** Total ever committed by this purse. */
  readonly committedMicros: Micros;
  /** Totals beside the money, as in `CampaignTotals`. */
  readonly impressionsCommitted: number;
  readonly outcomesPpm: number;
  readonly opportunities: number;
  /** How much uncommitted money the purse would like to hold after this draw. */
  readonly wantMicros: Micros;
  /** Price of one impression: holding less than this is of no use. Zero or absent: not known yet. */
  readonly leastMicros?: Micros;
}

/** The wallet's answer. An allotment is left out while the wallet does not know the campaign's multiplier. */
export interface DrawReply {
  readonly purseId: string;
  /** Storage of the wallet that answered. */
  readonly incarnation: string;
  /** The wallet's clock when it answered. */
  readonly nowMs: number;
  /** The purse must stop committing at this time (by the wallet's clock, minus its own skew guard). */
  readonly expiryMs: number;
  readonly allotments: readonly Allotment[];
  /** How soon another draw is worth while; short when money is still on its way from a ledger. */
  readonly retryAfterMs: number;
}

export interface Allotment {
  readonly campaignId: string;
  /** Total ever drawn by this purse for this campaign. */
  readonly drawnMicros: Micros;
  /** Pacing factor on every bid of the campaign, 0 … 1,000,000 ppm. */
  readonly multiplierPpm: number;
}

/** What a billing token says. It is signed, and rides in every tracking URL of one slot. */
export interface BillingClaim {
  readonly decisionId: string;
  /** 1-based position in the break. */
  readonly slot: number;
  readonly campaignId: string;
  readonly lineItemId: string;
  readonly creativeId: string;
  /** Zero for house ads, which no wallet bills. */
  readonly priceMicros: Micros;
  readonly purseId: string;
  /** Number of this commit within its purse, from 0. (purseId, seq) names the impression. */
  readonly seq: number;
  /** Name of the wallet object: `wallet:<region>:<shard>`. Empty for house ads. */
  readonly wallet: string;
  /** After this time the impression is `late`. */
  readonly expiresMs: number;
}

/** What became of one impression beacon. Only `billed` spends money. */
export type BillVerdict = "billed" | "duplicate" | "late" | "exhausted" | "invalid";

/** One object bills a batch in one transaction; verdicts come back in the order of the claims. */
export interface BillReply {
  readonly verdicts: readonly BillVerdict[];
}

/** A campaign's terms as origin sets them on its ledger. */
export interface CampaignTerms {
  readonly campaignId: string;
  readonly budgetMicros: Micros;
  /** Most that may be billed in one local day; null: no cap. */
  readonly dailyBudgetMicros: Micros | null;
  /** IANA name of the zone whose midnights the daily budget goes by. */
  readonly timeZone: string;
  readonly flightStartMs: number;
  readonly flightEndMs: number;
  readonly status: "active" | "paused" | "archived";
  readonly pacing: "even" | "asap";
  /** Most that one expected outcome may cost on average; null: no such constraint. */
  readonly targetCostMicros: Micros | null;
  /** Where the pacing of a new flight starts, from a plan or from a flight before; null: full bids. Units: ppm. */
  readonly startMultiplierPpm: number | null;
  /** Relative supply in each UTC hour of the week, Monday 00:00 first: 168 whole numbers, or empty: flat. */
  readonly supplyShape: readonly number[];
}

/** Where a campaign's money is now. Totals are sums over all wallets. */
export interface CampaignStatus extends CampaignTotals {
  readonly terms: CampaignTerms;
  readonly grantedMicros: Micros;
  /** Granted and neither billed, returned nor written off: out at wallets and purses. */
  readonly outstandingMicros: Micros;
  /** Outstanding at silent wallets, given up by an operator. It still counts against the budget. */
  readonly writtenOffMicros: Micros;
  /** Won and still billable: the part of what is outstanding that is waiting for its beacon. */
  readonly pendingMicros: Micros;
  /** What the plan curve says should be spent by now. */
  readonly plannedMicros: Micros;
  /** Billed in the current local day, and when that day ends; null without a daily budget. */
  readonly today: { readonly billedMicros: Micros; readonly endMs: number } | null;
  readonly multiplierPpm: number;
  readonly wallets: readonly WalletShare[];
}

/** One wallet's money as its ledger last heard of it. */
export interface WalletShare {
  readonly wallet: string;
  readonly incarnation: string;
  readonly grantedMicros: Micros;
  readonly billedMicros: Micros;
  readonly returnedMicros: Micros;
  readonly outstandingMicros: Micros;
  readonly heardMs: number;
  /** Silent for so long that its purses must have closed, yet with money outstanding. */
  readonly stuck: boolean;
  readonly writeOff: WriteOff | null;
}

/** An operator gave up on the money of a silent wallet. */
export interface WriteOff {
  readonly atMs: number;
  readonly by: string;
  readonly why: string;
  /** Outstanding at that moment. */
  readonly amountMicros: Micros;
}

/** What a wallet tells one ledger: cumulative totals, and the total it would like to have been granted. */
export interface ReconcileReport extends CampaignTotals {
  readonly wallet: string;
  /** Random id of the wallet's storage. A wallet that lost its storage is another holder to the ledger. */
  readonly incarnation: string;
  readonly campaignId: string;
  /** Granted total the wallet would like to reach. A repeated report therefore never grants twice. */
  readonly wantGrantedMicros: Micros;
  /** A grant smaller than this is of no use. */
  readonly leastMicros: Micros;
}

/** The ledger's answer. Granted is a total; the rest is the view of the newest revision. */
export interface ReconcileReply {
  readonly campaignId: string;
  /** Total ever granted to this wallet. */
  readonly grantedMicros: Micros;
  /** Grows with every command of the ledger: of two replies, the higher one is newer. */
  readonly revision: number;
  readonly multiplierPpm: number;
  /**
   * The wallet may allot while now < openUntilMs. Zero: paused, archived, outside its flight, or cut below what is out.
   */
  readonly openUntilMs: number;
}

/** What one wallet holds for one campaign, for operators. */
export interface WalletCampaignStatus extends CampaignTotals {
  readonly campaignId: string;
  readonly grantedMicros: Micros;
  readonly freeMicros: Micros;
  /** In open purses: drawn and not billed. */
  readonly inPursesMicros: Micros;
  readonly multiplierPpm: number;
}

/** A wallet as operators see it. */
export interface WalletStatus {
  readonly wallet: string;
  readonly incarnation: string;
  readonly nowMs: number;
  readonly openPurses: number;
  readonly campaigns: readonly WalletCampaignStatus[];
}
