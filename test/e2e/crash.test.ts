/**
 * The promise of the money under the hardest fault there is: everything is killed while viewers watch, twice. Players
 * repeat the beacons they got no answer for, and, as players do, others as well. Afterwards the ledgers must hold each
 * viewed impression once, at the price it was won at, to the micro.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, expect, test } from "vitest";
import { z } from "zod";
import { projectDir } from "../../local/build.ts";
import { askLedgers, beaconOf, decide, freshDir, inParallel, isPaid, report, type Heard } from "./stage.ts";
import { until } from "./until.ts";

const VIEWERS_AT_ONCE = 24;
/** Impressions answered in one life before it ends, and beacons on their way at that moment. */
const BILLED_BEFORE_KILL = 200;
const UNDER_WAY_AT_KILL = 6;

const { dir, remove } = freshDir();
const stateDir = path.join(dir, "state");
let program: ChildProcess | undefined;

afterEach(async () => {
  if (program?.exitCode === null && program.signalCode === null) {
    program.kill("SIGTERM");
    await once(program, "exit");
  }
});
afterAll(remove);

/** A running `npm run serve` in a program of its own. */
interface Server {
  readonly edgeUrl: string;
  readonly originUrl: string;
  readonly program: ChildProcess;
}

/** Starts the program and waits for its word that it is ready. */
async function serve(ports: { readonly edge: string; readonly origin: string }): Promise<Server> {
  const script = path.join(projectDir, "local/serve.ts");
  const options = ["--port", ports.edge, "--origin-port", ports.origin, "--state", stateDir];
  const started = spawn(process.execPath, [script, ...options], { stdio: ["ignore", "pipe", "ignore"] });
  program = started;
  const ended = once(started, "exit").then(([code]) => Promise.reject(new Error(`serve ended with status ${code}`)));
  const lines = createInterface(started.stdout);
  const [line] = await Promise.race([once(lines, "line"), ended]);
  const [, edgeUrl = "", originUrl = ""] = /^ready edge=(\S+) origin=(\S+)/.exec(String(line)) ?? [];
  ended.catch(() => undefined);
  return { edgeUrl, originUrl, program: started };
}

/** The same program again, on the same ports: the URLs that players hold must lead to it. */
function serveAgain(killed: Server): Promise<Server> {
  return serve({ edge: new URL(killed.edgeUrl).port, origin: new URL(killed.originUrl).port });
}

/** One won slot that a viewer is about to watch. */
interface Impression {
  readonly url: string;
  readonly campaignId: string;
  readonly priceMicros: number;
  /** What its beacon was answered, each time it was; null: no answer came. */
  readonly heard: (Heard | null)[];
}

async function sendOnce(impression: Impression): Promise<Heard | null> {
  const heard = await report(impression.url).catch(() => null);
  impression.heard.push(heard);
  return heard;
}

/** Sends a beacon until it is answered with anything but "not now", as the player SDK does. */
async function sendUntilHeard(impression: Impression): Promise<Heard> {
  return until(async () => {
    const heard = await sendOnce(impression);
    return heard !== null && heard.status !== 503 ? { met: heard } : { unmet: heard };
  }, 30_000);
}

const wasBilled = ({ heard }: Impression): boolean => heard.some((answer) => answer?.verdict === "billed");

/** A viewer who watches break after break until the server is gone. */
async function watch(edgeUrl: string, viewer: number, impressions: Impression[]): Promise<void> {
  const device = ["ctv", "mobile", "desktop", "tablet"][viewer % 4] ?? "ctv";
  const country = ["US", "GB", "DE", "FR", "CA"][viewer % 5] ?? "US";
  const publisherId = ["demo", "news-now"][viewer % 2] ?? "demo";
  for (;;) {
    const body = { publisherId, podDurationSec: 90, viewer: { device, country } };
    const decided = await decide(edgeUrl, body).catch(() => null);
    if (decided === null) return;
    const won = decided.ads.filter(isPaid).map((ad): Impression => {
      const { campaignId, priceMicros } = ad;
      return { url: beaconOf(ad, "impression"), campaignId, priceMicros, heard: [] };
    });
    impressions.push(...won);
    const answers = await Promise.all(won.map(sendOnce));
    if (answers.includes(null)) return;
  }
}

