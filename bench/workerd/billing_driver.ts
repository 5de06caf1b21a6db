/**
 * The Worker that `npm run bench:billing` runs inside workerd: callers that send batches of impressions to one wallet
 * over RPC, as isolates of the edge do, and the wallet and ledgers of origin as they are, with windows to measure at.
 */
import type { BillReply } from "../../src/money/protocol.ts";
import { micros } from "../../src/kernel/money.ts";
import {
  applyChanges,
  newWallet,
  billedMark,
  NO_CHANGES,
  type PurseLine,
  type WalletChanges,
} from "../../src/money/wallet_state.ts";
import { encodeWallet } from "../../src/money/wallet_codec.ts";
import { CampaignLedger } from "../../workers/origin/money/campaign_ledger.ts";
import { RegionWallet } from "../../workers/origin/money/region_wallet.ts";
import { JOURNAL_SLOTS, WalletJournal } from "../../workers/origin/money/wallet_journal.ts";
import { BATCH_CLAIMS, batchOf, BENCH_WALLET, campaignNames, PRICE, purseName, PURSES } from "../billing_claims.ts";

export { CampaignLedger };

const HOUR_MS = 3_600_000;
/** Each purse's money in each campaign: enough for every round of a run. */
const DRAWN_MICROS = 10_000 * PRICE;

interface Env {
  readonly WALLET: DurableObjectNamespace<BenchWallet>;
  readonly LEDGER: DurableObjectNamespace<CampaignLedger>;
}

/** What Node asks for. */
export type Order =
  | { readonly kind: "fund" }
  | { readonly kind: "bill"; readonly firstBatch: number; readonly batches: number; readonly callers: number }
  | { readonly kind: "fill" }
  | { readonly kind: "load"; readonly times: number };

/** Origin's wallet, with two windows for the benchmark. */
export class BenchWallet extends RegionWallet {
  /** Groups written since this wallet began: each is one row. */
  groups(): number {
    const rows = this.ctx.storage.sql.exec(
      "SELECT MAX(entry) AS newest FROM (SELECT entry FROM journal UNION ALL SELECT entry FROM checkpoint)",
    );
    return Number(rows.one()["newest"] ?? 0);
  }

  /** Puts a checkpoint of 2 MB and a full journal on this object's disk. Answers their characters. */
  fillDisk(): { checkpointChars: number; journalRows: number } {
    const { storage } = this.ctx;
    const journal = new WalletJournal(storage.sql);
    const state = journal.load(undefined, "bench", 0);
    let checkpointChars = 0;
    for (let purse = 0; checkpointChars < 2_000_000; purse++) {
      applyChanges(state, purseOf(`${purseName(purse)}`, 100));
      if (purse % 20 === 19) checkpointChars = encodeWallet(state).length;
    }
    storage.transactionSync(() => {
      for (let group = 0; group < 2 * JOURNAL_SLOTS - 1; group++) journal.append(groupOf(group), state);
    });
    return { checkpointChars, journalRows: storage.sql.exec("SELECT 1 FROM journal").toArray().length };
  }

  /** Reads the wallet from disk so many times. */
  loadDisk(times: number): number {
    let purses = 0;
    for (let n = 0; n < times; n++) {
      purses += new WalletJournal(this.ctx.storage.sql).load(undefined, "bench", 0).purses.size;
    }
    return purses;
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    // The only caller is this benchmark's own Node program.
    const order = (await request.json()) as Order;
    const wallet = env.WALLET.getByName(BENCH_WALLET);
    if (order.kind === "fund") return Response.json(await fund(env));
    if (order.kind === "bill") return Response.json(await billAll(wallet, order));
    const other = env.WALLET.getByName("wallet:bench:1");
    return Response.json(order.kind === "fill" ? await other.fillDisk() : await other.loadDisk(order.times));
  },
};

