/**
 * Moves of the rollout from the command line: promote, retire, roll back, stop, resume. Each says afterwards what edges
 * are told now.
 */
import { z } from "zod";
import { ROLLOUT_LIMITS } from "../../src/models/rollout/rollout.ts";
import type { ExposureAmount } from "../../src/models/rollout/rollout.ts";
import { understand, type AdminClient } from "../admin_client.ts";
import { CliFault } from "../fault.ts";
import { digestNamed, movedSchema, short, showShare, type Order } from "./model_views.ts";
import type { Outcome } from "../outcome.ts";

const MOVES = "/v1/admin/rollout/moves";

/** Who moves and why. */
export interface Words {
  readonly by: string;
  readonly why: string;
}

/** Where a set may be put. Units: millionths; micros. */
export type Place =
  | { readonly kind: "candidate" }
  | { readonly kind: "shadow"; readonly sharePpm: number }
  | { readonly kind: "canary"; readonly sharePpm: number; readonly cap: ExposureAmount }
  | { readonly kind: "live" };

/** Of how many viewers or decisions a trial may be. */
interface Share {
  readonly leastPercent: number;
  readonly mostPercent: number;
  readonly defaultPpm: number;
}

/** What a canary may be shown unless told otherwise: enough to see something, little enough to lose. */
const CAP_DEFAULT: ExposureAmount = { impressions: 100_000, spendMicros: 1_000_000_000 };
const CANARY: Share = {
  leastPercent: ROLLOUT_LIMITS.canaryPpmMin / 10_000,
  mostPercent: ROLLOUT_LIMITS.canaryPpmMax / 10_000,
  defaultPpm: 50_000,
};
const SHADOW: Share = { leastPercent: 0.0001, mostPercent: 100, defaultPpm: 100_000 };

const capSchema = z.object({
  capImpressions: z.coerce.number().pipe(z.int().min(1)).default(CAP_DEFAULT.impressions),
  capSpend: z.coerce
    .number()
    .positive()
    .default(CAP_DEFAULT.spendMicros / 1_000_000),
});

/** Puts a set somewhere. Throws `CliFault` with origin's code. */
export async function moveTo(
  client: AdminClient,
  digest: string,
  place: Exclude<Place, { readonly kind: "candidate" }>,
  words: Words,
) {
  return send(client, { ...place, digest, ...words });
}

/** `models promote`: to live, or with `--canary` or `--shadow` on trial. */
export async function promote(client: AdminClient, word: string, given: unknown, words: Words): Promise<Outcome> {
  const place = placeAsked(given);
  const digest = await digestNamed(client, word);
  return outcomeOf(client, await moveTo(client, digest, place, words));
}

/** `models retire`: takes a set out of the rollout. */
export async function retire(client: AdminClient, word: string, words: Words): Promise<Outcome> {
  const digest = await digestNamed(client, word);
  return outcomeOf(client, await send(client, { kind: "retire", digest, ...words }));
}

/** `models rollback`, `models stop`, `models resume`. */
export async function moveAll(
  client: AdminClient,
  kind: "rollback" | "stop" | "resume",
  words: Words,
): Promise<Outcome> {
  return outcomeOf(client, await send(client, { kind, ...words }));
}

/** The place that `--as` names: candidate, shadow[:10], canary[:5], live. Throws `CliFault` `wrong_command`. */
export function placeNamed(word: string, given: unknown): Place {
  const [kind, share] = word.split(":", 2);
  if (share === undefined && (kind === "candidate" || kind === "live")) return { kind };
  if (kind === "shadow") return { kind, sharePpm: ppmOf(share, SHADOW, "--as shadow:") };
  if (kind === "canary") {
    return { kind, sharePpm: ppmOf(share, CANARY, "--as canary:"), cap: capAsked(given) };
  }
  throw wrong(`--as takes candidate, shadow, canary, canary:5 or live, not ${JSON.stringify(word)}`);
}

const percent = (word: string | true) => (word === true ? undefined : word);

function placeAsked(given: unknown): Exclude<Place, { readonly kind: "candidate" }> {
  const share = z.union([z.string(), z.literal(true)]).optional();
  const { canary, shadow } = z.object({ canary: share, shadow: share }).parse(given);
  if (canary !== undefined && shadow !== undefined) throw wrong("--canary and --shadow exclude each other");
  if (shadow !== undefined) return { kind: "shadow", sharePpm: ppmOf(percent(shadow), SHADOW, "--shadow") };
  if (canary === undefined) return { kind: "live" };
  return { kind: "canary", sharePpm: ppmOf(percent(canary), CANARY, "--canary"), cap: capAsked(given) };
}

function ppmOf(percent: string | undefined, { leastPercent, mostPercent, defaultPpm }: Share, option: string): number {
  if (percent === undefined) return defaultPpm;
  const asked = Number(percent);
  if (percent.trim() !== "" && asked >= leastPercent && asked <= mostPercent) return Math.round(asked * 10_000);
  const between = `from ${leastPercent} to ${mostPercent}`;
  throw wrong(`${option} takes a percentage ${between}, not ${JSON.stringify(percent)}`);
}

function capAsked(given: unknown): ExposureAmount {
  const parsed = capSchema.safeParse(given);
  if (!parsed.success) {
    const cap = parsed.error.issues[0]?.path[0] === "capSpend" ? "--cap-spend" : "--cap-impressions";
    throw wrong(`${cap} takes ${cap === "--cap-spend" ? "an amount such as 250.00" : "a whole number of at least 1"}`);
  }
  const { capImpressions, capSpend } = parsed.data;
  return { impressions: capImpressions, spendMicros: Math.round(capSpend * 1_000_000) };
}

function wrong(message: string): CliFault {
  return new CliFault("wrong_command", message, { exitCode: 2 });
}

async function send(client: AdminClient, command: object) {
  return understand(client, MOVES, movedSchema, await client.post(MOVES, command));
}

type Moved = Awaited<ReturnType<typeof send>>;

function outcomeOf(client: AdminClient, moved: Moved): Outcome {
  const unchanged = moved.line === null ? ["nothing to change"] : [];
  return { json: { origin: client.origin, ...moved }, lines: [...unchanged, ...orderLines(moved.order)] };
}

/** What edges are told, in lines. */
export function orderLines({ live, canary, shadow, stopped }: Order): string[] {
  return [
    ...(stopped ? ["STOPPED: the fallback tier answers until `midroll models resume`"] : []),
    `live    ${live === null ? "none" : short(live)}`,
    ...(canary === null ? [] : [`canary  ${short(canary.digest)}, ${showShare(canary.sharePpm)} of viewers`]),
    ...(shadow === null ? [] : [`shadow  ${short(shadow.digest)}, ${showShare(shadow.sharePpm)} of decisions`]),
  ];
}
