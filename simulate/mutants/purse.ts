/** Bugs planted in the purse: what an isolate spends, and until when. */
import type { Mutant } from "./mutant.ts";

/** See the head of this file. */
export const PURSE_MUTANTS: readonly Mutant[] = [
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
