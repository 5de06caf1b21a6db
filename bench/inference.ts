/**
 * `npm run bench:inference`: a published model asked over HTTP by many at once, and what an admin route is told
 * meanwhile: what batches win, how long anybody else of origin waits, and what workerd's memory comes to.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { bringUp, type Midroll } from "../local/bring_up.ts";
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import { projectDir } from "../local/build.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { table, writeSection } from "./measurements_page.ts";
import { figureText, percentile } from "./statistics.ts";

const USAGE = `npm run bench:inference -- [options]

Asks the click head over HTTP and an admin route beside it, and writes docs/measurements.md.

  --seconds N     how long each load lasts (default 5)
  --json          print one JSON object on standard output instead of writing the page
  --write         write the page also with --json`;

/** Loads: so many clients, each asking again as soon as it is answered. The first is nobody. */
const LOADS = [
  { clients: 0, rows: 0 },
  { clients: 1, rows: 1 },
  { clients: 32, rows: 1 },
  { clients: 8, rows: 64 },
  { clients: 8, rows: 512 },
] as const;
/** How many times a model is loaded anew. */
const RELOADS = 200;
/** How often the admin route is asked. Units: milliseconds. */
const ADMIN_EVERY_MS = 20;

const goldenSchema = z.object({ rows: z.array(z.array(z.number())) });
const figuresSchema = z.object({ requests: z.number(), rows: z.number(), batches: z.number() });

/** What came of one load. Units: milliseconds, bytes. */
interface Measured {
  readonly clients: number;
  readonly rows: number;
  readonly requestsPerSec: number;
  readonly rowsPerSec: number;
  readonly rowsPerBatch: number;
  readonly requestMsP50: number | null;
  readonly adminMsP50: number;
  readonly adminMsP99: number;
  readonly workerdBytes: number;
}

async function measureLoad(midroll: Midroll, clients: number, rows: number, seconds: number): Promise<Measured> {
  const headers = { authorization: `Bearer ${midroll.adminToken}` };
  const ask = (route: string, init: RequestInit = {}) => fetch(`${midroll.originUrl}${route}`, { headers, ...init });
  const figures = async () => figuresSchema.parse(await (await ask("/v1/admin/inference")).json());
  const body = requestOf(rows);
  const before = await figures();
  const untilMs = performance.now() + seconds * 1000;
  const requestMs: number[] = [];
  const adminMs: number[] = [];
  const client = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const startedMs = performance.now();
      const answer = await ask("/v2/models/click/infer", { method: "POST", body });
      if (!answer.ok) throw new Error(`infer answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
      requestMs.push(performance.now() - startedMs);
    }
  };
  const admin = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const startedMs = performance.now();
      await (await ask("/v1/admin/models")).arrayBuffer();
      adminMs.push(performance.now() - startedMs);
      await sleep(ADMIN_EVERY_MS);
    }
  };
  await Promise.all([admin(), ...Array.from({ length: clients }, client)]);
  const after = await figures();
  const [answered, batches] = [after.rows - before.rows, after.batches - before.batches];
  return {
    clients,
    rows,
    requestsPerSec: (after.requests - before.requests) / seconds,
    rowsPerSec: answered / seconds,
    rowsPerBatch: batches === 0 ? 0 : answered / batches,
    requestMsP50: requestMs.length === 0 ? null : percentile(requestMs, 0.5),
    adminMsP50: percentile(adminMs, 0.5),
    adminMsP99: percentile(adminMs, 0.99),
    workerdBytes: workerdBytes(),
  };
}

/** Unloads and loads a model so many times. Units: bytes of workerd before and after. */
async function measureReloads(midroll: Midroll, times: number) {
  const headers = { authorization: `Bearer ${midroll.adminToken}` };
  const beforeBytes = workerdBytes();
  for (let n = 0; n < times; n++) {
    for (const verb of ["unload", "load"]) {
      const route = `${midroll.originUrl}/v2/repository/models/early_ranker/${verb}`;
      const answer = await fetch(route, { method: "POST", headers });
      if (!answer.ok) throw new Error(`${verb} answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  }
  return { times, beforeBytes, afterBytes: workerdBytes() };
}

