/**
 * How long requests wait for an isolate that is loading a snapshot: pings one after another over one connection, before
 * the load and during it. The longest one is the longest that the load kept the thread, plus what the machine adds.
 */
import { Agent, request } from "node:http";
import { bundleDriver } from "./bundle_driver.ts";
import { startLoneWorker } from "./lone_worker.ts";
import { percentile } from "./statistics.ts";
import { workerdCpuMs } from "./workerd_cpu.ts";

/** Latency of pings. Units: milliseconds. */
export interface Pings {
  readonly count: number;
  readonly msP50: number;
  readonly msP99: number;
  readonly msMax: number;
}

/** What the outside saw. */
export interface SnapshotGap {
  readonly idle: Pings;
  readonly loading: Pings;
  readonly loadMs: number;
  readonly workerdCpuMs: number | null;
}

const IDLE_PINGS = 2_000;
/** Pings between two questions whether the load is done. */
const PINGS_A_ROUND = 20;

/** Loads these bytes in a workerd of its own. `stateDir`: a directory of its own. */
export async function measureGap(bytes: Uint8Array, stateDir: string): Promise<SnapshotGap> {
  const worker = await startLoneWorker(stateDir, "snapshot-driver", await bundleDriver("snapshot_driver"));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (path: string, body: Uint8Array | null = null) => askOver(agent, worker.port, path, body);
  const ping = async (): Promise<number> => {
    const startedMs = performance.now();
    await ask("/");
    return performance.now() - startedMs;
  };
  try {
    for (let n = 0; n < IDLE_PINGS; n++) await ping();
    const idle: number[] = [];
    for (let n = 0; n < IDLE_PINGS; n++) idle.push(await ping());
    const cpuBefore = workerdCpuMs(stateDir);
    await ask("/", bytes);
    const startedMs = performance.now();
    const loading: number[] = [];
    while ((await ask("/loaded")) === "no") {
      for (let n = 0; n < PINGS_A_ROUND; n++) loading.push(await ping());
    }
    const loadMs = performance.now() - startedMs;
    const cpuAfter = workerdCpuMs(stateDir);
    const spent = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
    return { idle: pingsOf(idle), loading: pingsOf(loading), loadMs, workerdCpuMs: spent };
  } finally {
    agent.destroy();
    await worker.stop();
  }
}

function askOver(agent: Agent, port: number, path: string, body: Uint8Array | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { agent, port, host: "127.0.0.1", path, method: body === null ? "GET" : "POST" },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part: string) => (text += part));
        answer.on("end", () => resolve(text));
        answer.on("error", reject);
      },
    );
    asked.on("error", reject);
    asked.end(body ?? undefined);
  });
}

function pingsOf(samples: readonly number[]): Pings {
  return {
    count: samples.length,
    msP50: percentile(samples, 0.5),
    msP99: percentile(samples, 0.99),
    msMax: percentile(samples, 1),
  };
}
