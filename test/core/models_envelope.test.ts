/**
 * A signed model set: DSSE as the specification spells it, opened only when everything in it is true. Every bit of an
 * envelope is flipped, one after the other, and none of the results may open.
 */
import { describe, expect, it } from "vitest";
import { newPublisherKey, signSet, verifySignature } from "../../cli/models/publisher_key.ts";
import { sha256 } from "../../cli/sha256.ts";
import { canonicalJson, fromBase64, toBase64, toHex, toUtf8 } from "../../src/kernel/bytes.ts";
import { openEnvelope, readEnvelope, signedBytes } from "../../src/models/envelope.ts";
import { readModelKeys, type ModelKey } from "../../src/models/signing_keys.ts";
import { NEXT_PUBLISHER, publicHalf, PUBLISHER, signedBy } from "../model_signing.ts";

const PAYLOAD = toUtf8(canonicalJson({ columns: 2, models: [{ name: "click", golden: { rows: [[0.5, 1]] } }] }));
const ID = toHex(await sha256(PAYLOAD));
const KEYS = [publicHalf(PUBLISHER), publicHalf(NEXT_PUBLISHER)];

const open = (envelope: Uint8Array, keys: readonly ModelKey[] = KEYS, id = ID) =>
  openEnvelope(envelope, id, keys, { sha256, verify: verifySignature });
const spelled = (envelope: object): Uint8Array => toUtf8(canonicalJson(envelope));

describe("a signed model set", () => {
  it("signs what the specification says: type and payload with their lengths", () => {
    const encoded = signedBytes(toUtf8("hello world"), "http://example.com/HelloWorld");
    expect(encoded).toEqual(toUtf8("DSSEv1 29 http://example.com/HelloWorld 11 hello world"));
  });

  it("opens to its payload with either of two keys, and is the same bytes each time it is signed", async () => {
    for (const key of [PUBLISHER, NEXT_PUBLISHER]) {
      const envelope = signSet(PAYLOAD, key);
      expect(await open(envelope)).toEqual({ ok: true, value: PAYLOAD });
      expect(signSet(PAYLOAD, key)).toEqual(envelope);
      expect(await signedBy([key], PAYLOAD)).toEqual(envelope);
    }
    expect(await open(await signedBy([PUBLISHER, NEXT_PUBLISHER], PAYLOAD))).toMatchObject({ ok: true });
  });

  it("does not open with any one of its bits flipped", async () => {
    for (const publishers of [[PUBLISHER], [PUBLISHER, NEXT_PUBLISHER]]) {
      const envelope = await signedBy(publishers, PAYLOAD);
      for (let bit = 0; bit < envelope.length * 8; bit++) {
        const at = bit >> 3;
        const flipped = envelope.with(at, (envelope[at] ?? 0) ^ (1 << (bit & 7)));
        expect([bit, (await open(flipped)).ok]).toEqual([bit, false]);
      }
    }
  });

  it("does not open cut short, lengthened, or spelled in another way", async () => {
    const envelope = signSet(PAYLOAD, PUBLISHER);
    const text = new TextDecoder().decode(envelope);
    const pretty = toUtf8(JSON.stringify(JSON.parse(text), null, 1));
    const escaped = toUtf8(text.replace("payloadType", "p\\u0061yloadType"));
    const unpadded = toUtf8(text.replace(/=+"/, '"'));
    for (const other of [
      envelope.subarray(1),
      envelope.subarray(0, -1),
      toUtf8(`${text} `),
      pretty,
      escaped,
      unpadded,
    ]) {
      expect(await open(other)).toMatchObject({ ok: false });
    }
  });

  it("is refused for the first thing that is wrong", async () => {
    const good = JSON.parse(new TextDecoder().decode(signSet(PAYLOAD, PUBLISHER)));
    const [signature] = good.signatures;
    const stranger = newPublisherKey("stranger");
    const impostor = { ...newPublisherKey(), id: PUBLISHER.id };
    const other = toBase64(toUtf8("another set"));
    const cases: readonly (readonly [string, Uint8Array, string])[] = [
      ["nothing", new Uint8Array(), "envelope_malformed"],
      ["no JSON", toUtf8("{"), "envelope_malformed"],
      ["more than an envelope", spelled({ ...good, more: 1 }), "envelope_malformed"],
      ["a payload that is no base64", spelled({ ...good, payload: "***=" }), "envelope_malformed"],
      ["another type", spelled({ ...good, payloadType: "application/json" }), "envelope_of_another_type"],
      ["no signature", spelled({ ...good, signatures: [] }), "unsigned"],
      ["another payload", spelled({ ...good, payload: other }), "set_altered"],
      ["a stranger's signature", signSet(PAYLOAD, stranger), "key_unknown"],
      ["an impostor's signature", signSet(PAYLOAD, impostor), "signature_false"],
      ["a signature without a name", spelled({ ...good, signatures: [{ ...signature, keyid: "" }] }), "key_unknown"],
      ["a short signature", spelled({ ...good, signatures: [{ ...signature, sig: "AAAA" }] }), "signature_false"],
    ];
    for (const [what, envelope, reason] of cases) {
      expect([what, await open(envelope)]).toEqual([what, { ok: false, reason }]);
    }
    expect(await open(signSet(PAYLOAD, PUBLISHER), [])).toEqual({ ok: false, reason: "key_unknown" });
    expect(await open(signSet(PAYLOAD, PUBLISHER), KEYS, "0".repeat(64))).toEqual({ ok: false, reason: "set_altered" });
  });

  it("is refused when one of two signatures is not genuine, though the other is", async () => {
    const impostor = { ...newPublisherKey(), id: NEXT_PUBLISHER.id };
    expect(await open(await signedBy([PUBLISHER, impostor], PAYLOAD))).toMatchObject({ reason: "signature_false" });
    expect(await open(await signedBy([PUBLISHER, newPublisherKey()], PAYLOAD))).toMatchObject({
      reason: "key_unknown",
    });
  });

  it("names its signers before anybody has verified them", () => {
    const read = readEnvelope(signSet(PAYLOAD, newPublisherKey("stranger")));
    expect(read.ok && read.value.signatures.map(({ keyId }) => keyId)).toEqual(["stranger"]);
  });
});

describe("the variable MODEL_KEYS", () => {
  it("may be empty, and holds up to four keys with different ids", () => {
    expect(readModelKeys("")).toEqual({ ok: true, value: [] });
    expect(readModelKeys(JSON.stringify(KEYS))).toEqual({ ok: true, value: KEYS });
  });

  it.each([
    ["no JSON", "[{"],
    ["a private key", JSON.stringify([PUBLISHER])],
    ["a short key", JSON.stringify([{ id: "a", publicKey: "AAAA" }])],
    ["one id twice", JSON.stringify([KEYS[0], KEYS[0]])],
    ["five keys", JSON.stringify([1, 2, 3, 4, 5].map((n) => ({ ...KEYS[0], id: `k${n}` })))],
  ])("is refused with %s", (_, text) => {
    expect(readModelKeys(text)).toMatchObject({ ok: false });
  });
});

describe("base64", () => {
  it("is Node's, both ways, and refuses every other spelling", () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 151 + length * 37) & 255);
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }
    for (const text of ["A", "AA", "AAA", "AB==", "AA=A", "====", "A===", "AA_=", "AA-=", "AA A", "ÄAAA"]) {
      expect([text, fromBase64(text)]).toEqual([text, null]);
    }
  });
});
