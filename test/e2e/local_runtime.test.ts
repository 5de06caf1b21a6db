/**
 * The local runtime with the project's real wrangler.toml files around two tiny Workers: what is bound must be reachable,
 * what was answered must survive a kill of anything, and nothing may outlive the program that started it.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { projectDir } from "../../local/build.ts";
import { startRuntime } from "../../local/runtime.ts";
import type { Runtime, RuntimeOptions } from "../../local/runtime.ts";

const edgeCode = `
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/draw") return Response.json(await env.WALLET.getByName("wallet:eu:0").draw());
    if (pathname === "/greet") return Response.json(await env.ORIGIN.greet("edge"));
    if (pathname === "/report") return Response.json(await env.EVENTS.send(searchParams.get("word")) ?? null);
    if (pathname === "/vars") return Response.json([env.REGION_SHARDS, env.PUBLIC_EDGE_URL, JSON.parse(env.BILLING_KEYS)]);
    return Response.json(request.cf ?? null);
  },
};`;

const originCode = `
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
export class RegionWallet extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS draws (id INTEGER PRIMARY KEY, note TEXT)");
  }
  draw() { return this.ctx.storage.sql.exec("INSERT INTO draws (note) VALUES ('drawn') RETURNING id").one().id; }
  draws() { return this.ctx.storage.sql.exec("SELECT id FROM draws ORDER BY id").toArray().map((row) => row.id); }
}
export class CampaignLedger extends DurableObject {
  arm(afterMs) { return this.ctx.storage.setAlarm(Date.now() + afterMs); }
  async alarm() { await this.ctx.storage.put("rang", true); }
  async rang() { return (await this.ctx.storage.get("rang")) ?? false; }
}
export class Registry extends DurableObject {}
export class Activity extends DurableObject {
  async add(words) { await this.ctx.storage.put("words", [...(await this.words()), ...words]); }
  async words() { return (await this.ctx.storage.get("words")) ?? []; }
}
export class EdgeDesk extends WorkerEntrypoint {
  greet(name) { return "hello " + name; }
}
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const ledger = env.LEDGER.getByName("campaign-1");
    if (pathname === "/draws") return Response.json(await env.WALLET.getByName("wallet:eu:0").draws());
    if (pathname === "/arm") return Response.json(await ledger.arm(Number(searchParams.get("ms"))) ?? null);
    if (pathname === "/rang") return Response.json(await ledger.rang());
    if (pathname === "/words") return Response.json(await env.ACTIVITY.getByName("live").words());
    if (pathname === "/put") return Response.json((await env.ARTIFACTS.put("a/b", searchParams.get("v"))).key);
    if (pathname === "/get") return new Response((await env.ARTIFACTS.get("a/b"))?.body ?? null);
    return env.ASSETS.fetch(request);
  },
  async queue(batch, env) { await env.ACTIVITY.getByName("live").add(batch.messages.map((message) => message.body)); },
};`;

let rootDir = "";
let running: Runtime | undefined;
let child: ChildProcess | undefined;

beforeAll(() => {
  rootDir = mkdtempSync(path.join(tmpdir(), "midroll-runtime-"));
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(rootDir, name)), { recursive: true });
    writeFileSync(path.join(rootDir, name), text);
  };
  write("workers/edge/index.ts", edgeCode);
  write("workers/origin/index.ts", originCode);
  write("console/index.html", "<title>console</title>");
  for (const name of ["wrangler.toml", "workers/origin/wrangler.toml"]) {
    copyFileSync(path.join(projectDir, name), path.join(rootDir, name));
  }
});
afterEach(async () => {
  child?.kill("SIGKILL");
  child = undefined;
  await running?.stop();
  running = undefined;
});
afterAll(() => rmSync(rootDir, { recursive: true }));

let stateCount = 0;
const freshState = (): string => path.join(rootDir, `state-${(stateCount += 1)}`);

async function start(stateDir: string, more: Partial<RuntimeOptions> = {}): Promise<Runtime> {
  running = await startRuntime({ edgePort: 0, originPort: 0, rootDir, stateDir, ...more });
  return running;
}

const ask = async (url: string): Promise<unknown> => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
};

/** Asks again until the answer is the expected one; fails after 20 s. */
async function eventually(question: () => Promise<unknown>, expected: unknown): Promise<void> {
  let last: unknown;
  for (const deadlineMs = performance.now() + 20_000; performance.now() < deadlineMs; await pause(50)) {
    last = await question().catch((error: unknown) => error);
    if (JSON.stringify(last) === JSON.stringify(expected)) return;
  }
  expect(last).toEqual(expected);
}

function workerdPid(stateDir: string): number {
  const runDir = path.join(stateDir, "run");
  const name = readdirSync(runDir).find((entry) => entry.endsWith(".pid"));
  return Number(readFileSync(path.join(runDir, name ?? "none"), "utf8"));
}

/** Draws as fast as it can, noting each answered id, until `stop`. */
function drawSteadily(edgeUrl: string): { answered: Set<number>; stop(): Promise<void> } {
  const answered = new Set<number>();
  const ending = new AbortController();
  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const id = await ask(`${edgeUrl}/draw`).catch(() => pause(5));
      if (typeof id === "number") answered.add(id);
    }
  };
  const loops = Array.from({ length: 8 }, loop);
  return {
    answered,
    stop: async () => {
      ending.abort();
      await Promise.all(loops);
    },
  };
}

