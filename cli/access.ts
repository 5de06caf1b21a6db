/**
 * Which origin a command talks to and which token opens it. The environment goes before the state directory that
 * `npm start` writes, and the source of the token is kept beside it, because "which token was that?" is the first
 * question after a 401.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CliFault } from "./fault.ts";
import { parseJson } from "../src/kernel/bytes.ts";

/** Where origin listens unless told otherwise. */
export const DEFAULT_ORIGIN = "http://localhost:8788";
/** Where `npm start` keeps its state unless told otherwise. */
export const DEFAULT_STATE_DIR = ".midroll";

/** An admin token and where it was found. */
export interface FoundToken {
  readonly token: string;
  readonly source: string;
}

const secretsSchema = z.object({ adminToken: z.string().min(1) });

/**
 * The admin token: MIDROLL_ADMIN_TOKEN, else `adminToken` in `<stateDir>/secrets.json`.
 * Throws `CliFault` `no_token` when neither has one.
 */
export async function findToken(
  env: Readonly<Record<string, string | undefined>>,
  stateDir: string,
): Promise<FoundToken> {
  const given = env["MIDROLL_ADMIN_TOKEN"];
  if (given !== undefined && given !== "") return { token: given, source: "MIDROLL_ADMIN_TOKEN" };
  const path = join(stateDir, "secrets.json");
  const advice =
    "Run `npm start` once (it writes the file), name another with --state DIR, or set MIDROLL_ADMIN_TOKEN.";
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    throw new CliFault("no_token", `no admin token: MIDROLL_ADMIN_TOKEN is not set and ${path} is not there`, {
      advice,
    });
  }
  const secrets = secretsSchema.safeParse(parseJson(text));
  if (secrets.success) return { token: secrets.data.adminToken, source: path };
  throw new CliFault("no_token", `no admin token: ${path} has no field adminToken`, { advice });
}

/** The origin to talk to, checked. Throws `CliFault` `bad_origin` (exit code 2) for anything but an http(s) URL. */
export function findOrigin(option: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const origin = option ?? (env["MIDROLL_ORIGIN"] || DEFAULT_ORIGIN);
  if (URL.canParse(origin) && /^https?:$/.test(new URL(origin).protocol)) return origin;
  throw new CliFault("bad_origin", `${JSON.stringify(origin)} is not an http or https URL`, {
    advice: `Give it as ${DEFAULT_ORIGIN}, by --origin or MIDROLL_ORIGIN.`,
    exitCode: 2,
  });
}
