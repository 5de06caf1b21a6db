/**
 * A log of auctions from disk: JSON lines, one break each. It is read whole or refused with the lines that are wrong,
 * because a table learned from half a log is a table of the other half's absence.
 */
import { readFile, stat } from "node:fs/promises";
import { nearestWord } from "../../src/catalog/problem.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import { inOrder, readRecord, type AuctionRecord } from "../../src/simulation/learning/auction_record.ts";
import { daysOf, LOG_DAYS_MIN } from "../../src/simulation/learning/held_out.ts";
import { CliFault } from "../fault.ts";
import { countOf } from "../outcome.ts";

/** What one log may hold. */
const LOG_LIMITS = { lines: 500_000, bytes: 384 * 1024 * 1024, days: 366, linesShown: 5 } as const;
const FORMAT = "Each line is one break with the bids that competed; docs/learning.md shows one.";

/** The breaks of a log, in an order that does not depend on the file's. Throws `CliFault` with what is wrong. */
export async function readLog(path: string, publisherIds: ReadonlySet<string>): Promise<readonly AuctionRecord[]> {
  const lines = (await readBounded(path)).split("\n");
  const records: AuctionRecord[] = [];
  const wrong: string[] = [];
  let read = 0;
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    read++;
    const record = readRecord(line);
    if (!record.ok) wrong.push(`  line ${index + 1}: ${record.reason}`);
    else if (!publisherIds.has(record.value.publisherId)) {
      wrong.push(`  line ${index + 1}: ${unknownPublisher(record.value.publisherId, publisherIds)}`);
    } else records.push(record.value);
  });
  if (wrong.length > 0) throw wrongLines(path, read, wrong);
  if (read > LOG_LIMITS.lines) {
    throw new CliFault("log_too_large", `${path} has ${read} lines; a log may have ${LOG_LIMITS.lines}`, {
      advice: "Take every n-th break: a table needs some hundred sales of a kind of break, not all of them.",
    });
  }
  checkDays(records, path);
  return inOrder(records);
}

/** Refuses a log too short to learn from and judge by, and one that spans more than a year. */
export function checkDays(records: readonly AuctionRecord[], source: string): void {
  const days = daysOf(records);
  if (days.length < LOG_DAYS_MIN) {
    const found = records.length === 0 ? "has no breaks" : `has breaks of ${countOf(days.length, "day")}`;
    throw new CliFault("log_too_short", `${source} ${found}; learning needs at least ${LOG_DAYS_MIN} days`, {
      advice: "Log some days to learn from and some to judge by; two weeks are a good start.",
    });
  }
  const span = (days.at(-1) ?? 0) - (days[0] ?? 0) + 1;
  if (span <= LOG_LIMITS.days) return;
  throw new CliFault(
    "log_too_long",
    `${source} spans ${span} days, ${dateOf(days[0])} to ${dateOf(days.at(-1))}; a log may span ${LOG_LIMITS.days}`,
    { advice: "Look for a moment with a wrong year, or take the newest weeks." },
  );
}

function dateOf(day = 0): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

async function readBounded(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > LOG_LIMITS.bytes) {
      throw new CliFault("log_too_large", `${path} has ${size} bytes; a log may have ${LOG_LIMITS.bytes}`, {
        advice: "Take every n-th break.",
      });
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof CliFault) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CliFault("log_unreadable", `${path} cannot be read: ${why}`, {
      advice: `Name a file of JSON lines. ${FORMAT}`,
      cause: error,
    });
  }
}

function unknownPublisher(id: string, known: ReadonlySet<string>): string {
  const near = nearestWord(id, known);
  return `the catalog has no publisher "${id}"${near === null ? "" : `; did you mean "${near}"?`}`;
}

function wrongLines(path: string, read: number, wrong: readonly string[]): CliFault {
  const more = wrong.length - LOG_LIMITS.linesShown;
  return new CliFault("log_invalid", `${path} has ${wrong.length} of ${read} lines that cannot be learned from`, {
    lines: [...wrong.slice(0, LOG_LIMITS.linesShown), ...(more > 0 ? [`  ... and ${more} more`] : [])],
    advice: FORMAT,
  });
}