/** Another program that runs Midroll until it is killed. */
async function startElsewhere(
  stateDir: string,
): Promise<{ edgeUrl: string; originUrl: string; program: ChildProcess }> {
  const code = `
    const { startRuntime } = await import(${JSON.stringify(path.join(projectDir, "local/runtime.ts"))});
    const options = ${JSON.stringify({ edgePort: 0, originPort: 0, rootDir, stateDir })};
    console.log(JSON.stringify(await startRuntime(options)));`;
  const program = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = program;
  const [line]: unknown[] = await once(createInterface(program.stdout), "line");
  const urls = z.object({ edgeUrl: z.string(), originUrl: z.string() }).parse(JSON.parse(String(line)));
  return { ...urls, program };
}

describe("the local runtime", () => {
  test("binds both Workers as their wrangler.toml files say", async () => {
    const stateDir = freshState();
    const { edgeUrl, originUrl } = await start(stateDir, { vars: { REGION_SHARDS: "7" } });
    const shards = ["7", edgeUrl, [{ id: expect.any(String), key: expect.any(String) }]];
    expect(await ask(`${edgeUrl}/vars`)).toEqual(shards);
    expect(await ask(`${edgeUrl}/greet`)).toBe("hello edge");
    expect(await ask(`${edgeUrl}/draw`)).toBe(1);
    expect(await ask(`${originUrl}/draws`)).toEqual([1]);
    expect(await (await fetch(`${originUrl}/console/index.html`)).text()).toBe("<title>console</title>");
    await ask(`${edgeUrl}/report?word=seen`);
    await eventually(() => ask(`${originUrl}/words`), ["seen"]);
  });

  test("gives a Worker the place that a request claims, and none when it claims none", async () => {
    const { edgeUrl } = await start(freshState());
    const headers = { "MF-CF-Blob": JSON.stringify({ continent: "EU", colo: "FRA" }) };
    expect(await (await fetch(edgeUrl, { headers })).json()).toEqual({ continent: "EU", colo: "FRA" });
    expect(await ask(edgeUrl)).toBeNull();
  });

  test("keeps every answered write when workerd is killed under load, and comes back on the same ports", async () => {
    const stateDir = freshState();
    const { edgeUrl, originUrl } = await start(stateDir);
    const load = drawSteadily(edgeUrl);
    await eventually(async () => load.answered.size > 50, true);
    const killedPid = workerdPid(stateDir);
    process.kill(killedPid, "SIGKILL");
    const before = load.answered.size;
    await eventually(async () => load.answered.size > before + 50, true);
    await load.stop();
    const stored = new Set(z.array(z.number()).parse(await ask(`${originUrl}/draws`)));
    expect([...load.answered].filter((id) => !stored.has(id))).toEqual([]);
    expect(workerdPid(stateDir)).not.toBe(killedPid);
  });

  test("ends workerd with its killed program, and the next start finds objects, alarms and files", async () => {
    const stateDir = freshState();
    const elsewhere = await startElsewhere(stateDir);
    await ask(`${elsewhere.originUrl}/put?v=kept`);
    await ask(`${elsewhere.originUrl}/arm?ms=300`);
    const load = drawSteadily(elsewhere.edgeUrl);
    await eventually(async () => load.answered.size > 50, true);
    elsewhere.program.kill("SIGKILL");
    await once(elsewhere.program, "exit");
    await eventually(
      () =>
        ask(elsewhere.edgeUrl).then(
          () => "answers",
          () => "silent",
        ),
      "silent",
    );
    await load.stop();

    const { edgePort, originPort } = { edgePort: portOf(elsewhere.edgeUrl), originPort: portOf(elsewhere.originUrl) };
    const { originUrl } = await start(stateDir, { edgePort, originPort });
    await eventually(() => ask(`${originUrl}/rang`), true);
    expect(await (await fetch(`${originUrl}/get`)).text()).toBe("kept");
    const stored = new Set(z.array(z.number()).parse(await ask(`${originUrl}/draws`)));
    expect([...load.answered].filter((id) => !stored.has(id))).toEqual([]);
  });

  test("SIGTERM ends the program and workerd", async () => {
    const { program, edgeUrl } = await startElsewhere(freshState());
    program.kill("SIGTERM");
    expect(await once(program, "exit")).toEqual([143, null]);
    await expect(fetch(edgeUrl)).rejects.toThrow("fetch failed");
  });

  test("refuses a state directory in use, then takes it when it is given back", async () => {
    const stateDir = freshState();
    const first = await start(stateDir);
    await expect(startRuntime({ edgePort: 0, originPort: 0, rootDir, stateDir })).rejects.toThrow("is in use");
    expect(await ask(`${first.edgeUrl}/draw`)).toBe(1);
    await first.stop();
    const second = await start(stateDir);
    expect(await ask(`${second.edgeUrl}/draw`)).toBe(2);
    expect(second.adminToken).toBe(first.adminToken);
  });

  test("names the port that is taken and the option that changes it", async () => {
    const blocker = net.createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const stateDir = freshState();
    await expect(start(stateDir, { originPort: port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1, meant for the origin`,
    );
    await expect(start(stateDir, { edgePort: port })).rejects.toThrow("choose another port with --port");
    blocker.close();
  });

  test("refuses a variable that no wrangler.toml declares", async () => {
    await expect(start(freshState(), { vars: { REGION_SHARD: "7" } })).rejects.toThrow("REGION_SHARD");
  });
});

const portOf = (url: string): number => Number(new URL(url).port);
