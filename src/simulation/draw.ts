/**
 * Shapes of chance for the simulated world, all drawn from a seeded stream. Transcendental maths is allowed here: the
 * simulation invents people, it never prices an ad.
 */
import { assert } from "../kernel/assert.ts";
import type { RandomStream } from "../kernel/random.ts";

/** Words and how often each is drawn; weights need not add up to one. */
export type Weighted<T> = readonly (readonly [word: T, weight: number])[];

/** One word, by weight. Requires: at least one word, weights not negative and not all zero. */
export function drawWord<T>(random: RandomStream, words: Weighted<T>): T {
  let left = random.next() * words.reduce((sum, [, weight]) => sum + weight, 0);
  const last = words.at(-1);
  assert(last !== undefined, "there is a word to draw");
  for (const [word, weight] of words) {
    left -= weight;
    if (left < 0) return word;
  }
  return last[0];
}

/** True with this probability. */
export function drawChance(random: RandomStream, probability: number): boolean {
  return random.next() < probability;
}

/** From the normal distribution with mean 0 and this deviation (Box and Muller). Draws twice. */
export function drawNormal(random: RandomStream, deviation: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return deviation * radius * Math.cos(2 * Math.PI * random.next());
}

/** Some of the items, each with its own probability. */
export function drawSome<T>(random: RandomStream, items: Weighted<T>): T[] {
  return items.flatMap(([item, probability]) => (drawChance(random, probability) ? [item] : []));
}

/** The probability of a logit. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
