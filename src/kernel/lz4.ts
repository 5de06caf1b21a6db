/**
 * LZ4 blocks, written and read in plain TypeScript. Whoever names things by the digest of their bytes needs a
 * compressor that gives the same bytes on every machine; a platform's gzip promises only that it can be read again.
 * Source: LZ4 Block Format Description (lz4_Block_format.md of the LZ4 project).
 */

/** A match is at least this long, and the last bytes of a block are always literals. */
const MATCH_MIN = 4;
const LAST_LITERALS = 5;
/** No match begins in the last bytes of a block. */
const MATCH_START_LIMIT = 12;
const OFFSET_MAX = 65_535;
const HASH_BITS = 14;
/** Earlier places that are tried for the longest match. */
const TRIES_MAX = 16;

/** One block of these bytes. Deterministic. Cost: linear, about 30 ns a byte. */
export function compressBlock(raw: Uint8Array): Uint8Array {
  const out = new Uint8Array(raw.length + Math.ceil(raw.length / 255) + 16);
  const newest = new Int32Array(1 << HASH_BITS).fill(-1);
  const older = new Int32Array(raw.length).fill(-1);
  const note = (at: number): void => {
    const slot = hashAt(raw, at);
    older[at] = newest[slot] ?? -1;
    newest[slot] = at;
  };
  let size = 0;
  let literalsFrom = 0;
  let at = 0;
  while (at < raw.length - MATCH_START_LIMIT) {
    const found = longestMatch(raw, at, newest[hashAt(raw, at)] ?? -1, older);
    note(at);
    if (found.length < MATCH_MIN) {
      at++;
      continue;
    }
    size = putSequence(out, size, raw.subarray(literalsFrom, at), at - found.from, found.length);
    for (let inside = at + 1; inside < at + found.length; inside++) note(inside);
    at += found.length;
    literalsFrom = at;
  }
  size = putLiterals(out, size, raw.subarray(literalsFrom), 0);
  return out.slice(0, size);
}

/**
 * The bytes of a block, or null when it is no block of exactly `rawLength` bytes. Never reads or writes outside of
 * either. Cost: linear in `rawLength`; whoever calls has bounded that.
 */
export function decompressBlock(block: Uint8Array, rawLength: number): Uint8Array | null {
  const out = new Uint8Array(rawLength);
  let at = 0;
  let size = 0;
  /** A length whose first four bits were full goes on in bytes until one is not. */
  const lengthFrom = (bits: number): number => {
    let length = bits;
    if (bits < 15) return length;
    for (;;) {
      const more = block[at++];
      if (more === undefined) return Number.POSITIVE_INFINITY;
      length += more;
      if (more < 255) return length;
    }
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = lengthFrom(token >> 4);
    if (literals > block.length - at || literals > rawLength - size) return null;
    out.set(block.subarray(at, at + literals), size);
    at += literals;
    size += literals;
    if (at === block.length) return size === rawLength ? out : null;
    const offset = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    at += 2;
    if (at > block.length || offset === 0 || offset > size) return null;
    const length = lengthFrom(token & 15) + MATCH_MIN;
    if (length > rawLength - size) return null;
    if (offset >= length) out.copyWithin(size, size - offset, size - offset + length);
    // A match that reaches into itself repeats what it writes.
    else for (let i = 0; i < length; i++) out[size + i] = out[size + i - offset] ?? 0;
    size += length;
  }
  return null;
}

function hashAt(raw: Uint8Array, at: number): number {
  const four = (raw[at] ?? 0) | ((raw[at + 1] ?? 0) << 8) | ((raw[at + 2] ?? 0) << 16) | ((raw[at + 3] ?? 0) << 24);
  return Math.imul(four, 0x9e3779b1) >>> (32 - HASH_BITS);
}

/** The longest earlier match of what stands at `at`; of equally long ones the nearest. Length 0: none. */
function longestMatch(
  raw: Uint8Array,
  at: number,
  newest: number,
  older: Int32Array,
): { readonly from: number; readonly length: number } {
  const lengthMax = raw.length - LAST_LITERALS - at;
  let best = { from: -1, length: 0 };
  let from = newest;
  for (let tries = 0; tries < TRIES_MAX && from >= 0 && at - from <= OFFSET_MAX; tries++) {
    let length = 0;
    while (length < lengthMax && raw[from + length] === raw[at + length]) length++;
    if (length > best.length) best = { from, length };
    from = older[from] ?? -1;
  }
  return best;
}

function putSequence(out: Uint8Array, at: number, literals: Uint8Array, offset: number, length: number): number {
  let size = putLiterals(out, at, literals, Math.min(15, length - MATCH_MIN));
  out[size++] = offset & 255;
  out[size++] = offset >> 8;
  return length - MATCH_MIN < 15 ? size : putLength(out, size, length - MATCH_MIN - 15);
}

function putLiterals(out: Uint8Array, at: number, literals: Uint8Array, matchBits: number): number {
  let size = at;
  out[size++] = (Math.min(15, literals.length) << 4) | matchBits;
  if (literals.length >= 15) size = putLength(out, size, literals.length - 15);
  out.set(literals, size);
  return size + literals.length;
}

function putLength(out: Uint8Array, at: number, rest: number): number {
  let size = at;
  let left = rest;
  for (; left >= 255; left -= 255) out[size++] = 255;
  out[size++] = left;
  return size;
}
