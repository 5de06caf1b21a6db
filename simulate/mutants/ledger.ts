/** Bugs planted in the ledger: what it grants, to whom, within which budget and day. */
import type { Mutant } from "./mutant.ts";

/** See the head of this file. */
export const LEDGER_MUTANTS: readonly Mutant[] = [
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
      "const grantedMicros =\n" +
      "    sum((share) => share.grantedMicros - (share.writeOff === null ? 0 : outstandingOf(share)));",
    why: "money that an operator gave up on is granted to others, and then the wallet comes back",
  },
];
