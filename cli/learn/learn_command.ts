/**
 * `midroll learn`: reserve prices and landscapes of rival bids from logged auctions, each judged on days that it was
 * not learned from. This file turns options into the question and the answer into numbers; learn_page.ts shows it.
 */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Catalog } from "../../src/catalog/entities.ts";
import { PRICE_RULES, type PriceRule } from "../../src/catalog/words.ts";
import { DAY_MS } from "../../src/kernel/time.ts";
import { writeRecord } from "../../src/simulation/learning/auction_record.ts";
import { cutLog, type CutLog } from "../../src/simulation/learning/held_out.ts";
import { landscapeReport } from "../../src/simulation/learning/landscape_report.ts";
import { LANDSCAPE_TERMS, learnLandscapes } from "../../src/simulation/learning/landscapes.ts";
import { learnReserves, RESERVE_TERMS } from "../../src/simulation/learning/reserves.ts";
import { reserveReport } from "../../src/simulation/learning/reserve_report.ts";
import type { AdminClient } from "../admin_client.ts";
import { catalogFault } from "../catalog/catalog_commands.ts";
import { CliFault } from "../fault.ts";
import { checkTable, textOf, writeOnce, type LearnedTable, type Written } from "./learn_file.ts";
import { landscapePage, reservePage, type LogNote } from "./learn_page.ts";
import { openSource, type LearnSource } from "./learn_source.ts";
import { countOf, showMoment, type Outcome } from "../outcome.ts";
import { readCatalog } from "../catalog/read_catalog.ts";

/** What is assumed unless told otherwise. */
export const LEARN_DEFAULTS = {
  holdOut: 0.3,
  fillLossMax: RESERVE_TERMS.fillLossMax,
  seed: "learn",
  from: "2026-10-05",
  days: 14,
  breaks: 2_000,
} as const;

const SAMPLE_CATALOG = fileURLToPath(new URL("../../catalog/sample", import.meta.url));

const share = (least: number, most: number) => z.coerce.number().pipe(z.number().min(least).max(most));
const wholeNumber = (least: number, most: number) => z.coerce.number().pipe(z.int().min(least).max(most));
const optionsSchema = z.object({
  traces: z.string().min(1).optional(),
  simulate: z.boolean().default(false),
  from: z.iso.date().default(LEARN_DEFAULTS.from),
  days: wholeNumber(3, 366).default(LEARN_DEFAULTS.days),
  breaks: wholeNumber(3, 50_000).default(LEARN_DEFAULTS.breaks),
  catalog: z.string().default(SAMPLE_CATALOG),
  holdOut: share(0.05, 0.9).default(LEARN_DEFAULTS.holdOut),
  fillLossMax: share(0, 1).default(LEARN_DEFAULTS.fillLossMax),
  priceRule: z.enum(PRICE_RULES).optional(),
  seed: z.string().min(1).max(200).default(LEARN_DEFAULTS.seed),
  out: z.string().min(1).optional(),
  force: z.boolean().default(false),
});
type LearnOptions = z.output<typeof optionsSchema>;

/** What the options mean, in words for a person who got one wrong. */
const OPTION_WORDS: Readonly<Record<string, string>> = {
  traces: "--traces takes the name of a directory",
  from: "--from takes a date such as 2026-10-05",
  days: "--days takes a whole number from 3 to 366",
  breaks: "--breaks takes a whole number from 3 to 50,000",
  holdOut: "--hold-out takes a share of the days from 0.05 to 0.9",
  fillLossMax: "--fill-loss-max takes a share from 0 to 1, such as 0.05",
  priceRule: `--price-rule takes ${PRICE_RULES.join(", ")}`,
  seed: "--seed takes 1 to 200 characters",
  out: "--out takes the name of a file",
};

/** What the command may ask of the outside, and what was asked of it. */
export interface LearnDoor {
  readonly client: () => Promise<AdminClient>;
  /** Options as commander read them. */
  readonly given: unknown;
}

/** All that both tables are learned from. */
interface Lesson {
  readonly options: LearnOptions;
  readonly catalog: Catalog;
  readonly source: LearnSource;
  readonly cut: CutLog;
  readonly note: LogNote;
  readonly ruleOf: (publisherId: string) => PriceRule;
}

