/**
 * Origin's admin API from the outside: who to ask, with which token, and what its refusals mean to a person. `fetch` is
 * handed in, so tests need no network. The token is never part of a message.
 */
import { z } from "zod";
import type { Catalog } from "../src/catalog/entities.ts";
import { encodeSnapshot, SNAPSHOT_MEDIA_TYPE } from "../src/catalog/snapshot.ts";
import { CliFault } from "./fault.ts";
import { parseJson } from "../src/kernel/bytes.ts";

/** How long origin may take to answer. Units: milliseconds. */
const ANSWER_TIMEOUT_MS = 60_000;
/** The same for a catalog: a large one is checked for seconds, and each of its campaigns' ledgers is told its terms. */
const CATALOG_TIMEOUT_MS = 300_000;

/** How Node's fetch says that the other side has closed the connection. */
const CONNECTION_CLOSED = "UND_ERR_SOCKET";

/** Where origin is and how to be let in. */
export interface AdminClientOptions {
  readonly origin: string;
  readonly token: string;
  /** Where the token was found, for messages: "MIDROLL_ADMIN_TOKEN", ".midroll/secrets.json". */
  readonly tokenSource?: string;
  readonly fetch: typeof fetch;
}

/** Asks origin. All calls throw `CliFault`: `origin_unreachable`, `token_refused`, or origin's own problem code. */
export interface AdminClient {
  readonly origin: string;
  get(path: string): Promise<unknown>;
  /** What is no JSON, as it comes. */
  bytes(path: string): Promise<Uint8Array>;
  put(path: string, contentType: string, body: string | Uint8Array, timeoutMs?: number): Promise<unknown>;
  /** Sends a command as JSON. */
  post(path: string, command: object): Promise<unknown>;
}

/** What origin says of a catalog it has taken. */
export interface AppliedCatalog {
  readonly digest: string;
  readonly campaigns: number;
  readonly lineItems: number;
}

const appliedSchema = z.object({ digest: z.string(), campaigns: z.number(), lineItems: z.number() });
const problemSchema = z.object({
  code: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  problems: z.array(z.object({ path: z.string(), expected: z.string(), found: z.string().optional() })).optional(),
});

/** A client for one origin. */
export function adminClient(options: AdminClientOptions): AdminClient {
  const origin = options.origin.replace(/\/+$/, "");
  const askBytes = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | Uint8Array | null,
    timeoutMs = ANSWER_TIMEOUT_MS,
  ): Promise<Uint8Array> => {
    let response: Response;
    try {
      response = await send(options, method, `${origin}${path}`, { headers, body, timeoutMs });
    } catch (error) {
      throw unreachable(origin, error, timeoutMs);
    }
    const bytes = await response.bytes();
    if (!response.ok) throw refusal(options, origin, response.status, new TextDecoder().decode(bytes));
    return bytes;
  };
  const ask = async (...asked: Parameters<typeof askBytes>): Promise<unknown> =>
    parseAnswer(origin, asked[1], new TextDecoder().decode(await askBytes(...asked)));
  return {
    origin,
    bytes: (path) => askBytes("GET", path, {}, null),
    get: (path) => ask("GET", path, {}, null),
    put: (path, contentType, body, timeoutMs) => ask("PUT", path, { "content-type": contentType }, body, timeoutMs),
    post: (path, command) => ask("POST", path, { "content-type": "application/json" }, JSON.stringify(command)),
  };
}

interface Sent {
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | null;
  readonly timeoutMs: number;
}

/** Asks once; a question twice, when the connection kept from before turns out to be closed. */
async function send(options: AdminClientOptions, method: string, url: string, { headers, body, timeoutMs }: Sent) {
  const request = (): Promise<Response> =>
    options.fetch(url, {
      method,
      headers: { authorization: `Bearer ${options.token}`, accept: "application/json", ...headers },
      // Copied, because fetch wants bytes on an ArrayBuffer of their own and says so only by type.
      body: body instanceof Uint8Array ? new Uint8Array(body) : body,
      signal: AbortSignal.timeout(timeoutMs),
    });
  try {
    return await request();
  } catch (error) {
    if (method !== "GET" || words(error) !== CONNECTION_CLOSED) throw error;
    return request();
  }
}

/** Makes a catalog the current one. Requires one that `parseCatalog` accepted. Throws `CliFault`. */
export function applyCatalog(client: AdminClient, catalog: Catalog): Promise<AppliedCatalog> {
  return applySnapshot(client, encodeSnapshot(catalog));
}

/** Makes the catalog in a snapshot the current one. Throws `CliFault`. */
export async function applySnapshot(client: AdminClient, bytes: Uint8Array): Promise<AppliedCatalog> {
  const answer = await client.put("/v1/admin/catalog", SNAPSHOT_MEDIA_TYPE, bytes, CATALOG_TIMEOUT_MS);
  return understand(client, "/v1/admin/catalog", appliedSchema, answer);
}

/** An answer in the shape this version expects; throws `CliFault` `answer_not_understood` when it has another. */
export function understand<T>(client: AdminClient, path: string, schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new CliFault(
    "answer_not_understood",
    `${client.origin}${path} answered in a shape this midroll does not know`,
    {
      advice: "Use the midroll command of the version that runs there.",
      lines: parsed.error.issues.slice(0, 3).map((issue) => `  ${issue.path.join(".")}: ${issue.message}`),
    },
  );
}

function unreachable(origin: string, error: unknown, timeoutMs: number): CliFault {
  const late = error instanceof Error && error.name === "TimeoutError";
  const why = late ? `no answer within ${timeoutMs / 1000} s` : words(error);
  return new CliFault("origin_unreachable", `origin at ${origin} cannot be reached (${why})`, {
    advice: late
      ? "It may still be at work. Asking again is safe, and finishes what is missing."
      : "Start it with `npm start`, or name another with --origin URL or MIDROLL_ORIGIN.",
    cause: error,
  });
}

function refusal(options: AdminClientOptions, origin: string, status: number, text: string): CliFault {
  const source = options.tokenSource ?? "the caller";
  if (status === 401 || status === 403) {
    return new CliFault("token_refused", `origin at ${origin} refused the admin token from ${source} (${status})`, {
      advice:
        "The token belongs to another deployment: set MIDROLL_ADMIN_TOKEN, " +
        "or name the state directory of this one with --state DIR.",
    });
  }
  const problem = problemSchema.safeParse(parseJson(text));
  const told = problem.success ? problem.data : {};
  const code = told.code ?? `http_${status}`;
  const said = told.detail ?? told.title ?? "no explanation";
  const lines = (told.problems ?? []).map(
    (p) => `  ${p.path}: expected ${p.expected}${p.found === undefined ? "" : `, found ${p.found}`}`,
  );
  // Origin makes publishing safe to repeat, and says 409 or 5xx only where repeating helps.
  const again = status >= 500 || code === "publish_in_progress";
  const advice = again ? { advice: "Asking again in a moment is safe, and finishes what is missing." } : {};
  return new CliFault(code, `origin at ${origin} answered ${status} ${code}: ${said}`, { lines, ...advice });
}

function parseAnswer(origin: string, path: string, text: string): unknown {
  if (text === "") return null;
  const answer = parseJson(text);
  if (answer !== undefined) return answer;
  throw new CliFault("answer_not_understood", `${origin}${path} did not answer in JSON`, {
    advice: "Is that the origin Worker? It is the one that serves /v1/admin.",
  });
}

/** The shortest true account of an error: a system code where there is one. */
function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
