/**
 * Refusals as this Worker sends them: RFC 9457 documents, never cached, with the extension members a code defines
 * (`problems` of a catalog, `campaigns` whose ledgers did not answer).
 */
import { PROBLEM_MEDIA_TYPE, problemDocument, type ProblemCode } from "../../src/protocols/problem.ts";

/** The response of one code. `members` are extension members of the document; `headers` go beside it. */
export function problem(
  code: ProblemCode,
  detail: string,
  members: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const document = problemDocument(code, detail);
  return new Response(JSON.stringify({ ...document, ...members }), {
    status: document.status,
    headers: { "content-type": PROBLEM_MEDIA_TYPE, "cache-control": "no-store", ...headers },
  });
}

/** Thrown where a part of the platform did not answer; becomes the problem of its code at the door. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  readonly code: ProblemCode;

  constructor(code: ProblemCode, what: string, cause: unknown) {
    super(what, { cause });
    this.code = code;
  }
}

/** The platform's answer, or `Unreachable` with the code and the words that say who did not answer. */
export async function reach<T>(code: ProblemCode, what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new Unreachable(code, what, cause);
  }
}
