/**
 * The rollout of model sets over HTTP: its moves, and their history. What may move where is said in
 * src/models/rollout/.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import type { Lack, Move, MoveRefusal } from "../../../src/models/rollout/move.ts";
import { ROLLOUT_LIMITS } from "../../../src/models/rollout/rollout.ts";
import { ADMIN_ONLY, jsonAnswer, jsonSchemaOf, problemAnswers } from "../api_schemas.ts";
import { readCommand } from "../command_body.ts";
import type { OriginEnv } from "../env.ts";
import { HISTORY_LINES, movedSchema, moveSchema, rolloutHistorySchema } from "./model_schemas.ts";
import { lacksOf } from "./model_sets.ts";
import { problem } from "../../platform/problem_response.ts";
import { reach } from "../unreachable.ts";

const noAnswer = "The model registry did not answer.";

const postMove = createRoute({
  method: "post",
  path: "/v1/admin/rollout/moves",
  operationId: "moveRollout",
  tags: ["models"],
  summary: "Put a model set on trial or live, go back, stop or go on",
  description: "Edges follow within seconds. Asking for what is so already changes nothing.",
  security: ADMIN_ONLY,
  request: { body: { required: true, content: { "application/json": { schema: jsonSchemaOf(moveSchema) } } } },
  responses: {
    200: jsonAnswer("What edges are told now", movedSchema),
    ...problemAnswers(
      "unauthorized",
      "bad_field",
      "unsupported_media_type",
      "body_too_large",
      "malformed_json",
      "set_unknown",
      "share_out_of_range",
      "cap_malformed",
      "move_not_allowed",
      "place_taken",
      "nothing_to_roll_back_to",
      "set_not_ready",
      "exposure_used_up",
      "storage_unavailable",
    ),
  },
});

const getHistory = createRoute({
  method: "get",
  path: "/v1/admin/rollout/history",
  operationId: "getRolloutHistory",
  tags: ["models"],
  summary: "Who moved which model set, when and why",
  security: ADMIN_ONLY,
  request: {
    query: z.object({ limit: z.coerce.number().int().min(1).max(ROLLOUT_LIMITS.historyMax).default(HISTORY_LINES) }),
  },
  responses: {
    200: jsonAnswer("The newest lines first", rolloutHistorySchema),
    ...problemAnswers("unauthorized", "bad_field", "storage_unavailable"),
  },
});

/** Adds the rollout's routes. */
export function addRolloutRoutes(app: OpenAPIHono<{ Bindings: OriginEnv }>): void {
  app.openapi(postMove, async (c) => {
    const sent = await readCommand(c, moveSchema, FULL_LIMITS.bodyBytesMax);
    if (!sent.ok) return sent.reason;
    const { by, why, ...asked } = sent.value;
    const registry = c.env.MODEL_REGISTRY.getByName("models");
    const move = await reach("storage_unavailable", noAnswer, async (): Promise<Move | null> => {
      if (asked.kind !== "rollback") return asked;
      const digest = (await registry.order()).warm[0];
      return digest === undefined ? null : { kind: "rollback", digest };
    });
    if (move === null) return moveProblem("nothing_to_roll_back_to", []);
    const digest = "digest" in move ? move.digest : null;
    const lacks = digest === null || move.kind === "retire" ? [] : [...(await lacksOf(c.env, digest))];
    if (digest !== null && (move.kind === "canary" || move.kind === "live")) {
      const refused = await reach("storage_unavailable", noAnswer, () => registry.isRefused(digest, Date.now()));
      if (refused) lacks.push("isolates");
    }
    const answer = await reach("storage_unavailable", noAnswer, () =>
      registry.move(move, { by, why, atMs: Date.now() }, lacks),
    );
    return answer.ok ? c.json({ digest, ...answer.value }, 200) : moveProblem(answer.reason, lacks);
  });

  app.openapi(getHistory, async (c) => {
    const { limit } = c.req.valid("query");
    const lines = await reach("storage_unavailable", noAnswer, () =>
      c.env.MODEL_REGISTRY.getByName("models").history(limit),
    );
    return c.json({ lines }, 200);
  });
}

const MOVE_WORDS: Readonly<Record<Exclude<MoveRefusal, "words_malformed" | "set_not_ready">, string>> = {
  set_unknown: "No set of that digest was published; midroll models list shows those that were.",
  share_out_of_range: "A canary is of 1 to 50 % of viewers, a shadow of up to all decisions.",
  cap_malformed: "A cap is of at least one impression and one micro of spend.",
  move_not_allowed: "A live set leaves by another set going live, or by rolling back; a retired one cannot be retired.",
  place_taken: "There is one canary and one shadow at a time: promote the other set or retire it first.",
  nothing_to_roll_back_to: "No set was live before this one, or somebody has moved meanwhile: look at the history.",
  exposure_used_up: "Viewers were shown as much of this set already: raise its cap.",
};

const LACK_WORDS: Readonly<Record<Lack, string>> = {
  models: "some of its models are not in the store: publish it again",
  signature: "no trusted key has signed it for this version: publish it again",
  isolates: "isolates have tried to load it, and none could: midroll models list says why",
};

/** A refused move in HTTP's words. */
export function moveProblem(refusal: MoveRefusal, lacks: readonly Lack[]): Response {
  if (refusal === "words_malformed") return problem("bad_field", "by, why: 1 to 200 printable characters");
  if (refusal !== "set_not_ready") return problem(refusal, MOVE_WORDS[refusal]);
  return problem(refusal, `Not yet: ${lacks.map((lack) => LACK_WORDS[lack]).join("; ")}.`, { lacks });
}