/** Learns reserve prices from a log. Throws `CliFault`. */
export async function learnReserveTable(log: string | null, door: LearnDoor): Promise<Outcome> {
  const { options: asked, catalog, source, cut, note, ruleOf } = await prepare(log, door);
  const terms = { ...RESERVE_TERMS, fillLossMax: asked.fillLossMax };
  const lines = learnReserves(cut.learned, ruleOf, terms);
  const reserves = lines.map(({ model }) => model);
  const written = await keep(asked, catalog, { reserves });
  const report = reserveReport(source.sellTwice(cut.heldOut, reserves), asked.seed);
  return {
    json: {
      log: note,
      terms,
      reserves: lines.map(({ model, samples: sales, gainPerDay, largestBuyerShare }) => ({
        ...model,
        sales,
        gainPerDay,
        largestBuyerShare,
      })),
      report,
      file: asked.out ?? null,
      written,
    },
    lines: reservePage({ note, lines, report, terms, rules: rulesOf(catalog, ruleOf), file: fileNote(asked, written) }),
  };
}

/** Learns landscapes of rival bids from a log. Throws `CliFault`. */
export async function learnLandscapeTable(log: string | null, door: LearnDoor): Promise<Outcome> {
  const { options: asked, catalog, cut, note } = await prepare(log, door);
  const lines = learnLandscapes(cut.learned, LANDSCAPE_TERMS);
  const landscapes = lines.map(({ model }) => model);
  const written = await keep(asked, catalog, { landscapes });
  const report = landscapeReport(cut.heldOut, landscapes, asked.seed);
  return {
    json: {
      log: note,
      terms: LANDSCAPE_TERMS,
      landscapes: lines.map(({ model, samples }) => ({ ...model, bids: samples })),
      report,
      file: asked.out ?? null,
      written,
    },
    lines: landscapePage({ note, lines, report, file: fileNote(asked, written) }),
  };
}

/** Writes auctions as a log that the other two read. Throws `CliFault`. */
export async function writeLog(door: LearnDoor): Promise<Outcome> {
  const { out, force } = checkedOptions(door.given);
  if (out === undefined) throw new CliFault("wrong_command", "--out FILE says where to write the log", { exitCode: 2 });
  const { source } = await prepare(null, door);
  const text = source.records.map((record) => `${writeRecord(record, showMoment)}\n`).join("");
  const written = await writeOnce(out, text, force);
  const lines = [`${countOf(source.records.length, "break")} of ${source.name}: ${written}, ${out}`];
  return { json: { source: source.name, breaks: source.records.length, file: out, written }, lines };
}

async function prepare(log: string | null, { client, given }: LearnDoor): Promise<Lesson> {
  const options = checkedOptions(given);
  const read = await readCatalog([options.catalog]);
  if (!read.ok) throw catalogFault(read.reason);
  const { catalog } = read.value;
  const rules = new Map(catalog.publishers.map(({ id, priceRule }) => [id, options.priceRule ?? priceRule]));
  const ruleOf = (publisherId: string): PriceRule => rules.get(publisherId) ?? "first";
  const { traces = null, simulate, seed, days, breaks } = options;
  const wish = { log, traces, simulate, seed, startMs: Date.parse(options.from), days, breaks };
  const source = await openSource(wish, catalog, ruleOf, client);
  const cut = cutLog(source.records, options.holdOut);
  return { options, catalog, source, cut, note: noteOf(source, cut), ruleOf };
}

function checkedOptions(given: unknown): LearnOptions {
  const parsed = optionsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const field = String(parsed.error.issues[0]?.path[0] ?? "");
  throw new CliFault("wrong_command", OPTION_WORDS[field] ?? `--${field} is not as expected`, { exitCode: 2 });
}

function noteOf({ name, method, records }: LearnSource, cut: CutLog): LogNote {
  return {
    source: name,
    method,
    breaks: records.length,
    bids: records.reduce((sum, record) => sum + record.bids.length, 0),
    learnedDays: cut.learnedDays,
    heldOutDays: cut.heldOutDays,
    heldOutFrom: new Date(cut.heldOutFromDay * DAY_MS).toISOString().slice(0, 10),
  };
}

function rulesOf(catalog: Catalog, ruleOf: Lesson["ruleOf"]): ReadonlySet<PriceRule> {
  return new Set(catalog.publishers.map(({ id }) => ruleOf(id)));
}

async function keep(options: LearnOptions, catalog: Catalog, table: LearnedTable): Promise<Written | null> {
  checkTable(catalog, table, options.out ?? "the learned table");
  return options.out === undefined ? null : writeOnce(options.out, textOf(table), options.force);
}

function fileNote({ out }: LearnOptions, written: Written | null): string {
  if (out === undefined || written === null)
    return "Nothing was written; --out FILE keeps the table as a catalog file.";
  const became = { written: "written to", unchanged: "already in", replaced: "replaced in" }[written];
  return `The table is ${became} ${out}; \`midroll catalog apply\` takes it with the rest of the catalog.`;
}
