/**
 * Decisions on a running Midroll, explained and decided again from the command line: everything on the way, from the
 * edge's witness through the queue, the store and the index to the replay in Node, with the real models.
 */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { runMidroll } from "../../cli/program.ts";
import type { Midroll } from "../../local/bring_up.ts";
import { stream } from "../../src/kernel/random.ts";
import { requestOf } from "../../src/simulation/viewers.ts";
import { decide, DEMO_BREAK, freshDir, inParallel, postDecide, printedSeed, raise, type Decided } from "./stage.ts";
import { until } from "./until.ts";

const seed = printedSeed("traces.test.ts");
const BREAKS = 300;
const AT_ONCE = 8;
/** A trace is filed within seconds: one at the edge, three at the queue, and what a busy machine adds. */
const FILED_MS = 60_000;

const { dir, remove } = freshDir();
const saved = path.join(dir, "saved");
let midroll: Midroll;

beforeAll(async () => {
  midroll = await raise(dir);
  mkdirSync(saved);
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

const explainedSchema = z.object({
  decisionId: z.string(),
  catalogDigest: z.string(),
  explanation: z.record(z.string(), z.unknown()),
});

async function command(...words: readonly string[]) {
  let out = "";
  let err = "";
  const exitCode = await runMidroll(words, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    env: { MIDROLL_ORIGIN: midroll.originUrl, MIDROLL_ADMIN_TOKEN: midroll.adminToken },
    fetch,
  });
  return { exitCode, out, err };
}

/** The explanation of a decision, once its trace is filed. */
function explained(decisionId: string) {
  return until(async () => {
    const told = await command("explain", decisionId, "--json");
    return told.exitCode === 0 ? { met: JSON.parse(told.out) } : { unmet: told.out };
  }, FILED_MS);
}

test("a decision is explained as its answer explained it, to the last candidate", async () => {
  const body = { ...DEMO_BREAK, viewer: { ...DEMO_BREAK.viewer, id: "somebody", segments: ["gamers"] } };
  const decided = explainedSchema.parse(await (await postDecide(midroll.edgeUrl, body, "?explain=1")).json());
  const told = await explained(decided.decisionId);
  expect(told).toMatchObject({ ok: true, sameBytes: true, tier: "full", catalogDigest: decided.catalogDigest });
  expect(told.explanation).toEqual(decided.explanation);
  expect(JSON.stringify(told)).not.toContain("somebody");
  const page = await command("explain", decided.decisionId);
  expect(page.out).toContain("decided again here: the same bytes");
});

test(`${BREAKS} breaks of a varied audience are decided again to the same bytes, also from saved files`, async () => {
  const publisherIds = midroll.catalog.publishers.map(({ id }) => id);
  const audience = { seed, size: 500, publisherIds };
  const numbers = Array.from({ length: BREAKS }, (_, n) => n);
  const random = stream(seed, "moments");
  const startMs = Date.now();
  const decided: Decided[] = await inParallel(numbers, AT_ONCE, (n) => {
    const { rid, pub, dur, max, surface, dev, country, region, genre, rating, lang, seg, lmt, vid } = requestOf(
      audience,
      n,
      startMs - random.below(86_400_000),
    );
    return decide(midroll.edgeUrl, {
      requestId: rid,
      publisherId: pub,
      podDurationSec: dur,
      maxAds: max,
      surface,
      viewer: { id: vid, device: dev, country, region, segments: seg, limitAdTracking: lmt },
      content: { genre, rating, language: lang },
    });
  });
  await Promise.all(decided.slice(-AT_ONCE).map(({ decisionId }) => explained(decisionId)));
  const replayed = await until(async () => {
    const told = await command("replay", "decisions", "--save", saved, "--json");
    const counts = JSON.parse(told.out);
    return counts.traces >= BREAKS ? { met: { ...told, counts } } : { unmet: told.out };
  }, FILED_MS);
  expect(replayed.counts).toMatchObject({ ok: true, differing: 0, unreadable: 0, catalogs: 1 });
  expect(replayed.exitCode).toBe(0);
  const offline = await command("replay", "decisions", "--from", saved, "--json");
  expect(JSON.parse(offline.out)).toEqual(replayed.counts);
});

test("a decision that never was is not explained, in plain words", async () => {
  const { exitCode, err } = await command("explain", "00000000-0000-0000-0000-000000000000");
  expect(exitCode).toBe(1);
  expect(err).toContain("left no trace");
});
