/** `midroll learn` from what production keeps: a directory of saved traces with the catalogs they name. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../cli/sha256.ts";
import { compileCatalog } from "../../src/catalog/compiled.ts";
import { encodeSnapshot } from "../../src/catalog/snapshot.ts";
import { traceLine } from "../../src/decision/trace/codec.ts";
import { toHex } from "../../src/kernel/bytes.ts";
import { micros } from "../../src/kernel/money.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import { openStage } from "./cli_stage.ts";
import { breakOf, catalogOf, NOW_MS, steadyScorer, worldOf } from "./decision/fixture.ts";
import { watch } from "./decision/trace_stage.ts";

/** Decisions that are traced, seventy a day. */
const DECISIONS = 350;

let stage: ReturnType<typeof openStage>;
beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage.strike());

/** A second-price publisher where "dear" always beats "cheap" by far, at bids that pacing moves. */
async function savedTraces(): Promise<{ readonly traces: string; readonly catalog: string }> {
  const catalog = catalogOf(
    [
      { id: "dear", cpmMicros: 30_000_000, durationSec: 30 },
      { id: "cheap", cpmMicros: 10_000_000, durationSec: 30 },
    ],
    { floorCpmMicros: 2_000_000, priceRule: "second" },
  );
  const snapshot = encodeSnapshot(catalog);
  const catalogDigest = toHex(await sha256(snapshot));
  const compiled = compileCatalog(catalog);
  const lines: string[] = [];
  for (let n = 0; n < DECISIONS; n++) {
    const multiplierPpm = 900_000 + (n % 10) * 10_000;
    const budgets = new Map(
      [...compiled.campaigns.keys()].map((id) => [id, { availableMicros: micros(1_000_000_000), multiplierPpm }]),
    );
    const nowMs = NOW_MS - 5 * DAY_MS + Math.floor((n * 5 * DAY_MS) / DECISIONS);
    const world = worldOf(compiled, { decisionId: `d-${n}`, nowMs, catalogDigest, budgets });
    lines.push(traceLine((await watch(breakOf({ podDurationSec: 30, maxAds: 1 }), world, steadyScorer())).trace));
  }
  const traces = join(stage.dir, "traces");
  mkdirSync(join(traces, "snapshots"), { recursive: true });
  writeFileSync(join(traces, "snapshots", catalogDigest), snapshot);
  writeFileSync(join(traces, "batch-1.jsonl"), lines.join("\n"));
  return { traces, catalog: stage.write("catalog.json", catalog) };
}

describe("midroll learn from saved traces", () => {
  it("learns what the winner would pay, and decides the days held out again", async () => {
    const { traces, catalog } = await savedTraces();
    const from = ["--traces", traces, "--catalog", catalog];
    const { exitCode, out, err } = await stage.midroll(["learn", "reserves", ...from, "--json"]);
    expect([exitCode, err, stage.asked]).toEqual([0, "", []]);
    const { log, reserves, report } = JSON.parse(out);
    expect(log).toMatchObject({ source: traces, method: "decided", breaks: DECISIONS, bids: 2 * DECISIONS });
    // Limits are 27.0 to 29.7 CPM, and at most a twentieth of the sales may be lost: the lowest limit is the best.
    expect(reserves).toHaveLength(1);
    expect(reserves[0]).toMatchObject({ publisherId: "p", largestBuyerShare: 1 });
    expect(reserves[0].cpmMicros).toBeGreaterThan(26_000_000);
    expect(reserves[0].cpmMicros).toBeLessThanOrEqual(27_000_000);
    expect(report.all.with.paidMs).toBe(report.all.without.paidMs);
    expect(report.all.with.revenueMicros).toBe((report.all.breaks * reserves[0].cpmMicros) / 1000);
  });

  it("writes them as a log from which the same table is learned", async () => {
    const { traces, catalog } = await savedTraces();
    const out = join(stage.dir, "log.jsonl");
    const written = await stage.midroll(["learn", "log", "--traces", traces, "--catalog", catalog, "--out", out]);
    expect([written.exitCode, written.err]).toEqual([0, ""]);
    expect(readFileSync(out, "utf8").trimEnd().split("\n")).toHaveLength(DECISIONS);
    const [fromLog, fromTraces] = [
      await stage.midroll(["learn", "reserves", out, "--catalog", catalog, "--json"]),
      await stage.midroll(["learn", "reserves", "--traces", traces, "--catalog", catalog, "--json"]),
    ].map((run) => JSON.parse(run.out));
    expect(fromLog.reserves).toEqual(fromTraces.reserves);
    expect(fromLog.report).toEqual(fromTraces.report);
  });

  it("refuses traces that are not, and those of a publisher that the catalog does not have", async () => {
    const { traces, catalog } = await savedTraces();
    const other = stage.write("other.json", { ...JSON.parse(readFileSync(catalog, "utf8")), publishers: [] });
    writeFileSync(join(traces, "batch-2.jsonl"), "{}\n");
    const run = (file: string) => stage.midroll(["learn", "landscapes", "--traces", traces, "--catalog", file]);
    const broken = await run(catalog);
    expect([broken.exitCode, broken.out]).toEqual([1, ""]);
    expect(broken.err).toContain("batch-2.jsonl, line 1: unknown_format");
    expect((await run(other)).exitCode).toBe(1);
  });
});
