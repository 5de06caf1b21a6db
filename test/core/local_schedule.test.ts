/** Crons on one machine: rung as often as the wrangler file says, whatever becomes of a ring. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { minutesOf, ringCrons } from "../../local/schedule.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a cron is understood when it is every so many minutes", () => {
  expect(minutesOf("*/5 * * * *")).toBe(5);
  for (const other of ["*/0 * * * *", "5 * * * *", "*/5 1 * * *", ""]) expect(() => minutesOf(other)).toThrow("*/N");
});

test("crons ring until they are ended, also after a ring that failed", async () => {
  const rung: string[] = [];
  const failures: string[] = [];
  const worker = (name: string) => ({
    scheduled: async ({ cron }: { cron: string }) => {
      rung.push(`${name} ${cron}`);
      if (rung.length === 1) throw new Error("asleep");
    },
  });
  const end = ringCrons(
    { callWorker: async (name, cron) => worker(name).scheduled({ cron }) },
    [
      { scriptName: "origin", crons: ["*/5 * * * *"] },
      { scriptName: "edge", crons: [] },
    ],
    (message) => failures.push(message),
  );
  await vi.advanceTimersByTimeAsync(11 * 60_000);
  expect(rung).toEqual(["origin */5 * * * *", "origin */5 * * * *"]);
  expect(failures).toEqual(["cron */5 * * * *: Error: asleep"]);
  end();
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  expect(rung.length).toBe(2);
});
