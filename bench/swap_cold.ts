/**
 * What the first viewer of a cold isolate waits for, and what comes after: the isolate has no catalog, no money and no
 * models when its first request comes. Its code is compiled by then: workerd does that when it starts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { AudienceRequest } from "../src/simulation/viewers.ts";
import { decideBody } from "./scenarios.ts";
import type { SwapEdge } from "./swap_stage.ts";

/** One cold start. Units: milliseconds. */
export interface ColdStart {
  readonly firstAnswerMs: number;
  readonly firstTier: string;
  readonly firstAds: number;
  /** From the first request to the first decision by the models. */
  readonly fullAfterMs: number;
  readonly failed: number;
  readonly slowestMs: number;
}

const POLL_MS = 5;
const LATE_MS = 20_000;
const decidedSchema = z.object({ tier: z.string(), ads: z.array(z.unknown()) });

/** Asks each edge for its first decision, and then on and on until the models decide. */
export async function coldStarts(
  edges: readonly SwapEdge[],
  requests: readonly AudienceRequest[],
): Promise<readonly ColdStart[]> {
  const starts: ColdStart[] = [];
  for (const edge of edges) starts.push(await coldStart(edge, requests));
  return starts;
}

async function coldStart({ url }: SwapEdge, requests: readonly AudienceRequest[]): Promise<ColdStart> {
  const startedMs = performance.now();
  let first: { readonly ms: number; readonly tier: string; readonly ads: number } | null = null;
  let failed = 0;
  let slowestMs = 0;
  for (let at = 0; performance.now() - startedMs < LATE_MS; at++) {
    const askedMs = performance.now();
    const decided = await decide(url, requests[at % requests.length]);
    const ms = performance.now() - askedMs;
    slowestMs = Math.max(slowestMs, ms);
    if (decided === null) failed++;
    first ??= { ms, tier: decided?.tier ?? "none", ads: decided?.ads.length ?? 0 };
    if (decided?.tier === "full") {
      const fullAfterMs = performance.now() - startedMs;
      const { ms: firstAnswerMs, tier: firstTier, ads: firstAds } = first;
      return { firstAnswerMs, firstTier, firstAds, fullAfterMs, failed, slowestMs };
    }
    await sleep(POLL_MS);
  }
  throw new Error(`${url} did not decide by its models within ${LATE_MS} ms`);
}

async function decide(url: string, asked: AudienceRequest | undefined) {
  if (asked === undefined) return null;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(decideBody(asked, null));
  const answer = await fetch(`${url}/v1/decide`, { method: "POST", headers, body });
  const decided = decidedSchema.safeParse(await answer.json());
  return answer.ok && decided.success ? decided.data : null;
}
