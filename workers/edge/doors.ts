/**
 * The three doors through which a break is asked for. A player never gets an error: whatever it sends, VAST and asset
 * list answer 200 with a valid break, empty when there is nothing to show, and say why in `Midroll-Problem`. A server
 * that asks `/v1/decide` gets a problem document instead.
 */
import type { Context } from "hono";
import { explain, explainFully } from "../../src/decision/explain.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { ok, refused, type Result } from "../../src/kernel/result.ts";
import { ASSET_LIST_MEDIA_TYPE, renderAssetList } from "../../src/protocols/asset_list.ts";
import type { BreakRequest } from "../../src/protocols/break_request.ts";
import { deviceFromUserAgent } from "../../src/protocols/device_class.ts";
import { CURRENCY_PROBLEM, type ParsedBreak } from "../../src/protocols/normalise_request.ts";
import { breakRequestFromJson } from "../../src/protocols/parse_json_request.ts";
import { breakRequestFromSearch } from "../../src/protocols/parse_query_request.ts";
import { HLS_MIME_TYPE, type PodDocument } from "../../src/protocols/pod_document.ts";
import type { ProblemCode } from "../../src/protocols/problem.ts";
import type { DoorFacts } from "../../src/protocols/request_facts.ts";
import { inOwnCurrency } from "../../src/protocols/stated_currency.ts";
import { renderVast, VAST_MEDIA_TYPE } from "../../src/protocols/vast.ts";
import { bodyDetail, readJson } from "../platform/body.ts";
import { problem } from "../platform/problem_response.ts";
import { decideBreak, type CommittedDecision } from "./decide.ts";
import type { Door, EdgeContext } from "./isolate.ts";
import { toPodDocument } from "./render.ts";
import { rememberShownIn } from "./household.ts";
import { frequencyTokenAfter, identify } from "./viewer.ts";

/** Longest user agent that is looked at. */
const USER_AGENT_CHARS_MAX = 512;

/** A filled break on its way out. */
interface FilledBreak {
  readonly request: BreakRequest;
  readonly committed: CommittedDecision;
  readonly document: PodDocument;
  readonly frequencyToken: string | null;
}

interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
}

/** What the platform knows of a request before it is read. */
function doorFacts(c: Context<EdgeContext>, mimeTypes: DoorFacts["mimeTypes"]): DoorFacts {
  const cf = c.req.raw.cf;
  const { isolate, nowMs } = c.get("door");
  return {
    requestId: crypto.randomUUID(),
    country: typeof cf?.country === "string" ? cf.country : null,
    region: typeof cf?.regionCode === "string" ? cf.regionCode : null,
    utcOffsetMinutes: typeof cf?.timezone === "string" ? isolate.clocks.offsetMinutes(cf.timezone, nowMs) : null,
    userAgentDevice: deviceFromUserAgent((c.req.header("user-agent") ?? "").slice(0, USER_AGENT_CHARS_MAX)),
    mimeTypes,
    tcfVendorId: vendorIdOf(c.env.TCF_VENDOR_ID),
  };
}

/** The vendor of a deployment that is one. What was mistyped becomes vendor 0, whom nobody ever agreed to. */
function vendorIdOf(variable: string): number | null {
  if (variable === "") return null;
  return /^\d{1,5}$/.test(variable) ? Number(variable) : 0;
}

/** The request with its prices in the catalog's currency. Without a catalog nothing is sold: nothing is converted. */
function inCatalogCurrency(door: Door, request: BreakRequest, currency: string | null) {
  const catalog = door.isolate.publication.catalog?.catalog;
  return catalog === undefined ? ok(request) : inOwnCurrency(request, currency, catalog.ratesPpm);
}

/** Counts the decision for the console, after the answer is known. Units: milliseconds. */
function record(door: Door, request: BreakRequest, { decision }: CommittedDecision): void {
  let paidMs = 0;
  let houseMs = 0;
  let committedMicros = 0;
  for (const slot of decision.slots) {
    const lengthMs = Math.round(slot.offer.durationSec * 1000);
    if (slot.offer.goal.kind === "house") houseMs += lengthMs;
    else paidMs += lengthMs;
    committedMicros += slot.priceMicros;
  }
  door.isolate.recorder.decision(
    {
      tier: decision.tier,
      modelSetDigest: decision.modelSetDigest,
      lapses: decision.lapses,
      slots: decision.slots.length,
      requestedMs: Math.round(request.podDurationSec * 1000),
      paidMs,
      houseMs,
      committedMicros,
    },
    () => explain(decision, request, door.nowMs),
  );
}

/** From a parsed request to a pod with signed URLs. */
async function fill(door: Door, parsed: ParsedBreak): Promise<Result<FilledBreak, Refusal>> {
  const { signer } = door.isolate;
  const known = await identify(door, parsed);
  const priced = inCatalogCurrency(door, known.request, parsed.currency);
  if (!priced.ok) return refused(CURRENCY_PROBLEM);
  const request = priced.value;
  const decided = await decideBreak(door, request, known.household);
  if (!decided.ok) {
    const detail =
      decided.reason === "unknown_publisher"
        ? `No publisher "${request.publisherId}" is in the catalog.`
        : "No catalog has reached this edge yet; try again in a second.";
    return refused({ code: decided.reason, detail });
  }
  const committed = decided.value;
  const shown = committed.slots.map(({ slot }) => slot.offer.lineItemId);
  const [document, frequencyToken] = await Promise.all([
    toPodDocument(door, committed),
    frequencyTokenAfter(signer, request, shown, door.nowMs),
  ]);
  if (known.household !== null) rememberShownIn(door, known.household, shown);
  record(door, request, committed);
  return ok({ request, committed, document, frequencyToken });
}

