/**
 * The small things on the wire: problem documents, beacon addresses, the tracking pixel, and the history of what a
 * viewer was shown, which travels as bytes and comes back from strangers.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS, MINUTE_MS } from "../../src/kernel/time.ts";
import {
  BEACON_EVENTS,
  beaconUrl,
  isBeaconEvent,
  trackingLinks,
  withErrorMacro,
} from "../../src/protocols/beacon_event.ts";
import {
  FREQUENCY_AGE_MS_MAX,
  FREQUENCY_BYTES_MAX,
  FREQUENCY_ENTRIES_MAX,
  FREQUENCY_TOKEN_CHARS_MAX,
  decodeFrequency,
  encodeFrequency,
  rememberShown,
} from "../../src/protocols/frequency_token.ts";
import { PROBLEMS, isProblemCode, problemDocument } from "../../src/protocols/problem.ts";
import { trackingPixel, wantsPixel } from "../../src/protocols/tracking_pixel.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/protocols_wire.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

const nowMs = Date.UTC(2026, 10, 1, 20, 15, 30);

describe("a problem", () => {
  it("has a stable code, its status and a title that does not change", () => {
    expect(problemDocument("bad_duration", "Too long.")).toEqual({
      type: "urn:midroll:problem:bad_duration",
      title: "The break duration is out of range",
      status: 400,
      code: "bad_duration",
      detail: "Too long.",
    });
  });

  it.each(Object.entries(PROBLEMS))("%s is snake_case with an error status and a title of its own", (code, entry) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(Object.values(PROBLEMS).filter(({ title }) => title === entry.title)).toHaveLength(1);
  });

  it("is not a word that objects happen to have", () => {
    expect(isProblemCode("bad_id")).toBe(true);
    expect(isProblemCode("toString")).toBe(false);
  });
});

describe("a beacon", () => {
  it("names its event in the path and its slot in the token", () => {
    const expected = "https://e.example/v1/beacon/midpoint?t=a.b%2Bc";
    expect(beaconUrl("https://e.example", "midpoint", "a.b+c")).toBe(expected);
    expect(beaconUrl("https://e.example/", "midpoint", "a.b+c")).toBe(expected);
  });

  it("is tracked for every event but the click, in the order of play", () => {
    const tracked = trackingLinks("https://e.example", "t").map(({ event }) => event);
    expect(tracked).toEqual(BEACON_EVENTS.filter((event) => event !== "click"));
  });

  it("knows its events and nothing else", () => {
    expect(BEACON_EVENTS.every(isBeaconEvent)).toBe(true);
    expect(["Impression", "pause", "", "constructor"].some(isBeaconEvent)).toBe(false);
  });

  it("of an error leaves room for the player's code", () => {
    expect(withErrorMacro("https://e.example/x")).toBe("https://e.example/x?code=[ERRORCODE]");
    expect(withErrorMacro("https://e.example/x?t=1")).toBe("https://e.example/x?t=1&code=[ERRORCODE]");
  });
});

describe("the tracking pixel", () => {
  it("is a transparent GIF of one pixel in 43 bytes, fresh each time", () => {
    const pixel = trackingPixel();
    expect(pixel).toHaveLength(43);
    expect(String.fromCharCode(...pixel.subarray(0, 6))).toBe("GIF89a");
    expect([...pixel.subarray(6, 10)]).toEqual([1, 0, 1, 0]);
    expect(pixel.at(-1)).toBe(0x3b);
    pixel.fill(0);
    expect(trackingPixel()[0]).toBe(0x47);
  });

  it.each([
    [true, "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"],
    [true, "image/webp,image/avif,video/*;q=0.8,image/png,image/*;q=0.8,*/*;q=0.5"],
    [false, "*/*"],
    [false, "text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8"],
    [false, null],
  ])("is wanted (%s) by Accept: %s", (wanted, accept) => {
    expect(wantsPixel(accept)).toBe(wanted);
  });
});

const lineItemId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
const entry = fc.record({
  lineItemId: fc.oneof(lineItemId, fc.constantFrom("li-1", "li-2", "li-3")),
  shownMs: fc.integer({ min: nowMs - 40 * DAY_MS, max: nowMs + DAY_MS }),
});

