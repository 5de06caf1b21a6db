/**
 * What origin tells every edge about models: which set serves, which one is tried on a share of viewers, which one is
 * only scored beside it, and which stay loaded for a way back. An edge does what the newest order says.
 */

/** A set under trial, and of how many of a million viewers it is. */
export interface Trial {
  readonly digest: string;
  readonly sharePpm: number;
}

/** The newest order. Digests name model sets. */
export interface ServingOrder {
  /** Rises with every change. */
  readonly revision: number;
  /** Null: nothing is published, the fallback tier answers. */
  readonly live: string | null;
  /** Decides for a sticky share of viewers, as far as its exposure is granted. */
  readonly canary: Trial | null;
  /** Scores a share of decisions after they were answered; nothing of it is shown. */
  readonly shadow: Trial | null;
  /** Sets to keep loaded, the most wanted first: what a rollback goes back to. */
  readonly warm: readonly string[];
  /** The kill switch: the fallback tier answers until it is let go. */
  readonly stopped: boolean;
}

/** Nothing is published: the fallback tier answers. */
export const NOTHING_SERVES: ServingOrder = {
  revision: 0,
  live: null,
  canary: null,
  shadow: null,
  warm: [],
  stopped: false,
};

/** What an isolate asks to show of a canary. Units: micros of what is paid for it. */
export interface ExposureAsk {
  readonly digest: string;
  readonly isolateId: string;
  readonly impressions: number;
  readonly spendMicros: number;
}

/** What one isolate may still show of a canary before it asks again. Both fall to nothing: the live set decides. */
export interface ExposureGrant {
  /** Names the grant when what is unused of it is handed back. */
  readonly grantId: string;
  readonly digest: string;
  readonly impressions: number;
  /** Units: micros of what is paid for them. */
  readonly spendMicros: number;
}

/** What is left of a grant that will not be used: each grant is handed back once, or counts as shown in full. */
export interface ExposureReturn {
  readonly grantId: string;
  readonly impressions: number;
  readonly spendMicros: number;
}
