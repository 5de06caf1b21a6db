/** The one order of ids: ties and lists must come out the same on every machine and in every locale. */

/** Orders ids by UTF-16 code units. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
