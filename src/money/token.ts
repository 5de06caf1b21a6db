/**
 * The billing claim as bytes: short, because it rides in every tracking URL of a slot; canonical, so that one claim has
 * one spelling; bounded, because a stranger may send anything. The door signs them. Layout, version 2:
 * version byte, decision, slot, campaign, line item, creative, price, purse, commit number, region (empty for house
 * ads), shard, expiry. Numbers are LEB128 varints without padding. An id is a varint (letters × 2 + packed) and its
 * letters, six bits a letter when all are of the base64url alphabet ("packed"), else one byte each.
 */
import { assert } from "../kernel/assert.ts";
import { fromBase64Url, toBase64Url } from "../kernel/bytes.ts";
import { micros } from "../kernel/money.ts";
import { ok, refused, type Result } from "../kernel/result.ts";
import { COMMITS_MAX, isId, isWhole, nameWallet, parseWalletName } from "./limits.ts";
import type { BillingClaim } from "./protocol.ts";

const VERSION = 2;
const BYTES_MAX = 512;
const PACKABLE = /^[A-Za-z0-9_-]*$/;

/** The claim's bytes. Throws when the claim is not of Midroll's own making. */
export function encodeClaim(claim: BillingClaim): Uint8Array {
  const wallet = claim.wallet === "" ? { region: "", shard: 0 } : parseWalletName(claim.wallet);
  assert(wallet !== null, "claim: the wallet is empty or named wallet:<region>:<shard>");
  const out: number[] = [VERSION];
  const ids = [claim.decisionId, claim.campaignId, claim.lineItemId, claim.creativeId];
  assert(ids.every(isId), "claim: ids are 1 to 64 printable ASCII letters");
  assert(isId(claim.purseId) || claim.wallet === "", "claim: only a house ad has no purse");
  writeId(out, claim.decisionId);
  writeWhole(out, claim.slot);
  writeId(out, claim.campaignId);
  writeId(out, claim.lineItemId);
  writeId(out, claim.creativeId);
  writeWhole(out, claim.priceMicros);
  writeId(out, claim.purseId);
  writeWhole(out, claim.seq);
  writeId(out, wallet.region);
  writeWhole(out, wallet.shard);
  writeWhole(out, claim.expiresMs);
  return Uint8Array.from(out);
}

/** The claim in canonical bytes. Refuses overlong, truncated, padded or trailing bytes, and other versions. */
export function decodeClaim(bytes: Uint8Array): Result<BillingClaim, "claim_malformed"> {
  const malformed = refused("claim_malformed" as const);
  if (bytes.length > BYTES_MAX || bytes[0] !== VERSION) return malformed;
  const reader: Reader = { bytes, at: 1, broken: false };
  const decisionId = readId(reader);
  const slot = readWhole(reader);
  const campaignId = readId(reader);
  const lineItemId = readId(reader);
  const creativeId = readId(reader);
  const price = readWhole(reader);
  const purseId = readId(reader);
  const seq = readWhole(reader);
  const region = readId(reader);
  const shard = readWhole(reader);
  const expiresMs = readWhole(reader);
  if (reader.broken || reader.at !== bytes.length) return malformed;
  const wallet = region === "" ? "" : nameWallet(region, shard);
  if (wallet === "" ? shard !== 0 : parseWalletName(wallet) === null) return malformed;
  if (wallet === "" ? seq !== 0 : seq >= COMMITS_MAX) return malformed;
  const houseIds = wallet === "" && purseId === "";
  if (![decisionId, campaignId, lineItemId, creativeId].every(isId) || !(houseIds || isId(purseId))) return malformed;
  const ids = { decisionId, slot, campaignId, lineItemId, creativeId };
  return ok({ ...ids, priceMicros: micros(price), purseId, seq, wallet, expiresMs });
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
  broken: boolean;
}

function writeWhole(out: number[], value: number): void {
  assert(isWhole(value), "claim: numbers are whole and not negative");
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}

function readWhole(reader: Reader): number {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < 8; i++) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) break;
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    const padded = byte === 0 && i > 0;
    if (padded || !Number.isSafeInteger(value)) break;
    return value;
  }
  reader.broken = true;
  return 0;
}

function writeId(out: number[], id: string): void {
  assert(id === "" || isId(id), "claim: an id is empty or 1 to 64 printable ASCII letters");
  const packed = PACKABLE.test(id);
  writeWhole(out, id.length * 2 + (packed ? 1 : 0));
  if (packed) out.push(...pack(id));
  else for (let i = 0; i < id.length; i++) out.push(id.charCodeAt(i));
}

function readId(reader: Reader): string {
  const head = readWhole(reader);
  const letters = Math.floor(head / 2);
  const packed = head % 2 === 1;
  const length = packed ? Math.ceil((letters * 6) / 8) : letters;
  const bytes = reader.bytes.subarray(reader.at, reader.at + length);
  reader.at += length;
  if (reader.broken || letters > 64 || bytes.length !== length) return brokenId(reader);
  if (!packed) {
    const id = String.fromCharCode(...bytes);
    return PACKABLE.test(id) ? brokenId(reader) : id;
  }
  const padded = new Uint8Array(Math.ceil(length / 3) * 3);
  padded.set(bytes);
  const spelled = toBase64Url(padded);
  const strayBits = /[^A]/.test(spelled.slice(letters));
  return strayBits ? brokenId(reader) : spelled.slice(0, letters);
}

function brokenId(reader: Reader): string {
  reader.broken = true;
  return "";
}

/** Six bits a letter, the last byte filled up with zero bits. */
function pack(id: string): Uint8Array {
  const whole = fromBase64Url(id.padEnd(Math.ceil(id.length / 4) * 4, "A"));
  assert(whole !== null, "claim: packable letters are base64url letters");
  return whole.subarray(0, Math.ceil((id.length * 6) / 8));
}
