/**
 * The index while line items are still coming in: plain growing lists of entry numbers, turned into postings when all
 * are there. Line items are handed in one at a time and the rest of the work is done in steps, so that whoever builds
 * an index between two requests decides how long each piece takes.
 */
import { withParents } from "./category_tree.ts";
import { conjunctionsOf, type Conjunction } from "./conjunctions.ts";
import type { Goal } from "./entities.ts";
import type { IndexedCreative, IndexedLine } from "./indexed_line.ts";
import { buildPostings, dealAt, type AxisName, type Postings } from "./postings.ts";

/** One axis in the making. Entry numbers are those of arrival. */
export interface AxisDraft {
  /** Entries that have an include list. */
  readonly stated: number[];
  readonly include: Map<string, number[]>;
  readonly exclude: Map<string, number[]>;
}

/** All that has come in so far. */
export interface PostingsDraft {
  readonly axes: Map<AxisName, AxisDraft>;
  /** The line item of each entry. */
  readonly lineOf: number[];
  readonly flightOf: number[];
  /** Whether an entry says all that is to be known of its line item: no expression, and only one creative. */
  readonly exact: boolean[];
  /** Shape: one more than line items. */
  readonly firstEntry: number[];
  /** What each line item may bid at most, for ordering only; infinite for guaranteed deals. Units: micros. */
  readonly ceilings: number[];
  readonly flightStartsMs: number[];
  readonly flightEndsMs: number[];
}

/** Builds an index in bounded steps: every line item in offer order, then `advance` until it gives the index. */
interface PostingsBuilder {
  /** The next line item; they come by id in code units, as offers do. Cost: linear in the length of its lists. */
  add(line: IndexedLine): void;
  /** The next step of what is left to do once all line items are in; null until the index is whole. */
  advance(): Postings | null;
}

/** Chance of a click that is taken for a ceiling: with a certain click, click goals would crowd out all others. */
const CLICK_CHANCE_MAX = 0.02;
/** The same of a conversion. */
const CONVERSION_CHANCE_MAX = 0.02;

/** Starts an index. */
export function openPostings(): PostingsBuilder {
  const draft: PostingsDraft = {
    axes: new Map(),
    lineOf: [],
    flightOf: [],
    exact: [],
    firstEntry: [0],
    ceilings: [],
    flightStartsMs: [],
    flightEndsMs: [],
  };
  const flights = new Map<string, number>();
  const flightOf = ({ flightStartMs, flightEndMs }: IndexedLine): number => {
    const name = `${flightStartMs} ${flightEndMs}`;
    const known = flights.get(name) ?? flights.size;
    if (known === flights.size) {
      flights.set(name, known);
      draft.flightStartsMs.push(flightStartMs);
      draft.flightEndsMs.push(flightEndMs);
    }
    return known;
  };
  let building: ReturnType<typeof buildPostings> | null = null;
  return {
    add: (line) => addLine(draft, line, flightOf(line)),
    advance: () => {
      building ??= buildPostings(draft);
      const step = building.next();
      return step.done === true ? step.value : null;
    },
  };
}

function addLine(draft: PostingsDraft, line: IndexedLine, flight: number): void {
  // What is paused or archived cannot match, whatever is asked: it has a number and no entry.
  const conjunctions = line.active ? conjunctionsOf(line.targeting) : [];
  for (const conjunction of conjunctions) {
    const entry = draft.lineOf.push(draft.ceilings.length) - 1;
    draft.flightOf.push(flight);
    draft.exact.push(line.targeting.where === undefined && line.creatives.length === 1);
    addConjunction(draft, entry, conjunction);
    addAd(draft, entry, line);
  }
  draft.ceilings.push(line.guaranteed ? Number.POSITIVE_INFINITY : ceilingMicros(line));
  draft.firstEntry.push(draft.lineOf.length);
}

function addConjunction(draft: PostingsDraft, entry: number, { lists, hours, needsConsent }: Conjunction): void {
  for (const [dimension, { include, exclude }] of lists) {
    if (include !== null) addIncludes(axisOf(draft, dimension), entry, include);
    addTo(axisOf(draft, dimension).exclude, entry, exclude);
  }
  if (hours !== null) {
    const covered = [...hours.keys()].filter((hour) => hours[hour] === 1);
    addIncludes(axisOf(draft, "hours"), entry, covered.map(String));
  }
  if (needsConsent) addIncludes(axisOf(draft, "consent"), entry, ["true"]);
}

/** What the ads are. An entry stands for all its line item's creatives: it includes what any of them is, and excludes
 *  a blocked category only when all of them are in it. */
function addAd(draft: PostingsDraft, entry: number, { creatives, advertiserDomain, deals }: IndexedLine): void {
  const categories = creatives.map((creative) => withParents(creative.categories));
  const some = <T>(of: (creative: IndexedCreative) => readonly T[]): T[] => [...new Set(creatives.flatMap(of))];
  const everywhere = (categories[0] ?? []).filter((category) => categories.every((own) => own.includes(category)));
  addIncludes(axisOf(draft, "categories"), entry, [...new Set(categories.flat())]);
  addTo(axisOf(draft, "categories").exclude, entry, everywhere);
  addTo(axisOf(draft, "domains").exclude, entry, [advertiserDomain]);
  addIncludes(axisOf(draft, "durations"), entry, some(({ durationSec }) => [durationSec]).map(String));
  addIncludes(
    axisOf(draft, "mimeTypes"),
    entry,
    some(({ media }) => media.map(({ mimeType }) => mimeType)),
  );
  if (deals.length === 0) return;
  const spelled = deals.flatMap(({ id, publisherIds }) => publisherIds.flatMap((at) => [at, dealAt(at, id)]));
  addIncludes(axisOf(draft, "deals"), entry, [...new Set(spelled)]);
}

function axisOf({ axes }: PostingsDraft, name: AxisName): AxisDraft {
  let axis = axes.get(name);
  if (axis === undefined) {
    axis = { stated: [], include: new Map(), exclude: new Map() };
    axes.set(name, axis);
  }
  return axis;
}

function addIncludes(axis: AxisDraft, entry: number, values: readonly string[]): void {
  axis.stated.push(entry);
  addTo(axis.include, entry, values);
}

function addTo(lists: Map<string, number[]>, entry: number, values: readonly string[]): void {
  for (const value of values) {
    const list = lists.get(value);
    if (list === undefined) lists.set(value, [entry]);
    else if (list.at(-1) !== entry) list.push(entry);
  }
}

/** The most that one impression may bring by its goal: orders line items, and never becomes money. Units: micros. */
function ceilingMicros({ goal, positionPremiumPpm }: IndexedLine): number {
  const premium = 1 + Math.max(positionPremiumPpm.first, positionPremiumPpm.last) / 1_000_000;
  return goalCeilingMicros(goal) * premium;
}

function goalCeilingMicros(goal: Goal): number {
  switch (goal.kind) {
    case "cpm":
      return goal.cpmMicros / 1_000;
    case "completedView":
      return goal.perViewMicros;
    case "click":
      return goal.perClickMicros * CLICK_CHANCE_MAX;
    case "conversion":
      return goal.perConversionMicros * CONVERSION_CHANCE_MAX;
    case "roas":
      return (goal.conversionValueMicros / goal.targetRoasPpm) * 1_000_000 * CONVERSION_CHANCE_MAX;
    case "house":
      return 0;
  }
}
