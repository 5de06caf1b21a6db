/**
 * `GET /v1/beacon/:event?t=token`: what players report. An impression is answered only after its wallet has decided
 * what it is worth; a click leads on to the advertiser; everything else is counted. The token says which slot it is
 * about, and nothing is believed that its signature does not cover.
 */
import type { Context } from "hono";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import type { BillingClaim, BillVerdict } from "../../../src/money/protocol.ts";
import { decodeClaim } from "../../../src/money/token.ts";
import { isBeaconEvent } from "../../../src/protocols/beacon_event.ts";
import { PIXEL_MEDIA_TYPE, trackingPixel, wantsPixel } from "../../../src/protocols/tracking_pixel.ts";
import { problem } from "../../platform/problem_response.ts";
import type { Door, EdgeContext } from "../isolate.ts";

async function claimOf(door: Door, token: string | undefined): Promise<BillingClaim | null> {
  if (token === undefined || token.length > FULL_LIMITS.urlCharsMax) return null;
  const payload = await door.isolate.signer.verify("billing", token);
  if (payload === null) return null;
  const claim = decodeClaim(payload);
  return claim.ok ? claim.value : null;
}

/** Heard: 204, or a pixel for image elements. The verdict rides in a header for whoever wants to know. */
function heard(accept: string | undefined, verdict: BillVerdict | "counted"): Response {
  const headers = new Headers({ "cache-control": "no-store", "midroll-verdict": verdict });
  if (!wantsPixel(accept ?? null)) return new Response(null, { status: 204, headers });
  headers.set("content-type", PIXEL_MEDIA_TYPE);
  return new Response(trackingPixel(), { headers });
}

/** Bills one impression. House ads have no wallet: they are counted. */
async function impression(door: Door, claim: BillingClaim, accept: string | undefined): Promise<Response> {
  const { recorder, billing } = door.isolate;
  if (claim.wallet === "") {
    recorder.beacon("house");
    return heard(accept, "counted");
  }
  const verdict = await billing.bill(door, claim);
  if (verdict === null) {
    return problem("billing_unavailable", "The impression is not billed yet. Send the same beacon again.");
  }
  recorder.beacon(verdict);
  return verdict === "invalid"
    ? problem("token_invalid", "The token was signed here, but its wallet does not know it.")
    : heard(accept, verdict);
}

/** Leads on to the advertiser of the creative that the token names. */
function click(door: Door, claim: BillingClaim): Response {
  door.isolate.recorder.beacon("click");
  const creative = door.isolate.publication.catalog?.catalog.creatives.get(claim.creativeId);
  if (creative === undefined) return problem("not_found", "The creative is no longer in the catalog.");
  return new Response(null, {
    status: 302,
    headers: { location: creative.clickThroughUrl, "cache-control": "no-store" },
  });
}

/** Every beacon. Refuses, in order: unknown event, token that is missing, forged, altered or not one of ours. */
export async function beaconDoor(c: Context<EdgeContext>): Promise<Response> {
  const door = c.get("door");
  const event = c.req.param("event") ?? "";
  if (!isBeaconEvent(event)) return problem("beacon_unknown_event", `"${event.slice(0, 32)}" is not an event.`);
  const claim = await claimOf(door, c.req.query("t"));
  if (claim === null) {
    door.isolate.recorder.beacon("invalid");
    return problem("token_invalid", "The token is missing, was not signed here, or was changed on the way.");
  }
  if (event === "impression") return impression(door, claim, c.req.header("accept"));
  if (event === "click") return click(door, claim);
  door.isolate.recorder.beacon(event);
  return heard(c.req.header("accept"), "counted");
}
