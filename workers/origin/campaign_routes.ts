/**
 * Where the campaigns' money is, asked from their ledgers at this moment. A ledger that does not answer costs its own
 * line and no other.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import {
  ADMIN_ONLY,
  campaignIdSchema,
  campaignListSchema,
  campaignStatusSchema,
  jsonAnswer,
  problemAnswers,
} from "./api_schemas.ts";
import { sweepLedgers } from "./campaign_board.ts";
import { rosterOf } from "./catalog_roster.ts";
import type { OriginEnv } from "./env.ts";
import { problem } from "../platform/problem_response.ts";
import { reach } from "./unreachable.ts";

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
  request: { params: z.object({ campaignId: campaignIdSchema }) },
  responses: {
    200: jsonAnswer("The campaign", campaignStatusSchema),
    ...problemAnswers("unauthorized", "bad_field", "not_found", "ledgers_unavailable"),
  },
});

/** Adds the campaigns' routes. */
export function addCampaignRoutes(app: OpenAPIHono<{ Bindings: OriginEnv }>): void {
  app.openapi(listCampaigns, async (c) => {
    const { digest } = await reach("storage_unavailable", "The registry did not answer.", () =>
      c.env.REGISTRY.getByName("catalog").current(),
    );
    const roster = digest === null ? null : await rosterOf(c.env, digest);
    const ids = (roster?.campaigns ?? []).map((campaign) => campaign.campaignId);
    const sweep = await sweepLedgers(ids, (id) => c.env.LEDGER.getByName(id).status(), Date.now);
    const campaigns = sweep.statuses.filter((status) => status !== null);
    const unknown = ids.filter((_id, index) => sweep.statuses[index] === null);
    return c.json({ campaigns: campaigns, unknown }, 200);
  });

  app.openapi(getCampaign, async (c) => {
    const { campaignId } = c.req.valid("param");
    const status = await reach("ledgers_unavailable", "The campaign's ledger did not answer.", () =>
      c.env.LEDGER.getByName(campaignId).status(),
    );
    if (status === null) return problem("not_found", "No campaign of that id was ever published.");
    return c.json(status, 200);
  });
}
