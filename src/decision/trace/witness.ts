/**
 * Notes what one decision looks at outside its request: which budgets it asks for and what the models answer. What it
 * never looked at cannot have changed it, so a trace holds what is noted here and leaves out the rest, however many
 * campaigns the purse holds and in whatever order the stages check.
 */
import { ZERO_MICROS } from "../../kernel/money.ts";
import type { Head } from "../../models/manifest.ts";
import type { Tier } from "../../telemetry/activity.ts";
import { NO_LAPSES, type Lapses, type Scorer } from "../rank.ts";
import type { CampaignBudget } from "../world.ts";

/** What the models answered, to the bit. Shape: one float32 a row of each question. */
export interface HeardScores {
  readonly tier: Tier;
  /** Null: the fallback models, which come with the build. */
  readonly modelSetDigest: string | null;
  /** The early ranker's; null: it was not asked, because all candidates fitted. */
  readonly promises: Float32Array | null;
  /** The heads'; empty when they were not asked. */
  readonly heads: Readonly<Partial<Record<Head, Float32Array>>>;
  readonly lapses: Lapses;
}

/** One decision's witness. What is handed out last counts: an earlier plan, or a scorer that failed, does not. */
export class Witness {
  #budgets = new AskedBudgets(new Map());
  #heard: HeardScores | null = null;

  /** The same budgets, watched. */
  budgets(view: ReadonlyMap<string, CampaignBudget>): ReadonlyMap<string, CampaignBudget> {
    this.#budgets = new AskedBudgets(view);
    return this.#budgets;
  }

  /** The decision is made: from now on nothing is noted. Whoever explains it asks for more than it did. */
  conclude(): void {
    this.#budgets.conclude();
  }

  /** The same scorer, listened to. Cost: copies the answers. */
  scorer(scorer: Scorer): Scorer {
    const { tier, modelSetDigest } = scorer;
    let heard: HeardScores = { tier, modelSetDigest, promises: null, heads: {}, lapses: NO_LAPSES };
    this.#heard = null;
    return {
      tier,
      modelSetDigest,
      rank: async (matrix) => {
        const promises = await scorer.rank(matrix);
        heard = { ...heard, promises: promises.slice() };
        this.#heard = heard;
        return promises;
      },
      score: async (matrix) => {
        const answers = await scorer.score(matrix);
        heard = { ...heard, heads: copied(answers.heads), lapses: answers.lapses };
        this.#heard = heard;
        return answers;
      },
    };
  }

  /** Budgets that were asked for, by campaign id in code-unit order; one that was not there holds nothing. */
  askedBudgets(): readonly (readonly [string, CampaignBudget])[] {
    return this.#budgets.asked();
  }

  /** What was heard; null: no model was asked. */
  heardScores(): HeardScores | null {
    return this.#heard;
  }
}

function copied(heads: Readonly<Partial<Record<Head, Float32Array>>>): HeardScores["heads"] {
  return Object.fromEntries(Object.entries(heads).map(([head, scores]) => [head, scores.slice()]));
}

const NOTHING: CampaignBudget = { availableMicros: ZERO_MICROS, multiplierPpm: 0 };

/** Budgets that remember which were asked for. Whoever goes through all of them, or counts them, asks for all. */
class AskedBudgets implements ReadonlyMap<string, CampaignBudget> {
  readonly #view: ReadonlyMap<string, CampaignBudget>;
  readonly #asked = new Set<string>();
  #all = false;
  #concluded = false;

  constructor(view: ReadonlyMap<string, CampaignBudget>) {
    this.#view = view;
  }

  conclude(): void {
    this.#concluded = true;
  }

  asked(): readonly (readonly [string, CampaignBudget])[] {
    const campaignIds = this.#all ? new Set([...this.#asked, ...this.#view.keys()]) : this.#asked;
    return [...campaignIds].sort().map((campaignId) => [campaignId, this.#view.get(campaignId) ?? NOTHING] as const);
  }

  get(campaignId: string): CampaignBudget | undefined {
    this.#note(campaignId);
    return this.#view.get(campaignId);
  }

  has(campaignId: string): boolean {
    this.#note(campaignId);
    return this.#view.has(campaignId);
  }

  get size(): number {
    return this.#whole().size;
  }

  forEach(visit: (budget: CampaignBudget, campaignId: string, map: ReadonlyMap<string, CampaignBudget>) => void): void {
    this.#whole().forEach((budget, campaignId) => visit(budget, campaignId, this));
  }

  entries(): MapIterator<[string, CampaignBudget]> {
    return this.#whole().entries();
  }

  keys(): MapIterator<string> {
    return this.#whole().keys();
  }

  values(): MapIterator<CampaignBudget> {
    return this.#whole().values();
  }

  [Symbol.iterator](): MapIterator<[string, CampaignBudget]> {
    return this.entries();
  }

  #note(campaignId: string): void {
    if (!this.#concluded) this.#asked.add(campaignId);
  }

  #whole(): ReadonlyMap<string, CampaignBudget> {
    if (!this.#concluded) this.#all = true;
    return this.#view;
  }
}
