/**
 * How much memory one isolate holds with 32 models live while another 32 warm up, by workerd's own books: the inspector
 * tells of each isolate the heap in use and the bytes behind its buffers, the edge's gauge those of its wasm memories.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { present } from "../src/kernel/assert.ts";
import type { SwapSet } from "./swap_sets.ts";
import { EDGE_NAME, type SwapEdge, type SwapStage } from "./swap_stage.ts";

/** Units: bytes. */
export interface MemoryReport {
  /** By the inspector: heap in use and buffers. */
  readonly beforeModels: number;
  readonly live32: number;
  /** The most that was seen while the second set was loaded and tested, and both were ready. */
  readonly warming32Max: number;
  readonly samples: number;
  /** By the edge's own gauge, once both are ready: wasm memories, of which the inspector counts some. */
  readonly gaugeOfBoth: number;
  /** Both books added up: no less than the isolate holds. */
  readonly isolateAtMost: number;
}

const POLL_MS = 20;
const LATE_MS = 30_000;
const heapSchema = z.object({
  result: z.object({
    usedSize: z.number(),
    embedderHeapUsedSize: z.number().default(0),
    backingStorageSize: z.number().default(0),
  }),
});
const targetsSchema = z.array(z.looseObject({ webSocketDebuggerUrl: z.string() }));

/** Loads one large set, then another beside it, at an edge that has no models yet. */
export async function largeSetsMemory(
  stage: SwapStage,
  [first, second]: readonly [SwapSet, SwapSet],
): Promise<MemoryReport> {
  const edge = present(stage.edges[0], "an edge");
  const heap = await heapOf(present(stage.inspectorPort, "a stage with an inspector"), EDGE_NAME);
  try {
    await stage.order({});
    await edge.state();
    const beforeModels = await heap.bytes();
    await stage.order({ live: first.digest });
    await untilReady(edge, first.digest, heap);
    const live32 = await heap.bytes();
    await stage.order({ live: first.digest, warm: [second.digest] });
    const seen = await untilReady(edge, second.digest, heap);
    const both = await heap.bytes();
    const gaugeOfBoth = (await edge.state()).modelMemoryBytes;
    const warming32Max = Math.max(live32, both, ...seen);
    const isolateAtMost = warming32Max + gaugeOfBoth;
    return { beforeModels, live32, warming32Max, samples: seen.length, gaugeOfBoth, isolateAtMost };
  } finally {
    heap.close();
  }
}

async function untilReady(edge: SwapEdge, digest: string, heap: Heap): Promise<readonly number[]> {
  const seen: number[] = [];
  for (const endMs = performance.now() + LATE_MS; performance.now() < endMs; await sleep(POLL_MS)) {
    seen.push(await heap.bytes());
    if ((await edge.state()).readyModelSets.includes(digest)) return seen;
  }
  throw new Error(`the large set ${digest} was not ready after ${LATE_MS} ms`);
}

interface Heap {
  bytes(): Promise<number>;
  close(): void;
}

/** The books of one Worker's isolate. */
async function heapOf(inspectorPort: number, workerName: string): Promise<Heap> {
  const targets = targetsSchema.parse(await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json());
  const url = targets.find(({ webSocketDebuggerUrl }) => webSocketDebuggerUrl.endsWith(`:${workerName}`));
  if (url === undefined) throw new Error(`the inspector knows no Worker ${workerName}`);
  const socket = new WebSocket(url.webSocketDebuggerUrl);
  const waiting = new Map<number, (text: string) => void>();
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    const id = Number(/"id":(\d+)/.exec(text)?.[1] ?? -1);
    waiting.get(id)?.(text);
    waiting.delete(id);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  let id = 0;
  return {
    bytes: async () => {
      id++;
      const answer = new Promise<string>((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ id, method: "Runtime.getHeapUsage" }));
      const { result } = heapSchema.parse(JSON.parse(await answer));
      return result.usedSize + result.embedderHeapUsedSize + result.backingStorageSize;
    },
    close: () => socket.close(),
  };
}
