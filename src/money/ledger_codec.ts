/**
 * How a ledger is written down: one JSON document. What is written here is read back here and nowhere else. Fields that
 * came later than the text read as those of a new ledger.
 */
import { assert } from "../kernel/assert.ts";
import { micros } from "../kernel/money.ts";
import { TOTALS } from "./totals.ts";
import { holderName, type LedgerShare, type LedgerState, NEW_LEDGER, newShare } from "./ledger_state.ts";

const VERSION = 1;

interface Body extends Omit<LedgerState, "shares"> {
  readonly version: number;
  readonly shares: readonly LedgerShare[];
}

/** The whole ledger as text. */
export function encodeLedger(state: LedgerState): string {
  const body: Body = { version: VERSION, ...state, shares: [...state.shares.values()] };
  return JSON.stringify(body);
}

/** The ledger of a text. Throws on text that `encodeLedger` did not write. */
export function decodeLedger(text: string): LedgerState {
  // Written by `encodeLedger`; its amounts are checked below, as money must be whole whoever wrote it.
  const { version, shares, ...rest } = JSON.parse(text) as Body;
  assert(version === VERSION, "ledger codec: the text is of this version");
  const known = shares.map((share) => ({ ...newShare(share.wallet, share.incarnation), ...share }));
  for (const share of known)
    for (const amount of [share.grantedMicros, ...TOTALS.map((total) => share[total])]) micros(amount);
  return {
    ...NEW_LEDGER,
    ...rest,
    pacer: { ...NEW_LEDGER.pacer, ...rest.pacer },
    shares: new Map(known.map((share) => [holderName(share), share])),
  };
}
