/**
 * The campaigns of the current catalog with the names people know them by. Read from the snapshot once per digest and
 * kept in the isolate: one roster, safe to lose at any instant.
 */
import type { CompiledCatalog } from "../../../src/catalog/compiled.ts";
import { readSnapshot } from "../../../src/catalog/snapshot.ts";
import { inTurns } from "../../platform/in_turns.ts";
import { getArtifact } from "../artifacts.ts";
import type { OriginEnv } from "../env.ts";

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
  const catalog = await inTurns(readSnapshot(bytes, false));
  if (!catalog.ok) return null;
  held = rosterFrom(digest, catalog.value);
  return held;
}

function rosterFrom(digest: string, catalog: CompiledCatalog): CatalogRoster {
  const lineItems = new Map<string, { total: number; paid: number }>();
  for (const offers of [catalog.paidOffers, catalog.houseOffers]) {
    for (let line = 0; line < offers.lineCount; line++) {
      const { id } = offers.lineAt(line).campaign.campaign;
      const counts = lineItems.get(id) ?? { total: 0, paid: 0 };
      counts.total++;
      if (offers === catalog.paidOffers) counts.paid++;
      lineItems.set(id, counts);
    }
  }
  // Campaigns of a snapshot come by id.
  const campaigns = [...catalog.campaigns.values()].map(({ campaign, advertiser }) => {
    const counts = lineItems.get(campaign.id) ?? { total: 0, paid: 0 };
    return {
      campaignId: campaign.id,
      name: campaign.name,
      advertiserName: advertiser.name,
      lineItems: counts.total,
      house: counts.total > 0 && counts.paid === 0,
    };
  });
  return { digest, lineItems: catalog.lineItems.length, campaigns };
}
