/**
 * A Worker that loads a snapshot the way an edge does and answers pings meanwhile. Clocks stand still inside it, so
 * whoever drives it measures from outside. GET / is a ping; POST / with a snapshot begins to load it; GET /loaded
 * says whether it is done.
 */
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import { readSnapshot } from "../../src/catalog/snapshot.ts";
import { sha256Hex } from "../../workers/platform/digest.ts";
import { inTurns } from "../../workers/platform/in_turns.ts";

/** Kept, as an edge keeps it. */
let held: CompiledCatalog | null = null;

async function load(bytes: Uint8Array): Promise<void> {
  await sha256Hex(bytes);
  const read = await inTurns(readSnapshot(bytes, true));
  if (!read.ok) throw new Error(`refused: ${read.reason}`);
  held = read.value;
}

export default {
  async fetch(request: Request, _env: unknown, context: ExecutionContext): Promise<Response> {
    if (request.method === "POST") {
      held = null;
      const bytes = new Uint8Array(await request.arrayBuffer());
      context.waitUntil(load(bytes));
      return new Response("begun");
    }
    const loaded = new URL(request.url).pathname === "/loaded";
    return new Response(loaded ? String(held?.lineItems.length ?? "no") : "pong");
  },
};
