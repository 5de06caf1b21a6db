/**
 * The auditor's books on money: what each campaign was allowed, what ledgers granted to whom, what wallets said they
 * billed. Kept from messages alone. Every law is checked at the message that could break it.
 */
import { assert, present } from "../../kernel/assert.ts";
import { type LocalDay, localDayOf } from "../../kernel/local_day.ts";
import type { CampaignTerms, ReconcileReply, ReconcileReport } from "../../money/protocol.ts";

/** One wallet's storage, as ledgers tell holders apart. */
export interface Holder {
  readonly wallet: string;
  readonly incarnation: string;
}

/** What the books call a holder. */
export type HolderName = `${string}/${string}`;

/** The name of a holder. */
export function holderName({ wallet, incarnation }: Holder): HolderName {
  return `${wallet}/${incarnation}`;
}

/** What a holder and a ledger have said about one campaign. */
interface HolderBooks {
  grantedMicros: number;
  returnedMicros: number;
  /** By the verdicts that left this wallet. */
  billedMicros: number;
  impressionsBilled: number;
  /** By the tokens that left its purses. */
  wonMicros: number;
}

/** One campaign's books. */
export interface CampaignBooks {
  /** Null until a ledger has said that it took some. */
  terms: CampaignTerms | null;
  budgetMaxMicros: number;
  dailyMaxMicros: number;
  day: LocalDay | null;
  billedTodayMicros: number;
  billedMicros: number;
  /** Won, and neither billed nor past its token's life. */
  pendingMicros: number;
  readonly holders: Map<string, HolderBooks>;
}

/** See the head of this file. */
export class AuditedMoney {
  readonly campaigns = new Map<string, CampaignBooks>();
  overspendMicrosMax = 0;

  of(campaignId: string): CampaignBooks {
    const known = this.campaigns.get(campaignId);
    if (known !== undefined) return known;
    const money = { billedTodayMicros: 0, billedMicros: 0, pendingMicros: 0, holders: new Map() };
    const fresh = { terms: null, budgetMaxMicros: 0, dailyMaxMicros: 0, day: null, ...money };
    this.campaigns.set(campaignId, fresh);
    return fresh;
  }

  holder(campaignId: string, holder: Holder): HolderBooks {
    return this.#named(campaignId, holderName(holder));
  }

  /** A ledger took these terms. */
  configured(terms: CampaignTerms, ledgerMs: number): void {
    const books = this.of(terms.campaignId);
    const dailyMicros = terms.dailyBudgetMicros ?? Number.POSITIVE_INFINITY;
    const sameDays = books.terms?.timeZone === terms.timeZone && books.terms.dailyBudgetMicros !== null;
    if (!sameDays) {
      books.day = dayOf(terms, ledgerMs);
      books.billedTodayMicros = 0;
      // What is out when a daily budget begins may still be billed.
      books.dailyMaxMicros = outOf(books) - books.billedMicros;
    }
    books.terms = terms;
    books.budgetMaxMicros = Math.max(books.budgetMaxMicros, terms.budgetMicros);
    books.dailyMaxMicros = Math.max(books.dailyMaxMicros, dailyMicros);
  }

  /** A token left, of a purse that these holders filled. */
  won(campaignId: string, holders: Iterable<HolderName>, priceMicros: number): void {
    this.of(campaignId).pendingMicros += priceMicros;
    for (const name of holders) this.#named(campaignId, name).wonMicros += priceMicros;
  }

  /** A wallet said `billed`. */
  billed(campaignId: string, holder: Holder, priceMicros: number, ledgerMs: number): void {
    const books = this.of(campaignId);
    const own = this.holder(campaignId, holder);
    own.billedMicros += priceMicros;
    own.impressionsBilled += 1;
    books.billedMicros += priceMicros;
    this.#overspent(books.billedMicros - books.budgetMaxMicros, `${campaignId} is billed more than its budget`);
    assert(
      own.billedMicros <= own.grantedMicros - own.returnedMicros,
      `auditor: ${holder.wallet} bills what it was granted`,
    );
    if (books.day === null) return;
    if (ledgerMs >= books.day.endMs) {
      books.day = localDayOf(ledgerMs, present(books.terms, "auditor: days come with terms").timeZone);
      books.billedTodayMicros = 0;
    }
    books.billedTodayMicros += priceMicros;
    this.#overspent(books.billedTodayMicros - books.dailyMaxMicros, `${campaignId} is billed more than a day allows`);
  }

