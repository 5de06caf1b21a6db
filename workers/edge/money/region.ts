/**
 * Which wallet an isolate talks to. The region comes from where Cloudflare received the request, by this one table.
 * Of the region's shards each data centre uses a few, and an isolate one of these: a viewer's beacons come back to
 * the data centre that decided, so they meet few wallets there and fill batches. Regions are few on purpose: each
 * splits every budget once more.
 */
import { hash32 } from "../../../src/kernel/random.ts";
import { COLO_SHARDS, nameWallet } from "../../../src/money/limits.ts";

/** The region of a machine that is not Cloudflare's: there is no `request.cf`. */
const LOCAL_REGION = "local";

const REGION_OF_CONTINENT: ReadonlyMap<string, string> = new Map([
  ["AF", "af"],
  ["AN", "oc"],
  ["AS", "as"],
  ["EU", "eu"],
  ["NA", "na-east"],
  ["OC", "oc"],
  ["SA", "sa"],
]);

/** Data centres (IATA codes) that are nearer to another region's objects than their continent says. */
const REGION_OF_COLO: ReadonlyMap<string, string> = new Map([
  ...["DEN", "HNL", "LAS", "LAX", "PDX", "PHX", "SAN", "SEA", "SFO", "SJC", "SLC", "SMF", "YVR"].map(
    (colo) => [colo, "na-west"] as const,
  ),
  ...["AUH", "BAH", "DOH", "DXB", "JED", "KWI", "MCT", "RUH", "TLV"].map((colo) => [colo, "me"] as const),
]);

/** The region word for a request's `cf` object; "local" when there is none or it says nothing. */
export function regionOf(cf: unknown): string {
  if (typeof cf !== "object" || cf === null) return LOCAL_REGION;
  const colo = REGION_OF_COLO.get(coloOf(cf));
  const continent = "continent" in cf && typeof cf.continent === "string" ? cf.continent : "";
  return colo ?? REGION_OF_CONTINENT.get(continent) ?? LOCAL_REGION;
}

/** The data centre of a request; empty when it is not Cloudflare's. */
export function coloOf(cf: unknown): string {
  return typeof cf === "object" && cf !== null && "colo" in cf && typeof cf.colo === "string" ? cf.colo : "";
}

/** Where an isolate is: its region, its data centre, and its random id. */
export interface IsolatePlace {
  readonly region: string;
  readonly colo: string;
  readonly isolateId: string;
}

/** The wallet of one isolate. `shards` is the variable REGION_SHARDS; anything but 1 to 1,000 counts as 1. */
export function walletName({ region, colo, isolateId }: IsolatePlace, shards: string): string {
  const count = Number(shards);
  const sound = Number.isInteger(count) && count >= 1 && count <= 1_000;
  if (!sound) return nameWallet(region, 0);
  return nameWallet(region, (hash32(colo) + (hash32(isolateId) % COLO_SHARDS)) % count);
}
