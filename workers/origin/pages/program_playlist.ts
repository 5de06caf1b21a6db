/**
 * The demo programme as a player sees it: the media playlist of one film with ad breaks scheduled in it as HLS
 * interstitials. Each break is an EXT-X-DATERANGE whose X-ASSET-LIST is fetched from the edge shortly before it plays.
 * Source: RFC 8216bis section 4.4.5.1 (date ranges) and appendix D (interstitials). Pure: text in, text out.
 */

/** One ad break. Units: seconds from the start of the programme. */
export interface ProgramBreak {
  readonly offsetSec: number;
  readonly assetListUrl: string;
}

/** Date of the first segment when the source states none. Any fixed date will do: nothing here is live. */
export const PROGRAM_EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * The source playlist with absolute segment URLs and the breaks. Requires: a VOD media playlist. A break beyond the end
 * of the programme is left out, because a player would never reach it.
 */
export function programPlaylist(source: string, baseUrl: string, breaks: readonly ProgramBreak[]): string {
  const lines = source.split(/\r?\n/).filter((line) => line !== "");
  const stated = lines.find((line) => line.startsWith(DATE_TIME));
  const statedMs = stated === undefined ? Number.NaN : Date.parse(stated.slice(DATE_TIME.length));
  const epochMs = Number.isNaN(statedMs) ? PROGRAM_EPOCH_MS : statedMs;
  const endSec = programSec(lines);
  const dated = breaks.filter((one) => one.offsetSec <= endSec).map((one, i) => breakTag(one, i + 1, epochMs));
  const out: string[] = [];
  let opened = false;
  for (const line of lines) {
    const startsSegment = line.startsWith("#EXTINF:");
    if (line.startsWith(DATE_TIME) || (startsSegment && !opened)) {
      if (!opened) out.push(`${DATE_TIME}${new Date(epochMs).toISOString()}`, ...dated);
      opened = true;
      if (line.startsWith(DATE_TIME)) continue;
    }
    out.push(line.startsWith("#") ? absoluteAttribute(line, baseUrl) : new URL(line, baseUrl).href);
  }
  return `${out.join("\n")}\n`;
}

/** Length of a media playlist: the sum of its segments. Units: seconds. */
export function programSec(lines: readonly string[]): number {
  let totalSec = 0;
  for (const line of lines) {
    if (line.startsWith("#EXTINF:")) totalSec += Number.parseFloat(line.slice("#EXTINF:".length)) || 0;
  }
  return totalSec;
}

const DATE_TIME = "#EXT-X-PROGRAM-DATE-TIME:";

function breakTag(one: ProgramBreak, ordinal: number, epochMs: number): string {
  const start = new Date(epochMs + Math.round(one.offsetSec * 1000)).toISOString();
  const attributes = [
    `ID="break-${ordinal}"`,
    'CLASS="com.apple.hls.interstitial"',
    `START-DATE="${start}"`,
    `X-ASSET-LIST="${one.assetListUrl}"`,
    "X-RESUME-OFFSET=0",
  ];
  return `#EXT-X-DATERANGE:${attributes.join(",")}`;
}

function absoluteAttribute(line: string, baseUrl: string): string {
  return line.replace(/URI="([^"]*)"/, (_whole, uri: string) => `URI="${new URL(uri, baseUrl).href}"`);
}
