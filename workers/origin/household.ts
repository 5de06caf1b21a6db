/**
 * What the viewers of one household were shown lately: one short list, in the bytes of a frequency token, under the
 * household's hashed name. Nothing here says who they are. A household that was shown nothing for as long as the
 * longest cap looks back is forgotten whole.
 */
import { DurableObject } from "cloudflare:workers";
import { MINUTE_MS } from "../../src/kernel/time.ts";
import {
  decodeFrequency,
  encodeFrequency,
  FREQUENCY_AGE_MS_MAX,
  rememberShown,
  type FrequencyEntry,
} from "../../src/protocols/frequency_token.ts";
import type { OriginEnv } from "./env.ts";

const HISTORY = "history";

/** See the head of this file. Bounds are those of the frequency token: 64 entries, 31 days. */
export class Household extends DurableObject<OriginEnv> {
  /** What its viewers were shown, newest first. A household never written to leaves no trace. */
  async recent(): Promise<readonly FrequencyEntry[]> {
    return this.#read();
  }

  /** Adds what one of them is shown now, and puts off the day of forgetting. Units: epoch milliseconds. */
  async remember(lineItemIds: readonly string[], nowMs: number): Promise<void> {
    this.ctx.storage.kv.put(HISTORY, encodeFrequency(rememberShown(this.#read(), lineItemIds, nowMs)));
    await this.ctx.storage.setAlarm(nowMs + FREQUENCY_AGE_MS_MAX + MINUTE_MS);
  }

  /** The newest impression is older than any cap looks back. */
  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  #read(): readonly FrequencyEntry[] {
    const bytes = this.ctx.storage.kv.get<Uint8Array>(HISTORY);
    if (bytes === undefined) return [];
    const history = decodeFrequency(bytes);
    return history.ok ? history.value : [];
  }
}
