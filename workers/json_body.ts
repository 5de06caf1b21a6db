/** Request bodies, read no further than their bound. */
import { ok, refused, type Result } from "../src/kernel/result.ts";
import type { ProblemCode } from "../src/protocols/problem.ts";

/** Why a body was not taken. */
export interface BodyRefusal {
  readonly code: Extract<ProblemCode, "unsupported_media_type" | "body_too_large" | "malformed_json">;
  readonly detail: string;
}

/** The bytes of a body of at most `bytesMax`. Stops reading as soon as the bound is passed. */
export async function readBytes(request: Request, bytesMax: number): Promise<Result<Uint8Array, BodyRefusal>> {
  const tooLarge: BodyRefusal = { code: "body_too_large", detail: `The body may have ${bytesMax} bytes.` };
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return refused(tooLarge);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > bytesMax) return refused(tooLarge);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return ok(bytes);
}

/** The JSON value of a body. Refuses, in order: content type other than JSON, size, bytes that are not UTF-8 JSON. */
export async function readJson(request: Request, bytesMax: number): Promise<Result<unknown, BodyRefusal>> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json" && !type.endsWith("+json")) {
    return refused({ code: "unsupported_media_type", detail: "Send the body as application/json." });
  }
  const bytes = await readBytes(request, bytesMax);
  if (!bytes.ok) return bytes;
  try {
    return ok(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes.value)));
  } catch {
    return refused({ code: "malformed_json", detail: "The body is not JSON in UTF-8." });
  }
}