describe("what a viewer was shown", () => {
  it("is remembered newest first, in whole minutes", () => {
    const first = rememberShown([], ["li-b", "li-a"], nowMs - 5 * MINUTE_MS);
    const later = rememberShown(first, ["li-a"], nowMs);
    const minute = nowMs - 30_000;
    expect(later).toEqual([
      { lineItemId: "li-a", shownMs: minute },
      { lineItemId: "li-a", shownMs: minute - 5 * MINUTE_MS },
      { lineItemId: "li-b", shownMs: minute - 5 * MINUTE_MS },
    ]);
  });

  it("is forgotten with age, and the oldest goes first when there is too much", () => {
    const old = [{ lineItemId: "li-old", shownMs: nowMs - FREQUENCY_AGE_MS_MAX - MINUTE_MS }];
    expect(rememberShown(old, [], nowMs)).toEqual([]);
    const full = Array.from({ length: 80 }, (_, i) => ({ lineItemId: `li-${i}`, shownMs: nowMs - i * MINUTE_MS }));
    const kept = rememberShown(full, [], nowMs);
    expect(kept).toHaveLength(FREQUENCY_ENTRIES_MAX);
    expect(kept.at(-1)?.lineItemId).toBe("li-63");
  });

  it("survives the trip through bytes, in any order it is written", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 90 }), (entries) => {
        const history = rememberShown(entries, [], nowMs);
        const bytes = encodeFrequency(history);
        expect(bytes.length).toBeLessThanOrEqual(FREQUENCY_BYTES_MAX);
        expect(encodeFrequency(history.toReversed())).toEqual(bytes);
        const back = decodeFrequency(bytes);
        if (!back.ok) throw new Error(back.reason);
        // Very long ids may push the oldest out; what is left is the newest part, unchanged.
        expect(back.value).toEqual(history.slice(0, back.value.length));
        const mayBeCut = history.some(({ lineItemId: id }) => id.length > 16);
        expect(mayBeCut || back.value.length === history.length).toBe(true);
      }),
      { seed, numRuns: 500 },
    );
  });

  it("stays within its bytes when every id is as long as may be", () => {
    const longest = Array.from({ length: 64 }, (_, i) => `${String(i).padStart(2, "0")}${"x".repeat(62)}`);
    const bytes = encodeFrequency(rememberShown([], longest, nowMs));
    expect(bytes.length).toBeLessThanOrEqual(FREQUENCY_BYTES_MAX);
    const back = decodeFrequency(bytes);
    expect(back.ok && back.value.length).toBeGreaterThan(20);
    const signedChars = Math.ceil((FREQUENCY_BYTES_MAX * 4) / 3) + 1 + 43;
    expect(signedChars).toBeLessThanOrEqual(FREQUENCY_TOKEN_CHARS_MAX);
  });

  it("is small: sixteen impressions of everyday ids take less than 250 bytes", () => {
    const ids = Array.from({ length: 16 }, (_, i) => `acme-brand-${i % 8}`);
    expect(encodeFrequency(rememberShown([], ids, nowMs)).length).toBeLessThan(250);
  });

  it.each([
    ["version", []],
    ["version", [2, 0, 0]],
    ["truncated", [1]],
    ["truncated", [1, 5, 1]],
    ["truncated", [1, 5, 1, 2, 97]],
    ["truncated", [1, 5, 1, 1, 97, 1]],
    ["truncated", [1, 0x85, 0x00, 0]],
    ["truncated", [1, 255, 255, 255, 255, 255, 1, 0]],
    ["bad_id", [1, 5, 1, 1, 0x20, 1, 0]],
    ["too_many", [1, 5, 65]],
    ["too_many", [1, 5, 1, 1, 97, 65]],
    ["unordered", [1, 5, 1, 1, 97, 0]],
    ["unordered", [1, 5, 1, 1, 97, 1, 6]],
    ["unordered", [1, 5, 2, 1, 98, 1, 0, 1, 97, 1, 0]],
    ["unordered", [1, 5, 2, 1, 97, 1, 0, 1, 97, 1, 0]],
    ["trailing", [1, 5, 0, 0]],
  ])("is refused as %s when the bytes are %j", (reason, bytes) => {
    expect(decodeFrequency(Uint8Array.from(bytes))).toEqual({ ok: false, reason });
  });

  it("never makes the reader throw, whatever the bytes", () => {
    const mangled = fc
      .tuple(fc.array(entry, { maxLength: 20 }), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat({ max: 5 }))
      .map(([entries, at, value, cut]) => {
        const bytes = encodeFrequency(rememberShown(entries, [], nowMs));
        bytes[at % bytes.length] = value;
        return bytes.subarray(0, bytes.length - cut);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mangled), (bytes) => {
        const result = decodeFrequency(bytes);
        expect(!result.ok || result.value.length <= FREQUENCY_ENTRIES_MAX).toBe(true);
      }),
      { seed, numRuns: 3000 },
    );
  });
});
