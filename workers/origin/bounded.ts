/**
 * Calls to many objects at once, but never more than a Worker keeps connections for. Waits with an end are in
 * platform/within.ts.
 */

/** How many objects are asked at the same time. A Worker request holds six connections. */
export const WIDTH = 6;

/** `work` on every item, at most `WIDTH` at a time; results in the order of the items. Rejects when `work` rejects. */
export async function mapBounded<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = Array.from<R>({ length: items.length });
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, items.length) }, lane));
  return results;
}
