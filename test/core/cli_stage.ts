/**
 * A stage for the `midroll` command: a directory of its own, an origin that is a function, and ears on both outputs.
 * No test opens a connection, and none may print the token.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { runMidroll } from "../../cli/program.ts";

/** The admin token of every run, unless the test sets another. */
export const TOKEN = "a-very-secret-token";

/** One request as origin met it. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  readonly body: Uint8Array;
}

/** An origin Worker, as far as one test needs it. */
export type Origin = (asked: Asked) => Response | Promise<Response>;

/** What `fetch` does when nobody listens. */
export const noOrigin: Origin = () => {
  throw new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) });
};

/** An origin that always gives this answer. */
export function answers(body: unknown, status = 200): Origin {
  return () => Response.json(body, { status });
}

/** A fresh stage. `strike` takes it down. */
export function openStage() {
  const dir = mkdtempSync(join(tmpdir(), "midroll-cli-"));
  const asked: Asked[] = [];
  return {
    dir,
    asked,
    /** Writes a file and gives its path. */
    write(name: string, content: unknown): string {
      const path = join(dir, name);
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
      return path;
    },
    /** Runs one command line and gives all that can be observed of it. */
    async midroll(words: readonly string[], origin: Origin = noOrigin, env: Record<string, string> = {}) {
      let out = "";
      let err = "";
      const exitCode = await runMidroll(words, {
        out: (text) => (out += text),
        err: (text) => (err += text),
        env: { MIDROLL_ADMIN_TOKEN: TOKEN, ...env },
        fetch: async (input, init) => {
          const request = new Request(input, init);
          const body = new Uint8Array(await request.arrayBuffer());
          const authorization = request.headers.get("authorization");
          const entry = { method: request.method, url: request.url, authorization, body };
          asked.push(entry);
          return origin(entry);
        },
      });
      expect(out + err).not.toContain(TOKEN);
      return { exitCode, out, err };
    },
    strike(): void {
      rmSync(dir, { recursive: true });
    },
  };
}
