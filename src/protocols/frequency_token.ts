/**
 * Frequency caps without a database: what a viewer was shown travels with the viewer, signed. The token is a list of
 * (line item, when) pairs, bounded and pruned; a player hands it back with its next request. A forged or mangled token
 * counts as no history.
 */

/** One ad shown to this viewer. Units: epoch milliseconds. */
export interface FrequencyEntry {
  readonly lineItemId: string;
  readonly shownMs: number;
}
