/**
 * Guaranteed deals at origin: solved when a catalog becomes current and again on the schedule, from what the ledgers say
 * was billed; the table reaches edges by the manifest they already ask for, and an ill one changes nothing.
 */
import { createScheduledController, reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { GuaranteeTable } from "../../src/guaranteed/contract.ts";
import { shares, WHOLE_PPM } from "../../src/guaranteed/serve.ts";
import { decodeTable, encodeTable } from "../../src/guaranteed/table.ts";
import { Publication } from "../../workers/edge/publication.ts";
import { Recorder } from "../../workers/edge/recorder.ts";
import type { LedgerStub } from "../../workers/origin/env.ts";
import { solveCurrentGuarantees } from "../../workers/origin/catalog/guarantees.ts";
import origin from "../../workers/origin/index.ts";
import { artifactOf, edgeEnv, modelsOf, ScriptedOrigin, ScriptedWallet, wordsOf } from "./edge_fixture.ts";
import { catalogOf, desk, ledgerWith, originEnv, sendJson } from "./origin_fixture.ts";

const NOW_MS = Date.UTC(2026, 6, 1);

/** Campaign "spring", sold as a guarantee of 1,000 impressions, where ten times as many breaks come until it ends. */
function promisedCatalog() {
  const catalog = catalogOf(["spring"]);
  const weeksLeft = (Date.UTC(2030, 0, 1) - NOW_MS) / (7 * 24 * 3_600_000);
  const breaksPerWeek = Math.round(10_000 / 0.9 / weeksLeft);
  const publishers = [{ id: "demo", name: "Demo", forecast: [{ surface: "midroll", breaksPerWeek }] }];
  const deal = {
    id: "promise",
    name: "Promise",
    kind: "guaranteed",
    publisherIds: ["demo"],
    lineItemIds: ["line-spring"],
    cpmMicros: 4_000_000,
    impressions: 1_000,
  };
  return { ...catalog, publishers, deals: [deal] };
}

async function publish(catalog: object): Promise<void> {
  const answer = await sendJson("PUT", "/v1/admin/catalog", catalog);
  expect(answer.status).toBe(200);
}

/** The table an edge would serve from. */
async function currentTable(): Promise<GuaranteeTable | null> {
  const { guaranteesDigest } = await desk.manifest();
  if (guaranteesDigest === null) return null;
  const bytes = await desk.artifact("guarantees", guaranteesDigest);
  return bytes === null ? null : decodeTable(bytes);
}

/** Chance of the deal in a break that is its alone. Units: percent. */
const percent = (table: GuaranteeTable | null): number => Math.round((100 * (shares(table ?? [])[0] ?? 0)) / WHOLE_PPM);

/** Origin's bindings with ledgers that say so many impressions were billed, or do not answer. */
function whenBilled(impressions: number | null): typeof originEnv {
  const ledger = (name: string): LedgerStub =>
    ledgerWith({
      configure: (terms) => originEnv.LEDGER.getByName(name).configure(terms),
      status: async () => {
        const status = await originEnv.LEDGER.getByName(name).status();
        if (impressions === null || status === null) throw new Error("no answer");
        return { ...status, impressionsBilled: impressions };
      },
    });
  return { ...originEnv, LEDGER: { getByName: ledger } };
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

describe("the schedule of guaranteed deals", () => {
  test("begins with the publish: a table is current as soon as the catalog is", async () => {
    await publish(promisedCatalog());
    const table = await currentTable();
    expect(table?.map(({ contractId }) => contractId)).toEqual(["promise"]);
    expect(percent(table)).toBeGreaterThan(0);
  });

  test("leaves deployments without guaranteed deals alone", async () => {
    await publish(catalogOf(["spring"]));
    await solveCurrentGuarantees(originEnv, NOW_MS);
    expect(await currentTable()).toBeNull();
  });

  test("spreads what is owed over the supply that is left, and less when more was billed", async () => {
    await publish(promisedCatalog());
    await solveCurrentGuarantees(whenBilled(0), NOW_MS);
    expect(percent(await currentTable())).toBe(10);
    await solveCurrentGuarantees(whenBilled(500), NOW_MS);
    expect(percent(await currentTable())).toBe(5);
    await solveCurrentGuarantees(whenBilled(1_000), NOW_MS);
    expect(await currentTable()).toEqual([]);
  });

  test("runs from the Worker's cron", async () => {
    await publish(promisedCatalog());
    await solveCurrentGuarantees(whenBilled(1_000), NOW_MS);
    await origin.scheduled(createScheduledController({ scheduledTime: NOW_MS, cron: "*/5 * * * *" }), originEnv);
    expect((await currentTable())?.length).toBe(1);
  });

  test("keeps the table in force when a ledger does not answer: its deal is not taken for undelivered", async () => {
    await publish(promisedCatalog());
    const before = await desk.manifest();
    await solveCurrentGuarantees(whenBilled(null), NOW_MS);
    expect(await desk.manifest()).toEqual(before);
  });

  test("ends with the deal", async () => {
    await publish(promisedCatalog());
    await publish(catalogOf(["spring"]));
    expect(await currentTable()).toEqual([]);
  });
});

describe("an edge", () => {
  const table: GuaranteeTable = [{ contractId: "promise", alphaPpm: 100_000, zetaPpm: 100_000 }];

  test("serves from the newest sound table and keeps it when the next cannot be had", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const faults: string[] = [];
    const recorder = new Recorder("isolate-1");
    vi.spyOn(recorder, "fault").mockImplementation((fault) => void faults.push(fault));
    const scripted = new ScriptedOrigin();
    const publication = new Publication(recorder, modelsOf(recorder));
    let nowMs = NOW_MS;
    const later = async () => {
      const work: Promise<unknown>[] = [];
      nowMs += 4_000;
      await publication.refresh(edgeEnv(scripted, new ScriptedWallet()), (promise) => void work.push(promise), nowMs);
      for (const promise of work) await promise;
    };
    await later();
    expect(publication.guarantees).toEqual([]);
    scripted.publish("guaranteesDigest", await artifactOf(encodeTable(table)));
    await later();
    expect(publication.guarantees).toEqual(table);
    scripted.publish("guaranteesDigest", await wordsOf("no table"));
    await later();
    scripted.guaranteesDigest = "0".repeat(64);
    await later();
    expect(publication.guarantees).toEqual(table);
    expect(faults).toEqual(["guarantees_unavailable", "guarantees_unavailable"]);
  });
});
