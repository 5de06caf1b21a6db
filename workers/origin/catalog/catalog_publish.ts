/**
 * Publishing a catalog, in the one order that is safe to break off anywhere and to repeat: bytes into the store, terms
 * onto every ledger that has others, then the pointer, then the campaigns that are gone, then the table of guaranteed
 * deals. No edge can meet a campaign whose ledger does not know it, and no catalog is current whose bytes are not
 * stored.
 */
import type { CompiledCatalog } from "../../../src/catalog/compiled.ts";
import type { Campaign } from "../../../src/catalog/entities.ts";
import { canonicalJson, toUtf8 } from "../../../src/kernel/bytes.ts";
import { micros } from "../../../src/kernel/money.ts";
import { ok, refused, type Result } from "../../../src/kernel/result.ts";
import type { CampaignTerms } from "../../../src/money/protocol.ts";
import { putArtifact } from "../artifacts.ts";
import { mapBounded } from "../bounded.ts";
import type { OriginEnv } from "../env.ts";
import { solveGuaranteesOf } from "./guarantees.ts";
import { sha256Hex } from "../../platform/digest.ts";
import { logFailure } from "../../platform/log.ts";
import type { SettledTerms } from "./registry.ts";
import { reach } from "../unreachable.ts";

/** A catalog ready to be published: what it says, its bytes, their digest. */
export interface Publication {
  readonly catalog: CompiledCatalog;
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/**
 * Why a publish stopped, in the order met. `published` says whether the pointer moved all the same: then only removed
 * campaigns are still active. Repeating the publish finishes it in every case.
 */
export type PublishRefusal =
  | { readonly code: "publish_in_progress" }
  | { readonly code: "ledgers_unavailable"; readonly campaigns: readonly string[]; readonly published: boolean };

/** Campaigns asked between two renewals of the claim: so few that even slow ledgers do not outlast it. */
const CLAIM_STRIDE = 100;

/** Bindings that a publish needs. */
export type PublishEnv = Pick<OriginEnv, "ARTIFACTS" | "LEDGER" | "REGISTRY">;

/** What the ledger of a campaign is told. Units: micros, epoch milliseconds. */
export function termsOf(campaign: Campaign): CampaignTerms {
  return {
    campaignId: campaign.id,
    budgetMicros: micros(campaign.budgetMicros),
    dailyBudgetMicros: campaign.dailyBudgetMicros === undefined ? null : micros(campaign.dailyBudgetMicros),
    timeZone: campaign.timeZone,
    flightStartMs: Date.parse(campaign.flight.start),
    flightEndMs: Date.parse(campaign.flight.end),
    status: campaign.status,
    pacing: campaign.pacing,
    targetCostMicros: campaign.targetCostMicros === undefined ? null : micros(campaign.targetCostMicros),
    startMultiplierPpm: campaign.startMultiplierPpm ?? null,
    supplyShape: campaign.supplyShape ?? [],
  };
}

/**
 * Makes a catalog current. Publishing what already is current configures the ledgers again and moves nothing.
 * Requires: the catalog was accepted by `checkSnapshot`. `now`: epoch milliseconds; a claim lapses while ledgers are
 * asked, so one reading does not do. Throws `Unreachable` when store or registry do not answer.
 */
export async function publishCatalog(
  env: PublishEnv,
  publication: Publication,
  now: () => number,
): Promise<Result<{ readonly digest: string }, PublishRefusal>> {
  const registry = env.REGISTRY.getByName("catalog");
  const holder = crypto.randomUUID();
  const claimed = await reach("storage_unavailable", "The registry did not answer.", () =>
    registry.claim(holder, now()),
  );
  if (!claimed) return refused({ code: "publish_in_progress" });
  try {
    const published = await publishClaimed(env, publication, holder, now);
    if (published.ok) await solveGuaranteesOf(env, publication.catalog, now());
    return published;
  } finally {
    // A claim that cannot be given back ends by itself.
    await registry.release(holder).catch((failure: unknown) => logFailure("origin", "claim_not_released", failure));
  }
}

async function publishClaimed(
  env: PublishEnv,
  { catalog, bytes, digest }: Publication,
  holder: string,
  now: () => number,
): Promise<Result<{ readonly digest: string }, PublishRefusal>> {
  const registry = env.REGISTRY.getByName("catalog");
  const campaigns = [...catalog.campaigns.values()].map(({ campaign }) => campaign);
  const ids = campaigns.map(({ id }) => id);
  await putArtifact(env.ARTIFACTS, "snapshot", digest, bytes);
  await reach("storage_unavailable", "The registry did not answer.", () => registry.remember(ids));

  const unsettle = (ids: readonly string[]) =>
    reach("storage_unavailable", "The registry did not answer.", () => registry.unsettle(ids, holder, now()));
  const settle = (terms: readonly SettledTerms[]) =>
    reach("storage_unavailable", "The registry did not answer.", () => registry.settle(terms, holder, now()));
  const unconfigured = await failuresAmong(await unsettledTerms(env, campaigns, digest), {
    begin: (stride) => unsettle(stride.map(({ campaignId }) => campaignId)),
    work: ({ campaignId, terms }) => env.LEDGER.getByName(campaignId).configure(terms),
    end: (done) => settle(done.map(({ campaignId, termsDigest }) => ({ campaignId, termsDigest }))),
  });
  // Somebody else may have begun to publish since this claim lapsed: theirs stands.
  if (unconfigured === null) return refused({ code: "publish_in_progress" });
  if (unconfigured.length > 0) {
    const missing = unconfigured.map(({ campaignId }) => campaignId);
    return refused({ code: "ledgers_unavailable", campaigns: missing, published: false });
  }

  const note = `${campaigns.length} campaigns, ${catalog.lineItems.length} line items`;
  const gone = await reach("storage_unavailable", "The registry did not answer.", async () => {
    const version = await registry.publish(digest, note, now(), holder);
    return version === null ? null : registry.absent(ids);
  });
  if (gone === null) return refused({ code: "publish_in_progress" });

  const unarchived = await failuresAmong(gone, {
    begin: unsettle,
    work: (id) => archive(env, id),
    end: () => Promise.resolve(true),
  });
  if (unarchived === null) return refused({ code: "publish_in_progress" });
  const archived = gone.filter((id) => !unarchived.includes(id));
  const marked = await reach("storage_unavailable", "The registry did not answer.", () =>
    registry.markArchived(archived, holder, now()),
  );
  if (!marked) return refused({ code: "publish_in_progress" });
  if (unarchived.length > 0) {
    return refused({ code: "ledgers_unavailable", campaigns: unarchived, published: true });
  }
  return ok({ digest });
}

async function archive(env: PublishEnv, campaignId: string): Promise<void> {
  const ledger = env.LEDGER.getByName(campaignId);
  const status = await ledger.status();
  if (status === null || status.terms.status === "archived") return;
  await ledger.configure({ ...status.terms, status: "archived" });
}

/** A campaign's terms and what they are known by. */
interface Terms extends SettledTerms {
  readonly terms: CampaignTerms;
}

/**
 * The terms that ledgers have not confirmed yet. All of them when this catalog already is current: publishing it again
 * is how an operator puts right what somebody changed by hand.
 */
async function unsettledTerms(env: PublishEnv, campaigns: readonly Campaign[], digest: string): Promise<Terms[]> {
  const registry = env.REGISTRY.getByName("catalog");
  const all = await Promise.all(
    campaigns.map(async (campaign): Promise<Terms> => {
      const terms = termsOf(campaign);
      return { campaignId: campaign.id, terms, termsDigest: await sha256Hex(toUtf8(canonicalJson(terms))) };
    }),
  );
  const [current, settled] = await reach("storage_unavailable", "The registry did not answer.", () =>
    Promise.all([registry.current(), registry.settled()]),
  );
  if (current.digest === digest) return all;
  const known = new Map(settled.map(({ campaignId, termsDigest }) => [campaignId, termsDigest]));
  return all.filter(({ campaignId, termsDigest }) => known.get(campaignId) !== termsDigest);
}

/** What is done with some items at a time. `begin` and `end` are false when the claim is lost. */
interface Steps<T> {
  readonly begin: (stride: readonly T[]) => Promise<boolean>;
  readonly work: (item: T) => Promise<unknown>;
  /** Gets the items on which `work` succeeded. */
  readonly end: (done: readonly T[]) => Promise<boolean>;
}

/** The items on which `work` failed, in their order; null, with some of them not begun, when the claim is lost. */
async function failuresAmong<T>(items: readonly T[], { begin, work, end }: Steps<T>): Promise<T[] | null> {
  const failed: T[] = [];
  for (let from = 0; from < items.length; from += CLAIM_STRIDE) {
    const stride = items.slice(from, from + CLAIM_STRIDE);
    if (!(await begin(stride))) return null;
    const failures = await mapBounded(stride, async (item) => {
      try {
        await work(item);
        return false;
      } catch (failure) {
        logFailure("origin", "ledger_unavailable", failure);
        return true;
      }
    });
    if (!(await end(stride.filter((_item, index) => failures[index] !== true)))) return null;
    failed.push(...stride.filter((_item, index) => failures[index] === true));
  }
  return failed;
}
