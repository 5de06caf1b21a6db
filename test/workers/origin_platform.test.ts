/**
 * What both Workers stand on: waiting with a bound, what a path answers to, the log; and a wallet whose ledger fails.
 */
import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sweepLedgers } from "../../workers/origin/money/campaign_board.ts";
import { RegionWallet, type RegionWalletEnv } from "../../workers/origin/money/region_wallet.ts";
import { logFailure } from "../../workers/platform/log.ts";
import { methodsAt } from "../../workers/platform/methods.ts";
import { within, withinOr } from "../../workers/platform/within.ts";
import { ask } from "../money_fixture.ts";

const lines: string[] = [];

beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, "error").mockImplementation((line: unknown) => void lines.push(String(line)));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const failing = () => Promise.reject(new Error("broken"));
const route = (method: string, path: string) => ({ method, path });
const never = new Promise<string>(() => undefined);

describe("waiting with a bound", () => {
  test("gives the work's value, or what was said for its being late", async () => {
    expect(await withinOr(1_000, Promise.resolve("done"), null)).toBe("done");
    expect(await withinOr(1, never, "late")).toBe("late");
    expect(await within(1_000, Promise.resolve(false))).toBe(true);
    expect(await within(1, never)).toBe(false);
  });

  test("leaves a failure to the caller: it is not the same as being late", async () => {
    await expect(withinOr(1_000, failing(), null)).rejects.toThrow("broken");
    await expect(within(1_000, failing())).rejects.toThrow("broken");
  });
});

describe("the methods of a path", () => {
  const routes = [
    route("ALL", "/*"),
    route("GET", "/openapi.json"),
    route("PUT", "/v1/models/:digest"),
    route("GET", "/v1/models/:digest"),
    route("GET", "/v1/models/:digest"),
    route("POST", "/v1/models/:digest/use"),
    route("GET", "/media/*"),
    route("OPTIONS", "/media/*"),
  ];

  test.each([
    ["/openapi.json", ["GET"]],
    ["/openapi-json", []],
    ["/openapi.json/", []],
    ["/v1/models/abc", ["GET", "PUT"]],
    ["/v1/models/", []],
    ["/v1/models/abc/use", ["POST"]],
    ["/v1/models/abc/other", []],
    ["/media/ads/15a/index.m3u8", ["GET", "OPTIONS"]],
    ["/media", ["GET", "OPTIONS"]],
    ["/mediatheque", []],
    ["/", []],
  ])("%s are %j", (path, methods) => {
    expect(methodsAt(routes, path)).toEqual(methods);
  });
});

describe("the log", () => {
  test("names the Worker, the code and the failure, and not more of it than a line holds", () => {
    logFailure("edge", "late", new TypeError("x".repeat(500)));
    logFailure("origin", "missed", "no answer in time");
    logFailure("origin", "odd", { secret: "s" });
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { worker: "edge", code: "late", name: "TypeError", message: "x".repeat(200) },
      { worker: "origin", code: "missed", name: "string", message: "no answer in time" },
      { worker: "origin", code: "odd", name: "object", message: "" },
    ]);
  });
});

describe("a ledger that fails", () => {
  test("is unknown in a sweep, and the log says why, once for all of them", async () => {
    const sweep = await sweepLedgers(["a", "b"], (id) => Promise.reject(new Error(`${id} is gone`)), Date.now);
    expect(sweep.statuses).toEqual([null, null]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("a is gone");
  });

  test("is told from one that is silent in its wallet's log, and is left alone for a while", async () => {
    let asked = 0;
    const bindings: RegionWalletEnv = {
      LEDGER: {
        getByName: () => ({
          reconcile: () => {
            asked++;
            return Promise.reject(new Error("the ledger is broken"));
          },
        }),
      },
    };
    // The binding comes from origin's wrangler file; the generic env type does not know it.
    const { WALLET } = env as unknown as { readonly WALLET: DurableObjectNamespace<RegionWallet> };
    await runInDurableObject(WALLET.getByName("wallet:local:7"), async (_wallet, state) => {
      const wallet = new RegionWallet(state, bindings);
      await wallet.draw(ask("p1", 0, 200_000));
      await wallet.alarm();
      await wallet.alarm();
    });
    expect(asked).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("ledger_report_missed");
    expect(lines[0]).toContain("wallet:local:7, coffee: Error: the ledger is broken");
  });
});
