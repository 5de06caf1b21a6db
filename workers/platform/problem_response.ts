/**
 * Refusals as both Workers send them: RFC 9457 documents, never cached, with the extension members a code defines
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
