/**
 * Local days: from midnight to midnight as people there count them, also when clocks change or a day is left out.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTimeZone, localDayOf, utcOffsetMinutes } from "../../src/kernel/local_day.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/kernel/time.ts";
import { MONEY_SEED } from "./money_seed.ts";

const ZONES = [
  "Europe/Berlin",
  "America/Sao_Paulo",
  "Asia/Kolkata",
  "Pacific/Apia",
  "America/New_York",
  "UTC",
] as const;
const zone = fc.constantFrom(...ZONES);
const moment = fc.integer({ min: Date.UTC(2013, 0, 1), max: Date.UTC(2036, 0, 1) });

/** The date that a calendar on the wall there shows: the oracle. */
const dateOn = (ms: number, timeZone: string): string =>
  new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(ms);

describe(`a local day (MONEY_SEED=${MONEY_SEED})`, () => {
  it("holds its moment, has 23, 24 or 25 hours, one date, and another date right before and after", () => {
    fc.assert(
      fc.property(moment, zone, (nowMs, timeZone) => {
        const { startMs, endMs } = localDayOf(nowMs, timeZone);
        expect(startMs <= nowMs && nowMs < endMs).toBe(true);
        expect([23, 24, 25]).toContain((endMs - startMs) / HOUR_MS);
        const date = dateOn(nowMs, timeZone);
        expect([dateOn(startMs, timeZone), dateOn(endMs - 1, timeZone)]).toEqual([date, date]);
        expect([dateOn(startMs - 1, timeZone), dateOn(endMs, timeZone)]).not.toContain(date);
      }),
      { seed: MONEY_SEED, numRuns: 300 },
    );
  });

  it("begins where the day before ends, and is the same day at each of its moments", () => {
    fc.assert(
      fc.property(moment, zone, fc.nat({ max: 999 }), (nowMs, timeZone, part) => {
        const day = localDayOf(nowMs, timeZone);
        expect(localDayOf(day.startMs - 1, timeZone).endMs).toBe(day.startMs);
        expect(localDayOf(day.endMs, timeZone).startMs).toBe(day.endMs);
        const other = Math.floor(day.startMs + (part / 1_000) * (day.endMs - day.startMs));
        for (const ms of [day.startMs, other, day.endMs - 1]) expect(localDayOf(ms, timeZone)).toEqual(day);
      }),
      { seed: MONEY_SEED, numRuns: 200 },
    );
  });

  it.each([
    ["Europe/Berlin", "2026-03-29T10:00Z", "2026-03-28T23:00Z", 23],
    ["Europe/Berlin", "2026-03-29T22:30Z", "2026-03-29T22:00Z", 24],
    ["Europe/Berlin", "2026-10-25T00:30Z", "2026-10-24T22:00Z", 25],
    ["Europe/Berlin", "2026-10-25T22:59Z", "2026-10-24T22:00Z", 25],
    ["America/Sao_Paulo", "2026-10-25T02:59Z", "2026-10-24T03:00Z", 24],
    // Clocks went forward at midnight here: the day began at one.
    ["America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T03:00Z", 23],
    ["America/Sao_Paulo", "2018-02-18T02:30Z", "2018-02-17T02:00Z", 25],
    ["Asia/Kolkata", "2026-03-29T18:29Z", "2026-03-28T18:30Z", 24],
    ["Asia/Kolkata", "2026-03-29T18:30Z", "2026-03-29T18:30Z", 24],
    ["Pacific/Apia", "2026-10-25T11:00Z", "2026-10-25T11:00Z", 24],
    // Samoa had no 30 December 2011: the 31st followed the 29th.
    ["Pacific/Apia", "2011-12-30T09:59Z", "2011-12-29T10:00Z", 24],
    ["Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z", 24],
    ["Australia/Lord_Howe", "2026-04-05T03:00Z", "2026-04-04T13:00Z", 24.5],
  ])("in %s around %s begins at %s and lasts %f hours", (timeZone, now, start, hours) => {
    const startMs = Date.parse(start);
    expect(localDayOf(Date.parse(now), timeZone)).toEqual({ startMs, endMs: startMs + hours * HOUR_MS });
  });

  it("begins on a whole minute, whatever the second", () => {
    const { startMs } = localDayOf(Date.UTC(2026, 2, 29, 10, 11, 12, 345), "Asia/Kolkata");
    expect(startMs % MINUTE_MS).toBe(0);
  });

  it("is nowhere to be found in a zone nobody knows", () => {
    expect([isTimeZone("Europe/Berlin"), isTimeZone("Mars/Olympus"), isTimeZone("")]).toEqual([true, false, false]);
    expect(() => localDayOf(0, "Mars/Olympus")).toThrow(RangeError);
  });
});

/** What a clock on the wall there shows, as if it were UTC: the oracle. */
const wallMs = (ms: number, timeZone: string): number => {
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" }).format(ms);
  return Date.parse(`${shown.replace(" ", "T")}Z`);
};

describe("a zone's clock", () => {
  it("is as far from UTC as the clock on the wall", () => {
    fc.assert(
      fc.property(moment, zone, (ms, timeZone) => {
        const nowMs = ms - (ms % 1_000);
        expect(utcOffsetMinutes(nowMs, timeZone)).toBe((wallMs(nowMs, timeZone) - nowMs) / MINUTE_MS);
      }),
      { seed: MONEY_SEED, numRuns: 300 },
    );
  });

  it("moves with summer time, may be off by half an hour, and is unknown where there is no such zone", () => {
    expect(utcOffsetMinutes(Date.UTC(2026, 6, 1), "Europe/Berlin")).toBe(120);
    expect(utcOffsetMinutes(Date.UTC(2026, 0, 1), "Europe/Berlin")).toBe(60);
    expect(utcOffsetMinutes(Date.UTC(2026, 0, 1), "America/St_Johns")).toBe(-210);
    expect(utcOffsetMinutes(0, "Middle/Earth")).toBeNull();
  });
});
