/**
 * Planted bugs: each one a small change to the product's own text, made while it is bundled for the simulator. The
 * simulator must notice every one of them, or it proves nothing. `find` occurs exactly once in its file, or planting
 * fails: when the product changes, its mutants change with it.
 */

/** One planted bug. `file` is relative to the project. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What goes wrong, in words. */
  readonly why: string;
}
