/**
 * Group commit: what commands have changed in memory is written in one transaction, at most once in a gap however many
 * commands there are, and no command is answered before its group is written. So the writes of an object do not grow
 * with its traffic. An object that is quiet writes at once.
 */

/** What a group is made of. */
export interface GroupCommitParts<Entry> {
  /** Shortest time between two writes. Units: milliseconds. */
  readonly gapMs: number;
  /** Writes a group, all or nothing. Throws when it could not: then every command of the group fails. */
  readonly write: (entries: readonly Entry[]) => void;
}

/** See the head of this file. */
export class GroupCommit<Entry> {
  readonly #gapMs: number;
  readonly #write: (entries: readonly Entry[]) => void;
  #entries: Entry[] = [];
  #written: PromiseWithResolvers<void> | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor({ gapMs, write }: GroupCommitParts<Entry>) {
    this.#gapMs = gapMs;
    this.#write = write;
  }

  /** Resolves when the entry is written; rejects when its group could not be. */
  add(entry: Entry): Promise<void> {
    this.#entries.push(entry);
    if (this.#written !== null) return this.#written.promise;
    const { promise } = (this.#written = Promise.withResolvers<void>());
    const waitMs = this.#lastMs + this.#gapMs - Date.now();
    // The commands that wait keep the object alive until the timer has fired.
    if (waitMs > 0) this.#timer = setTimeout(() => this.flush(), Math.min(waitMs, this.#gapMs));
    else this.flush();
    return promise;
  }

  /** Writes what is waiting, now. */
  flush(): void {
    const written = this.#written;
    if (written === null) return;
    clearTimeout(this.#timer);
    const entries = this.#entries;
    this.#entries = [];
    this.#written = null;
    this.#lastMs = Date.now();
    try {
      this.#write(entries);
      written.resolve();
    } catch (failure) {
      written.reject(failure);
    }
  }
}
