/**
 * Reads a query string the same way everywhere. The platform's own reader forgives malformed escapes and unbounded
 * input; a door must not, and the core compiles without it. Follows application/x-www-form-urlencoded
 * (URL Standard, section 5) except that a malformed escape is refused instead of kept.
 */
import type { Limits } from "../kernel/limits.ts";
import { ok, refused } from "../kernel/result.ts";
import type { Result } from "../kernel/result.ts";

/** Why a query string was refused: too long, too many parameters, or an escape that is not UTF-8. */
export type QueryRefusal = "url_too_long" | "too_many_items" | "malformed_query";

/**
 * The parameters of a query string, with or without its leading `?`. `+` is a space; of repeated names the first wins.
 * Refuses: more than `urlCharsMax` characters, more than `listItemsMax` parameters, a malformed escape.
 */
export function parseQuery(search: string, limits: Limits): Result<ReadonlyMap<string, string>, QueryRefusal> {
  if (search.length > limits.urlCharsMax) return refused("url_too_long");
  const parameters = new Map<string, string>();
  let count = 0;
  for (const part of search.slice(search.startsWith("?") ? 1 : 0).split("&")) {
    if (part === "") continue;
    count += 1;
    if (count > limits.listItemsMax) return refused("too_many_items");
    const equals = part.indexOf("=");
    const name = decodeComponent(equals === -1 ? part : part.slice(0, equals));
    const value = decodeComponent(equals === -1 ? "" : part.slice(equals + 1));
    if (name === null || value === null) return refused("malformed_query");
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return ok(parameters);
}

/** One name or value decoded, or null when an escape is broken, is not UTF-8, or a surrogate stands alone. */
function decodeComponent(text: string): string | null {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.isWellFormed()) return null;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // The language's own decoder is strict about UTF-8 and says so only by throwing; here that is a refusal.
    return null;
  }
}
