/** `midroll explain` and `midroll replay decisions`: what they ask of origin, what they say, and when they fail. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../cli/sha256.ts";
import { compileCatalog } from "../../src/catalog/compiled.ts";
import { encodeSnapshot } from "../../src/catalog/snapshot.ts";
import { traceLine } from "../../src/decision/trace/codec.ts";
import type { DecisionTrace } from "../../src/decision/trace/trace.ts";
import { toHex } from "../../src/kernel/bytes.ts";
import { openStage, type Origin } from "./cli_stage.ts";
import { breakOf, catalogOf, steadyScorer, worldOf, type AdSketch } from "./decision/fixture.ts";
import { watch } from "./decision/trace_stage.ts";

const ADS: readonly AdSketch[] = [
  { id: "dear", cpmMicros: 30_000_000, durationSec: 30 },
  { id: "fair", cpmMicros: 20_000_000, durationSec: 30 },
  { id: "cheap", cpmMicros: 10_000_000, durationSec: 30 },
  { id: "poor", cpmMicros: 1_000_000 },
  { id: "abroad", targeting: { countries: { include: ["DE"] } } },
];

let stage: ReturnType<typeof openStage>;
let snapshot: Uint8Array;
let digest: string;
let trace: DecisionTrace;

beforeAll(async () => {
  const catalog = catalogOf(ADS, { floorCpmMicros: 5_000_000 });
  snapshot = encodeSnapshot(catalog);
  digest = toHex(await sha256(snapshot));
  const world = worldOf(compileCatalog(catalog), { decisionId: "d-1", catalogDigest: digest });
  ({ trace } = await watch(breakOf(), world, steadyScorer()));
});
beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage.strike());

/** A trace whose recorded decision says something else. */
function altered(): DecisionTrace {
  const { slots, ...rest } = trace.decision as { slots: { priceMicros: number }[] };
  const dearer = slots.map((slot) => ({ ...slot, priceMicros: slot.priceMicros + 1 }));
  return { ...trace, decision: { ...rest, slots: dearer } };
}

/** An origin that keeps these traces, one batch each, two batches a page. */
function keeping(...traces: readonly DecisionTrace[]): Origin {
  return ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    if (pathname === `/v1/admin/catalog/snapshots/${digest}`) return new Response(new Uint8Array(snapshot));
    const named = /^\/v1\/admin\/traces\/decisions\/(.*)$/.exec(pathname)?.[1];
    const kept = traces.find(({ decisionId }) => decisionId === named);
    if (kept !== undefined) return new Response(traceLine(kept));
    if (pathname === "/v1/admin/traces/batches") {
      const after = Number(searchParams.get("after"));
      const page = traces.slice(after, after + 2).map((_, n) => batchOf(after + n + 1));
      return Response.json({ batches: page, next: after + 2 < traces.length ? after + 2 : null });
    }
    const batch = traces[Number(/^\/v1\/admin\/traces\/batches\/(\d+)$/.exec(pathname)?.[1]) - 1];
    if (batch !== undefined) return new Response(new Uint8Array(packed(batch)));
    const problem = { code: "trace_not_kept", detail: "The decision was not sampled." };
    return Response.json(problem, { status: 404 });
  };
}

const batchOf = (batch: number) => ({ batch, key: `traces/2026-07-01/20/${batch}.jsonl.gz`, traces: 1 });
/** Two messages, one behind the other, as origin writes them. */
const packed = (one: DecisionTrace): Buffer =>
  Buffer.concat([gzipSync(`${traceLine(one)}\n`), gzipSync(`${traceLine(one)}\n`)]);

describe("midroll explain", () => {
  it("tells every candidate's fate in plain words, with the trade's number", async () => {
    const { exitCode, out } = await stage.midroll(["explain", "d-1"], keeping(trace));
    expect(exitCode).toBe(0);
    expect(out).toContain("decided again here: the same bytes");
    expect(out).toMatch(/1 {2}li-dear +cr-dear +30 s +0\.03 +0\.03/);
    expect(out).toMatch(
      /outbid, OpenRTB 502: ads of higher total value.*\n +li-cheap +cr-cheap +bid 0\.01 .*needed 0\.02/,
    );
    expect(out).toMatch(/below_floor, OpenRTB 301: .*\n +li-poor +cr-poor +bid 0\.001 .*floor 0\.005 .*seen 90/);
    expect(out).toMatch(/targeting_countries, OpenRTB 200: the line item does not target this country\n +li-abroad/);
    for (const { id } of ADS) expect(out).toContain(`li-${id}`);
  });

  it("gives the same to scripts, one fate a candidate", async () => {
    const { out } = await stage.midroll(["explain", "d-1", "--json"], keeping(trace));
    const { ok, sameBytes, explanation } = JSON.parse(out);
    expect({ ok, sameBytes }).toEqual({ ok: true, sameBytes: true });
    expect(explanation.slots.length + explanation.rejections.length).toBe(ADS.length);
    expect(explanation.slots[0]).toMatchObject({ lineItemId: "li-dear", slot: 1, priceMicros: 30_000 });
    const poor = explanation.rejections.find((loser: { lineItemId: string }) => loser.lineItemId === "li-poor");
    expect(poor).toMatchObject({ stage: "auction", reason: "below_floor", seatNonBid: 301, bidMicros: 1_000 });
  });

  it("tells of a winner whose money had gone", async () => {
    const { out } = await stage.midroll(["explain", "d-1"], keeping({ ...trace, droppedSlots: [1] }));
    expect(out).toMatch(/won, but could not be paid \(commit\)\n {2}budget_spent_meanwhile, OpenRTB 503.*\n +li-dear/);
    expect(out).toMatch(/\n +1 {2}li-fair/);
  });

  it("says plainly when a decision left no trace, and what to do", async () => {
    const { exitCode, err } = await stage.midroll(["explain", "d-2"], keeping(trace));
    expect(exitCode).toBe(1);
    expect(err).toContain("decision d-2 left no trace");
    expect(err).toContain("TRACE_SAMPLE_PPM");
    expect(err).toContain("/v1/decide?explain=1");
  });

  it("says so when the replay differs, and refuses a snapshot that was altered", async () => {
    const differs = await stage.midroll(["explain", "d-1"], keeping(altered()));
    expect(differs.out).toContain("decided again here DIFFERENTLY: slots[0].priceMicros was 30001, is 30000");
    const bent: Origin = (asked) =>
      asked.url.includes("/snapshots/") ? new Response(new Uint8Array([1])) : keeping(trace)(asked);
    const { exitCode, err } = await stage.midroll(["explain", "d-1"], bent);
    expect(exitCode).toBe(1);
    expect(err).toContain(`snapshot ${digest} is altered`);
  });
});

