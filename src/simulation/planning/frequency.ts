/**
 * Repetition in the landscape. A sampled break does not know its viewer's history, but it knows how many breaks the
 * viewer watches, and how many of the breaks of such viewers each line item wins; from these follows how often the
 * viewer has met the line item (which moves the models' scores) and how often its cap stands in the way
 * (frequency_loss.ts), when the campaign's next best line item gets its turn.
 */
import type { CompiledLineItem } from "../../catalog/compiled.ts";
import { firstMismatch } from "../../catalog/targeting.ts";
import { DAY_MS } from "../../kernel/time.ts";
import { shareCapped } from "./frequency_loss.ts";
import { TIMES_SHOWN_MAX, type Opportunity } from "./opportunity.ts";
import { factsOfBreak, viewersOf } from "./reach.ts";
import { breaksWithin, type TrafficBreak } from "./traffic.ts";

/** Rounds of "who is capped how often" and "whose turn is it then", which depend on each other. */
const ROUNDS = 3;
/** Viewers are told apart by how much they watch, in so many groups of equal size. */
const BANDS = 4;

/** Follows a campaign through the levels of its bids, from the lowest up. */
export interface Frequency {
  /** How often the viewer of this break was shown the line item lately, by what the level before won. */
  timesShown(line: CompiledLineItem, asked: TrafficBreak): number;
  /**
   * How likely each ranked line item shows in its break, given that the first uncapped one does, at the next level.
   * Shapes: `ranked` and the answer `[break][rank]`.
   */
  shares(
    breaks: readonly TrafficBreak[],
    ranked: readonly (readonly CompiledLineItem[])[],
  ): readonly (readonly number[])[];
}

/** Wins of each line item in an average break of a viewer within its reach, by how much the viewer watches. */
type WinRates = ReadonlyMap<CompiledLineItem, readonly number[]>;

/** Repetition over a sample. */
export function openFrequency(opportunities: readonly Opportunity[], flightStartMs: number): Frequency {
  const bandOf = bandsOf(opportunities.map(({ asked }) => asked));
  const reachedBy = countReached(opportunities, bandOf);
  let rates: WinRates = new Map();
  const winsWithin = (line: CompiledLineItem, asked: TrafficBreak, windowMs: number): number =>
    breaksWithin(asked, windowMs, flightStartMs) * (rates.get(line)?.[bandOf(asked)] ?? 0);
  const free = (line: CompiledLineItem, asked: TrafficBreak): number =>
    shareFree(line, winsWithin(line, asked, line.frequencyCap?.windowMs ?? 0));
  return {
    timesShown: (line, asked) => {
      const wins = winsWithin(line, asked, DAY_MS);
      if (wins === 0) return 0;
      const cap = line.frequencyCap;
      const times = timesBy(asked.luck, wins * free(line, asked));
      return cap !== null && cap.windowMs >= DAY_MS ? Math.min(times, cap.impressions - 1) : times;
    },
    shares: (breaks, ranked) => {
      let turns: Shares = ranked.map((lines) => lines.map((_, rank) => (rank === 0 ? 1 : 0)));
      const capped = ranked.some((lines) => lines.some((line) => line.frequencyCap !== null));
      let shows = turns;
      for (let round = 0; round < (capped ? ROUNDS : 1); round++) {
        rates = winRates(breaks, ranked, turns, bandOf, reachedBy);
        const uncapped = breaks.map((asked, row) => (ranked[row] ?? []).map((line) => free(line, asked)));
        turns = uncapped.map(turnsOf);
        shows = turns.map((row, at) => row.map((turn, rank) => turn * (uncapped[at]?.[rank] ?? 0)));
      }
      return shows;
    },
  };
}

/** Share of a viewer's wins that the cap lets through when `wins` fall into its window. */
function shareFree({ frequencyCap }: CompiledLineItem, wins: number): number {
  return frequencyCap === null ? 1 : 1 - shareCapped(frequencyCap.impressions, wins);
}

type Shares = readonly (readonly number[])[];

/** How likely it is each one's turn when everyone before must be capped first. */
function turnsOf(free: readonly number[]): readonly number[] {
  let left = 1;
  return free.map((share) => {
    const turn = left;
    left *= 1 - share;
    return turn;
  });
}

/** Puts a break into the group of its viewer: groups have equal shares of all breaks. */
function bandsOf(breaks: readonly TrafficBreak[]): (asked: TrafficBreak) => number {
  const sorted = breaks.map(({ viewerBreaksPerDay }) => viewerBreaksPerDay).sort((a, b) => a - b);
  const bounds = Array.from(
    { length: BANDS - 1 },
    (_, band) => sorted[Math.floor(((band + 1) * sorted.length) / BANDS)],
  );
  return ({ viewerBreaksPerDay }) =>
    bounds.filter((bound) => bound !== undefined && viewerBreaksPerDay >= bound).length;
}

/** How many breaks of the sample belong to viewers within a line item's reach, by group. Worked out once a line. */
function countReached(
  opportunities: readonly Opportunity[],
  bandOf: (asked: TrafficBreak) => number,
): (line: CompiledLineItem) => readonly number[] {
  const known = opportunities.map(({ asked }) => ({ facts: factsOfBreak(asked), band: bandOf(asked) }));
  const reached = new Map<CompiledLineItem, readonly number[]>();
  return (line) => {
    let counts = reached.get(line);
    if (counts === undefined) {
      const viewers = viewersOf(line);
      const within = known.filter(({ facts }) => firstMismatch(viewers, facts) === null);
      counts = Array.from({ length: BANDS }, (_, group) => within.filter(({ band }) => band === group).length);
      reached.set(line, counts);
    }
    return counts;
  };
}

function winRates(
  breaks: readonly TrafficBreak[],
  ranked: readonly (readonly CompiledLineItem[])[],
  turns: Shares,
  bandOf: (asked: TrafficBreak) => number,
  reachedBy: (line: CompiledLineItem) => readonly number[],
): WinRates {
  const wins = new Map<CompiledLineItem, number[]>();
  breaks.forEach((asked, row) => {
    const band = bandOf(asked);
    ranked[row]?.forEach((line, rank) => {
      const counts = wins.get(line) ?? Array.from({ length: BANDS }, () => 0);
      counts[band] = (counts[band] ?? 0) + (turns[row]?.[rank] ?? 0);
      wins.set(line, counts);
    });
  });
  return new Map(
    [...wins].map(([line, counts]) => {
      const reached = reachedBy(line);
      return [line, counts.map((count, band) => count / Math.max(1, reached[band] ?? 0))];
    }),
  );
}

/** A count that is Poisson around the mean, read off at this luck; no more than the models tell apart. */
function timesBy(luck: number, mean: number): number {
  let chance = Math.exp(-mean);
  let below = chance;
  let times = 0;
  while (luck >= below && times < TIMES_SHOWN_MAX) {
    times++;
    chance *= mean / times;
    below += chance;
  }
  return times;
}
