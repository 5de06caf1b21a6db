/**
 * Kinds of break that learned numbers are about, from a whole publisher down to one genre on one device: the path along
 * which learning backs off when a narrow kind has too little evidence, and along which a decision looks a number up.
 */
import { learnedOf, type Learned } from "../../catalog/learned.ts";
import type { Landscape, Reserve } from "../../catalog/entities.ts";
import type { Device, Genre, Surface } from "../../catalog/words.ts";
import { FULL_LIMITS } from "../../kernel/limits.ts";
import { hash32 } from "../../kernel/random.ts";

/** A kind of break. A dimension left out is "any". */
export interface BreakKind {
  readonly publisherId: string;
  readonly surface?: Surface | undefined;
  readonly device?: Device | undefined;
  readonly genre?: Genre | undefined;
}

/** What is known of one break. */
export interface BreakFacts {
  readonly publisherId: string;
  readonly surface: Surface;
  readonly device: Device | null;
  readonly genre: Genre | null;
}

/** The kinds a break is of, the widest first. They end where the break is not known any closer. */
export function kindsOf({ publisherId, surface, device, genre }: BreakFacts): readonly BreakKind[] {
  const onSurface = { publisherId, surface };
  if (device === null) return [{ publisherId }, onSurface];
  const onDevice = { ...onSurface, device };
  if (genre === null) return [{ publisherId }, onSurface, onDevice];
  return [{ publisherId }, onSurface, onDevice, { ...onDevice, genre }];
}

/** A kind of break as one word. Only the publisher's part may hold dashes, so two kinds never share a word. */
export function kindKey({ publisherId, surface, device, genre }: BreakKind): string {
  return `${publisherId}-${surface ?? "any"}-${device ?? "any"}-${genre ?? "any"}`;
}

/** The id of a kind's line in the catalog: always the same, so that a new table replaces the old one line by line. */
export function lineId(section: string, kind: BreakKind): string {
  const word = `${section}-${kindKey(kind)}`;
  return word.length <= FULL_LIMITS.idCharsMax ? word : `${section}-${hash32(word).toString(36)}-${hash32(word, 1)}`;
}

/** Learned numbers as a decision finds them, by publisher. */
export function learnedTables(lines: {
  readonly reserves?: readonly Reserve[];
  readonly landscapes?: readonly Landscape[];
}): (publisherId: string) => Learned {
  const held = new Map<string, Learned>();
  const { reserves = [], landscapes = [] } = lines;
  return (publisherId) => {
    const learned = held.get(publisherId) ?? learnedOf(publisherId, { reserves, landscapes });
    held.set(publisherId, learned);
    return learned;
  };
}
