/**
 * First stage: which offers may be shown in this break at all. The index names the line items whose targeting, flight
 * and ads agree with the break (docs/retrieval.md); what it cannot know, caps, money and the exact terms of each ad, is
 * asked of those it names. Work follows the number of line items that match, not the size of the catalog. The fate of
 * all others is worked out only when somebody asks.
 */
import type { CompiledPublisher, Offer } from "../catalog/compiled.ts";
import { countBits, hasBit, walkBits } from "../catalog/bitmap.ts";
import { matchingEntries } from "../catalog/postings_match.ts";
import type { OfferTable } from "../catalog/tables.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import type { Candidate } from "./candidate.ts";
import { openGate, refusal, refusalOfMatch, type Gate } from "./gate.ts";
import type { Rejection } from "./rejection.ts";
import type { World } from "./world.ts";

/** What a stage lets through, and what it dropped. */
export interface Retrieved {
  readonly candidates: readonly Candidate[];
  readonly rejections: readonly Rejection[];
}

/** What retrieval found. Rejections are of line items that match and were looked at. */
export interface Retrieval extends Retrieved {
  /** Entries of the index that match and were not looked at, because enough had passed or enough work was done. */
  readonly overlooked: number;
}

/**
 * Paid offers that may run in this break: at most `candidatesMax` of open demand, and as many of guaranteed deals, so
 * that no crowd of open demand can keep a promise out. When more match, line items with a deal here come first, then
 * those that may bid most; equal ones in catalog order. Cost: docs/retrieval.md.
 */
export function retrieve(request: BreakRequest, world: World, publisher: CompiledPublisher): Retrieval {
  return admit(world.catalog.paidOffers, openGate(request, world, publisher));
}

/** House offers that may fill what paid ads leave. */
export function retrieveHouse(request: BreakRequest, world: World, publisher: CompiledPublisher): Retrieval {
  if (!publisher.houseFill) return { candidates: [], rejections: [], overlooked: 0 };
  return admit(world.catalog.houseOffers, openGate(request, world, publisher));
}

/**
 * The fates that `retrieve` and `retrieveHouse` did not record: of every offer that did not match, and of those that
 * were not looked at. With theirs, every offer has exactly one. Cost: linear in the catalog's offers; for explanations.
 */
export function explainRetrieval(
  request: BreakRequest,
  world: World,
  publisher: CompiledPublisher,
): readonly Rejection[] {
  const gate = openGate(request, world, publisher);
  const { paidOffers, houseOffers } = world.catalog;
  const paid = fatesBeside(paidOffers, retrieve(request, world, publisher), gate);
  if (!publisher.houseFill) return paid;
  return [...paid, ...fatesBeside(houseOffers, retrieveHouse(request, world, publisher), gate)];
}

/** What a walk over matching line items has found so far. */
interface Walk {
  readonly offers: OfferTable;
  readonly gate: Gate;
  /** Of the context; places are in it. */
  readonly entries: Uint32Array;
  readonly candidates: Candidate[];
  readonly rejections: Rejection[];
  lookedAt: number;
  overlooked: number;
}

/** Looks at the line items that match: guaranteed deals, then whoever has a deal here, then the rest. */
function admit(offers: OfferTable, gate: Gate): Retrieval {
  const { request, world, facts, terms } = gate;
  const { context, withDeal, withoutDeal } = matchingEntries(offers.postings, facts, terms);
  const { entries, guaranteedSize } = context;
  const walk: Walk = { offers, gate, entries, candidates: [], rejections: [], lookedAt: 0, overlooked: 0 };
  const { candidatesMax } = world.limits;
  for (const places of [withDeal, withoutDeal]) lookAt(walk, places, 0, guaranteedSize, candidatesMax);
  const max = walk.candidates.length + candidatesMax;
  lookAt(walk, withDeal, guaranteedSize, entries.length, max);
  if (!request.dealsOnly) lookAt(walk, withoutDeal, guaranteedSize, entries.length, max);
  const { candidates, rejections, overlooked } = walk;
  return { candidates, rejections, overlooked };
}

/** Looks at the line items at these places until there are `candidatesMax` candidates in all or work is used up. */
function lookAt(walk: Walk, places: Int32Array, from: number, to: number, candidatesMax: number): void {
  const { lineOf, exact } = walk.offers.postings;
  const { lookedAtMax } = walk.gate.world.limits;
  let last = -1;
  walkBits(places, from, to, (place) => {
    if (walk.candidates.length >= candidatesMax || walk.lookedAt >= lookedAtMax) {
      walk.overlooked += countBits(places, place, to);
      return false;
    }
    const entry = walk.entries[place] ?? 0;
    const line = lineOf[entry] ?? 0;
    // Entries of one line item, the alternatives of its expression, are neighbours.
    if (line !== last) lookAtLine(walk, line, hasBit(exact, entry), candidatesMax);
    last = line;
    return true;
  });
}

function lookAtLine(walk: Walk, line: number, exactly: boolean, candidatesMax: number): void {
  const { offers, gate, candidates, rejections } = walk;
  const end = offers.firstOf(line + 1);
  for (let order = offers.firstOf(line); order < end; order++) {
    const offer = offers.at(order);
    walk.lookedAt++;
    const reason = candidates.length < candidatesMax ? refusalOfMatch(offer, gate, exactly) : "too_many_candidates";
    if (reason !== null) rejections.push({ offer, reason });
    else candidates.push({ offer, frequencyCount: gate.history.timesLately(offer) });
  }
}

function fatesBeside(offers: Iterable<Offer>, known: Retrieved, gate: Gate): readonly Rejection[] {
  const told = new Set([...known.candidates, ...known.rejections].map(({ offer }) => offer.order));
  const fates: Rejection[] = [];
  for (const offer of offers) {
    if (told.has(offer.order)) continue;
    fates.push({ offer, reason: refusal(offer, gate) ?? "too_many_candidates" });
  }
  return fates;
}
