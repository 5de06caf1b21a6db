/**
 * Rings the crons of the wrangler files on one machine: workerd by itself runs none. Only "every N minutes" is
 * understood, which is all that Midroll uses.
 */
import { MINUTE_MS } from "../src/kernel/time.ts";
import type { WorkerConfig } from "./wrangler_config.ts";

/** What rings: calls the scheduled handler of one Worker. */
export interface Bell {
  callWorker(scriptName: string, cron: string): Promise<unknown>;
}

/** Minutes between two rings of a cron. Throws in plain words on any other kind. */
export function minutesOf(cron: string): number {
  const minutes = Number(/^\*\/(\d+) \* \* \* \*$/.exec(cron)?.[1]);
  if (Number.isInteger(minutes) && minutes > 0 && minutes < 60) return minutes;
  throw new Error(`Cron "${cron}": expected "*/N * * * *"; local/schedule.ts understands no other.`);
}

/** Starts all crons; the answer ends them. A ring that fails is told and the next one comes all the same. */
export function ringCrons(
  bell: Bell,
  workers: readonly Pick<WorkerConfig, "scriptName" | "crons">[],
  onFailure: (message: string) => void,
): () => void {
  const timers = workers.flatMap(({ scriptName, crons }) =>
    crons.map((cron) => {
      const ring = (): void => {
        bell.callWorker(scriptName, cron).catch((error: unknown) => onFailure(`cron ${cron}: ${String(error)}`));
      };
      return setInterval(ring, minutesOf(cron) * MINUTE_MS).unref();
    }),
  );
  return () => timers.forEach((timer) => clearInterval(timer));
}
