/**
 * Loaded models, as many as there is room for: bounded in number and in bytes; what was used longest ago goes first.
 * It says what has to go and frees nothing itself, because only its owner knows when nothing runs on it any more.
 */

/** What the shelf has room for. */
export interface ShelfTerms {
  readonly countMax: number;
  readonly bytesMax: number;
}

interface Held<T> {
  readonly thing: T;
  readonly bytes: number;
}

/** Things by name, the longest unused first. */
export class Shelf<T> {
  readonly #terms: ShelfTerms;
  readonly #held = new Map<string, Held<T>>();
  #bytes = 0;

  constructor(terms: ShelfTerms) {
    this.#terms = terms;
  }

  get count(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The thing of this name, which has now been used; null when it is not there. */
  use(name: string): T | null {
    const held = this.#held.get(name);
    if (held === undefined) return null;
    this.#held.delete(name);
    this.#held.set(name, held);
    return held.thing;
  }

  /** Makes room for so many bytes more, if need be by emptying itself, and gives what had to go. */
  makeRoom(bytes: number): readonly T[] {
    const gone: T[] = [];
    for (const name of this.#held.keys()) {
      if (this.#held.size < this.#terms.countMax && this.#bytes + bytes <= this.#terms.bytesMax) break;
      const thing = this.take(name);
      if (thing !== null) gone.push(thing);
    }
    return gone;
  }

  /** Puts something new on it. Requires: the name is not there, and room was made. */
  put(name: string, thing: T, bytes: number): void {
    this.#held.set(name, { thing, bytes });
    this.#bytes += bytes;
  }

  /** Takes a thing off; null when it is not there. */
  take(name: string): T | null {
    const held = this.#held.get(name);
    if (held === undefined) return null;
    this.#held.delete(name);
    this.#bytes -= held.bytes;
    return held.thing;
  }
}