describe("midroll replay decisions", () => {
  it("replays all that origin keeps, page by page", async () => {
    const origin = keeping(trace, trace, trace, trace, trace);
    const { exitCode, out } = await stage.midroll(["replay", "decisions", "--json"], origin);
    expect(exitCode).toBe(0);
    const tiers = { full: 10 };
    expect(JSON.parse(out)).toMatchObject({ ok: true, traces: 10, same: 10, differing: 0, catalogs: 1, tiers });
    const snapshots = stage.asked.filter(({ url }) => url.includes("/snapshots/"));
    expect(snapshots).toHaveLength(1);
  });

  it("saves batches with their catalogs, which then replay without origin", async () => {
    const dir = join(stage.dir, "saved");
    await stage.midroll(["replay", "decisions", "--save", dir], keeping(trace, trace));
    expect(readdirSync(dir)).toEqual(["2026-07-01-20-1.jsonl.gz", "2026-07-01-20-2.jsonl.gz", "snapshots"]);
    const { exitCode, out } = await stage.midroll(["replay", "decisions", "--from", dir]);
    expect(exitCode).toBe(0);
    expect(out).toContain("4 decisions replayed to the same bytes");
    const some = await stage.midroll(["replay", "decisions", "--from", dir, "--limit", "3", "--json"]);
    expect(JSON.parse(some.out)).toMatchObject({ traces: 3 });
  });

  it("fails when a byte differs, and names decision, build and field", async () => {
    const { exitCode, err } = await stage.midroll(["replay", "decisions"], keeping(trace, altered()));
    expect(exitCode).toBe(1);
    expect(err).toContain("of 4 traces, 2 came out differently");
    expect(err).toContain("d-1 (decided by 0.0.0 test): slots[0].priceMicros: recorded 30001, replayed 30000");
    const { out } = await stage.midroll(["replay", "decisions", "--json"], keeping(altered()));
    expect(JSON.parse(out)).toMatchObject({ ok: false, code: "replay_differs", differing: 2, same: 0 });
  });

  it("fails over a line that is no trace, after reading the others", async () => {
    const dir = join(stage.dir, "mixed");
    mkdirSync(join(dir, "snapshots"), { recursive: true });
    writeFileSync(join(dir, "snapshots", digest), snapshot);
    writeFileSync(join(dir, "a.jsonl"), `nonsense\n${traceLine(trace)}\n`);
    const { exitCode, out } = await stage.midroll(["replay", "decisions", "--from", dir, "--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ traces: 2, same: 1, unreadable: 1, differing: 0 });
  });

  it("asks again when the connection has closed in between", async () => {
    let closed = 0;
    const flaky: Origin = (asked) => {
      if (++closed === 2)
        throw new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "UND_ERR_SOCKET" }) });
      return keeping(trace)(asked);
    };
    const { exitCode, out } = await stage.midroll(["replay", "decisions", "--json"], flaky);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ traces: 2, same: 2 });
  });

  it("says so when there are none", async () => {
    const { exitCode, out } = await stage.midroll(["replay", "decisions"], keeping());
    expect(exitCode).toBe(0);
    expect(out).toContain("no traces of the last 1h");
  });

  it.each([
    [["--since", "yesterday"], 2, "--since takes a time such as 90s, 15m, 1h or 7d"],
    [["--limit", "0"], 2, "--limit takes a whole number from 1 on"],
    [["--from", "a", "--save", "b"], 2, "--save keeps what comes from origin"],
    [["--from", "nowhere"], 1, "there are no traces at nowhere"],
    [["--from", "package.json"], 1, "cannot be read"],
  ])("refuses %j in plain words", async (options, code, words) => {
    const { exitCode, err, out } = await stage.midroll(["replay", "decisions", ...options]);
    expect(exitCode).toBe(code);
    expect(err + out).toContain(words);
  });

  it("refuses a file that unfolds to something else", async () => {
    const path = join(stage.dir, "bent.jsonl.gz");
    writeFileSync(path, packed(trace).subarray(0, 100));
    const { exitCode, err } = await stage.midroll(["replay", "decisions", "--from", path]);
    expect(exitCode).toBe(1);
    expect(err).toContain("is no file of traces");
  });
});
