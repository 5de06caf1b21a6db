/**
 * Golden cases: one rule of deciding each, written in JSON so that whoever sells ads can review them. A case names a few
 * ads, what the break asks, and what must come out: which ads play in which order, what they cost, why the others lost.
 * Prices and floors are dollars per thousand impressions there; everything else is spelled as in a catalog.
 */
import { z } from "zod";
import { compileCatalog } from "../../../src/catalog/compiled.ts";
import { catalogSchema } from "../../../src/catalog/entities.ts";
import type { Decision } from "../../../src/decision/decision.ts";
import { finish, plan, score } from "../../../src/decision/funnel.ts";
import type { FeatureMatrix } from "../../../src/decision/hydrate.ts";
import { NO_LAPSES, type HeadScores, type Scorer } from "../../../src/decision/rank.ts";
import type { Rejection } from "../../../src/decision/rejection.ts";
import { explainRetrieval } from "../../../src/decision/retrieve.ts";
import { present } from "../../../src/kernel/assert.ts";
import { micros } from "../../../src/kernel/money.ts";
import { HEADS } from "../../../src/models/manifest.ts";
import type { BreakRequest } from "../../../src/protocols/break_request.ts";
import { breakOf, catalogOf, NOW_MS, worldOf } from "./fixture.ts";

const dollars = z.number();
/** Fields of an entity or of a request that the case changes, as they are spelled there. */
const changes = z.record(z.string(), z.unknown());

const adSchema = z.strictObject({
  cpm: dollars.optional(),
  sec: z.number().optional(),
  advertiser: z.string().optional(),
  creative: z.string().optional(),
  categories: z.array(z.string()).optional(),
  lineItem: changes.optional(),
  campaign: changes.optional(),
  creativeFields: changes.optional(),
  /** What the models say of it; a head that is left out says what is usual. */
  scores: z.record(z.string(), z.number().nullable()).optional(),
  /** What this data centre holds for its campaign. Units: micros. */
  availableMicros: z.int().optional(),
  /** Pacing: share of the full bid, in millionths. */
  multiplierPpm: z.int().optional(),
});

const caseSchema = z.strictObject({
  rule: z.string(),
  ads: z.record(z.string(), adSchema),
  publisher: changes.optional(),
  advertisers: z.record(z.string(), changes).optional(),
  deals: z.array(changes).optional(),
  reserves: z.array(changes).optional(),
  landscapes: z.array(changes).optional(),
  break: changes.optional(),
  viewer: changes.optional(),
  content: changes.optional(),
  nowUtc: z.string().optional(),
  /** The guaranteed deals' table: what origin solved for each. */
  guarantees: z.array(z.strictObject({ contractId: z.string(), alphaPpm: z.number(), zetaPpm: z.number() })).optional(),
  plays: z.array(z.string()),
  /** What winners pay, dollars per thousand. */
  pays: z.record(z.string(), dollars).optional(),
  /** Why others do not play. */
  loses: z.record(z.string(), z.string()).optional(),
});

/** One rule with an example of it. */
export type GoldenCase = z.output<typeof caseSchema>;

/** The cases of one file. */
export function parseCases(json: unknown): readonly GoldenCase[] {
  return z.array(caseSchema).parse(json);
}

/** The usual scores of an ad that a case says nothing about. */
const USUAL: Readonly<Record<string, number>> = { completedView: 0.9, click: 0.01, abandon: 0.02, conversion: 0.001 };

type Named = { readonly id: string };

function changed<T extends Named>(entities: readonly T[], of: (entity: T) => object | undefined): readonly object[] {
  return entities.map((entity) => ({ ...entity, ...of(entity) }));
}

function catalogOfCase(golden: GoldenCase) {
  const ads = Object.entries(golden.ads);
  const base = catalogOf(
    ads.map(([id, { cpm, sec, advertiser, creative, categories }]) => ({
      id,
      ...(advertiser === undefined ? {} : { advertiser }),
      ...(creative === undefined ? {} : { creative }),
      ...(categories === undefined ? {} : { categories }),
      ...(sec === undefined ? {} : { durationSec: sec }),
      ...(cpm === undefined ? {} : { cpmMicros: Math.round(cpm * 1_000_000) }),
    })),
    golden.publisher,
  );
  const adOf = (id: string) => golden.ads[id.slice(3)];
  return catalogSchema.parse({
    ...base,
    advertisers: changed(base.advertisers, ({ id }) => golden.advertisers?.[id]),
    campaigns: changed(base.campaigns, ({ id }) => adOf(id)?.campaign),
    lineItems: changed(base.lineItems, ({ id }) => adOf(id)?.lineItem),
    creatives: changed(base.creatives, ({ id }) => adOf(id)?.creativeFields),
    deals: (golden.deals ?? []).map((deal) => ({ name: "deal", publisherIds: ["p"], ...deal })),
    reserves: golden.reserves ?? [],
    landscapes: golden.landscapes ?? [],
  });
}

/** A scorer that says of every row what the case says of its ad. Rows come in the order of `order`. */
function scorerOf(golden: GoldenCase, order: readonly string[]): Scorer {
  const column = (head: string, { rowCount }: FeatureMatrix): Float32Array =>
    Float32Array.from({ length: rowCount }, (_, row) => {
      const said = golden.ads[order[row] ?? ""]?.scores?.[head];
      return said === undefined ? (USUAL[head] ?? 0) : (said ?? Number.NaN);
    });
  return {
    tier: "full",
    modelSetDigest: null,
    rank: async (matrix) => column("rank", matrix),
    score: async (matrix) => {
      // Every head is in HEADS, so the record is whole.
      const heads = Object.fromEntries(HEADS.map((head) => [head, column(head, matrix)])) as HeadScores;
      return { heads, lapses: NO_LAPSES };
    },
  };
}

/** Decides the case's break: what came of it, and every fate, also of ads whose targeting did not match. */
export async function decideCase(
  golden: GoldenCase,
): Promise<{ readonly decision: Decision; readonly fates: readonly Rejection[] }> {
  const catalog = compileCatalog(catalogOfCase(golden));
  const publisher = present(catalog.publishers.get("p"), "a case has one publisher");
  const budgets = new Map(
    Object.entries(golden.ads).map(([id, ad]) => {
      const availableMicros = micros(ad.availableMicros ?? 10_000_000);
      return [`ca-${id}`, { availableMicros, multiplierPpm: ad.multiplierPpm ?? 1_000_000 }];
    }),
  );
  const nowMs = golden.nowUtc === undefined ? NOW_MS : Date.parse(golden.nowUtc);
  const plain = breakOf();
  const request = breakOf({
    // A case spells fields as BreakRequest does; a misspelt one shows as a rule that does not hold.
    ...(golden.break as Partial<BreakRequest> | undefined),
    viewer: { ...plain.viewer, ...golden.viewer },
    content: { ...plain.content, ...golden.content },
  });
  const guarantees = golden.guarantees ?? [];
  const world = worldOf(catalog, { budgets, nowMs, guarantees });
  const scoringPlan = plan(request, world, publisher);
  const order = scoringPlan.candidates.map(({ offer }) => offer.lineItemId.slice(3));
  const decision = finish(scoringPlan, await score(scoringPlan, scorerOf(golden, order)));
  return { decision, fates: [...decision.rejections, ...explainRetrieval(request, world, publisher)] };
}
