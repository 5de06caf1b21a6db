/**
 * What the ops console polls: activity of the last ten minutes merged with where every campaign's money is. Both come
 * from the Activity object, which asks the ledgers at most once a second for all consoles together.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { ADMIN_ONLY, jsonAnswer, liveSchema, problemAnswers } from "../api_schemas.ts";
import { rosterOf } from "../catalog/catalog_roster.ts";
import type { OriginEnv } from "../env.ts";
import { reach } from "../unreachable.ts";

const getLive = createRoute({
  method: "get",
  path: "/v1/admin/live",
  operationId: "getLive",
  tags: ["console"],
  summary: "Activity since a given `seq`, and every campaign's money",
  security: ADMIN_ONLY,
  request: {
    query: z.object({
      after: z.coerce
        .number()
        .int()
        .nonnegative()
        .default(0)
        .openapi({ description: "The `seq` of the last answer; 0 for everything held." }),
    }),
  },
  responses: {
    200: jsonAnswer("The feed", liveSchema),
    ...problemAnswers("unauthorized", "bad_field", "storage_unavailable"),
  },
});

/** Adds the console's feed. */
export function addLiveRoutes(app: OpenAPIHono<{ Bindings: OriginEnv }>): void {
  app.openapi(getLive, async (c) => {
    const { after } = c.req.valid("query");
    const activity = c.env.ACTIVITY.getByName("live");
    const [catalog, models, feed] = await reach("storage_unavailable", "Origin's objects did not answer.", () =>
      Promise.all([
        c.env.REGISTRY.getByName("catalog").current(),
        c.env.MODEL_REGISTRY.getByName("models").order(),
        activity.feed(after),
      ]),
    );
    const roster = catalog.digest === null ? null : await rosterOf(c.env, catalog.digest);
    const listed = roster?.campaigns ?? [];
    const sweep = await reach("storage_unavailable", "Origin's objects did not answer.", () =>
      activity.campaignStatuses(listed.map((campaign) => campaign.campaignId)),
    );
    const campaigns = listed.map((campaign, index) => ({ ...campaign, status: sweep.statuses[index] ?? null }));
    const body = {
      ...feed,
      campaigns,
      campaignsAtMs: sweep.atMs,
      catalogDigest: catalog.digest,
      models,
    };
    return c.json(body, 200);
  });
}
