/** The smallest catalog that has one of everything, as an operator would write it. Tests spoil copies of it. */

/** A fresh copy each time, free to be changed. Deliberately untyped: it stands for a file somebody wrote. */
export function smallCatalog() {
  return {
    publishers: [{ id: "demo", name: "Demo", floorCpmMicros: 4_000_000, blockedCategories: ["IAB8-5"] }],
    advertisers: [
      { id: "nordwagen", name: "Nordwagen", domain: "nordwagen.example" },
      { id: "larder", name: "Larder Lane", domain: "larder.example" },
    ],
    campaigns: [
      {
        id: "cars",
        advertiserId: "nordwagen",
        name: "Cars",
        budgetMicros: 50_000_000,
        flight: { start: "2026-01-01T00:00:00Z", end: "2027-01-01T00:00:00+02:00" },
      },
      {
        id: "own",
        advertiserId: "larder",
        name: "House",
        budgetMicros: 0,
        flight: { start: "2026-01-01T00:00:00Z", end: "2027-01-01T00:00:00Z" },
      },
    ],
    lineItems: [
      {
        id: "cars-tv",
        campaignId: "cars",
        name: "Cars on television",
        creativeIds: ["cars-30", "cars-15"],
        goal: { kind: "cpm", cpmMicros: 20_000_000 },
        targeting: { publishers: { include: ["demo"] }, devices: { include: ["ctv"] } },
        frequencyCap: { impressions: 2, windowMinutes: 60 },
      },
      { id: "own-1", campaignId: "own", name: "Own", creativeIds: ["own-6"], goal: { kind: "house" } },
    ],
    creatives: [
      creative("cars-30", "nordwagen", 30, ["IAB2-3"]),
      creative("cars-15", "nordwagen", 15, ["IAB2", "IAB22-2"]),
      creative("own-6", "larder", 6, ["IAB1"]),
    ],
    deals: [
      {
        id: "deal-1",
        name: "First look",
        kind: "preferred",
        publisherIds: ["demo"],
        lineItemIds: ["cars-tv"],
        cpmMicros: 1,
      },
    ],
  };
}

function creative(id: string, advertiserId: string, durationSec: number, categories: string[]) {
  return {
    id,
    advertiserId,
    name: id,
    durationSec,
    categories,
    media: [
      {
        url: `media/ads/${durationSec}a/index.m3u8`,
        mimeType: "application/x-mpegURL",
        width: 320,
        height: 180,
        bitrateKbps: 110,
      },
    ],
    clickThroughUrl: `https://${advertiserId}.example/`,
  };
}

/** A copy with one field, named by its path, set to something else. `undefined` removes it. */
export function spoiled(path: string, value: unknown): unknown {
  const catalog: unknown = smallCatalog();
  const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
  let at: unknown = catalog;
  for (const step of steps.slice(0, -1)) at = Reflect.get(Object(at), step);
  const last = steps.at(-1) ?? "";
  if (value === undefined) Reflect.deleteProperty(Object(at), last);
  else Reflect.set(Object(at), last, value);
  return catalog;
}
