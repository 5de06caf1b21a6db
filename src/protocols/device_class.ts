/**
 * A guess of the device from a user agent, for requests that do not say. Deliberately small: four classes, a bounded
 * prefix, alternations whose worst case on that prefix is small. Televisions come first because their agents also say
 * Android or Linux; an iPad that asks for desktop pages says Macintosh and counts as a desktop.
 */
import type { Device } from "../catalog/words.ts";

/** Characters of a user agent that are looked at. */
const USER_AGENT_CHARS_MAX = 512;

const TELEVISION_PLATFORM = /smart-?tv|hbbtv|tvos|(?:apple|android|google) ?tv|\btizen\b.*\btv\b|web0s|netcast|vidaa/;
const TELEVISION_BRAND = /roku|crkey|\baft[a-z]|bravia|viera|playstation|xbox/;
const TABLET = /ipad|tablet|kindle|playbook|silk\/(?!.*mobile)/;
const PHONE = /iphone|ipod|windows phone|android.*mobile|\bmobile\b/;
const COMPUTER = /windows nt|macintosh|\bcros\b|x11|linux x86_64/;

/** The device class a user agent suggests, or null when it suggests none. */
export function deviceFromUserAgent(userAgent: string | null): Device | null {
  const agent = (userAgent ?? "").slice(0, USER_AGENT_CHARS_MAX).toLowerCase();
  if (TELEVISION_PLATFORM.test(agent) || TELEVISION_BRAND.test(agent)) return "ctv";
  if (TABLET.test(agent)) return "tablet";
  if (PHONE.test(agent)) return "mobile";
  // Android without the word Mobile is, by Google's own advice to browsers, a tablet.
  if (agent.includes("android")) return "tablet";
  return COMPUTER.test(agent) ? "desktop" : null;
}
