/**
 * Publishing a catalog, in the one order that is safe to break off anywhere and to repeat: bytes into the store, terms
 * onto every ledger, then the pointer, then the campaigns that are gone. No edge can meet a campaign whose ledger does
 * not know it, and no catalog is current whose bytes are not stored.
 */
import type { Campaign, Catalog } from "../../src/catalog/entities.ts";
import { micros } from "../../src/kernel/money.ts";
import { ok, refused, type Result } from "../../src/kernel/result.ts";
import type { CampaignTerms } from "../../src/money/protocol.ts";
import { putArtifact } from "./artifacts.ts";
import { mapBounded } from "./bounded.ts";
import type { OriginEnv } from "./env.ts";
import { logFailure } from "./log.ts";
import { reach } from "./unreachable.ts";

/** A catalog ready to be published: what it says, its bytes, their digest. */
export interface Publication {
  readonly catalog: Catalog;
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

/** Bindings that a publish needs. */
export type PublishEnv = Pick<OriginEnv, "ARTIFACTS" | "LEDGER" | "REGISTRY">;

/** What the ledger of a campaign is told. Units: micros, epoch milliseconds. */
export function termsOf(campaign: Campaign): CampaignTerms {
  return {
    campaignId: campaign.id,
    budgetMicros: micros(campaign.budgetMicros),
    flightStartMs: Date.parse(campaign.flight.start),
    flightEndMs: Date.parse(campaign.flight.end),
    status: campaign.status,
    pacing: campaign.pacing,
  };
}

/**
 * Makes a catalog current. Publishing what already is current configures the ledgers again and moves nothing.
 * Requires: the catalog was accepted by `parseCatalog`. Throws `Unreachable` when store or registry do not answer.
 */
export async function publishCatalog(
  env: PublishEnv,
  publication: Publication,
  nowMs: number,
): Promise<Result<{ readonly digest: string }, PublishRefusal>> {
  const registry = env.REGISTRY.getByName("catalog");
  const holder = crypto.randomUUID();
  const claimed = await reach("storage_unavailable", "The registry did not answer.", () =>
    registry.claim(holder, nowMs),
  );
  if (!claimed) return refused({ code: "publish_in_progress" });
  try {
    return await publishClaimed(env, publication, holder, nowMs);
  } finally {
    // A claim that cannot be given back ends by itself.
    await registry.release(holder).catch((failure: unknown) => logFailure("claim_not_released", failure));
  }
}

async function publishClaimed(
  env: PublishEnv,
  { catalog, bytes, digest }: Publication,
  holder: string,
  nowMs: number,
): Promise<Result<{ readonly digest: string }, PublishRefusal>> {
  const registry = env.REGISTRY.getByName("catalog");
  const ids = catalog.campaigns.map((campaign) => campaign.id);
  await putArtifact(env.ARTIFACTS, "snapshot", digest, bytes);
  await reach("storage_unavailable", "The registry did not answer.", () => registry.remember(ids));

  const unconfigured = await failuresAmong(catalog.campaigns, (campaign) =>
    env.LEDGER.getByName(campaign.id).configure(termsOf(campaign)),
  );
  if (unconfigured.length > 0) {
    const campaigns = unconfigured.map((campaign) => campaign.id);
    return refused({ code: "ledgers_unavailable", campaigns, published: false });
  }

  const note = `${catalog.campaigns.length} campaigns, ${catalog.lineItems.length} line items`;
  const gone = await reach("storage_unavailable", "The registry did not answer.", async () => {
    const version = await registry.publish(digest, note, nowMs, holder);
    return version === null ? null : registry.absent(ids);
  });
  // Somebody else has begun to publish since this claim lapsed: theirs stands.
  if (gone === null) return refused({ code: "publish_in_progress" });

  const unarchived = await failuresAmong(gone, (id) => archive(env, id));
  const archived = gone.filter((id) => !unarchived.includes(id));
  await reach("storage_unavailable", "The registry did not answer.", () => registry.markArchived(archived, holder));
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

/** The items on which `work` failed, in their order. */
async function failuresAmong<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<T[]> {
  const failed = await mapBounded(items, async (item) => {
    try {
      await work(item);
      return false;
    } catch (failure) {
      logFailure("ledger_unavailable", failure);
      return true;
    }
  });
  return items.filter((_item, index) => failed[index] === true);
}
