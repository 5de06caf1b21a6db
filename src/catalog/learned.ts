/**
 * Numbers that were learned about one kind of break: by surface, device and genre, each of which a line may leave open.
 * Of the lines that fit a break the most specific one holds.
 */
import { micros, type Micros } from "../kernel/money.ts";
import type { Landscape, Reserve } from "./entities.ts";
import type { Device, Genre, Surface } from "./words.ts";

/** The kind of break a line is about. A dimension left out is "any". */
export interface LineContext {
  readonly id: string;
  readonly surface?: Surface | undefined;
  readonly device?: Device | undefined;
  readonly genre?: Genre | undefined;
}

/** A break as lines are held against it; null is known to be nothing in particular, and fits only "any". */
export interface BreakContext {
  readonly surface: Surface;
  readonly device: Device | null;
  readonly genre: Genre | null;
}

/** Values by kind of break. */
export type ContextTable<T> = ReadonlyMap<string, T>;

const ANY = "*";

function keyOf(surface: string, device: string, genre: string): string {
  return `${surface} ${device} ${genre}`;
}

/** What was learned about one publisher's breaks. */
export interface Learned {
  /** Reserve prices of open demand. Units: micros CPM. */
  readonly reserves: ContextTable<Micros>;
  /** Quantiles of the highest rival bid. Units: micros CPM, ascending. */
  readonly landscapes: ContextTable<readonly number[]>;
}

/** The lines of a catalog that are about this publisher. */
export function learnedOf(
  publisherId: string,
  { reserves, landscapes }: { readonly reserves: readonly Reserve[]; readonly landscapes: readonly Landscape[] },
): Learned {
  const own = <L extends { readonly publisherId: string }>(lines: readonly L[]): readonly L[] =>
    lines.filter((line) => line.publisherId === publisherId);
  return {
    reserves: contextTable(own(reserves), ({ cpmMicros }) => micros(cpmMicros)),
    landscapes: contextTable(own(landscapes), ({ rivalCpmMicros }) => rivalCpmMicros),
  };
}

/** A table of these lines. Of two lines about the same kind of break the one with the smaller id holds. */
function contextTable<L extends LineContext, T>(lines: readonly L[], valueOf: (line: L) => T): ContextTable<T> {
  const table = new Map<string, T>();
  for (const line of lines.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))) {
    const key = keyOf(line.surface ?? ANY, line.device ?? ANY, line.genre ?? ANY);
    if (!table.has(key)) table.set(key, valueOf(line));
  }
  return table;
}

/**
 * The value of the most specific line that fits, or null. More dimensions stated is more specific; of as many, the
 * surface counts before the device and the device before the genre. Cost: at most eight look-ups.
 */
export function inContext<T>(table: ContextTable<T>, { surface, device, genre }: BreakContext): T | null {
  if (table.size === 0) return null;
  const [onDevice, ofGenre] = [device ?? ANY, genre ?? ANY];
  const keys = [
    keyOf(surface, onDevice, ofGenre),
    keyOf(surface, onDevice, ANY),
    keyOf(surface, ANY, ofGenre),
    keyOf(ANY, onDevice, ofGenre),
    keyOf(surface, ANY, ANY),
    keyOf(ANY, onDevice, ANY),
    keyOf(ANY, ANY, ofGenre),
    keyOf(ANY, ANY, ANY),
  ];
  for (const key of keys) {
    const value = table.get(key);
    if (value !== undefined) return value;
  }
  return null;
}