function requestOf(rows: number): string {
  const golden = goldenSchema.parse(
    JSON.parse(readFileSync(path.join(projectDir, "models/click/golden.json"), "utf8")),
  );
  const data = Array.from({ length: rows }, (_, row) => golden.rows[row % golden.rows.length] ?? []);
  const shape = [rows, golden.rows[0]?.length ?? 0];
  return JSON.stringify({ inputs: [{ name: "features", datatype: "FP32", shape, data: data.flat() }] });
}

/** Resident memory of this program's workerd, both Workers in it. */
function workerdBytes(): number {
  const children = execFileSync("ps", ["-o", "rss=,comm=", "--ppid", String(process.pid)], { encoding: "utf8" });
  const sizes = children.split("\n").filter((line) => line.includes("workerd"));
  return sizes.reduce((sum, line) => sum + Number.parseInt(line.trim(), 10) * 1024, 0);
}

type Reloads = Awaited<ReturnType<typeof measureReloads>>;

function section(command: string, measured: readonly Measured[], reloads: Reloads): string {
  const [before, after] = [reloads.beforeBytes, reloads.afterBytes].map((bytes) => figureText(bytes / 2 ** 20));
  const head = ["clients", "rows", "requests/s", "rows/s", "rows a batch", "request p50, ms", "admin p50, ms"];
  const lines = measured.map((one) => [
    String(one.clients),
    String(one.rows),
    figureText(one.requestsPerSec),
    figureText(one.rowsPerSec),
    figureText(one.rowsPerBatch),
    one.requestMsP50 === null ? "" : figureText(one.requestMsP50),
    figureText(one.adminMsP50),
    figureText(one.adminMsP99),
    figureText(one.workerdBytes / 2 ** 20),
  ]);
  return [
    `\`${command}\``,
    "",
    ...machineLines(new Date().toISOString(), thisMachine()),
    "",
    table([[...head, "admin p99, ms", "workerd, MiB"], ...lines]),
    "",
    "The click head over HTTP at origin; each client asks again as soon as it is answered. `admin`: `GET",
    "/v1/admin/models`, asked beside it. Clients run in Node on the same cores as workerd, and writing JSON costs them",
    "more than the model costs it: what an admin request waits here is the machine's contention and one batch at most.",
    "",
    `Unloading and loading the early ranker ${reloads.times} times: workerd from ${before} to ${after} MiB.`,
  ].join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    seconds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const seconds = wholeFrom(options.seconds, "--seconds", 1, 600);
  const dir = await mkdtemp(path.join(os.tmpdir(), "midroll-bench-inference-"));
  const midroll = await bringUp({ edgePort: 0, originPort: 0, stateDir: dir });
  try {
    // The first load starts the runtime and is not measured.
    await measureLoad(midroll, 1, 1, 1);
    const measured: Measured[] = [];
    for (const { clients, rows } of LOADS) {
      console.error(`${clients} clients, ${rows} rows`);
      measured.push(await measureLoad(midroll, clients, rows, seconds));
    }
    // What the first rounds take is not given back, and is taken once.
    await measureReloads(midroll, RELOADS);
    const reloads = await measureReloads(midroll, RELOADS);
    const command = `npm run bench:inference -- --seconds ${seconds}`;
    const result = { benchmark: "inference", command, machine: thisMachine(), loads: measured, reloads };
    console.log(options.json ? JSON.stringify(result) : section(command, measured, reloads));
    if (options.write ?? !options.json)
      await writeSection("npm run bench:inference", section(command, measured, reloads));
  } finally {
    await midroll.stop();
    await rm(dir, { recursive: true, force: true });
  }
});
