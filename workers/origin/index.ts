/**
 * The origin Worker's entry: HTTP, the two queues, the schedule, the Durable Object classes, and the desk that
 * edges call. The platform finds all of these as exports of this one file, which is why it alone exports what others
 * define.
 */
import { originApp } from "./app.ts";
import type { OriginEnv } from "./env.ts";
import { solveCurrentGuarantees } from "./catalog/guarantees.ts";
import { takeReports } from "./activity/report_queue.ts";
import { takeTraces } from "./traces/trace_queue.ts";

export { Activity } from "./activity/activity.ts";
export { CampaignLedger } from "./money/campaign_ledger.ts";
export { EdgeDesk } from "./edge_desk.ts";
export { Household } from "./household.ts";
export { Inference } from "./inference/inference.ts";
export { ModelRegistry } from "./models/model_registry.ts";
export { RegionWallet } from "./money/region_wallet.ts";
export { Registry } from "./catalog/registry.ts";
export { TraceIndex } from "./traces/trace_index.ts";

const app = originApp();

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  queue: (batch, env) => (batch.queue === "midroll-traces" ? takeTraces(batch, env) : takeReports(batch, env)),
  scheduled: (_event, env) => solveCurrentGuarantees(env, Date.now()),
} satisfies ExportedHandler<OriginEnv>;
