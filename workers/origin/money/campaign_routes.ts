/**
 * Where the campaigns' money is, how it got there, and the one thing an operator can do about it by hand: give up on
 * the money of a wallet that has gone silent. All of it is asked from the ledgers at this moment; a ledger that does
 * not answer costs its own line and no other.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import type { WriteOffRefusal } from "../../../src/money/ledger.ts";
import { ADMIN_ONLY, jsonAnswer, jsonSchemaOf, problemAnswers } from "../api_schemas.ts";
import { sweepLedgers } from "./campaign_board.ts";
import {
  campaignAuditSchema,
  campaignHistorySchema,
  campaignIdSchema,
  campaignListSchema,
  campaignStatusSchema,
  writeOffSchema,
} from "./campaign_schemas.ts";
import { rosterOf } from "../catalog/catalog_roster.ts";
import { readCommand } from "../command_body.ts";
import type { LedgerStub, OriginEnv } from "../env.ts";
import { problem } from "../../platform/problem_response.ts";
import { reach } from "../unreachable.ts";

type Origin = { Bindings: OriginEnv };

const params = z.object({ campaignId: campaignIdSchema });
const oneProblems = ["unauthorized", "bad_field", "not_found", "ledgers_unavailable"] as const;

const listCampaigns = createRoute({
  method: "get",
  path: "/v1/admin/campaigns",
  operationId: "listCampaigns",
  tags: ["campaigns"],
  summary: "Status of every campaign of the current catalog",
  security: ADMIN_ONLY,
  responses: {
    200: jsonAnswer("Every campaign, by id", campaignListSchema),
    ...problemAnswers("unauthorized", "storage_unavailable"),
  },
});

const getCampaign = createRoute({
  method: "get",
  path: "/v1/admin/campaigns/{campaignId}",
  operationId: "getCampaign",
  tags: ["campaigns"],
  summary: "Status of one campaign, also one that is archived",
  security: ADMIN_ONLY,
  request: { params },
  responses: { 200: jsonAnswer("The campaign", campaignStatusSchema), ...problemAnswers(...oneProblems) },
});

const getHistory = createRoute({
  method: "get",
  path: "/v1/admin/campaigns/{campaignId}/history",
  operationId: "getCampaignHistory",
  tags: ["campaigns"],
  summary: "How a campaign's money moved, from its first minute to now",
  security: ADMIN_ONLY,
  request: { params },
  responses: { 200: jsonAnswer("The history", campaignHistorySchema), ...problemAnswers(...oneProblems) },
});

const getAudit = createRoute({
  method: "get",
  path: "/v1/admin/campaigns/{campaignId}/audit",
  operationId: "getCampaignAudit",
  tags: ["campaigns"],
  summary: "What operators did to a campaign: changed terms and write-offs",
  security: ADMIN_ONLY,
  request: { params },
  responses: { 200: jsonAnswer("The entries", campaignAuditSchema), ...problemAnswers(...oneProblems) },
});

const postWriteOff = createRoute({
  method: "post",
  path: "/v1/admin/campaigns/{campaignId}/write-off",
  operationId: "writeOffWallet",
  tags: ["campaigns"],
  summary: "Give up on the money of a stuck wallet",
  description:
    "The money no longer counts as outstanding, but it stays counted against the budget: should the wallet come " +
    "back, nothing is overspent, and its next report takes the write-off back. Recorded in the campaign's audit.",
  security: ADMIN_ONLY,
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: jsonSchemaOf(writeOffSchema) } } },
  },
  responses: {
    200: jsonAnswer("Written off; the campaign as it is now", campaignStatusSchema),
    ...problemAnswers(
      "unauthorized",
      "bad_field",
      "unsupported_media_type",
      "body_too_large",
      "malformed_json",
      "not_found",
      "wallet_unknown",
      "wallet_not_stuck",
      "ledgers_unavailable",
    ),
  },
});

/** Adds the campaigns' routes. */
export function addCampaignRoutes(app: OpenAPIHono<Origin>): void {
  app.openapi(listCampaigns, async (c) => {
    const { digest } = await reach("storage_unavailable", "The registry did not answer.", () =>
      c.env.REGISTRY.getByName("catalog").current(),
    );
    const roster = digest === null ? null : await rosterOf(c.env, digest);
    const ids = (roster?.campaigns ?? []).map((campaign) => campaign.campaignId);
    const sweep = await sweepLedgers(ids, (id) => c.env.LEDGER.getByName(id).status(), Date.now);
    const campaigns = sweep.statuses.filter((status) => status !== null);
    const unknown = ids.filter((_id, index) => sweep.statuses[index] === null);
    return c.json({ campaigns, unknown }, 200);
  });

  app.openapi(getCampaign, async (c) => {
    const status = await askLedger(c.env, c.req.valid("param"), (ledger) => ledger.status());
    return status === null ? neverPublished() : c.json(status, 200);
  });

  app.openapi(getHistory, async (c) => {
    const { campaignId } = c.req.valid("param");
    const points = await askLedger(c.env, { campaignId }, (ledger) => ledger.history());
    return points === null ? neverPublished() : c.json({ campaignId, points }, 200);
  });

  app.openapi(getAudit, async (c) => {
    const { campaignId } = c.req.valid("param");
    const entries = await askLedger(c.env, { campaignId }, (ledger) => ledger.audit());
    return entries === null ? neverPublished() : c.json({ campaignId, entries }, 200);
  });

  app.openapi(postWriteOff, async (c) => {
    const campaign = c.req.valid("param");
    const command = await readCommand(c, writeOffSchema, FULL_LIMITS.bodyBytesMax);
    if (!command.ok) return command.reason;
    const written = await askLedger(c.env, campaign, (ledger) => ledger.writeOff(command.value));
    return written.ok ? c.json(written.value, 200) : writeOffProblem(written.reason);
  });
}

function askLedger<T>(
  env: OriginEnv,
  { campaignId }: z.output<typeof params>,
  ask: (ledger: LedgerStub) => Promise<T>,
): Promise<T> {
  return reach("ledgers_unavailable", "The campaign's ledger did not answer.", () =>
    ask(env.LEDGER.getByName(campaignId)),
  );
}

function neverPublished(): Response {
  return problem("not_found", "No campaign of that id was ever published.");
}

/** A refused write-off in HTTP's words, in the order in which a ledger refuses. */
function writeOffProblem(refusal: WriteOffRefusal): Response {
  switch (refusal) {
    case "campaign_unknown":
      return neverPublished();
    case "words_malformed":
      return problem("bad_field", "by, why: 1 to 200 printable characters");
    case "wallet_unknown":
      return problem("wallet_unknown", "The ledger has never heard of this wallet with this incarnation.");
    case "wallet_not_stuck":
      return problem(
        "wallet_not_stuck",
        "It was heard of lately, holds nothing, or is written off already. Its money comes back by itself.",
      );
  }
}
