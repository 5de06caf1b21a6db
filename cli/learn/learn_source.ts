/**
 * Where auctions to learn from come from: traces of production, the simulated audience, or a log. From the first two
 * whole decisions are at hand, so that held-out breaks are decided again; a log is sold by the rule for a sale.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { compileCatalog } from "../../src/catalog/compiled.ts";
import type { Catalog, Reserve } from "../../src/catalog/entities.ts";
import type { PriceRule } from "../../src/catalog/words.ts";
import { linearScorer } from "../../src/decision/linear_scorer.ts";
import { replay } from "../../src/decision/trace/replay.ts";
import { readTrace } from "../../src/decision/trace/codec.ts";
import { fallbackWeightsSchema } from "../../src/models/fallback.ts";
import { inOrder, type AuctionRecord } from "../../src/simulation/learning/auction_record.ts";
import { decideTwice, recordOf, type DecidedBreak } from "../../src/simulation/learning/decided_break.ts";
import { learnedTables } from "../../src/simulation/learning/kinds.ts";
import { sellTwice, type BreakSoldTwice } from "../../src/simulation/learning/reserve_report.ts";
import { simulateBreaks } from "../../src/simulation/learning/simulated_breaks.ts";
import type { AdminClient } from "../admin_client.ts";
import { CliFault } from "../fault.ts";
import { checkDays, readLog } from "./learn_log.ts";
import { batchesOnDisk, catalogShelf } from "../decisions/trace_source.ts";

/** Logged auctions, and a way to sell some of them again. */
export interface LearnSource {
  /** What a page calls it. */
  readonly name: string;
  /** How held-out breaks are sold again: by the funnel, or by the rule for a sale. */
  readonly method: "decided" | "logged";
  /** In the order of time. */
  readonly records: readonly AuctionRecord[];
  /** Some of `records`, without the reserves and with them. */
  sellTwice(records: readonly AuctionRecord[], reserves: readonly Reserve[]): readonly BreakSoldTwice[];
}

/** What is asked for. */
export interface SourceWish {
  readonly log: string | null;
  readonly traces: string | null;
  readonly simulate: boolean;
  readonly seed: string;
  /** Of a simulated log. */
  readonly startMs: number;
  readonly days: number;
  readonly breaks: number;
}

/** Breaks of all publishers on a simulated day: what budgets are paced to. */
const SIMULATED_BREAKS_PER_DAY = 20_000;
/** Most traces that are held at a time. */
const TRACES_MAX = 50_000;
const FALLBACK_MODELS = fileURLToPath(new URL("../../models/fallback.json", import.meta.url));

/** Opens the one source that is asked for. Throws `CliFault`. */
export async function openSource(
  wish: SourceWish,
  catalog: Catalog,
  ruleOf: (publisherId: string) => PriceRule,
  client: () => Promise<AdminClient>,
): Promise<LearnSource> {
  const named = [wish.log !== null, wish.traces !== null, wish.simulate].filter(Boolean).length;
  if (named !== 1) {
    const found = named === 0 ? "none" : "more than one";
    throw new CliFault("wrong_command", `name one source of auctions: a log, --traces or --simulate; found ${found}`, {
      exitCode: 2,
    });
  }
  const publisherIds = new Set(catalog.publishers.map(({ id }) => id));
  if (wish.log !== null) {
    const records = await readLog(wish.log, publisherIds);
    return {
      name: wish.log,
      method: "logged",
      records,
      sellTwice: (some, reserves) => sellTwice(some, reserves, ruleOf),
    };
  }
  return wish.traces === null
    ? decidedSource(`the simulated audience, seed ${wish.seed}`, await simulated(wish, catalog, ruleOf), ruleOf)
    : decidedSource(wish.traces, await traced(wish.traces, publisherIds, client), ruleOf);
}

function decidedSource(
  name: string,
  breaks: readonly DecidedBreak[],
  ruleOf: (publisherId: string) => PriceRule,
): LearnSource {
  const decidedOf = new Map<AuctionRecord, DecidedBreak>();
  for (const decided of breaks) {
    decidedOf.set(recordOf(decided, ruleOf(decided.plan.request.publisherId)), decided);
  }
  const records = inOrder([...decidedOf.keys()]);
  checkDays(records, name);
  return {
    name,
    method: "decided",
    records,
    sellTwice: (some, reserves) => {
      const tables = learnedTables({ reserves });
      return some.flatMap((record) => {
        const decided = decidedOf.get(record);
        const { publisherId } = record;
        return decided === undefined ? [] : [decideTwice(decided, tables(publisherId).reserves, ruleOf(publisherId))];
      });
    },
  };
}

/** Budgets are paced by the price rule that is asked about, and without learned reserves. */
async function simulated(
  { seed, startMs, days, breaks }: SourceWish,
  catalog: Catalog,
  ruleOf: (publisherId: string) => PriceRule,
): Promise<readonly DecidedBreak[]> {
  const publishers = catalog.publishers.map((publisher) => ({ ...publisher, priceRule: ruleOf(publisher.id) }));
  const weights = fallbackWeightsSchema.parse(JSON.parse(await readFile(FALLBACK_MODELS, "utf8")));
  return simulateBreaks({
    catalog: compileCatalog({ ...catalog, publishers, reserves: [] }),
    scorer: linearScorer(weights),
    seed,
    startMs,
    days,
    breaks,
    breaksPerDay: Math.max(SIMULATED_BREAKS_PER_DAY, Math.ceil(breaks / days)),
  });
}

/** The decisions of saved traces, each with the catalog it names. Refuses when any of them cannot be made again. */
async function traced(
  dir: string,
  publisherIds: ReadonlySet<string>,
  client: () => Promise<AdminClient>,
): Promise<readonly DecidedBreak[]> {
  const shelf = catalogShelf(client, dir, false);
  const decided: DecidedBreak[] = [];
  for await (const { name, lines } of batchesOnDisk(dir)) {
    for (const [at, line] of lines.entries()) {
      const trace = readTrace(line);
      if (!trace.ok) throw unlearnable(`${name}, line ${at + 1}: ${trace.reason}`);
      const { catalogDigest, request, decisionId } = trace.value;
      if (!publisherIds.has(request.publisherId)) {
        throw unlearnable(`${decisionId}: the catalog has no publisher "${request.publisherId}"`);
      }
      const replayed = await replay(trace.value, await shelf.catalogOf(catalogDigest));
      if (!replayed.ok) throw unlearnable(`${decisionId}: ${replayed.reason}`);
      if (decided.length >= TRACES_MAX) throw unlearnable(`more than ${TRACES_MAX} traces`);
      const { plan, scoring } = replayed.value;
      decided.push({ plan: { ...plan, rejections: [] }, scoring });
    }
  }
  return decided;
}

function unlearnable(what: string): CliFault {
  return new CliFault("traces_unlearnable", `these traces cannot be learned from: ${what}`, {
    advice: "`midroll replay decisions --from DIR` says more about traces that do not replay.",
  });
}
