/**
 * The secrets of a Midroll on one machine must survive restarts (tokens signed before must bill after), stay readable by
 * their owner only, and fail loudly when damaged rather than be replaced.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadSecrets, modelKeysVariable } from "../../local/secrets.ts";
import { publisherKeySchema } from "../../src/models/signing_keys.ts";

let stateDir = "";
const secretsPath = (): string => path.join(stateDir, "secrets.json");

beforeEach(() => {
  stateDir = mkdtempSync(path.join(tmpdir(), "midroll-secrets-"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

describe("local secrets", () => {
  test("are made on first use, readable by the owner only", () => {
    const secrets = loadSecrets(stateDir, {});
    expect(Buffer.from(secrets.billingKeys[0]?.key ?? "", "base64url")).toHaveLength(32);
    expect(secrets.adminToken.length).toBeGreaterThanOrEqual(32);
    expect(statSync(secretsPath()).mode & 0o777).toBe(0o600);
  });

  test("hold the key that signs model sets, of which Workers are told the public half alone", () => {
    const secrets = loadSecrets(stateDir, {});
    expect(publisherKeySchema.parse(secrets.modelKey)).toEqual(secrets.modelKey);
    const { id, publicKey } = secrets.modelKey;
    expect(JSON.parse(modelKeysVariable(secrets))).toEqual([{ id, publicKey }]);
  });

  test("of a version that signed no models get a key, and keep all else", () => {
    const { modelKey: _, ...before } = loadSecrets(stateDir, {});
    writeFileSync(secretsPath(), JSON.stringify(before), { mode: 0o644 });
    const after = loadSecrets(stateDir, {});
    expect(after).toMatchObject(before);
    expect(loadSecrets(stateDir, {})).toEqual(after);
    expect(statSync(secretsPath()).mode & 0o777).toBe(0o600);
  });

  test("are the same after a restart, and different in another state directory", () => {
    const first = loadSecrets(stateDir, {});
    expect(loadSecrets(stateDir, {})).toEqual(first);
    const elsewhere = loadSecrets(path.join(stateDir, "other"), {});
    expect(elsewhere.adminToken).not.toBe(first.adminToken);
    expect(elsewhere.billingKeys).not.toEqual(first.billingKeys);
  });

  test("an admin token from the environment counts, but is not written down", () => {
    expect(loadSecrets(stateDir, { MIDROLL_ADMIN_TOKEN: "chosen-by-operator" }).adminToken).toBe("chosen-by-operator");
    expect(readFileSync(secretsPath(), "utf8")).not.toContain("chosen-by-operator");
    expect(loadSecrets(stateDir, {}).adminToken).not.toBe("chosen-by-operator");
  });

  test.each(["", "two words", "naïve"])("an admin token that no header can carry (%j) is refused", (token) => {
    expect(() => loadSecrets(stateDir, { MIDROLL_ADMIN_TOKEN: token })).toThrow("MIDROLL_ADMIN_TOKEN");
  });

  const key = "A".repeat(43);
  test.each([
    ["cut short", '{"adminToken": "x'],
    ["without keys", JSON.stringify({ adminToken: "x", billingKeys: [] })],
    ["with a short key", JSON.stringify({ adminToken: "x", billingKeys: [{ id: "a", key: "AAAA" }] })],
    [
      "with one id twice",
      JSON.stringify({
        adminToken: "x",
        billingKeys: [
          { id: "a", key },
          { id: "a", key },
        ],
      }),
    ],
  ])("a file %s is refused by name and left as it is", (_, contents) => {
    writeFileSync(secretsPath(), contents);
    expect(() => loadSecrets(stateDir, {})).toThrow(secretsPath());
    expect(readFileSync(secretsPath(), "utf8")).toBe(contents);
  });
});
