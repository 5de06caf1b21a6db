/**
 * The origin Worker's entry: HTTP, the two queues, the schedule, the Durable Object classes, and the desk that
 * edges call. The platform finds all of these as exports of this one file, which is why it alone exports what others
 * define.
 */
import { originApp } from "./app.ts";
import type { OriginEnv } from "./env.ts";
import { solveCurrentGuarantees } from "./guarantees.ts";
import { takeReports } from "./report_queue.ts";
import { takeTraces } from "./trace_queue.ts";

export { Activity } from "./activity.ts";
export { CampaignLedger } from "./campaign_ledger.ts";
export { EdgeDesk } from "./edge_desk.ts";
export { Household } from "./household.ts";
export { Inference } from "./inference.ts";
export { ModelRegistry } from "./model_registry.ts";
export { RegionWallet } from "./region_wallet.ts";
export { Registry } from "./registry.ts";
export { TraceIndex } from "./trace_index.ts";

const app = originApp();

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  queue: (batch, env) => (batch.queue === "midroll-traces" ? takeTraces(batch, env) : takeReports(batch, env)),
  scheduled: (_event, env) => solveCurrentGuarantees(env, Date.now()),
} satisfies ExportedHandler<OriginEnv>;
