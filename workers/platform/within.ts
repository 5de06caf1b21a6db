/**
 * Waiting with a bound. Work that another request started may die with that request, so whoever waits for it does so
 * with a timer of its own. Work that fails rejects here too: only its caller knows what that means.
 */

/** Whether the work ends within the bound. Rejects when the work rejects before it. */
export async function within(boundMs: number, work: Promise<unknown>): Promise<boolean> {
  const ended = work.then(() => true as const);
  return withinOr(boundMs, ended, false);
}

/** The value of the work, or `late` when the bound comes first. Rejects when the work rejects before it. */
export async function withinOr<T, L>(boundMs: number, work: Promise<T>, late: L): Promise<T | L> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const bound = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late), boundMs);
  });
  try {
    return await Promise.race([work, bound]);
  } finally {
    clearTimeout(timer);
  }
}
