/** What the load generator is asked to do and what it reports: plain values, because they travel between processes. */

/** How requests are timed. Units: seconds; requests a second. */
export type Timing =
  /** Every connection asks again as soon as it is answered: what the server can do at most. */
  | { readonly kind: "closed"; readonly seconds: number }
  /** Every message once, as fast as answers come. */
  | { readonly kind: "once" }
  /** Requests come when they come, as viewers do, whether earlier ones are answered or not. */
  | { readonly kind: "open"; readonly perSec: number; readonly seconds: number; readonly seed: string };

/** What a right answer looks like, and what to count in the answers. */
export interface Expectation {
  readonly status: number;
  /** Text that head or body must contain. */
  readonly required?: string;
  /** Text that neither head nor body may contain. */
  readonly forbidden?: string;
  /** Name to text: how many answers contain the text. */
  readonly marks: Readonly<Record<string, string>>;
}

/** Text to collect: what stands between `before` and the next `"` in a body. */
export interface Harvest {
  readonly before: string;
  readonly max: number;
}

/** One load. */
export interface LoadJob {
  readonly port: number;
  /** Whole HTTP/1.1 requests, sent in turn and again from the beginning. */
  readonly messages: readonly Uint8Array[];
  /** Which message goes first, so that one job goes on where another left off. */
  readonly firstMessage: number;
  readonly connections: number;
  readonly timing: Timing;
  readonly expect: Expectation;
  readonly harvest: Harvest | null;
}

/** What one load came to. Units: milliseconds; shares of one core. */
export interface LoadResult {
  readonly sent: number;
  /** Right answers. Under a closed timing only those that came before its end. */
  readonly answered: number;
  /** Right answers, those that came after the end included: what the marks were counted in. */
  readonly right: number;
  readonly elapsedMs: number;
  /** One a right answer. Closed: from sent to answered. Open: from due to answered. */
  readonly latenciesMs: Float64Array;
  /** From due to sent. Empty unless open. */
  readonly sendLagsMs: Float64Array;
  readonly waitingMax: number;
  /** What went wrong, counted by kind: "status 500", "forbidden text", "connection lost", "unanswered". */
  readonly errors: Readonly<Record<string, number>>;
  /** The beginning of the first wrong answer, for whoever has to find out why. */
  readonly firstWrong: string | null;
  readonly marks: Readonly<Record<string, number>>;
  readonly replyBytes: number;
  /** CPU that the generator itself used. */
  readonly generatorCoreShare: number;
  /** Message number and collected text. */
  readonly harvested: readonly (readonly [number, string])[];
}