  /** A report left a wallet. It says what its verdicts said: no more, no less. */
  reported(report: ReconcileReport): void {
    const own = this.holder(report.campaignId, report);
    assert(report.billedMicros === own.billedMicros, "auditor: a wallet reports what its verdicts billed");
    assert(report.impressionsBilled === own.impressionsBilled, "auditor: a wallet reports how many it billed");
    assert(report.committedMicros <= own.wonMicros, "auditor: a wallet reports no more won than tokens left");
    assert(report.returnedMicros >= own.returnedMicros, "auditor: what was returned stays returned");
  }

  /** A ledger answered a report. Nothing is granted but within the budget in force, in flight, and to the asker. */
  granted(report: ReconcileReport, reply: ReconcileReply, ledgerMs: number): void {
    const books = this.of(report.campaignId);
    const own = this.holder(report.campaignId, report);
    own.returnedMicros = Math.max(own.returnedMicros, report.returnedMicros);
    assert(reply.grantedMicros >= own.grantedMicros, "auditor: granted totals only grow");
    const grewMicros = reply.grantedMicros - own.grantedMicros;
    own.grantedMicros = reply.grantedMicros;
    if (grewMicros === 0) return;
    const terms = present(books.terms, "auditor: a ledger without terms grants nothing");
    assert(terms.status === "active", "auditor: a campaign that is not active is granted nothing");
    assert(terms.flightStartMs <= ledgerMs && ledgerMs < terms.flightEndMs, "auditor: grants are made in flight");
    assert(reply.grantedMicros <= report.wantGrantedMicros, "auditor: no more is granted than was wanted");
    assert(outOf(books) <= terms.budgetMicros, "auditor: what is granted and not returned fits the budget in force");
  }

  /** Whether a price could be paid if all money were in one place. */
  hasMoney(campaignId: string, priceMicros: number, ledgerMs: number): boolean {
    const { terms, billedMicros, pendingMicros, billedTodayMicros, day } = this.of(campaignId);
    if (terms?.status !== "active" || ledgerMs < terms.flightStartMs || ledgerMs >= terms.flightEndMs) return false;
    const today = day !== null && ledgerMs < day.endMs ? billedTodayMicros : 0;
    const dailyMicros = terms.dailyBudgetMicros ?? Number.POSITIVE_INFINITY;
    return (
      billedMicros + pendingMicros + priceMicros <= terms.budgetMicros &&
      today + pendingMicros + priceMicros <= dailyMicros
    );
  }

  #named(campaignId: string, name: HolderName): HolderBooks {
    const { holders } = this.of(campaignId);
    const known = holders.get(name);
    if (known !== undefined) return known;
    const fresh = { grantedMicros: 0, returnedMicros: 0, billedMicros: 0, impressionsBilled: 0, wonMicros: 0 };
    holders.set(name, fresh);
    return fresh;
  }

  #overspent(byMicros: number, law: string): void {
    this.overspendMicrosMax = Math.max(this.overspendMicrosMax, byMicros);
    assert(byMicros <= 0, `auditor: ${law}`);
  }
}

function outOf({ holders }: CampaignBooks): number {
  let outMicros = 0;
  for (const { grantedMicros, returnedMicros } of holders.values()) outMicros += grantedMicros - returnedMicros;
  return outMicros;
}

function dayOf(terms: CampaignTerms, ledgerMs: number): LocalDay | null {
  return terms.dailyBudgetMicros === null ? null : localDayOf(ledgerMs, terms.timeZone);
}
