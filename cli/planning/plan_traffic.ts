/**
 * Recorded traffic from disk: JSON lines, each a break as `POST /v1/decide` takes it and the moment when it was asked.
 * It is read whole or refused with the lines that are wrong, because a forecast from half a recording misleads.
 */
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { DAY_MS, HOUR_MS } from "../../src/kernel/time.ts";
import { CURRENCY_PROBLEM } from "../../src/protocols/normalise_request.ts";
import { breakRequestFromJson } from "../../src/protocols/parse_json_request.ts";
import { BLIND_DOOR } from "../../src/protocols/request_facts.ts";
import { inOwnCurrency } from "../../src/protocols/stated_currency.ts";
import { recordedSpan, type RecordedBreak } from "../../src/simulation/planning/recorded_traffic.ts";
import { CliFault } from "../fault.ts";

/** Where the breaks come from, as the page says it. */
export interface TrafficNote {
  readonly kind: "simulated" | "recorded";
  readonly file: string | null;
  readonly breaksPerDay: number;
  readonly seed: string;
  readonly recordedBreaks: number;
  readonly unknownPublishers: number;
}

/** What one recording may hold. */
const RECORDING_LIMITS = { lines: 25_000, bytes: 128 * 1024 * 1024, days: 366, linesShown: 5 } as const;

/** A recording as read. */
export interface Recording {
  readonly breaks: readonly RecordedBreak[];
  /** Breaks of publishers that the catalog does not know; they are not in `breaks`. */
  readonly unknownPublishers: number;
}

const momentSchema = z.object({ at: z.iso.datetime({ offset: true }) });
const FORMAT = 'Each line is a break as POST /v1/decide takes it, with "at": "2026-10-05T20:15:00Z" beside.';

/** The breaks of a recording, at the catalog's publishers and rates. Throws `CliFault` with what is wrong. */
export async function readRecording(
  path: string,
  { publishers, ratesPpm }: Pick<CompiledCatalog, "publishers" | "ratesPpm">,
): Promise<Recording> {
  const lines = (await readBounded(path)).split("\n").map((line) => line.trim());
  const read = lines.filter((line) => line !== "").length;
  if (read > RECORDING_LIMITS.lines) throw tooMany(path, read);
  const breaks: RecordedBreak[] = [];
  const wrong: string[] = [];
  let unknownPublishers = 0;
  lines.forEach((line, index) => {
    if (line === "") return;
    const recorded = parseLine(line, ratesPpm);
    if (typeof recorded === "string") wrong.push(`  line ${index + 1}: ${recorded}`);
    else if (publishers.has(recorded.request.publisherId)) breaks.push(recorded);
    else unknownPublishers++;
  });
  if (wrong.length > 0) {
    const more = wrong.length - RECORDING_LIMITS.linesShown;
    throw new CliFault("traffic_invalid", `${path} has ${wrong.length} of ${read} lines that are not recorded breaks`, {
      lines: [...wrong.slice(0, RECORDING_LIMITS.linesShown), ...(more > 0 ? [`  ... and ${more} more`] : [])],
      advice: FORMAT,
    });
  }
  if (breaks.length === 0) throw tooShort(path, 0, unknownPublishers);
  const { startMs, endMs } = recordedSpan(breaks);
  if (endMs - startMs < DAY_MS - HOUR_MS) throw tooShort(path, breaks.length, unknownPublishers);
  if (endMs - startMs > RECORDING_LIMITS.days * DAY_MS) throw tooLong(path, (endMs - startMs) / DAY_MS);
  return { breaks, unknownPublishers };
}

async function readBounded(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > RECORDING_LIMITS.bytes) {
      const most = RECORDING_LIMITS.bytes / 1024 / 1024;
      throw new CliFault("traffic_too_large", `${path} has ${size} bytes; a recording may have ${most} MiB`, {
        advice: "Take every n-th line, and say by --breaks-per-day how many breaks there really are.",
      });
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof CliFault) throw error;
    throw new CliFault("traffic_unreadable", `${path} cannot be read: ${messageOf(error)}`, {
      advice: `Name a file of JSON lines. ${FORMAT}`,
    });
  }
}

/** A recorded break, or what is wrong with the line. */
function parseLine(line: string, ratesPpm: ReadonlyMap<string, number>): RecordedBreak | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return `not JSON (${messageOf(error)})`;
  }
  const moment = momentSchema.safeParse(json);
  if (!moment.success) return 'no moment: expected "at" as ISO 8601 with a zone';
  const parsed = breakRequestFromJson(json, BLIND_DOOR, FULL_LIMITS);
  if (!parsed.ok) return parsed.reason.detail;
  const { request, currency, viewerId } = parsed.value;
  const priced = inOwnCurrency(request, currency, ratesPpm);
  if (!priced.ok) return CURRENCY_PROBLEM.detail;
  return { request: priced.value, atMs: Date.parse(moment.data.at), viewerId };
}

function tooMany(path: string, read: number): CliFault {
  return new CliFault(
    "traffic_too_large",
    `${path} has ${read} lines; a recording may have ${RECORDING_LIMITS.lines}`,
    {
      advice: "Take every n-th line, and say by --breaks-per-day how many breaks there really are.",
    },
  );
}

function tooShort(path: string, breaks: number, unknownPublishers: number): CliFault {
  const unknown =
    unknownPublishers > 0 ? ` (${unknownPublishers} are of publishers that the catalog does not know)` : "";
  return new CliFault("traffic_too_short", `${path} has ${breaks} usable breaks that do not span a day${unknown}`, {
    advice: "Record at least one whole day; a week or more tells weekdays apart.",
  });
}

/** One wrong year among the moments would make a span of centuries, which the planner walks hour by hour. */
function tooLong(path: string, days: number): CliFault {
  return new CliFault(
    "traffic_too_long",
    `${path} spans ${Math.ceil(days)} days; a recording may span ${RECORDING_LIMITS.days}`,
    { advice: "Look for a moment with a wrong year, or take the newest weeks." },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
