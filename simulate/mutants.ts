/**
 * Planted bugs: each one a small change to the product's own text, made while it is bundled for the simulator. The
 * simulator must notice every one of them, or it proves nothing. `find` occurs exactly once in its file, or planting
 * fails: when the product changes, its mutants change with it.
 */

/** One planted bug. `file` is relative to the project. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What goes wrong, in words. */
  readonly why: string;
}

const PURSE: readonly Mutant[] = [
  {
    name: "purse-commits-unbacked",
    file: "src/money/purse.ts",
    find: "if (line.committedMicros + priceMicros > line.drawnMicros) return",
    replace: "if (line.committedMicros >= line.drawnMicros) return",
    why: "the price is not checked against what was drawn, only whether anything is left",
  },
  {
    name: "purse-outlives-expiry",
    file: "src/money/purse.ts",
    find: 'if (nowMs >= purse.commitUntilMs) return refused("purse_expired");',
    replace: "",
    why: "an isolate that cannot reach its wallet goes on committing for ever",
  },
  {
    name: "purse-trusts-other-clock",
    file: "src/money/purse.ts",
    find: "const untilMs = askedMs + leftMs;",
    replace: "const untilMs = reply.expiryMs;",
    why: "the wallet's expiry is compared with the isolate's clock",
  },
  {
    name: "purse-adds-drawn-totals",
    file: "src/money/purse.ts",
    find: "line.drawnMicros = maxMicros(line.drawnMicros, drawnMicros);",
    replace: "line.drawnMicros = micros(line.drawnMicros + drawnMicros);",
    why: "a total is taken for a delta, so a repeated answer is money twice",
  },
  {
    name: "token-outlives-purse",
    file: "src/money/purse.ts",
    find: "Math.min(nowMs, purse.walletExpiryMs) + TOKEN_LIFETIME_MS",
    replace: "nowMs + TOKEN_LIFETIME_MS",
    why: "the token of an isolate whose clock runs ahead outlives the purse it was paid from",
  },
  {
    name: "purse-numbers-repeat",
    file: "src/money/purse.ts",
    find: "const seq = purse.commits++;",
    replace: "const seq = purse.commits++ >> 1;",
    why: "two impressions get one name, and one of them is never paid",
  },
];

const WALLET: readonly Mutant[] = [
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
    file: "src/money/seq_set.ts",
    find: "return ((this.#bytes[seq >> 3] ?? 0) & (1 << (seq & 7))) !== 0;",
    replace: "return ((this.#bytes[seq >> 3] ?? 0) & (1 << (seq & 3))) !== 0;",
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

const LEDGER: readonly Mutant[] = [
  {
    name: "grant-ignores-out",
    file: "src/money/lease.ts",
    find: "const left = allowanceMicros - sums.outMicros;",
    replace: "const left = allowanceMicros - sums.billedMicros;",
    why: "what is granted and not yet billed is granted again",
  },
  {
    name: "grant-ignores-wish",
    file: "src/money/lease.ts",
    find: "const grant = Math.min(asked, fair, free);",
    replace: "const grant = Math.min(fair, free);",
    why: "a repeated report is granted again",
  },
  {
    name: "cut-not-honoured",
    file: "src/money/ledger.ts",
    find: "const allowance = allowanceMicros(terms, day);",
    replace: "const allowance = maxMicros(state.ceilingMicros, allowanceMicros(terms, day));",
    why: "after a cut, grants go on to the old budget",
  },
  {
    name: "pause-not-honoured",
    file: "src/money/ledger.ts",
    find: 'if (terms.status !== "active" || !inFlight(terms, nowMs)) return 0;',
    replace: 'if (terms.status === "archived" || !inFlight(terms, nowMs)) return 0;',
    why: "a paused campaign is granted money",
  },
  {
    name: "flight-not-honoured",
    file: "src/money/ledger.ts",
    find: 'if (terms.status !== "active" || !inFlight(terms, nowMs)) return 0;',
    replace: 'if (terms.status !== "active" || nowMs >= terms.flightEndMs) return 0;',
    why: "a campaign is granted money before its flight begins",
  },
  {
    name: "totals-added",
    file: "src/money/totals.ts",
    find: "Math.max(a[total], b[total])",
    replace: "a[total] + b[total]",
    why: "a report's totals are taken for deltas",
  },
  {
    name: "returned-not-subtracted",
    file: "src/money/ledger_state.ts",
    find: "outMicros: micros(grantedMicros - totals.returnedMicros),",
    replace: "outMicros: micros(grantedMicros),",
    why: "returned money stays out for ever",
  },
  {
    name: "day-rolls-early",
    file: "src/money/ledger.ts",
    find: "if (known !== null && nowMs < known.endMs) return known;",
    replace: "if (known !== null && nowMs < known.startMs) return known;",
    why: "a daily budget begins anew with every report",
  },
  {
    name: "day-rolls-before-midnight",
    file: "src/money/ledger.ts",
    find: "if (known !== null && nowMs < known.endMs) return known;",
    replace: "if (known !== null && nowMs < known.endMs - 120_000) return known;",
    why: "a daily budget begins anew two minutes before midnight",
  },
  {
    name: "day-counts-won-as-billed",
    file: "src/money/ledger_state.ts",
    find: "micros(day.billedBeforeMicros + terms.dailyBudgetMicros)",
    replace: "micros(day.spentBeforeMicros + terms.dailyBudgetMicros)",
    why: "what was won before midnight and billed after it is nobody's day",
  },
  {
    name: "incarnation-ignored",
    file: "src/money/ledger_state.ts",
    find: "return `${wallet}/${incarnation}`;",
    replace: "return `${wallet}/${incarnation.slice(0, 0)}`;",
    why: "a wallet that lost its disk inherits the totals of the one before",
  },
  {
    name: "write-off-frees-budget",
    file: "src/money/ledger_state.ts",
    find: "const grantedMicros = sum((share) => share.grantedMicros);",
    replace:
      "const grantedMicros = sum((share) => share.grantedMicros - (share.writeOff === null ? 0 : outstandingOf(share)));",
    why: "money that an operator gave up on is granted to others, and then the wallet comes back",
  },
];

const WIRE_AND_DISK: readonly Mutant[] = [
  {
    name: "signature-misses-payload",
    file: "src/kernel/signed_token.ts",
    find: "out.set(payload, domain.length);",
    replace: "out.set(payload.subarray(0, 8), domain.length);",
    why: "the signature covers the beginning of a token only, and the price can be changed",
  },
  {
    name: "signature-misses-purpose",
    file: "src/kernel/signed_token.ts",
    find: "midroll/${purpose}",
    replace: "midroll/${purpose.slice(0, 0)}",
    why: "a token that was signed for something else passes for a billing token",
  },
  {
    name: "restart-forgets-purses",
    file: "src/money/wallet_codec.ts",
    find: "purses: body.purses.map(purseOf),",
    replace: 'purses: body.purses.map(purseOf).filter((purse) => purse.phase !== "open"),',
    why: "a wallet that restarts no longer knows the purses that were open",
  },
  {
    name: "restart-forgets-billed",
    file: "src/money/wallet_codec.ts",
    find: "state.billed.set(word(purseId), SeqSet.fromText(word(seqs)));",
    replace: 'if (seqs === "") state.billed.set(word(purseId), SeqSet.fromText(word(seqs)));',
    why: "a checkpoint loses which impressions were billed",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...PURSE, ...WALLET, ...LEDGER, ...WIRE_AND_DISK];
