/**
 * The rules of a break as the trade knows them, written down naively from the catalog's plain entities: an auditor who
 * knows nothing of how pods are chosen.
 */
import type { Catalog, Creative, Publisher } from "../../src/catalog/entities.ts";

/** What was asked for. Units: seconds. */
export interface AskedBreak {
  readonly publisherId: string;
  readonly durationSec: number;
  readonly maxAds: number;
  readonly minAdSec: number;
  readonly maxAdSec: number;
  readonly blockedCategories: readonly string[];
  readonly blockedDomains: readonly string[];
}

/** One ad as a player sees it. Null: the format does not say. */
export interface ShownAd {
  readonly creativeId: string;
  readonly durationSec: number;
  readonly advertiserDomain: string | null;
  readonly categories: readonly string[] | null;
}

/** Whether a code of a list covers a category: a top-level code covers its sub-codes, and every code itself. */
function covers(code: string, category: string): boolean {
  return category === code || (!code.includes("-") && category.startsWith(`${code}-`));
}

/** Words that are in a list more than once. */
function repeated(words: readonly string[]): string[] {
  return [...new Set(words.filter((word, at) => words.indexOf(word) !== at))];
}

const sorted = (words: readonly string[]): string => [...new Set(words)].sort().join(" ");

function creativeProblems(ad: ShownAd, creative: Creative, catalog: Catalog): string[] {
  const problems: string[] = [];
  const say = (problem: string): void => void problems.push(`${creative.id}: ${problem}`);
  const advertiser = catalog.advertisers.find(({ id }) => id === creative.advertiserId);
  const domain = advertiser?.domain.toLowerCase();
  if (Math.abs(ad.durationSec - creative.durationSec) > 0.0005) say(`says ${ad.durationSec} s`);
  if (ad.advertiserDomain !== null && ad.advertiserDomain !== domain) say(`says it is of ${ad.advertiserDomain}`);
  if (ad.categories !== null && sorted(ad.categories) !== sorted(creative.categories)) {
    say(`says it is of ${ad.categories.join(" ")}`);
  }
  const nowMs = Date.now();
  const running = catalog.lineItems.some((line) => {
    const campaign = catalog.campaigns.find(({ id }) => id === line.campaignId);
    if (campaign === undefined || !line.creativeIds.includes(creative.id)) return false;
    const flying = Date.parse(campaign.flight.start) <= nowMs && nowMs < Date.parse(campaign.flight.end);
    return flying && line.status === "active" && campaign.status === "active";
  });
  if (!running) say("no line item that runs has it");
  return problems;
}

function blockProblems(asked: AskedBreak, publisher: Publisher, creative: Creative, domain: string): string[] {
  const codes = [...publisher.blockedCategories, ...asked.blockedCategories];
  const blocked = codes.filter((code) => creative.categories.some((category) => covers(code, category)));
  const domains = [...publisher.blockedAdvertiserDomains, ...asked.blockedDomains].map((word) => word.toLowerCase());
  return [
    ...blocked.map((code) => `${creative.id}: category ${code} is blocked`),
    ...(domains.includes(domain) ? [`${creative.id}: advertiser ${domain} is blocked`] : []),
  ];
}

/** Every rule that this break breaks, in words; empty when there is none. */
export function brokenRules(asked: AskedBreak, ads: readonly ShownAd[], catalog: Catalog): string[] {
  const publisher = catalog.publishers.find(({ id }) => id === asked.publisherId);
  if (publisher === undefined) return ads.length === 0 ? [] : ["an unknown publisher was given ads"];
  const problems: string[] = [];
  const known: Creative[] = [];
  for (const ad of ads) {
    const creative = catalog.creatives.find(({ id }) => id === ad.creativeId);
    if (creative === undefined) {
      problems.push(`${ad.creativeId}: not in the catalog`);
      continue;
    }
    known.push(creative);
    const domain = catalog.advertisers.find(({ id }) => id === creative.advertiserId)?.domain.toLowerCase() ?? "";
    problems.push(...creativeProblems(ad, creative, catalog), ...blockProblems(asked, publisher, creative, domain));
    const [length, least, most] = [creative.durationSec, asked.minAdSec, Math.min(asked.maxAdSec, asked.durationSec)];
    if (length < least || length > most) problems.push(`${creative.id}: ${length} s is not in ${least} to ${most} s`);
  }
  const totalMs = known.reduce((sum, creative) => sum + Math.round(creative.durationSec * 1000), 0);
  if (totalMs > Math.round(asked.durationSec * 1000))
    problems.push(`${totalMs} ms in a break of ${asked.durationSec} s`);
  if (ads.length > asked.maxAds) problems.push(`${ads.length} ads where ${asked.maxAds} may be`);
  for (const id of repeated(known.map((creative) => creative.id))) problems.push(`creative ${id} is repeated`);
  for (const id of repeated(known.map((creative) => creative.advertiserId))) {
    problems.push(`advertiser ${id} is repeated`);
  }
  for (const code of publisher.separatedCategories) {
    const rivals = known.filter((creative) => creative.categories.some((category) => covers(code, category)));
    if (rivals.length > 1) problems.push(`rivals of ${code}: ${rivals.map(({ id }) => id).join(", ")}`);
  }
  return problems;
}
