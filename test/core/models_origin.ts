/**
 * An origin for tests of `midroll models`: routes in memory around the core's own rules. What it takes it verifies as the
 * Worker does, so a command that sends the wrong thing is refused here too.
 */
import { verifySignature } from "../../cli/models/publisher_key.ts";
import { sha256 } from "../../cli/sha256.ts";
import { canonicalJson, toHex, toUtf8 } from "../../src/kernel/bytes.ts";
import { openEnvelope } from "../../src/models/envelope.ts";
import { applyMove, type HistoryLine, type Move } from "../../src/models/rollout/move.ts";
import { servingOrder } from "../../src/models/rollout/order.ts";
import { EMPTY_ROLLOUT, type Rollout } from "../../src/models/rollout/rollout.ts";
import type { ModelKey } from "../../src/models/signing_keys.ts";
import type { Asked } from "./cli_stage.ts";

/** What is said of every set. */
const FIGURES = { readyAt: 2, heard: 3, decisions: 7, impressions: 9, spendMicros: 40_000, droppedHeads: 0 };

/** See the head of this file. */
export class ModelsOrigin {
  rollout: Rollout = EMPTY_ROLLOUT;
  readonly lines: HistoryLine[] = [];
  readonly models = new Map<string, Uint8Array>();
  readonly envelopes = new Map<string, Uint8Array>();
  readonly papers = new Map<string, object>();
  readonly #keys: readonly ModelKey[];

  constructor(keys: readonly ModelKey[]) {
    this.#keys = keys;
  }

  readonly answer = async (asked: Asked): Promise<Response> => {
    const [kind = "", name = ""] = new URL(asked.url).pathname.replace("/v1/admin/", "").split("/");
    const json = (): Record<string, unknown> => JSON.parse(new TextDecoder().decode(asked.body)) as never;
    switch (`${asked.method} ${kind}`) {
      case "GET models":
        return name === "" ? Response.json(this.#view()) : bytesOf(this.models.get(name));
      case "POST models":
        return Response.json({ missing: this.#missing(json()["models"] as { digest: string }[]) });
      case "PUT models":
        this.models.set(name, asked.body);
        return Response.json({});
      case "GET model-sets":
        return bytesOf(this.envelopes.get(name));
      case "PUT model-sets":
        return this.#publish(name, json());
      case "POST rollout":
        return this.#move(json() as never);
      case "GET rollout":
        return Response.json({ lines: this.lines.toReversed() });
      default:
        return refused(404, "not_found");
    }
  };

  #view(): object {
    const order = servingOrder(this.rollout);
    const sets = this.rollout.sets.map((set) => ({ ...set, ...FIGURES, failed: {}, ...this.papers.get(set.digest) }));
    return { digest: order.live, order, sets, shadow: null };
  }

  #missing(models: readonly { readonly digest: string }[]): string[] {
    return models.map(({ digest }) => digest).filter((digest) => !this.models.has(digest));
  }

  async #publish(digest: string, { envelope, gate, by, why }: Record<string, unknown>): Promise<Response> {
    const bytes = toUtf8(canonicalJson(envelope));
    const opened = await openEnvelope(bytes, digest, this.#keys, { sha256, verify: verifySignature });
    if (!opened.ok) return refused(422, opened.reason);
    this.envelopes.set(digest, bytes);
    this.papers.set(digest, { publishedMs: 0, publishedBy: by, note: why, keyIds: ["k"], gate });
    return this.#move({ kind: "register", digest, by, why } as never);
  }

  #move({ by, why, ...command }: Move & { readonly by: string; readonly why: string }): Response {
    const digest = servingOrder(this.rollout).warm[0] ?? "";
    const move = command.kind === "rollback" ? ({ kind: "rollback", digest } as const) : command;
    const answer = applyMove(this.rollout, move, { by, why, atMs: 0 }, []);
    if (!answer.ok) return refused(409, answer.reason);
    const { rollout, line } = answer.value;
    this.rollout = rollout;
    if (line !== null) this.lines.push(line);
    return Response.json({ digest: line?.digest ?? null, order: servingOrder(rollout), line });
  }
}

/** The id that bytes have. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  return toHex(await sha256(bytes));
}

function refused(status: number, code: string): Response {
  return Response.json({ code, title: code }, { status });
}

function bytesOf(bytes: Uint8Array | undefined): Response {
  return bytes === undefined ? refused(404, "not_found") : new Response(new Uint8Array(bytes));
}
