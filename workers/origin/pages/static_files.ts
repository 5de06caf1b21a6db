/**
 * Pages, their files and the media, as the build put them into the assets. Media is served to any site and by byte
 * range: the HLS playlists address segments as ranges of one file, and the assets binding only hands out whole files.
 */
import type { OriginEnv } from "../env.ts";
import { problem } from "../../platform/problem_response.ts";

type Assets = Pick<OriginEnv, "ASSETS">;

const PLAYLIST_CACHE = "public, max-age=60";
const MEDIA_CACHE = "public, max-age=3600";
/** Files of the pages keep their name when they change, so a browser asks each time; the ETag makes that cheap. */
const PAGE_CACHE = "no-cache";

/** What lets a player on any site read media. */
export const OPEN_TO_ALL: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "content-length, content-range, etag",
  "cross-origin-resource-policy": "cross-origin",
};

/** A page or one of its files, at a path inside the assets. */
export async function pageFile(env: Assets, request: Request, path: string): Promise<Response> {
  return withHeaders(await fetchAsset(env, request, path), { "cache-control": PAGE_CACHE });
}

/**
 * A media file, whole or by one byte range (RFC 9110 section 14). Several ranges at once are answered with the whole.
 */
export async function mediaFile(env: Assets, request: Request, path: string): Promise<Response> {
  const cache = path.endsWith(".m3u8") ? PLAYLIST_CACHE : MEDIA_CACHE;
  const headers = { ...OPEN_TO_ALL, "accept-ranges": "bytes", "cache-control": cache };
  const range = request.headers.get("range");
  if (range === null || request.method !== "GET") {
    return withHeaders(await fetchAsset(env, request, path), headers);
  }
  const whole = await fetchAsset(env, new Request(request.url), path);
  const condition = request.headers.get("if-range");
  const changed = condition !== null && condition !== whole.headers.get("etag");
  if (whole.status !== 200 || changed) return withHeaders(whole, headers);
  const bytes = await whole.arrayBuffer();
  const span = spanOf(range, bytes.byteLength);
  if (span === "whole") return withHeaders(new Response(bytes, whole), headers);
  if (span === "unsatisfiable") {
    return new Response(null, { status: 416, headers: { ...headers, "content-range": `bytes */${bytes.byteLength}` } });
  }
  const partHeaders = new Headers(whole.headers);
  partHeaders.delete("content-length");
  partHeaders.set("content-range", `bytes ${span.first}-${span.last}/${bytes.byteLength}`);
  const part = bytes.slice(span.first, span.last + 1);
  return withHeaders(new Response(part, { status: 206, headers: partHeaders }), headers);
}

/** The text of an asset, or null when the build has none at that path. */
export async function assetText(env: Assets, requestUrl: string, path: string): Promise<string | null> {
  const found = await fetchAsset(env, new Request(requestUrl), path);
  return found.status === 200 ? new TextDecoder().decode(await found.arrayBuffer()) : null;
}

/** Shape: first and last byte, both inside the file. */
interface Span {
  readonly first: number;
  readonly last: number;
}

/** What a Range header asks of a file. What is malformed is ignored, as the standard wants. */
export function spanOf(range: string, sizeBytes: number): Span | "whole" | "unsatisfiable" {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.trim());
  const [from, to] = [match?.[1] ?? "", match?.[2] ?? ""];
  if (from === "" && to === "") return "whole";
  if (from === "") {
    const length = Math.min(Number(to), sizeBytes);
    return length === 0 ? "unsatisfiable" : { first: sizeBytes - length, last: sizeBytes - 1 };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return "whole";
  if (first >= sizeBytes) return "unsatisfiable";
  return { first, last: to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) };
}

async function fetchAsset(env: Assets, request: Request, path: string): Promise<Response> {
  const found = await env.ASSETS.fetch(new Request(new URL(path, request.url), request));
  return found.status === 404 ? problem("not_found", "The build has no such file.") : found;
}

function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  // Responses of a binding are immutable; the copy is not.
  const copy = new Response(response.body, response);
  if (response.status >= 400) return copy;
  for (const [name, value] of Object.entries(headers)) copy.headers.set(name, value);
  return copy;
}
