/**
 * Waiting with a bound. Work that another request started may die with that request, so whoever waits for it does so
 * with a timer of its own.
 */

/**
 * Resolves true when the work ends within the bound, false when the bound comes first. Rejects when the work rejects.
 */
export async function within(boundMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const bound = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), boundMs);
  });
  try {
    return await Promise.race([work.then(() => true as const), bound]);
  } finally {
    clearTimeout(timer);
  }
}

/** The value, or `fallback` when it rejects or takes longer than `waitMs`. */
export async function withinOr<T, F>(value: Promise<T>, waitMs: number, fallback: F): Promise<T | F> {
  let timer: number | null = null;
  const late = new Promise<F>((resolve) => {
    timer = setTimeout(() => resolve(fallback), waitMs);
  });
  try {
    return await Promise.race([value.catch(() => fallback), late]);
  } finally {
    clearTimeout(timer);
  }
}