/** How one player's door answers. */
interface PlayerFormat {
  readonly contentType: string;
  readonly mimeTypes: DoorFacts["mimeTypes"];
  readonly render: (document: PodDocument) => string;
}

const VAST: PlayerFormat = { contentType: VAST_MEDIA_TYPE, mimeTypes: null, render: renderVast };
const ASSET_LIST: PlayerFormat = {
  contentType: ASSET_LIST_MEDIA_TYPE,
  mimeTypes: [HLS_MIME_TYPE],
  render: renderAssetList,
};

const PLAYER_FORMATS: ReadonlyMap<string, PlayerFormat> = new Map([
  ["/v1/vast", VAST],
  ["/v1/asset-list", ASSET_LIST],
]);

function answerEmpty(format: PlayerFormat, code: ProblemCode): Response {
  return new Response(format.render({ decisionId: "", ads: [] }), {
    headers: { "content-type": format.contentType, "cache-control": "no-store", "midroll-problem": code },
  });
}

/** A valid empty break for a player at this path, saying why; null when no player asks there. */
export function emptyBreak(path: string, code: ProblemCode): Response | null {
  const format = PLAYER_FORMATS.get(path);
  return format === undefined ? null : answerEmpty(format, code);
}

/** Runs a player's door: any refusal, and any fault of ours, becomes a valid empty break. */
async function playerDoor(c: Context<EdgeContext>, format: PlayerFormat): Promise<Response> {
  const door = c.get("door");
  try {
    const parsed = breakRequestFromSearch(new URL(c.req.url).search, doorFacts(c, format.mimeTypes), FULL_LIMITS);
    const filled = parsed.ok ? await fill(door, parsed.value) : refused(parsed.reason);
    if (!filled.ok) return answerEmpty(format, filled.reason.code);
    const { document, frequencyToken } = filled.value;
    const headers = new Headers({ "content-type": format.contentType, "cache-control": "no-store" });
    headers.set("midroll-decision", document.decisionId);
    if (frequencyToken !== null) headers.set("midroll-frequency", frequencyToken);
    return new Response(format.render(document), { headers });
  } catch (error) {
    door.isolate.recorder.fault("internal");
    console.error(`a break was answered empty: ${String(error)}`);
    return answerEmpty(format, "internal");
  }
}

/** `GET /v1/vast` */
export function vastDoor(c: Context<EdgeContext>): Promise<Response> {
  const { isolate, nowMs } = c.get("door");
  return isolate.models.during(nowMs, () => playerDoor(c, VAST));
}

/** `GET /v1/asset-list` */
export function assetListDoor(c: Context<EdgeContext>): Promise<Response> {
  const { isolate, nowMs } = c.get("door");
  return isolate.models.during(nowMs, () => playerDoor(c, ASSET_LIST));
}

/** What `/v1/decide` answers: the pod, and with `?explain=1` every candidate's fate. */
function decideAnswer({ request, committed, document, frequencyToken }: FilledBreak, explained: boolean) {
  const { decision } = committed;
  return {
    decisionId: decision.decisionId,
    requestId: decision.requestId,
    tier: decision.tier,
    modelSetDigest: decision.modelSetDigest,
    catalogDigest: decision.catalogDigest,
    podDurationSec: request.podDurationSec,
    filledDurationSec: decision.slots.reduce((sum, slot) => sum + Math.round(slot.offer.durationSec * 1000), 0) / 1000,
    ads: document.ads.map((ad, index) => ({
      ...ad,
      priceMicros: ad.priceMicros ?? 0,
      lineItemId: decision.slots[index]?.offer.lineItemId,
      campaignId: decision.slots[index]?.offer.campaignId,
      advertiserId: decision.slots[index]?.offer.advertiserId,
    })),
    frequencyToken,
    ...(explained
      ? {
          counts: decision.counts,
          pod: decision.pod,
          explanation: explainFully(committed.plan, committed.scoring, decision, FULL_LIMITS.explainedOffersMax),
        }
      : {}),
  };
}

/** `POST /v1/decide` */
export function decideDoor(c: Context<EdgeContext>): Promise<Response> {
  const { isolate, nowMs } = c.get("door");
  return isolate.models.during(nowMs, () => serverDoor(c));
}

async function serverDoor(c: Context<EdgeContext>): Promise<Response> {
  const door = c.get("door");
  const body = await readJson(c.req.raw, FULL_LIMITS.bodyBytesMax);
  if (!body.ok) {
    return problem(body.reason, bodyDetail(body.reason, "application/json", FULL_LIMITS.bodyBytesMax));
  }
  const parsed = breakRequestFromJson(body.value, doorFacts(c, null), FULL_LIMITS);
  if (!parsed.ok) return problem(parsed.reason.code, parsed.reason.detail);
  const filled = await fill(door, parsed.value);
  if (!filled.ok) return problem(filled.reason.code, filled.reason.detail);
  const explained = c.req.query("explain") === "1";
  return Response.json(decideAnswer(filled.value, explained), {
    headers: { "cache-control": "no-store", "midroll-decision": filled.value.document.decisionId },
  });
}
