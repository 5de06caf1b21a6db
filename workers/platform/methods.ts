/**
 * Which methods a path answers to, for the `Allow` of a 405 (RFC 9110 section 15.5.6): a router says only that nothing
 * fits the method that was asked.
 */

/** A route as Hono lists it: `:name` stands for one word of the path, a last `*` for any rest, also none. */
export interface RoutePattern {
  readonly method: string;
  readonly path: string;
}

/** Methods of the routes that a path fits, in alphabetical order. Middleware (method `ALL`) is no route. */
export function methodsAt(routes: readonly RoutePattern[], path: string): string[] {
  const words = path.split("/");
  const fitting = routes.filter((route) => route.method !== "ALL" && fits(route.path.split("/"), words));
  return [...new Set(fitting.map(({ method }) => method))].sort();
}

function fits(pattern: readonly string[], words: readonly string[]): boolean {
  const open = pattern.at(-1) === "*";
  const fixed = open ? pattern.slice(0, -1) : pattern;
  if (open ? words.length < fixed.length : words.length !== fixed.length) return false;
  return fixed.every((part, at) => (part.startsWith(":") ? words[at] !== "" : part === words[at]));
}
