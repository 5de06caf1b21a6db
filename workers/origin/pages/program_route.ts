/**
 * The playlist that the demo page and any other HLS player opens: the demo programme with its breaks, each pointing at
 * the edge's asset list with the viewer's own query.
 */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { problemAnswers } from "../api_schemas.ts";
import { baseUrl, type OriginEnv } from "../env.ts";
import { problem } from "../../platform/problem_response.ts";
import { programPlaylist } from "./program_playlist.ts";
import { assetText, OPEN_TO_ALL } from "./static_files.ts";

const PLAYLIST_MEDIA_TYPE = "application/vnd.apple.mpegurl";
const PROGRAM_PATH = "/media/program/index.m3u8";
const BREAKS_MAX = 20;
const OFFSETS = /^\d{1,5}(\.\d{1,3})?(,\d{1,5}(\.\d{1,3})?)*$/;
/** What is passed on to the edge as it came; the edge validates it. */
const PASSED_ON: readonly string[] = [
  "max fill min_ad max_ad rqddurs slots poddedupe bidfloor bidfloorcur mincpmpersec durfloors deals private_auction",
  "surface dev country region genre rating lang content cat seg vid hid tz bcat badv acat",
  "lmt gdpr gdpr_consent us_privacy gpp gpp_sid coppa freq",
].flatMap((names) => names.split(" "));

const breaks = z
  .string()
  .regex(OFFSETS, "seconds from the start, separated by commas, such as 10,40")
  .refine((text) => text.split(",").length <= BREAKS_MAX, `at most ${BREAKS_MAX} breaks`);

const getProgram = createRoute({
  method: "get",
  path: "/player/program.m3u8",
  operationId: "programPlaylist",
  tags: ["pages"],
  summary: "The demo programme with ad breaks as HLS interstitials",
  description: `Passed on to the edge's asset list when present: ${PASSED_ON.join(", ")}.`,
  request: {
    query: z.looseObject({
      breaks: breaks.default("10,40").openapi({ description: "Where breaks are, in seconds of programme." }),
      dur: z.coerce.number().positive().max(FULL_LIMITS.podDurationSecMax).default(20),
      pub: z.string().min(1).max(FULL_LIMITS.idCharsMax).default("demo"),
      rid: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,56}$/)
        .optional()
        .openapi({ description: "Session; the requests of its breaks are called `<rid>-b1`, `<rid>-b2`, …" }),
    }),
  },
  responses: {
    200: { description: "A media playlist", content: { [PLAYLIST_MEDIA_TYPE]: { schema: z.string() } } },
    ...problemAnswers("bad_field", "not_found"),
  },
});

/** Adds the demo programme. */
export function addProgramRoute(app: OpenAPIHono<{ Bindings: OriginEnv }>): void {
  app.openapi(getProgram, async (c) => {
    const query = c.req.valid("query");
    const source = await assetText(c.env, c.req.url, PROGRAM_PATH);
    if (source === null) return problem("not_found", "The build has no demo programme.");
    const here = new URL(c.req.url).origin;
    const edge = baseUrl(c.env.PUBLIC_EDGE_URL, here);
    const session = query.rid ?? crypto.randomUUID();
    const offsets = query.breaks.split(",").map(Number);
    const scheduled = [...new Set(offsets)]
      .sort((a, b) => a - b)
      .map((offsetSec, index) => ({
        offsetSec,
        assetListUrl: `${edge}/v1/asset-list?${assetListQuery(query, `${session}-b${index + 1}`)}`,
      }));
    const text = programPlaylist(source, `${baseUrl(c.env.PUBLIC_ORIGIN_URL, here)}${PROGRAM_PATH}`, scheduled);
    const headers = { ...OPEN_TO_ALL, "content-type": PLAYLIST_MEDIA_TYPE, "cache-control": "no-store" };
    return c.body(text, 200, headers);
  });
}

function assetListQuery(query: Readonly<Record<string, unknown>>, requestId: string): string {
  const passed = new URLSearchParams({ pub: String(query["pub"]), dur: String(query["dur"]) });
  for (const name of PASSED_ON) {
    const value = query[name];
    if (typeof value === "string" && value !== "") passed.set(name, value);
  }
  passed.set("rid", requestId);
  return passed.toString();
}
