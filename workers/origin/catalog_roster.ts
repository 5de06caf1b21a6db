/**
 * The campaigns of the current catalog with the names people know them by. Read from the snapshot once per digest and
 * kept in the isolate: one roster, safe to lose at any instant.
 */
import type { Catalog } from "../../src/catalog/entities.ts";
import { decodeSnapshot } from "../../src/catalog/snapshot.ts";
import { getArtifact } from "./artifacts.ts";
import type { OriginEnv } from "./env.ts";

/** A campaign as the console lists it. A house campaign has no line item that anybody pays for. */
export interface RosterCampaign {
  readonly campaignId: string;
  readonly name: string;
  readonly advertiserName: string;
  readonly lineItems: number;
  readonly house: boolean;
}

/** What one catalog holds. Shape: campaigns by id. */
export interface CatalogRoster {
  readonly digest: string;
  readonly lineItems: number;
  readonly campaigns: readonly RosterCampaign[];
}

let held: CatalogRoster | null = null;

/** The roster of a published catalog, or null when its snapshot cannot be read. Throws `Unreachable`. */
export async function rosterOf(env: Pick<OriginEnv, "ARTIFACTS">, digest: string): Promise<CatalogRoster | null> {
  if (held?.digest === digest) return held;
  const bytes = await getArtifact(env.ARTIFACTS, "snapshot", digest);
  if (bytes === null) return null;
  const catalog = decodeSnapshot(bytes);
  if (!catalog.ok) return null;
  held = rosterFrom(digest, catalog.value);
  return held;
}

function rosterFrom(digest: string, catalog: Catalog): CatalogRoster {
  const advertisers = new Map(catalog.advertisers.map((advertiser) => [advertiser.id, advertiser.name]));
  const lineItems = new Map<string, { total: number; paid: number }>();
  for (const line of catalog.lineItems) {
    const counts = lineItems.get(line.campaignId) ?? { total: 0, paid: 0 };
    counts.total++;
    if (line.goal.kind !== "house") counts.paid++;
    lineItems.set(line.campaignId, counts);
  }
  const campaigns = catalog.campaigns
    .map((campaign) => {
      const counts = lineItems.get(campaign.id) ?? { total: 0, paid: 0 };
      return {
        campaignId: campaign.id,
        name: campaign.name,
        advertiserName: advertisers.get(campaign.advertiserId) ?? campaign.advertiserId,
        lineItems: counts.total,
        house: counts.total > 0 && counts.paid === 0,
      };
    })
    .sort((a, b) => (a.campaignId < b.campaignId ? -1 : a.campaignId > b.campaignId ? 1 : 0));
  return { digest, lineItems: catalog.lineItems.length, campaigns };
}
