/**
 * The spelling of single fields that several kinds of entity share: ids, names, amounts, codes. One definition each, so
 * that an id is the same thing in a deal and in a reserve price.
 */
import { z } from "zod";
import { CATALOG_LIMITS, FULL_LIMITS } from "../kernel/limits.ts";
import { isTimeZone } from "../kernel/local_day.ts";

export const id = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, "letters, digits, - and _ only, starting with a letter or digit")
  .max(FULL_LIMITS.idCharsMax);
export const name = z.string().min(1).max(200);
export const amount = z.int().positive().max(CATALOG_LIMITS.priceMicrosMax);
export const floor = z.int().nonnegative().max(CATALOG_LIMITS.priceMicrosMax);
export const domain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "a domain in lower case such as acme.example");
/** Either absolute http(s), or a path below the media base: no other scheme, no leading slash, no way upwards. */
export const mediaUrl = z
  .string()
  .max(2000)
  .regex(
    /^(https?:\/\/\S+|(?!.*(^|\/)\.\.(\/|$))[\w.-][\w.~/-]*)$/,
    "an http(s) URL, or a relative path such as media/ads/15a/index.m3u8",
  );
export const status = z.enum(["active", "paused", "archived"]).default("active");
export const category = z
  .string()
  .regex(/^IAB\d{1,2}(-\d{1,2})?$/, "an IAB Content Taxonomy 1.0 code such as IAB2 or IAB2-3");
export const country = z.string().regex(/^[A-Z]{2}$/, "an ISO 3166-1 alpha-2 code such as DE");
export const language = z.string().regex(/^[a-z]{2}$/, "an ISO 639-1 code such as en");
export const timeZone = z.string().max(64).refine(isTimeZone, "an IANA time zone such as Europe/Berlin");
export const moment = z.iso.datetime({ offset: true });
export const list = <T extends z.ZodType>(item: T) => z.array(item).max(1000);

/** Include and exclude lists of one dimension; absent means "any". A viewer without a value matches no include list. */
export const choice = <T extends z.ZodType>(item: T) =>
  z.strictObject({ include: list(item).min(1).optional(), exclude: list(item).min(1).optional() });
