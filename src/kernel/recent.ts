/**
 * What was made lately, so that it need not be made again. Two generations: when the young one is full it becomes the
 * old one and the old one is forgotten. Safe to lose at any instant: it changes how long things take, never what they
 * are.
 */

/** Things by number: at least the `kept` most recently asked for are remembered, at most twice as many. */
export class Recent<T> {
  readonly #make: (number: number) => T;
  readonly #kept: number;
  #young = new Map<number, T>();
  #old = new Map<number, T>();

  constructor(kept: number, make: (number: number) => T) {
    this.#kept = kept;
    this.#make = make;
  }

  /** The thing with this number, the same object as last time if that was lately. */
  at(number: number): T {
    const young = this.#young.get(number);
    if (young !== undefined) return young;
    const thing = this.#old.get(number) ?? this.#make(number);
    if (this.#young.size >= this.#kept) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(number, thing);
    return thing;
  }
}
