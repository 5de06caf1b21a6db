/**
 * Second stage: which guaranteed deal, if any, has this break. A break has one guaranteed seat; the table that origin
 * solved says each deal's chance of it, and one number of the decision's own stream says whose it is. The deal that has
 * it goes on with all its ads and outranks open demand; the others leave, and the rest of the break is open as ever.
 */
import { choose } from "../guaranteed/serve.ts";
import { stream } from "../kernel/random.ts";
import type { BreakRequest } from "../protocols/break_request.ts";
import type { Candidate } from "./candidate.ts";
import { isOffered } from "./deals.ts";
import type { Rejection } from "./rejection.ts";
import type { Retrieved } from "./retrieve.ts";
import type { World } from "./world.ts";

/** Open candidates and those of the deal that has the seat, in their order. A deal must be offered by the request. */
export function seatGuarantee(candidates: readonly Candidate[], request: BreakRequest, world: World): Retrieved {
  const present = new Set(candidates.flatMap(({ offer }) => offer.guarantee?.dealId ?? []));
  if (present.size === 0) return { candidates, rejections: [] };
  const lines = world.guarantees.filter(({ contractId }) => present.has(contractId) && isOffered(contractId, request));
  const seated = choose(lines, stream(world.decisionId, "guarantee").next());
  const kept: Candidate[] = [];
  const rejections: Rejection[] = [];
  for (const candidate of candidates) {
    const { offer } = candidate;
    if (offer.guarantee === null || offer.guarantee.dealId === seated?.contractId) kept.push(candidate);
    else if (isOffered(offer.guarantee.dealId, request)) rejections.push({ offer, reason: "guarantee_not_drawn" });
    else rejections.push({ offer, reason: "deal_not_offered" });
  }
  return { candidates: kept, rejections };
}
