/** RFC 9457 problem documents as both Workers send them. */
import { PROBLEM_MEDIA_TYPE, PROBLEMS, problemDocument, type ProblemCode } from "../src/protocols/problem.ts";

/** A response with the code's status. `members` adds further members to the document. */
export function problem(code: ProblemCode, detail: string, members: Readonly<Record<string, unknown>> = {}): Response {
  return new Response(JSON.stringify({ ...problemDocument(code, detail), ...members }), {
    status: PROBLEMS[code].status,
    headers: { "content-type": PROBLEM_MEDIA_TYPE, "cache-control": "no-store" },
  });
}
