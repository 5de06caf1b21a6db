/**
 * The claim of a publisher, in the real runtime: who has lost it, by another or by time, changes nothing any more and
 * is told to come again.
 */
import { reset } from "cloudflare:test";
import { afterEach, describe, expect, test } from "vitest";
import { originApp } from "../../workers/origin/app.ts";
import type { LedgerStub, OriginEnv } from "../../workers/origin/env.ts";
import { CLAIM_TTL_MS } from "../../workers/origin/catalog/registry.ts";
import {
  asAdmin,
  catalogOf,
  desk,
  ledgerWith,
  originEnv,
  refusal,
  refusedAs,
  sendJson,
  TOKEN,
} from "./origin_fixture.ts";

afterEach(async () => {
  await reset();
});

const registry = () => originEnv.REGISTRY.getByName("catalog");
const DIGEST = "d".repeat(64);

/** Publishes while every ledger is asked through `ledger`. */
const publishWith = (catalog: unknown, ledger: (stub: LedgerStub) => Partial<LedgerStub>) => {
  const LEDGER: OriginEnv["LEDGER"] = { getByName: (name) => ledgerWith(ledger(originEnv.LEDGER.getByName(name))) };
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const init = { method: "PUT", headers, body: JSON.stringify(catalog) };
  return originApp().request("http://origin.test/v1/admin/catalog", init, { ...originEnv, LEDGER });
};

/** Another publisher takes the claim over, as if this one had let it lapse. */
const takeOver = async () => {
  expect(await registry().claim("another", Date.now() + CLAIM_TTL_MS + 1)).toBe(true);
};

describe("a claim", () => {
  test.each([
    ["in time", CLAIM_TTL_MS - 1, true],
    ["lapsed", CLAIM_TTL_MS, false],
  ])("that is %s lets its holder publish and archive, or not", async (_what, nowMs, holds) => {
    await registry().remember(["spring"]);
    await registry().claim("one", 0);
    expect((await registry().publish(DIGEST, "", nowMs, "one")) !== null).toBe(holds);
    expect(await registry().markArchived(["spring"], "one", nowMs)).toBe(holds);
    expect((await registry().current()).digest).toBe(holds ? DIGEST : null);
    expect(await registry().absent([])).toEqual(holds ? [] : ["spring"]);
  });

  test("of another holder, or given back, lets nobody else publish", async () => {
    await registry().claim("one", 0);
    expect(await registry().publish(DIGEST, "", 1, "another")).toBeNull();
    await registry().release("one");
    expect(await registry().publish(DIGEST, "", 1, "one")).toBeNull();
    expect((await registry().current()).digest).toBeNull();
  });

  test("lasts as long as it is renewed, and cannot be renewed once it has lapsed", async () => {
    await registry().claim("one", 0);
    expect(await registry().unsettle([], "one", CLAIM_TTL_MS - 1)).toBe(true);
    expect(await registry().claim("another", CLAIM_TTL_MS)).toBe(false);
    expect(await registry().unsettle([], "another", CLAIM_TTL_MS)).toBe(false);
    expect(await registry().unsettle([], "one", 2 * CLAIM_TTL_MS)).toBe(false);
  });
});

describe("a publisher that loses its claim", () => {
  test("while it asks the ledgers moves no pointer", async () => {
    const answer = await publishWith(catalogOf(["spring"]), (stub) => ({
      configure: async (terms) => {
        await takeOver();
        return stub.configure(terms);
      },
      status: () => stub.status(),
    }));
    expect(await refusal(answer)).toMatchObject(refusedAs(409, "publish_in_progress"));
    expect((await desk.manifest()).catalogDigest).toBeNull();
  });

  test("stops asking ledgers at the next renewal", async () => {
    const ids = Array.from({ length: 150 }, (_, i) => `c${i}`);
    let asked = 0;
    const answer = await publishWith(catalogOf(ids), () => ({
      configure: async () => {
        if (asked++ === 0) await takeOver();
      },
      status: () => Promise.resolve(null),
    }));
    expect(await refusal(answer)).toMatchObject(refusedAs(409, "publish_in_progress"));
    expect(asked).toBe(100);
  });

  test("while it archives marks nothing archived, so that the next publisher looks again", async () => {
    expect((await sendJson("PUT", "/v1/admin/catalog", catalogOf(["spring", "autumn"]))).status).toBe(200);
    const answer = await publishWith(catalogOf(["spring"]), (stub) => ({
      configure: (terms) => stub.configure(terms),
      status: async () => {
        await takeOver();
        return stub.status();
      },
    }));
    expect(await refusal(answer)).toMatchObject(refusedAs(409, "publish_in_progress"));
    expect(await registry().absent(["spring"])).toEqual(["autumn"]);
    await registry().release("another");
    expect((await sendJson("PUT", "/v1/admin/catalog", catalogOf(["spring"]))).status).toBe(200);
    expect(await registry().absent(["spring"])).toEqual([]);
    expect((await asAdmin("/v1/admin/campaigns/autumn")).status).toBe(200);
  });
});
