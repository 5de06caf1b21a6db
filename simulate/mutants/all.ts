/** Every planted bug, in the order they are tried. */
import { LEDGER_MUTANTS } from "./ledger.ts";
import type { Mutant } from "./mutant.ts";
import { PURSE_MUTANTS } from "./purse.ts";
import { WALLET_MUTANTS } from "./wallet.ts";
import { WIRE_MUTANTS } from "./wire.ts";

/** See the head of this file. */
export const MUTANTS: readonly Mutant[] = [...PURSE_MUTANTS, ...WALLET_MUTANTS, ...LEDGER_MUTANTS, ...WIRE_MUTANTS];
