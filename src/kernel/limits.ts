/**
 * Every bound on outside data and on work, in one place. Work in the core is bounded by counts, never by a clock:
 * clocks stand still inside a Worker request. A limit that is hit is a counted rejection, not a crash.
 */

/** What one request may carry and what one decision may cost. */
export interface Limits {
  /** Characters of path and query the edge reads; longer requests are refused before parsing. */
  readonly urlCharsMax: number;
  /** Bytes of a request body. */
  readonly bodyBytesMax: number;
  /** Items in any list a request carries (segments, blocked categories, …). */
  readonly listItemsMax: number;
  /** Characters of any identifier. */
  readonly idCharsMax: number;
  /** Longest break, seconds. */
  readonly podDurationSecMax: number;
  /** Most ads in one break. */
  readonly podAdsMax: number;
  /** Candidates that may leave retrieval. */
  readonly candidatesMax: number;
  /** Offers that retrieval looks at one by one, after the index has chosen. */
  readonly lookedAtMax: number;
  /** Rows scored by the heads; in the reduced tier, and in the fallback tier. */
  readonly scoredRowsMax: number;
  readonly reducedRowsMax: number;
  readonly fallbackRowsMax: number;
  /** Decisions in flight in one isolate beyond which the reduced tier scores, and beyond which the fallback tier. */
  readonly reducedInFlight: number;
  readonly fallbackInFlight: number;
  /** Rows of one advertiser that the early cut protects. */
  readonly cutFloorPerAdvertiser: number;
  /** Rows of one deal that the early cut protects. */
  readonly cutFloorPerDeal: number;
  /** Nodes the pod search may open. */
  readonly podNodesMax: number;
  /** Offers of a catalog up to which an edge tells the fate of every one. */
  readonly explainedOffersMax: number;
  /** Bytes of a catalog sent to origin, and of a snapshot. */
  readonly catalogBytesMax: number;
  /** Bytes of a snapshot's chunks when they are not compressed. */
  readonly catalogRawBytesMax: number;
  /** Bytes of one model artifact. */
  readonly modelBytesMax: number;
}

/** The limits of the full tier. */
export const FULL_LIMITS: Limits = {
  urlCharsMax: 4096,
  bodyBytesMax: 64 * 1024,
  listItemsMax: 64,
  idCharsMax: 64,
  podDurationSecMax: 600,
  podAdsMax: 16,
  candidatesMax: 500,
  lookedAtMax: 10_000,
  scoredRowsMax: 64,
  reducedRowsMax: 24,
  fallbackRowsMax: 64,
  reducedInFlight: 96,
  fallbackInFlight: 256,
  cutFloorPerAdvertiser: 1,
  cutFloorPerDeal: 1,
  podNodesMax: 20_000,
  explainedOffersMax: 5_000,
  catalogBytesMax: 24 * 1024 * 1024,
  catalogRawBytesMax: 128 * 1024 * 1024,
  modelBytesMax: 8 * 1024 * 1024,
};

/** What one catalog may hold. */
export const CATALOG_LIMITS = {
  /** Files a catalog may be spread over. */
  filesMax: 1_000,
  /** Bytes of one such file. */
  fileBytesMax: 256 * 1024 * 1024,
  /** Entities of each kind. Campaigns are few: each has a ledger, and a publish speaks to all within one request. */
  entitiesMax: {
    publishers: 50_000,
    advertisers: 50_000,
    campaigns: 2_000,
    lineItems: 100_000,
    creatives: 200_000,
    deals: 50_000,
    currencies: 1_000,
    reserves: 50_000,
    landscapes: 50_000,
  },
  /** Guaranteed deals: origin asks each one's ledger and solves for all of them at once. */
  guaranteedDealsMax: 500,
  /** Largest number of impressions of a guaranteed deal, and of breaks a week of a forecast. */
  impressionsMax: 10_000_000_000,
  /** Largest relative supply of one hour of the week: keeps sums over a flight exact. */
  supplyWeightMax: 1_000_000,
  /** Lines of one publisher's forecast. */
  forecastLinesMax: 200,
  /** Creatives of one line item. */
  creativesOfLineItemMax: 50,
  /** Line items times creatives: the offers an edge keeps in memory. */
  offersMax: 200_000,
  /** Largest price of any goal, floor or deal. Units: micros. */
  priceMicrosMax: 10_000_000_000,
  /** Largest budget. Units: micros. */
  budgetMicrosMax: 1_000_000_000_000_000,
  /** Parts of one `where` expression. */
  whereNodesMax: 64,
  /** Alternatives of one `where` expression that the index holds; a larger one is asked of each line item. */
  whereAlternativesMax: 8,
  /** Highest deal tier. */
  dealTierMax: 4,
  /** Quantiles of one landscape of rival bids. */
  landscapeQuantilesMax: 64,
  /** Largest rate of exchange, and largest return on spend. Units: millionths. */
  ratePpmMax: 1_000_000_000,
  /** Largest position premium. Units: millionths of the bid. */
  premiumPpmMax: 10_000_000,
  /** Problems found before validation stops looking. */
  problemsMax: 1_000,
  /** Problems shown to a person. */
  problemsShownMax: 50,
} as const;
