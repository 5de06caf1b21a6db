/**
 * docs/doors.md is what integrators build against. It must name every problem code with its status and title, every
 * query parameter with its default and bound, and every beacon event, as the code has them.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { DEVICES, GENRES, RATINGS, SURFACES } from "../../src/catalog/words.ts";
import { CATALOG_LIMITS, FULL_LIMITS } from "../../src/kernel/limits.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import { BEACON_EVENTS } from "../../src/protocols/beacon_event.ts";
import { CONSENT_CHARS_MAX } from "../../src/protocols/consent_bits.ts";
import {
  FREQUENCY_AGE_MS_MAX,
  FREQUENCY_BYTES_MAX,
  FREQUENCY_ENTRIES_MAX,
  FREQUENCY_TOKEN_CHARS_MAX,
} from "../../src/protocols/frequency_token.ts";
import { BREAK_DEFAULTS } from "../../src/protocols/normalise_request.ts";
import { breakRequestSchema } from "../../src/protocols/parse_json_request.ts";
import { PROBLEMS } from "../../src/protocols/problem.ts";

const doors = readFileSync(new URL("../../docs/doors.md", import.meta.url), "utf8");
const parser = readFileSync(new URL("../../src/protocols/parse_query_request.ts", import.meta.url), "utf8");

/** Cells of every table row, by its first cell without backticks. */
const rows = new Map(
  doors
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .map((cells) => [(cells[0] ?? "").replaceAll("`", ""), cells] as const),
);

function cells(name: string): string {
  return rows.get(name)?.join(" | ") ?? "";
}

/** Names of all fields of a JSON Schema, inner ones too. */
function fieldsOf(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const own = "properties" in schema ? Object.keys(Object(schema.properties)) : [];
  return [...own, ...Object.values(schema).flatMap(fieldsOf)];
}

describe("the page about doors", () => {
  it.each(Object.entries(PROBLEMS))("lists the problem %s as it is answered", (code, { status, title }) => {
    expect(rows.get(code)).toEqual([`\`${code}\``, String(status), title]);
  });

  it("lists every query parameter the door reads", () => {
    const read = [...parser.matchAll(/text\("([a-z_]+)"\)/g)].map((match) => match[1] ?? "");
    expect(read.length).toBeGreaterThan(15);
    for (const name of read) expect([...rows.keys()]).toContain(name);
  });

  it("lists every field of the JSON door", () => {
    const table = doors.slice(doors.indexOf("| JSON"), doors.indexOf("The answer holds `decisionId`"));
    const fields = fieldsOf(z.toJSONSchema(breakRequestSchema, { io: "input" }));
    expect(fields.length).toBeGreaterThan(40);
    for (const name of fields) expect(table).toContain(name);
  });

  it("gives the defaults and bounds of the code", () => {
    expect(cells("dur")).toContain(
      `| ${BREAK_DEFAULTS.podDurationSec} | above 0, at most ${FULL_LIMITS.podDurationSecMax}`,
    );
    expect(cells("max")).toContain(`| ${BREAK_DEFAULTS.maxAds} | whole, 1 to ${FULL_LIMITS.podAdsMax}`);
    expect(cells("pub")).toContain(`at most ${FULL_LIMITS.idCharsMax}`);
    expect(cells("seg")).toContain(`${FULL_LIMITS.listItemsMax} items`);
    expect(cells("vid")).toContain(`${4 * FULL_LIMITS.idCharsMax} characters`);
    expect(cells("freq")).toContain(String(FREQUENCY_TOKEN_CHARS_MAX));
    expect(cells("hid")).toContain(`${4 * FULL_LIMITS.idCharsMax} characters`);
    expect(cells("bidfloor")).toContain(`to ${(CATALOG_LIMITS.priceMicrosMax / 1e6).toLocaleString("en-US")}`);
    for (const name of ["rqddurs", "durfloors", "deals", "acat", "cat"]) {
      expect(cells(name)).toContain(String(FULL_LIMITS.listItemsMax));
    }
    for (const name of ["gdpr_consent", "gpp"]) expect(cells(name)).toContain(String(CONSENT_CHARS_MAX));
    expect(doors).toContain(`at most ${FREQUENCY_ENTRIES_MAX} impressions`);
    expect(doors).toContain(`at most ${FREQUENCY_BYTES_MAX.toLocaleString("en-US")} bytes`);
    expect(doors).toContain(`older than ${FREQUENCY_AGE_MS_MAX / DAY_MS}\ndays`);
    expect(doors).toContain(`at most ${FULL_LIMITS.urlCharsMax} characters`);
    expect(doors).toContain(`at most ${FULL_LIMITS.bodyBytesMax.toLocaleString("en-US")} bytes`);
    for (const word of [...SURFACES, ...DEVICES, ...GENRES, ...RATINGS, ...BEACON_EVENTS]) {
      expect(doors).toContain(`\`${word}\``);
    }
  });
});
