/**
 * Frequency caps in the landscape. A sampled break does not know its viewer's history, but it knows how many breaks the
 * viewer watches and how many of such breaks the line item wins; from these follows how often the cap stands in the
 * way (frequency_loss.ts), and then the campaign's next best line item gets its turn.
 */
import type { CompiledLineItem } from "../../catalog/compiled.ts";
import { firstMismatch, type CompiledTargeting, type TargetingFacts } from "../../catalog/targeting.ts";
import { DAY_MS, utcHour, utcWeekday } from "../../kernel/time.ts";
import { HOURS_A_WEEK, hourOfWeek } from "../../kernel/week.ts";
import { shareCapped } from "./frequency_loss.ts";
import type { Opportunity } from "./opportunity.ts";
import type { TrafficBreak } from "./traffic.ts";

/** Rounds of "who is capped how often" and "whose turn is it then", which depend on each other. */
const ROUNDS = 3;

/** Works out who shows. */
export interface Frequency {
  /**
   * How likely each ranked line item shows in its break, given that the first uncapped one does.
   * Shapes: `ranked` and the answer `[break][rank]`.
   */
  shares(
    breaks: readonly TrafficBreak[],
    ranked: readonly (readonly CompiledLineItem[])[],
  ): readonly (readonly number[])[];
}

/** What targeting is held against. */
export function factsOf({ request, atMs }: TrafficBreak): TargetingFacts {
  const { viewer, content } = request;
  return {
    publisherId: request.publisherId,
    surface: request.surface,
    device: viewer.device,
    country: viewer.country,
    region: viewer.region,
    genre: content.genre,
    rating: content.rating,
    language: content.language,
    segments: new Set(viewer.segments),
    utcHour: utcHour(atMs),
    utcWeekday: utcWeekday(atMs),
  };
}

/** Only what stays with a viewer from break to break. */
function ofViewer(targeting: CompiledTargeting): CompiledTargeting {
  return { ...targeting, publishers: null, surfaces: null, genres: null, ratings: null, languages: null, hours: null };
}

/** Frequency over a sample: how many of its breaks belong to viewers that each line item may ever reach. */
export function openFrequency(opportunities: readonly Opportunity[]): Frequency {
  const facts = opportunities.map(({ asked }) => factsOf(asked));
  const reached = new Map<CompiledLineItem, number>();
  const reachedBy = (line: CompiledLineItem): number => {
    let count = reached.get(line);
    if (count === undefined) {
      const targeting = ofViewer(line.targeting);
      count = facts.filter((fact) => firstMismatch(targeting, fact) === null).length;
      reached.set(line, count);
    }
    return count;
  };
  return {
    shares: (breaks, ranked) => {
      const capped = ranked.some((lines) => lines.some((line) => line.frequencyCap !== null));
      let turns: readonly (readonly number[])[] = ranked.map((lines) => lines.map((_, rank) => (rank === 0 ? 1 : 0)));
      if (!capped) return turns;
      let shows = turns;
      for (let round = 0; round < ROUNDS; round++) {
        const wins = winsPerBreak(ranked, turns, reachedBy);
        const free = ranked.map((lines, row) => lines.map((line) => shareFree(line, breaks[row], wins.get(line) ?? 0)));
        turns = free.map((shares) => {
          let left = 1;
          return shares.map((share) => {
            const turn = left;
            left *= 1 - share;
            return turn;
          });
        });
        shows = turns.map((row, at) => row.map((turn, rank) => turn * (free[at]?.[rank] ?? 0)));
      }
      return shows;
    },
  };
}

/** How many wins a break of a viewer within reach would bring each line item if nothing were capped. */
function winsPerBreak(
  ranked: readonly (readonly CompiledLineItem[])[],
  turns: readonly (readonly number[])[],
  reachedBy: (line: CompiledLineItem) => number,
): ReadonlyMap<CompiledLineItem, number> {
  const wins = new Map<CompiledLineItem, number>();
  ranked.forEach((lines, row) => {
    lines.forEach((line, rank) => wins.set(line, (wins.get(line) ?? 0) + (turns[row]?.[rank] ?? 0)));
  });
  return new Map([...wins].map(([line, count]) => [line, count / Math.max(1, reachedBy(line))]));
}

/** Share of a viewer's wins that the cap lets through. */
function shareFree(line: CompiledLineItem, asked: TrafficBreak | undefined, winsPerBreakOfViewer: number): number {
  const cap = line.frequencyCap;
  if (cap === null || asked === undefined) return 1;
  const breaksInWindow = asked.viewerBreaksPerDay * (cap.windowMs / DAY_MS) * activity(asked, cap.windowMs);
  return 1 - shareCapped(cap.impressions, breaksInWindow * winsPerBreakOfViewer);
}

/** How much more than on average such a viewer watches in a window that ends now. */
function activity({ week, atMs }: TrafficBreak, windowMs: number): number {
  return windowMs < DAY_MS / 2 ? (week[hourOfWeek(atMs)] ?? 0) * HOURS_A_WEEK : 1;
}