/** Viewers watch, and the program is killed while beacons are on their way. What was won is in the answer. */
async function killUnderLoad(server: Server): Promise<Impression[]> {
  const impressions: Impression[] = [];
  const viewers = Array.from({ length: VIEWERS_AT_ONCE }, (_, n) => watch(server.edgeUrl, n, impressions));
  await until(() => {
    const billed = impressions.filter(wasBilled).length;
    const underWay = impressions.filter(({ heard }) => heard.length === 0).length;
    const now = billed >= BILLED_BEFORE_KILL && underWay >= UNDER_WAY_AT_KILL;
    return now ? { met: billed } : { unmet: { won: impressions.length, billed, underWay } };
  }, 60_000);
  server.program.kill("SIGKILL");
  await once(server.program, "exit");
  await Promise.all(viewers);
  return impressions;
}

/** Sends all beacons again, those without an answer first; none may be refused, none billed a second time. */
async function sendAllAgain(impressions: readonly Impression[]): Promise<void> {
  const unanswered = impressions.filter((impression) => !wasBilled(impression));
  const first = await inParallel(unanswered, VIEWERS_AT_ONCE, sendUntilHeard);
  expect(first.filter(({ verdict }) => verdict !== "billed" && verdict !== "duplicate")).toEqual([]);
  const again = await inParallel(impressions, VIEWERS_AT_ONCE, sendUntilHeard);
  expect(again.filter(({ verdict }) => verdict !== "duplicate")).toEqual([]);
}

interface Total {
  micros: number;
  impressions: number;
  /** Answers "duplicate" that players have seen: a ledger that counts as many has heard of every beacon so far. */
  duplicatesSeen: number;
}

function totalsOf(impressions: readonly Impression[]): ReadonlyMap<string, Total> {
  const totals = new Map<string, Total>();
  for (const { campaignId, priceMicros, heard } of impressions) {
    const total = totals.get(campaignId) ?? { micros: 0, impressions: 0, duplicatesSeen: 0 };
    total.micros += priceMicros;
    total.impressions += 1;
    total.duplicatesSeen += heard.filter((answer) => answer?.verdict === "duplicate").length;
    totals.set(campaignId, total);
  }
  return totals;
}

const secretsSchema = z.object({ adminToken: z.string() });

/** What the ledgers hold once they have heard of every beacon. Shape: campaign → [impressions, micros]. */
async function settledLedgers(
  originUrl: string,
  expected: ReadonlyMap<string, Total>,
): Promise<Record<string, [number, number]>> {
  const { adminToken } = secretsSchema.parse(JSON.parse(readFileSync(path.join(stateDir, "secrets.json"), "utf8")));
  const ledgers = await until(async () => {
    const asked = await askLedgers({ originUrl, adminToken });
    const behind = [...expected].filter(([id, total]) => (asked.get(id)?.duplicates ?? 0) < total.duplicatesSeen);
    return behind.length === 0 ? { met: asked } : { unmet: `ledgers behind: ${behind.map(([id]) => id).join(" ")}` };
  }, 40_000);
  const billed = [...ledgers.values()].filter(({ impressionsBilled }) => impressionsBilled > 0);
  return Object.fromEntries(
    billed.map(({ terms, impressionsBilled, billedMicros }) => [terms.campaignId, [impressionsBilled, billedMicros]]),
  );
}

test("killed under load twice, Midroll loses no billed impression and bills none twice", async () => {
  const impressions: Impression[] = [];
  let unansweredInAll = 0;
  let server = await serve({ edge: "0", origin: "0" });
  for (const life of ["first", "second"]) {
    const watched = await killUnderLoad(server);
    const unanswered = watched.filter(({ heard }) => heard.every((answer) => answer === null)).length;
    console.log(`${life} life: ${watched.length} impressions won, ${unanswered} without an answer at its end`);
    unansweredInAll += unanswered;
    server = await serveAgain(server);
    impressions.push(...watched);
    await sendAllAgain(impressions);

    const expected = totalsOf(impressions);
    const billed = await settledLedgers(server.originUrl, expected);
    expect(billed).toEqual(
      Object.fromEntries([...expected].map(([id, { impressions, micros }]) => [id, [impressions, micros]])),
    );
  }
  expect(unansweredInAll, "beacons were on their way when it was killed").toBeGreaterThan(0);
});
