/** LZ4 blocks: what went in comes out, and what is no block is refused whatever it holds. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toUtf8 } from "../../src/kernel/bytes.ts";
import { compressBlock, decompressBlock } from "../../src/kernel/lz4.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`random tests: seed ${seed}; repeat with: MIDROLL_SEED=${seed} npx vitest run --project core kernel_lz4`);

/** Bytes of few kinds repeat themselves, as texts do; of many kinds they do not. */
const bytes = fc.oneof(
  fc.uint8Array({ max: 3, maxLength: 3_000 }),
  fc.uint8Array({ maxLength: 600 }),
  fc
    .array(fc.constantFrom('{"countries":', '["DE"]', "}", ",", "seg-01"), { maxLength: 400 })
    .map((words) => toUtf8(words.join(""))),
);

describe("An LZ4 block", () => {
  it("gives back what went into it, and is the same every time", () => {
    fc.assert(
      fc.property(bytes, (raw) => {
        const block = compressBlock(raw);
        expect(decompressBlock(block, raw.length)).toEqual(raw);
        expect(compressBlock(raw.slice())).toEqual(block);
      }),
      { seed, numRuns: 500 },
    );
  });

  it("reads the example whose bytes are worked out by hand: three letters, nine times, five at the end", () => {
    // Token 0x38: 3 literals, a match of 8 + 4 at offset 3; then 0x50: 5 literals that end the block.
    const block = Uint8Array.of(0x38, 0x61, 0x62, 0x63, 3, 0, 0x50, 0x76, 0x77, 0x78, 0x79, 0x7a);
    expect(decompressBlock(block, 20)).toEqual(toUtf8("abcabcabcabcabcvwxyz"));
  });

  it("makes text that repeats itself small", () => {
    const raw = toUtf8('{"include":["AT","DE"]}'.repeat(1_000));
    expect(compressBlock(raw).length).toBeLessThan(raw.length / 50);
  });

  it("is refused when it is cut off, longer, or of another length than was said", () => {
    const raw = toUtf8("abcabcabcabcabcabcabc, and abc again: abcabc");
    const block = compressBlock(raw);
    for (let length = 0; length < block.length; length++) {
      expect(decompressBlock(block.subarray(0, length), raw.length)).toBeNull();
    }
    expect(decompressBlock(Uint8Array.of(...block, 0), raw.length)).toBeNull();
    expect(decompressBlock(block, raw.length - 1)).toBeNull();
    expect(decompressBlock(block, raw.length + 1)).toBeNull();
  });

  it("never throws, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(400), (block, length) => {
        const raw = decompressBlock(block, length);
        expect(raw === null || raw.length === length).toBe(true);
      }),
      { seed, numRuns: 20_000 },
    );
  });
});
