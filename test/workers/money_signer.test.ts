/**
 * What the edge signs, and which wallet an isolate talks to.
 */
import { describe, expect, it } from "vitest";
import { toUtf8 } from "../../src/kernel/bytes.ts";
import { COLO_SHARDS } from "../../src/money/limits.ts";
import { regionOf, walletName } from "../../workers/edge/money/region.ts";
import { TokenSigner } from "../../workers/edge/money/tokens.ts";

const OLD = { id: "old", key: "b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZDE" };
const NEW = { id: "new", key: "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldzE" };
const signerOf = (...keys: readonly { id: string; key: string }[]) => new TokenSigner(JSON.stringify(keys));

describe("token signer", () => {
  const payload = toUtf8("the claim");

  it("verifies what it signed, for the purpose it was signed for", async () => {
    const signer = signerOf(NEW);
    const token = await signer.sign("billing", payload);
    expect(await signer.verify("billing", token)).toEqual(payload);
    expect(await signer.verify("frequency", token)).toBe(null);
  });

  it("takes tokens of the old key while it is being rotated out, and none after", async () => {
    const token = await signerOf(OLD).sign("billing", payload);
    expect(await signerOf(NEW, OLD).verify("billing", token)).toEqual(payload);
    expect(await signerOf(NEW).verify("billing", token)).toBe(null);
    expect(await signerOf(NEW, OLD).sign("billing", payload)).toContain(".new.");
  });

  it("refuses every changed letter, every truncation and every foreign shape", async () => {
    const signer = signerOf(NEW, OLD);
    const token = await signer.sign("billing", payload);
    const forged: string[] = ["", ".", "..", "...", `${token}.`, `${token}A`, `A${token}`, "x".repeat(2_000)];
    for (let i = 0; i < token.length; i++) {
      forged.push(token.slice(0, i), `${token.slice(0, i)}${token[i] === "A" ? "B" : "A"}${token.slice(i + 1)}`);
    }
    forged.push(token.replace(".new.", ".old."), token.replace(".new.", ".unknown."));
    const verdicts = await Promise.all(forged.map((text) => signer.verify("billing", text)));
    expect(verdicts.filter((verdict) => verdict !== null)).toEqual([]);
  });

  it("does not come up on keys that are none, and does not quote them", () => {
    const bad = ["", "{}", "[]", JSON.stringify([{ id: "a", key: "c2hvcnQ" }]), JSON.stringify([NEW, NEW])];
    for (const text of bad) expect(() => new TokenSigner(text)).toThrow("BILLING_KEYS");
    expect(() => new TokenSigner(JSON.stringify([{ id: "a", key: "c2hvcnQ" }]))).not.toThrow("c2hvcnQ");
  });
});

describe("region", () => {
  it("comes from continent and colo, and is local without them", () => {
    expect(regionOf({ continent: "EU", colo: "FRA" })).toBe("eu");
    expect(regionOf({ continent: "NA", colo: "SJC" })).toBe("na-west");
    expect([undefined, null, {}, { continent: "T1" }].map(regionOf)).toEqual(["local", "local", "local", "local"]);
  });

  it("spreads isolates over the shards there are", () => {
    expect([...shardsOf("FRA", "4")].sort()).toEqual(["wallet:eu:0", "wallet:eu:1", "wallet:eu:2", "wallet:eu:3"]);
    expect([...shardsOf("FRA", "nonsense")]).toEqual(["wallet:eu:0"]);
  });

  it("lets one data centre use a few of many shards, and different ones different shards", () => {
    expect(shardsOf("FRA", "100").size).toBe(COLO_SHARDS);
    const several = ["FRA", "LHR", "AMS", "CDG", "MAD"].flatMap((colo) => [...shardsOf(colo, "100")]);
    expect(new Set(several).size).toBeGreaterThan(COLO_SHARDS);
  });
});

/** The wallets that 200 isolates of a data centre use. */
function shardsOf(colo: string, shards: string): Set<string> {
  const isolates = Array.from({ length: 200 }, (_, i) => `isolate${i}`);
  return new Set(isolates.map((isolateId) => walletName({ region: "eu", colo, isolateId }, shards)));
}
