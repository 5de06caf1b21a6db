/**
 * Second stage: which guaranteed deal, if any, has this break. A break has one guaranteed seat; the table that origin
 * solved says each deal's chance of it, and one number of the decision's own stream says whose it is. The deal that has
 * it goes on with all its ads and outranks open demand; the others leave, and the rest of the break is open as ever.
 */
import { choose } from "../guaranteed/serve.ts";
import { stream } from "../kernel/random.ts";
import type { Candidate } from "./candidate.ts";
import type { Rejection } from "./rejection.ts";
import type { Retrieved } from "./retrieve.ts";
import type { World } from "./world.ts";

/** Open candidates and those of the deal that has the seat, in their order. */
export function seatGuarantee(candidates: readonly Candidate[], world: World): Retrieved {
  const present = new Set(candidates.flatMap(({ offer }) => offer.guarantee?.dealId ?? []));
  if (present.size === 0) return { candidates, rejections: [] };
  const lines = world.guarantees.filter(({ contractId }) => present.has(contractId));
  const seated = choose(lines, stream(world.decisionId, "guarantee").next());
  const stays = ({ offer }: Candidate): boolean =>
    offer.guarantee === null || offer.guarantee.dealId === seated?.contractId;
  return {
    candidates: candidates.filter(stays),
    rejections: candidates
      .filter((candidate) => !stays(candidate))
      .map(({ offer }): Rejection => ({ offer, reason: "guarantee_not_drawn" })),
  };
}
