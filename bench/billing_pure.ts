/** The pure wallet under the billing benchmark: what a wallet costs before RPC and disk. */
import { micros } from "../src/kernel/money.ts";
import { bill, draw } from "../src/money/wallet.ts";
import { hearLedger, report } from "../src/money/wallet_rounds.ts";
import { applyChanges, newWallet, type WalletState } from "../src/money/wallet_state.ts";
import { BATCH_CLAIMS, batchOf, BENCH_WALLET, campaignNames, PRICE, purseName, PURSES } from "./billing_claims.ts";
import { spread } from "./statistics.ts";

const NOW_MS = 1_793_500_000_000;
const WANT = micros(10_000 * PRICE);

/** A wallet whose purses have money in every campaign. */
function fundedWallet(): WalletState {
  const state = newWallet(BENCH_WALLET, "bench", NOW_MS);
  const view = { revision: 1, multiplierPpm: 1_000_000, openUntilMs: NOW_MS + 1e9 };
  for (const campaignId of campaignNames) {
    const sent = report(state, campaignId, NOW_MS);
    applyChanges(state, sent.changes);
    const answer = { campaignId, grantedMicros: micros(9_000_000_000_000), ...view };
    applyChanges(state, hearLedger(state, sent.reply, answer, NOW_MS).changes);
  }
  const past = { committedMicros: micros(0), impressionsCommitted: 0, outcomesPpm: 0, opportunities: 0 };
  const campaigns = campaignNames.map((campaignId) => ({ campaignId, ...past, wantMicros: WANT }));
  for (let index = 0; index < PURSES; index++) {
    const drawn = draw(state, { purseId: purseName(index), incarnation: null, campaigns, closing: false }, NOW_MS);
    if (!drawn.ok) throw new Error(drawn.reason);
    applyChanges(state, drawn.value.changes);
  }
  return state;
}

/** Impressions a second of `bill` and the bringing of its changes into memory, round by round after one that warms. */
export function measurePure(rounds: number, batches: number) {
  const state = fundedWallet();
  const perSec: number[] = [];
  for (let number = 0; number <= rounds; number++) {
    const claims = Array.from({ length: batches }, (_, index) => batchOf(number * batches + index, NOW_MS + 1e6));
    let billed = 0;
    const startedMs = performance.now();
    for (const batch of claims) {
      const outcome = bill(state, batch, NOW_MS);
      if (!outcome.ok) throw new Error(outcome.reason);
      applyChanges(state, outcome.value.changes);
      billed += outcome.value.reply.verdicts.filter((verdict) => verdict === "billed").length;
    }
    const elapsedMs = performance.now() - startedMs;
    if (billed !== batches * BATCH_CLAIMS) throw new Error(`only ${billed} impressions were billed`);
    if (number > 0) perSec.push((billed * 1_000) / elapsedMs);
  }
  return { impressionsPerSec: spread(perSec) };
}
