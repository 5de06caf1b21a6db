/** Bugs planted where money becomes bytes: signatures of tokens, journals of wallets. */
import type { Mutant } from "./mutant.ts";

/** See the head of this file. */
export const WIRE_MUTANTS: readonly Mutant[] = [
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
    find: "state.marks.set(word(purseId), MarkSet.fromText(word(own)));",
    replace: 'if (own === "") state.marks.set(word(purseId), MarkSet.fromText(word(own)));',
    why: "a checkpoint loses which impressions were billed",
  },
];