/** Gives every purse its money, as isolates get it: by asking again until it is there. */
async function fund({ WALLET, LEDGER }: Env): Promise<{ draws: number }> {
  const flight = { flightStartMs: Date.now() - HOUR_MS, flightEndMs: Date.now() + 1_000 * HOUR_MS };
  for (const campaignId of campaignNames) {
    await LEDGER.getByName(campaignId).configure({
      campaignId,
      budgetMicros: micros(9_000_000_000_000),
      dailyBudgetMicros: null,
      timeZone: "UTC",
      ...flight,
      status: "active",
      pacing: "asap",
      targetCostMicros: null,
      startMultiplierPpm: null,
      supplyShape: [],
    });
  }
  const wallet = WALLET.getByName(BENCH_WALLET);
  const poor = new Set(Array.from({ length: PURSES }, (_, index) => purseName(index)));
  const past = { committedMicros: micros(0), impressionsCommitted: 0, outcomesPpm: 0, opportunities: 0 };
  const campaigns = campaignNames.map((campaignId) => ({ campaignId, ...past, wantMicros: micros(DRAWN_MICROS) }));
  let draws = 0;
  const incarnations = new Map<string, string>();
  for (let turn = 0; poor.size > 0 && turn < 300; turn++) {
    for (const purseId of poor) {
      draws += 1;
      const known = incarnations.get(purseId) ?? null;
      const { allotments, incarnation } = await wallet.draw({ purseId, incarnation: known, campaigns, closing: false });
      incarnations.set(purseId, incarnation);
      const rich = allotments.filter(({ drawnMicros }) => drawnMicros >= DRAWN_MICROS);
      if (rich.length === campaignNames.length) poor.delete(purseId);
    }
  }
  if (poor.size > 0) throw new Error(`${poor.size} purses got no money`);
  return { draws };
}

/** Bills batches from so many callers at once, each sending its next when its last was answered. */
async function billAll(wallet: DurableObjectStub<BenchWallet>, order: Order & { kind: "bill" }) {
  const expiresMs = Date.now() + HOUR_MS;
  const waiting = Array.from({ length: order.batches }, (_, index) => batchOf(order.firstBatch + index, expiresMs));
  const groupsBefore = await wallet.groups();
  // The clock of a Worker moves with its I/O: the call above has just moved it.
  const startedMs = performance.now();
  let billed = 0;
  const latenciesMs: number[] = [];
  const caller = async (): Promise<void> => {
    for (let claims = waiting.pop(); claims !== undefined; claims = waiting.pop()) {
      const askedMs = performance.now();
      const { verdicts }: BillReply = await wallet.bill(claims);
      latenciesMs.push(performance.now() - askedMs);
      billed += verdicts.filter((verdict) => verdict === "billed").length;
    }
  };
  await Promise.all(Array.from({ length: order.callers }, caller));
  const elapsedMs = performance.now() - startedMs;
  const groups = (await wallet.groups()) - groupsBefore;
  return { asked: order.batches * BATCH_CLAIMS, billed, elapsedMs, groups, latenciesMs };
}

/** An open purse with lines in so many campaigns. */
function purseOf(purseId: string, campaigns: number): WalletChanges {
  const lines = Array.from({ length: campaigns }, (_, index) => {
    const money = {
      drawnMicros: micros(80_000_000),
      committedMicros: micros(60_000_000),
      billedMicros: micros(55_000_000),
    };
    const counts = { impressionsCommitted: 2_558, outcomesPpm: 31_975_000, opportunities: 81_302 };
    const line: PurseLine = { campaignId: `northwind-spring-${index}`, ...money, ...counts };
    return { purseId, line };
  });
  const marks = Array.from({ length: 2_000 }, (_, seq) => ({ purseId, mark: billedMark(seq) }));
  return { ...NO_CHANGES, purses: [{ purseId, expiryMs: 1_793_500_000_000, phase: "open" }], lines, marks };
}

/** A group of five hundred impressions of five purses, as a busy wallet writes one. */
function groupOf(group: number): WalletChanges {
  const marks = Array.from({ length: 500 }, (_, index) => ({
    purseId: purseName(index % 5),
    mark: billedMark((2_000 + group * 100 + Math.floor(index / 5)) % 1_000_000),
  }));
  const state = newWallet(BENCH_WALLET, "bench", 0);
  for (let purse = 0; purse < 5; purse++) applyChanges(state, purseOf(purseName(purse), 20));
  const lines = [...state.lines].flatMap(([purseId, rows]) => [...rows.values()].map((line) => ({ purseId, line })));
  return { ...NO_CHANGES, lines, marks };
}
