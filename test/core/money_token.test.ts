/**
 * The claim in a billing token: one spelling, short, and nothing else is taken for one.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import { COMMITS_MAX } from "../../src/money/limits.ts";
import { decodeClaim, encodeClaim } from "../../src/money/token.ts";
import { must } from "../money_fixture.ts";
import { MONEY_SEED as SEED } from "./money_seed.ts";

const letters = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 64 });
const plain = letters("ABCXYZabcxyz0189-_");
const id = fc.oneof({ weight: 4, arbitrary: plain }, letters("aZ0:/.~!"));
const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const wallet = fc.oneof(
  fc.constant(""),
  fc
    .tuple(fc.constantFrom("eu", "na-east", "local"), fc.nat({ max: 99_999 }))
    .map(([region, n]) => `wallet:${region}:${n}`),
);
const seq = fc.nat({ max: COMMITS_MAX - 1 });
/** Any claim of ours; a house ad has no wallet, and so no number in a purse. */
const claims: fc.Arbitrary<BillingClaim> = fc
  .record({
    decisionId: id,
    slot: fc.nat({ max: 16 }),
    campaignId: id,
    lineItemId: id,
    creativeId: id,
    priceMicros: whole.map(micros),
    purseId: id,
    seq,
    wallet,
    expiresMs: whole,
  })
  .map((claim) => (claim.wallet === "" ? { ...claim, seq: 0 } : claim));

const typical: BillingClaim = {
  decisionId: "0b0f8a3c-6a6e-4a33-9a53-2f4f0e6b1f10",
  slot: 2,
  campaignId: "northwind-spring",
  lineItemId: "northwind-spring-ctv",
  creativeId: "northwind-15s",
  priceMicros: micros(23_450),
  purseId: "6f1de2c54b7a4c0e8d2a91",
  seq: 1_234,
  wallet: "wallet:na-east:3",
  expiresMs: 1_793_500_000_000,
};

describe(`billing claim (MONEY_SEED=${SEED})`, () => {
  it("comes back as it went", () => {
    fc.assert(
      fc.property(claims, (claim) => {
        expect(decodeClaim(encodeClaim(claim))).toEqual({ ok: true, value: claim });
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it("has one spelling: what decodes, encodes to the same bytes", () => {
    fc.assert(
      fc.property(claims, fc.nat(), fc.nat({ max: 255 }), (claim, place, value) => {
        const bytes = encodeClaim(claim);
        bytes[place % bytes.length] = value;
        const decoded = decodeClaim(bytes);
        expect(decoded.ok ? encodeClaim(decoded.value) : bytes).toEqual(bytes);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  it("refuses every truncation, anything behind its end, and other versions", () => {
    const bytes = encodeClaim(typical);
    for (let length = 0; length < bytes.length; length++) expect(decodeClaim(bytes.subarray(0, length)).ok).toBe(false);
    expect(decodeClaim(Uint8Array.from([...bytes, 0])).ok).toBe(false);
    expect(decodeClaim(Uint8Array.from([1, ...bytes.subarray(1)])).ok).toBe(false);
    expect(decodeClaim(new Uint8Array(513).fill(2)).ok).toBe(false);
  });

  it("carries the number of its commit, and none that no purse could have given", () => {
    for (const given of [0, 1, 127, 128, COMMITS_MAX - 1]) {
      expect(must(decodeClaim(encodeClaim({ ...typical, seq: given }))).seq).toBe(given);
    }
    expect(decodeClaim(encodeClaim({ ...typical, seq: COMMITS_MAX })).ok).toBe(false);
    expect(decodeClaim(encodeClaim({ ...typical, wallet: "", seq: 1 })).ok).toBe(false);
    expect(() => encodeClaim({ ...typical, seq: -1 })).toThrow("claim");
  });

  it("takes arbitrary bytes without throwing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeClaim(Uint8Array.from([2, ...bytes]))).not.toThrow();
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  it("stays short enough for a tracking URL", () => {
    expect(encodeClaim(typical).length).toBeLessThanOrEqual(110);
  });

  it("is never made from ids that are not of our making", () => {
    for (const bad of ["", "a b", "ü", "x".repeat(65)]) {
      expect(() => encodeClaim({ ...typical, campaignId: bad })).toThrow("claim");
    }
    expect(() => encodeClaim({ ...typical, wallet: "wallet:eu" })).toThrow("claim");
    expect(() => encodeClaim({ ...typical, priceMicros: micros(-1) })).toThrow("claim");
  });
});
