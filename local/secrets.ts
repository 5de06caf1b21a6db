/**
 * The secrets of a Midroll that runs on one machine: origin's admin token, the keys that sign billing tokens, and the
 * publisher's key that signs model sets, of which the Workers are told the public half alone.
 * Deployed Workers get theirs by `wrangler secret put`; here they are made once, kept in the state directory with mode
 * 0600, and read again at each start, so that tokens signed before a restart still bill after it.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { newPublisherKey } from "../cli/models/publisher_key.ts";
import { publisherKeySchema } from "../src/models/signing_keys.ts";

const billingKeyBytes = 32;
const adminTokenBytes = 24;

const secretsFileShape = z.object({
  adminToken: z.string().min(1),
  billingKeys: z
    .array(
      z.object({
        id: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, "expected 1 to 32 letters, digits, - or _"),
        key: z.string().regex(/^[A-Za-z0-9_-]{43}$/, "expected 32 bytes in base64url without padding"),
      }),
    )
    .min(1)
    .refine((keys) => new Set(keys.map((key) => key.id)).size === keys.length, "expected different ids"),
  modelKey: publisherKeySchema,
});

/**
 * `adminToken` opens origin's admin API. Of `billingKeys` the first signs and all verify; `key` is 32 bytes, base64url.
 * `modelKey` signs model sets.
 */
export type LocalSecrets = z.infer<typeof secretsFileShape>;

/**
 * The secrets kept in `stateDir`, made on first use. `MIDROLL_ADMIN_TOKEN` in `environment` stands in for the kept
 * admin token and is not written down.
 * Refuses (throws, naming the file): an empty or non-ASCII token in the environment, a file that is not the expected
 * JSON.
 */
export function loadSecrets(
  stateDir: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LocalSecrets {
  const override = environment["MIDROLL_ADMIN_TOKEN"];
  // A header carries it, so it must be visible ASCII.
  if (override !== undefined && !/^[\x21-\x7e]+$/.test(override)) {
    throw new Error("MIDROLL_ADMIN_TOKEN: expected visible ASCII characters without spaces");
  }
  const filePath = path.join(stateDir, "secrets.json");
  if (!existsSync(filePath)) createSecretsFile(filePath);
  const kept = readSecretsFile(filePath);
  return { ...kept, adminToken: override ?? kept.adminToken };
}

/** The variable MODEL_KEYS of both Workers: the half that verifies. */
export function modelKeysVariable({ modelKey: { id, publicKey } }: Pick<LocalSecrets, "modelKey">): string {
  return JSON.stringify([{ id, publicKey }]);
}

// Linked in place: of two starts at once the first one's secrets stay.
function createSecretsFile(filePath: string): void {
  const fresh: LocalSecrets = {
    adminToken: randomBytes(adminTokenBytes).toString("base64url"),
    billingKeys: [
      { id: `k${randomBytes(4).toString("hex")}`, key: randomBytes(billingKeyBytes).toString("base64url") },
    ],
    modelKey: newPublisherKey(),
  };
  mkdirSync(path.dirname(filePath), { recursive: true });
  const draftPath = writeDraft(filePath, fresh);
  try {
    linkSync(draftPath, filePath);
  } catch (error) {
    if (!existsSync(filePath)) throw error;
  } finally {
    rmSync(draftPath);
  }
}

// Whole under another name before it gets its own: no reader ever meets half a file.
function writeDraft(filePath: string, contents: object): string {
  const draftPath = `${filePath}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draftPath, `${JSON.stringify(contents, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  return draftPath;
}

function readSecretsFile(filePath: string): LocalSecrets {
  chmodSync(filePath, 0o600);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(filePath, "utf8"));
  } catch {
    throw new Error(`${filePath}: expected JSON. Restore it, or run \`npm run reset\` to start with empty state.`);
  }
  const parsed = secretsFileShape.safeParse(withModelKey(filePath, json));
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new Error(`${filePath}: ${complaints}. Restore it, or run \`npm run reset\` to start with empty state.`);
}

// A file of a version that did not sign models gets a key and keeps all else. The state directory has one user at a
// time.
function withModelKey(filePath: string, json: unknown): unknown {
  const before = secretsFileShape.omit({ modelKey: true }).strict().safeParse(json);
  if (!before.success) return json;
  const completed = { ...before.data, modelKey: newPublisherKey() };
  renameSync(writeDraft(filePath, completed), filePath);
  return completed;
}
