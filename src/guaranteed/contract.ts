/**
 * The words of guaranteed delivery: what is owed (contracts), what there is to show it in (supply), and the table that
 * says how one is spread over the other. The table is all that an edge needs: two numbers a contract, no counters.
 */

/** A promise of impressions. */
export interface Contract {
  readonly id: string;
  /** Impressions still owed. A whole number, at least 1. */
  readonly owed: number;
  /** How much one missing impression hurts beside those of other contracts; 1 is usual. In (0, 1000]. */
  readonly penalty: number;
}

/** Breaks that are alike: the same contracts may be shown in them. */
export interface SupplyNode {
  /** Ids of the contracts that may be shown, each once. */
  readonly contractIds: readonly string[];
  /** Expected number of such breaks. Each has one seat for a guaranteed ad. */
  readonly breaks: number;
}

/** One contract's two numbers. Units: ppm of a break, whole numbers. */
export interface GuaranteeLine {
  readonly contractId: string;
  /** SHALE's α, with the contract's owed ÷ supply added: how hard it pulls. Sets each break's water line β. */
  readonly alphaPpm: number;
  /** SHALE's ζ: its share of a break is ζ − β, as far as contracts before it in the table left room. */
  readonly zetaPpm: number;
}

/** How supply is spread over contracts, in the order in which contracts take their shares. */
export type GuaranteeTable = readonly GuaranteeLine[];
