/**
 * Reads a request body within a bound. The bound holds while streaming: a body without a length, or with a false one,
 * is dropped at the first byte too many.
 */
import { fromUtf8 } from "../../src/kernel/bytes.ts";
import { ok, refused, type Result } from "../../src/kernel/result.ts";

/** Why a body is not taken, in the order checked. */
export type BodyRefusal = "unsupported_media_type" | "body_too_large" | "malformed_json";

/** The media type a request says its body has, without parameters. */
export function mediaTypeOf(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** The bytes of a body of this media type. Refuses another type, then more than `bytesMax`. */
export async function readBody(
  request: Request,
  mediaType: string,
  bytesMax: number,
): Promise<Result<Uint8Array, BodyRefusal>> {
  if (mediaTypeOf(request) !== mediaType) return refused("unsupported_media_type");
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return refused("body_too_large");
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (request.body !== null) {
    const reader = request.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      // A request body streams bytes; the platform's type leaves the chunk open.
      const chunk = value as Uint8Array;
      size += chunk.length;
      if (size > bytesMax) {
        await reader.cancel();
        return refused("body_too_large");
      }
      chunks.push(chunk);
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return ok(bytes);
}

/** The JSON value of a body. Refuses what `readBody` refuses, then bytes that are not UTF-8 or not JSON. */
export async function readJson(request: Request, bytesMax: number): Promise<Result<unknown, BodyRefusal>> {
  const body = await readBody(request, "application/json", bytesMax);
  if (!body.ok) return body;
  const text = fromUtf8(body.value);
  if (text === null) return refused("malformed_json");
  try {
    return ok(JSON.parse(text));
  } catch {
    return refused("malformed_json");
  }
}

/** What a refused body is told. */
export function bodyDetail(reason: BodyRefusal, mediaType: string, bytesMax: number): string {
  if (reason === "unsupported_media_type") return `Send the body as ${mediaType}.`;
  if (reason === "body_too_large") return `The body may have at most ${bytesMax} bytes.`;
  return "The body could not be read as JSON in UTF-8.";
}
