/**
 * What this isolate may still show of a canary. Origin grants impressions and money a little at a time; every ad of the
 * canary is debited here before it is answered, and where nothing is left the live set decides. So all isolates
 * together cannot show more than origin has granted, and origin grants no more than the cap.
 */
import type { ExposureGrant } from "../../../src/models/serving_order.ts";
import type { Env } from "../env.ts";
import type { Fault } from "../recorder.ts";
import { withinOr } from "../../platform/within.ts";

/** What is asked for at a time. Units: impressions, micros. */
const ASK = { impressions: 200, spendMicros: 10_000_000 };
/** More is asked for when less than this share of it is left. */
const LOW_SHARE = 0.5;
/** After a refusal or a failure nothing is asked for so long. */
const REST_MS = 2_000;
/** How long origin may take. */
const ANSWER_MS = 5_000;

/** What a request lends. */
export interface ExposureDoor {
  readonly env: Pick<Env, "ORIGIN">;
  readonly nowMs: number;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** What a decision shows. Units: impressions of paid ads, micros. */
export interface Shown {
  readonly impressions: number;
  readonly spendMicros: number;
}

/** A grant that is being used up. */
interface Purse extends ExposureGrant {
  impressions: number;
  spendMicros: number;
}

/** See the head of this file. */
export class Exposure {
  readonly #isolateId: string;
  readonly #recorder: { fault(fault: Fault): void };
  /** At most two: one that is used up, one that waits. */
  #grants: Purse[] = [];
  #restsUntilMs = 0;

  constructor(isolateId: string, recorder: { fault(fault: Fault): void }) {
    this.#isolateId = isolateId;
    this.#recorder = recorder;
  }

  /** Whether anything of this canary may be shown at all. Asks for more, in the background, when little is left. */
  mayShow(door: ExposureDoor, digest: string): boolean {
    if (this.#grants.some((grant) => grant.digest !== digest)) this.handBack(door);
    const [grant] = this.#grants;
    const low =
      grant === undefined ||
      grant.impressions < ASK.impressions * LOW_SHARE ||
      grant.spendMicros < ASK.spendMicros * LOW_SHARE;
    if (low && this.#grants.length < 2 && door.nowMs >= this.#restsUntilMs) {
      // Longer than an answer may take: a request that dies with its ask keeps nobody else from asking.
      this.#restsUntilMs = door.nowMs + ANSWER_MS;
      door.waitUntil(this.#ask(door, digest));
    }
    return this.#grants.some(({ impressions, spendMicros }) => impressions > 0 && spendMicros > 0);
  }

  /** Takes what a decision shows from one grant, or takes nothing and says false. */
  debit(door: ExposureDoor, digest: string, { impressions, spendMicros }: Shown): boolean {
    if (impressions === 0) return true;
    const covers = (grant: Purse): boolean =>
      grant.digest === digest && grant.impressions >= impressions && grant.spendMicros >= spendMicros;
    const at = this.#grants.findIndex(covers);
    const grant = this.#grants[at];
    if (grant === undefined) return false;
    grant.impressions -= impressions;
    grant.spendMicros -= spendMicros;
    // What was too small for this decision goes back, so that another isolate may use it.
    for (const passed of this.#grants.splice(0, at)) this.#return(door, passed);
    return true;
  }

  /** Hands back all that is left: the canary has ended. */
  handBack(door: ExposureDoor): void {
    for (const grant of this.#grants.splice(0)) this.#return(door, grant);
    this.#restsUntilMs = 0;
  }

  async #ask(door: ExposureDoor, digest: string): Promise<void> {
    try {
      const asked = door.env.ORIGIN.grantExposure({ digest, isolateId: this.#isolateId, ...ASK });
      const grant = await withinOr(ANSWER_MS, asked, null);
      this.#restsUntilMs = grant === null ? door.nowMs + REST_MS : 0;
      if (grant !== null) this.#grants.push({ ...grant });
    } catch (error) {
      this.#restsUntilMs = door.nowMs + REST_MS;
      this.#recorder.fault("exposure_unreachable");
      console.warn(`origin grants no exposure; the live set decides: ${String(error)}`);
    }
  }

  #return(door: ExposureDoor, { grantId, impressions, spendMicros }: Purse): void {
    const returned = Promise.resolve(door.env.ORIGIN.returnExposure({ grantId, impressions, spendMicros }));
    // A grant that does not come back counts as shown in full: the cap still holds.
    door.waitUntil(returned.catch(() => this.#recorder.fault("exposure_unreachable")));
  }
}
