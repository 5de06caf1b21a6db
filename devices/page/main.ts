/**
 * The device page: the published set scored by WebGPU and by wasm in this browser, side by side. A person reads the
 * table; tests and `midroll bench device` drive it through `window.devicePage`.
 */
import { drawBreakRows } from "./rows.ts";
import { findAdapter, loadSet, type Adapter, type LoadedSet, type Provider } from "./scoring.ts";

/** What the page offers to whoever drives it. */
export interface DevicePage {
  adapter(): Promise<Adapter | null>;
  /** Largest distance between the two providers on so many rows, for every model of the set. */
  parity(rows: number): Promise<Readonly<Record<string, number>>>;
  /** Scores the heads on so many rows so many times. Units: milliseconds in all. */
  time(provider: Provider, rows: number, times: number): Promise<number>;
}

declare global {
  interface Window {
    devicePage: DevicePage;
  }
}

const SEED = "device page";
const SIZES = [1, 20, 64, 200, 1_000, 5_000] as const;
const loaded = new Map<Provider, Promise<LoadedSet>>();

function setOf(provider: Provider): Promise<LoadedSet> {
  const held = loaded.get(provider) ?? loadSet(provider);
  loaded.set(provider, held);
  return held;
}

function apart(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  a.forEach((value, at) => {
    const distance = Math.abs(value - (b[at] ?? Number.NaN));
    // A distance that is no number must not pass for a small one.
    if (!(distance <= most)) most = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
  });
  return most;
}

async function parity(rows: number): Promise<Readonly<Record<string, number>>> {
  const features = drawBreakRows(SEED, rows);
  const [wasm, webgpu] = [await setOf("wasm"), await setOf("webgpu")];
  const expected = await wasm.score(wasm.names, features);
  const said = await webgpu.score(webgpu.names, features);
  const none = new Float32Array(0);
  return Object.fromEntries(wasm.names.map((name, at) => [name, apart(said[at] ?? none, expected[at] ?? none)]));
}

async function time(provider: Provider, rows: number, times: number): Promise<number> {
  const features = drawBreakRows(SEED, rows);
  const set = await setOf(provider);
  const startedMs = performance.now();
  for (let n = 0; n < times; n++) await set.score(set.heads, features);
  return performance.now() - startedMs;
}

/** Milliseconds of one call: after one that is not measured, as many as last a moment. */
async function timeOnce(provider: Provider, rows: number): Promise<number> {
  await time(provider, rows, 1);
  const onceMs = await time(provider, rows, 1);
  const times = Math.max(1, Math.min(200, Math.round(100 / Math.max(onceMs, 0.1))));
  return (await time(provider, rows, times)) / times;
}

window.devicePage = { adapter: findAdapter, parity, time };

function say(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element !== null) element.textContent = text;
}

async function measure(): Promise<void> {
  const table = document.querySelector("tbody");
  table?.replaceChildren();
  for (const rows of SIZES) {
    say("state", `measuring ${rows} rows`);
    const distances = Object.values(await parity(rows));
    const cells = [
      String(rows),
      (await timeOnce("wasm", rows)).toFixed(3),
      (await timeOnce("webgpu", rows)).toFixed(3),
      Math.max(...distances).toExponential(1),
    ];
    const line = document.createElement("tr");
    for (const text of cells) line.append(Object.assign(document.createElement("td"), { textContent: text }));
    table?.append(line);
  }
  say("state", "done");
}

const adapter = await findAdapter();
const button = document.querySelector("button");
if (adapter === null) say("adapter", "This browser has no WebGPU adapter.");
else {
  const kind = adapter.software ? "a software adapter: its times say nothing about a GPU" : "an adapter of a GPU";
  say("adapter", `${adapter.vendor} ${adapter.architecture}, ${kind}.`);
  if (button !== null) {
    button.disabled = false;
    button.addEventListener("click", () => {
      button.disabled = true;
      void measure()
        .catch((failure: unknown) => say("state", `failed: ${String(failure)}`))
        .finally(() => (button.disabled = false));
    });
  }
}
