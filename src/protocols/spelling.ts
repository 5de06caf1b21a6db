/**
 * How the doors read single words: ids, categories, domains, countries. Each reader says what counts as a value; what
 * becomes of the others (ignored or refused) is decided by whoever asks.
 */
import type { Limits } from "../kernel/limits.ts";

/** An empty value is how templates say nothing. */
export function said(text: string | null): string | null {
  return text === "" ? null : text;
}

/** A macro that a player left as it was: `[IFA]`, `{ifa}`, `${IFA}`, `%%IFA%%`. */
export function isUnfilled(text: string): boolean {
  return /^(?:\[.*\]|\{.*\}|\$\{.*\}|%%.*%%)$/.test(text);
}

/**
 * An id that means somebody or something. A template that was not filled, all zeros (an opted-out advertising id), -1
 * and -2 (VAST 4.2 for "unknown" and "withheld") would join strangers.
 */
export function identity(text: string | null): string | null {
  const id = said(text);
  if (id === null || !isPlain(id) || isUnfilled(id)) return null;
  return /^[0-]+$/.test(id) || id === "-1" || id === "-2" ? null : id;
}

/** IAB Content Taxonomy 1.0 as the catalog spells it. */
export function categoryOf(text: string): string {
  return text.toUpperCase();
}

/** Whether it is such a code. */
export function isCategory(code: string): boolean {
  return /^IAB\d{1,2}(-\d{1,2})?$/.test(code);
}

/** A domain name in lower case, without the dot of the root. */
export function domainOf(text: string): string {
  return text.toLowerCase().replace(/\.$/, "");
}

/** Whether it is a domain name of at least two labels. */
export function isDomain(text: string): boolean {
  return text.length <= 253 && /^(?:[a-z0-9_-]+\.)+[a-z0-9_-]+$/.test(text);
}

/** Whether it is an id as the catalog spells ids. */
export function isId(text: string, limits: Limits): boolean {
  return text.length <= limits.idCharsMax && /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(text);
}

/** XX and T1 are how the platform spells "unknown" and "Tor". */
export function countryOf(text: string | null): string | null {
  const code = text?.toUpperCase() ?? "";
  return /^[A-Z]{2}$/.test(code) && code !== "XX" ? code : null;
}

/** ISO 639-1; of `en-US` the `en`. */
export function languageOf(text: string | null): string | null {
  const primary = text?.toLowerCase().split(/[-_]/, 1)[0] ?? "";
  return /^[a-z]{2}$/.test(primary) ? primary : null;
}

/** A short name in words. */
export function label(text: string | null, limits: Limits): string | null {
  const words = said(text);
  return words !== null && words.length <= limits.idCharsMax && isPlain(words) ? words : null;
}

/** The word of the list that was written, or null. */
export function oneOf<T extends string>(allowed: readonly T[], word: string | undefined): T | null {
  return allowed.find((value) => value === word) ?? null;
}

/** Each once, in the order written. */
export function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}

/** Well-formed text without control characters. */
function isPlain(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}
