/** The two levels of IAB categories: a top-level code such as IAB2 covers its sub-codes such as IAB2-3. */

/** The codes with the top-level code of every sub-code, in code-unit order, each once: IAB2-3 brings IAB2. */
export function withParents(categories: readonly string[]): readonly string[] {
  const all = new Set<string>();
  for (const category of categories) {
    all.add(category);
    const dash = category.indexOf("-");
    if (dash > 0) all.add(category.slice(0, dash));
  }
  return [...all].sort();
}
