/** One case held against its oracle: null when the solver is right, otherwise what is wrong, in words. */
import { solvePod } from "../src/pods/solve.ts";
import type { PodInstance } from "./pod_instances.ts";
import { mostWorth } from "./pod_milp.ts";
import { bestWorth, brokenRule, compareWorth, type Shown, worthOf } from "./pod_oracle.ts";

/** A small case against every order of every set. */
export function smallMismatch(instance: PodInstance, solve = solvePod): string | null {
  const solution = solve(instance.ads, instance.rules);
  const pod = solution.ads.map((ad, at): Shown => ({ ad, slot: solution.slots[at] ?? null }));
  const broken = brokenRule(instance, pod);
  if (broken !== null) return `breaks a rule: ${broken}`;
  const worth = worthOf(instance, pod);
  if (worth.at(-1) !== solution.valueMicros) return `says ${solution.valueMicros}, is worth ${worth.at(-1)}`;
  if (!solution.proved || solution.gapMicros !== 0) return "is not proved";
  const best = bestWorth(instance);
  return best === null || compareWorth(worth, best) === 0 ? null : `is worth ${worth}, the best is ${best}`;
}

/** A large case against the mixed-integer program. */
export function largeMismatch(instance: PodInstance): string | null {
  const solution = solvePod(instance.ads, instance.rules);
  const pod = solution.ads.map((ad, at): Shown => ({ ad, slot: solution.slots[at] ?? null }));
  const broken = brokenRule(instance, pod);
  if (broken !== null) return `breaks a rule: ${broken}`;
  const worth = worthOf(instance, pod).at(-1);
  if (worth !== solution.valueMicros) return `says ${solution.valueMicros}, is worth ${worth}`;
  const most = mostWorth(instance);
  if (solution.proved) return most === worth ? null : `is worth ${worth}, HiGHS finds ${most}`;
  const within = worth <= most && most <= solution.boundMicros;
  return within ? null : `is worth ${worth} and bounded by ${solution.boundMicros}, HiGHS finds ${most}`;
}
