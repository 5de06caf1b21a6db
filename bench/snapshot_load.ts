/**
 * What loading one snapshot costs in a process of its own, which is as cold as a new isolate and has its own memory.
 * Run by bench/snapshot.ts: `node --expose-gc bench/snapshot_load.ts FILE`, prints one JSON object.
 */
import { readFileSync } from "node:fs";
import { present } from "../src/kernel/assert.ts";
import type { CompiledCatalog } from "../src/catalog/compiled.ts";
import { readSnapshot } from "../src/catalog/snapshot.ts";
import { percentile } from "./statistics.ts";

/** What is known afterwards. Units: in the names; CPU is of the thread that loads. */
export interface SnapshotLoad {
  readonly steps: number;
  readonly cpuMs: number;
  readonly stepCpuMsP99: number;
  readonly stepCpuMsMax: number;
  readonly wallMs: number;
  /** What the catalog keeps in memory, its index and the snapshot's bytes included. */
  readonly heldBytes: number;
  /** Of it the index. */
  readonly indexBytes: number;
}

function collected(): number {
  present(globalThis.gc, "node runs with --expose-gc")();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function load(file: string): SnapshotLoad {
  const before = collected();
  const bytes = new Uint8Array(readFileSync(file));
  const stepsMs: number[] = [];
  const startedMs = performance.now();
  const reading = readSnapshot(bytes, true);
  let catalog: CompiledCatalog | null = null;
  while (catalog === null) {
    const startedCpu = process.threadCpuUsage();
    const step = reading.next();
    const { user, system } = process.threadCpuUsage(startedCpu);
    stepsMs.push((user + system) / 1000);
    if (step.done !== true) continue;
    if (!step.value.ok) throw new Error(`refused: ${step.value.reason}`);
    catalog = step.value.value;
  }
  const wallMs = performance.now() - startedMs;
  const heldBytes = collected() - before;
  return {
    steps: stepsMs.length,
    cpuMs: stepsMs.reduce((sum, ms) => sum + ms, 0),
    stepCpuMsP99: percentile(stepsMs, 0.99),
    stepCpuMsMax: percentile(stepsMs, 1),
    wallMs,
    heldBytes,
    indexBytes: catalog.paidOffers.postings.bytes + catalog.houseOffers.postings.bytes,
  };
}

console.log(JSON.stringify(load(present(process.argv[2], "a file was named"))));
