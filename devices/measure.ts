/**
 * Measures a published set on every device of this machine, by batch size and by turns, so that what else the machine
 * does falls on all of them alike. Whoever answers something else than the native runtime is not measured: it throws.
 */
import { openDevicePage, type OpenPage } from "./browser.ts";
import { openNodeDevices, type NodeDevice } from "./node_devices.ts";
import { drawBreakRows } from "./page/rows.ts";
import type { Adapter } from "./page/scoring.ts";
import type { Device, Timing } from "./allocate.ts";

/** What is measured. */
export interface MeasureTerms {
  readonly modelsDir: string;
  /** Batch sizes. */
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** Null: there is no Chromium, and WebGPU is left out. */
  readonly chromium: string | null;
  readonly progress: (line: string) => void;
}

/** What was measured. */
export interface Measured {
  readonly timings: readonly Timing[];
  /** Null: WebGPU was not measured. */
  readonly adapter: Adapter | null;
  /** Largest distance between WebGPU and wasm, of all models and sizes; null: not compared. */
  readonly webgpuApart: number | null;
}

/** How long one stretch of calls lasts about. Units: milliseconds. */
const STRETCH_MS = 40;
const CALLS_MAX = 5_000;
/** A call that lasts longer is measured in one round only. Units: milliseconds. */
const SLOW_MS = 500;
/** Distance from the native runtime that is still the same answer. */
const CLOSE = 1e-4;

/** One way to score: so many rows so many times, in milliseconds. */
type Time = (rows: number, times: number) => Promise<number>;

/** Measures. Throws where a device cannot run the set or answers otherwise. */
export async function measureDevices(terms: MeasureTerms): Promise<Measured> {
  const nodeDevices = await openNodeDevices(terms.modelsDir);
  let browser: OpenPage | null = null;
  try {
    await compare(nodeDevices, Math.max(...terms.sizes));
    const ways = new Map<Device, Time>(nodeDevices.map((device) => [device.name, timed(device)]));
    if (terms.chromium !== null) {
      terms.progress("starting Chromium");
      browser = await openDevicePage(terms.chromium, terms.modelsDir);
    }
    const webgpuApart = browser?.adapter ? await compareBrowser(browser, terms) : null;
    if (browser?.adapter) ways.set("webgpu", timedIn(browser));
    const timings: Timing[] = [];
    for (const rows of terms.sizes) {
      terms.progress(`scoring ${rows} rows`);
      timings.push(...(await measureSize(ways, rows, terms.rounds)));
    }
    return { timings, adapter: browser?.adapter ?? null, webgpuApart };
  } finally {
    await browser?.close();
    for (const device of nodeDevices) await device.release();
  }
}

async function measureSize(ways: ReadonlyMap<Device, Time>, rows: number, rounds: number): Promise<Timing[]> {
  const lanes = [];
  for (const [device, time] of ways) {
    await time(rows, 1);
    const onceMs = await time(rows, 1);
    const calls = Math.max(1, Math.min(CALLS_MAX, Math.round(STRETCH_MS / Math.max(onceMs, 0.001))));
    // Seconds a call need no second look.
    lanes.push({ device, time, calls, rounds: onceMs > SLOW_MS ? 1 : rounds, us: [] as number[] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const lane of lanes) {
      if (round < lane.rounds) lane.us.push(((await lane.time(rows, lane.calls)) * 1000) / lane.calls);
    }
  }
  return lanes.map(({ device, us }) => ({ device, rows, us: medianOf(us) }));
}

function timed(device: NodeDevice): Time {
  return async (rows, times) => {
    const features = drawBreakRows("device page", rows);
    const startedMs = performance.now();
    for (let n = 0; n < times; n++) await device.score(features);
    return performance.now() - startedMs;
  };
}

function timedIn(browser: OpenPage): Time {
  return (rows, times) => browser.time("webgpu", rows, times);
}

/** Throws unless all devices answer what the first does. */
async function compare(devices: readonly NodeDevice[], rows: number): Promise<void> {
  const features = drawBreakRows("device page", rows);
  const [oracle, ...others] = devices;
  const expected = (await oracle?.score(features)) ?? [];
  for (const device of others) {
    const said = await device.score(features);
    expected.forEach((scores, head) => {
      scores.forEach((score, row) => {
        const apart = Math.abs(score - (said[head]?.[row] ?? Number.NaN));
        if (!(apart <= CLOSE)) throw new Error(`${device.name} is ${apart} away from the native runtime, row ${row}`);
      });
    });
  }
}

async function compareBrowser(browser: OpenPage, { sizes, progress }: MeasureTerms): Promise<number> {
  progress("comparing WebGPU with wasm");
  const byModel = await browser.parity(Math.max(...sizes));
  const apart = Math.max(...Object.values(byModel));
  if (!(apart <= CLOSE)) throw new Error(`WebGPU is ${apart} away from wasm: ${JSON.stringify(byModel)}`);
  return apart;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
