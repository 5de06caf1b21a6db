/**
 * What the viewers of a sample have seen of the other campaigns: drawn for each break from how often its viewer watches
 * and how often each line item wins, so that rivals tire their viewers and run into their caps here as they do in life.
 * The funnel then finds it where it always finds history, in the request.
 */
import type { CompiledLineItem } from "../../catalog/compiled.ts";
import { firstMismatch, type CompiledTargeting } from "../../catalog/targeting.ts";
import type { Bid } from "../../decision/candidate.ts";
import { stream, type RandomStream } from "../../kernel/random.ts";
import { DAY_MS } from "../../kernel/time.ts";
import { FREQUENCY_ENTRIES_MAX, type FrequencyEntry } from "../../protocols/frequency_token.ts";
import { shareCapped } from "./frequency_loss.ts";
import { factsOfBreak, viewersOf } from "./reach.ts";
import { breaksWithin, type TrafficBreak } from "./traffic.ts";

/** How often a line item wins in a break of a viewer within its reach. */
export interface WinRate {
  readonly line: CompiledLineItem;
  /** Its reach among viewers. */
  readonly viewers: CompiledTargeting;
  readonly winsPerBreak: number;
}

/** The rates at which line items win in these breaks. Shapes: `winners` has one list a break. */
export function winRates(breaks: readonly TrafficBreak[], winners: readonly (readonly Bid[])[]): readonly WinRate[] {
  const wins = new Map<CompiledLineItem, number>();
  for (const { offer } of winners.flat()) wins.set(offer.line, (wins.get(offer.line) ?? 0) + 1);
  const facts = breaks.map(factsOfBreak);
  return [...wins].map(([line, count]) => {
    const viewers = viewersOf(line);
    const within = facts.filter((fact) => firstMismatch(viewers, fact) === null).length;
    return { line, viewers, winsPerBreak: count / within };
  });
}

/** The break with a history of its viewer; unchanged when nobody can tell viewers apart. Cost: linear in the rates. */
export function withHistory(asked: TrafficBreak, rates: readonly WinRate[]): TrafficBreak {
  if (asked.viewerBreaksPerDay === 0) return asked;
  const { request, atMs } = asked;
  const random = stream(`${request.requestId} ${atMs} ${asked.luck}`, "what the viewer has seen");
  const facts = factsOfBreak(asked);
  const frequency: FrequencyEntry[] = [];
  for (const { line, viewers, winsPerBreak } of rates) {
    if (firstMismatch(viewers, facts) !== null) continue;
    for (const agoMs of showingsOf(line, asked, winsPerBreak, random)) {
      frequency.push({ lineItemId: line.lineItem.id, shownMs: atMs - agoMs });
    }
  }
  const newest = frequency.sort((a, b) => b.shownMs - a.shownMs).slice(0, FREQUENCY_ENTRIES_MAX);
  return { ...asked, request: { ...request, viewer: { ...request.viewer, frequency: newest } } };
}

/** How long ago the viewer was shown the line item: as often in its cap's window as a loss system holds, and before. */
function showingsOf(
  line: CompiledLineItem,
  asked: TrafficBreak,
  rate: number,
  random: RandomStream,
): readonly number[] {
  const cap = line.frequencyCap;
  const windowMs = cap?.windowMs ?? DAY_MS;
  const wins = rate * breaksWithin(asked, windowMs, -Infinity);
  const inWindow = drawHeld(random, wins, cap?.impressions ?? FREQUENCY_ENTRIES_MAX);
  const ago = Array.from({ length: inWindow }, () => random.below(windowMs));
  if (cap === null || windowMs >= DAY_MS) return ago;
  const carried = rate * asked.viewerBreaksPerDay * (1 - windowMs / DAY_MS) * (1 - shareCapped(cap.impressions, wins));
  const before = drawHeld(random, carried, FREQUENCY_ENTRIES_MAX);
  return [...ago, ...Array.from({ length: before }, () => windowMs + random.below(DAY_MS - windowMs))];
}

/** A Poisson count, given that it is at most `most`: how many permits of a loss system are held. */
function drawHeld(random: RandomStream, mean: number, most: number): number {
  const chances = [1];
  let total = 1;
  for (let held = 1; held <= most; held++) {
    const chance = ((chances[held - 1] ?? 0) * mean) / held;
    chances.push(chance);
    total += chance;
  }
  let left = random.next() * total;
  for (let held = 0; held < most; held++) {
    left -= chances[held] ?? 0;
    if (left < 0) return held;
  }
  return most;
}
