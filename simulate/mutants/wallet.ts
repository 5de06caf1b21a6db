/** Bugs planted in the wallet: what it allots, bills, closes, returns and reports. */
import type { Mutant } from "./mutant.ts";

/** See the head of this file. */
export const WALLET_MUTANTS: readonly Mutant[] = [
  {
    name: "wallet-forgets-duplicates",
    file: "src/money/wallet.ts",
    find: "if (draft.wasBilled(claim)) {",
    replace: "if (draft.wasBilled(claim) && nowMs < 0) {",
    why: "a repeated beacon is billed again",
  },
  {
    name: "token-expiry-unchecked",
    file: "src/money/wallet.ts",
    find: "if (!open || nowMs >= claim.expiresMs) {",
    replace: "if (!open) {",
    why: "a token that has expired is billed while its purse is open",
  },
  {
    name: "late-is-billed",
    file: "src/money/wallet.ts",
    find: 'return "late";',
    replace: 'return "billed";',
    why: "what came too late is said to be billed, and is not in the totals",
  },
  {
    name: "wallet-adds-commits",
    file: "src/money/wallet.ts",
    find: "maxMicros(line.committedMicros, minMicros(committedMicros, line.drawnMicros))",
    replace: "minMicros(micros(line.committedMicros + committedMicros), line.drawnMicros)",
    why: "a total is taken for a delta, so every draw counts the commits again",
  },
  {
    name: "closing-frees-commits",
    file: "src/money/wallet.ts",
    find: "line.drawnMicros = line.committedMicros;",
    replace:
      "account.freeMicros = micros(account.freeMicros + line.committedMicros - line.billedMicros);\n" +
      "    line.drawnMicros = line.committedMicros = line.billedMicros;",
    why: "the closing report frees what was won and is still waiting for its beacon",
  },
  {
    name: "allotted-while-closed",
    file: "src/money/wallet.ts",
    find: "nowMs < outlook.openUntilMs ? ration(draft, campaignId, wanted, uncommitted, least) : 0",
    replace: "ration(draft, campaignId, wanted, uncommitted, least)",
    why: "free money goes to purses although the ledger has closed the campaign",
  },
  {
    name: "allotted-and-kept",
    file: "src/money/wallet.ts",
    find: "account.freeMicros = micros(account.freeMicros - given);",
    replace: "account.freeMicros = micros(account.freeMicros - given * (nowMs % 50 === 0 ? 0 : 1));",
    why: "now and then a draw does not debit what it gives: the same money is allotted twice",
  },
  {
    name: "draw-extends-expiry",
    file: "src/money/wallet.ts",
    find: "    expiryMs: purse.expiryMs,\n    allotments",
    replace: "    expiryMs: nowMs + PURSE_LIFETIME_MS,\n    allotments",
    why: "every draw tells the purse that it lives another minute, but the wallet closes it when it said first",
  },
  {
    name: "purse-closes-early",
    file: "src/money/wallet_state.ts",
    find: "return purse.expiryMs + TOKEN_LIFETIME_MS + SKEW_GUARD_MS;",
    replace: "return purse.expiryMs + SKEW_GUARD_MS;",
    why: "a purse closes at its own expiry instead of its tokens'",
  },
  {
    name: "billed-forgotten-early",
    file: "src/money/wallet_state.ts",
    find: "return purseCloseMs(purse) + FORGET_AFTER_MS;",
    replace: "return purse.expiryMs;",
    why: "a purse that closed early is forgotten with the impressions it billed",
  },
  {
    name: "commits-share-a-bit",
    file: "src/money/mark_set.ts",
    find: "return ((this.#bytes[mark >> 3] ?? 0) & (1 << (mark & 7))) !== 0;",
    replace: "return ((this.#bytes[mark >> 3] ?? 0) & (1 << (mark & 3))) !== 0;",
    why: "an impression passes for a duplicate of another",
  },
  {
    name: "idle-money-kept",
    file: "src/money/wallet_rounds.ts",
    find: "account.freeMicros = ZERO_MICROS;",
    replace: "account.freeMicros = micros(account.freeMicros > 1_000_000 ? 1 : 0);",
    why: "what goes back to the ledger does not leave the wallet entirely",
  },
  {
    name: "close-frees-billed",
    file: "src/money/wallet_rounds.ts",
    find: "account.freeMicros + drawnMicros - billedMicros",
    replace: "account.freeMicros + drawnMicros",
    why: "closing a purse frees what it billed, too",
  },
  {
    name: "close-forgets-lapsed",
    file: "src/money/wallet_rounds.ts",
    find: "account.lapsedMicros + committedMicros - billedMicros",
    replace: "account.lapsedMicros",
    why: "what was won and never seen counts as spending for ever",
  },
  {
    name: "acknowledged-unheard",
    file: "src/money/wallet_rounds.ts",
    find: "  outlook.acknowledged = null;\n",
    replace: "  outlook.acknowledged = pickTotals(account);\n",
    why: "a report counts as heard when it is sent, so one that is lost is never repeated",
  },
  {
    name: "stale-view-wins",
    file: "src/money/wallet_rounds.ts",
    find: "if (answer.revision > outlook.revision) {",
    replace: "if (answer.revision > 0) {",
    why: "an old answer that is heard again opens a campaign that was closed since",
  },
];
