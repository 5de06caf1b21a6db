/**
 * Sorting plays or groups by what they gain, many times a solve: numbers stay numbers and nothing is called back.
 */

/** Gaps of Shell's sort (Ciura, 2001): quicker here than the engine's sort, which calls back for every comparison. */
const GAPS = [701, 301, 132, 57, 23, 10, 4, 1];

/** The numbers by their gain, most first; of equal ones the smaller number first. */
export function byGain(numbers: Int32Array, gain: Float64Array): Int32Array {
  const sorted = numbers.slice();
  for (const gap of GAPS) {
    for (let i = gap; i < sorted.length; i++) {
      const number = sorted[i] ?? 0;
      const own = gain[number] ?? 0;
      let at = i;
      for (; at >= gap; at -= gap) {
        const other = sorted[at - gap] ?? 0;
        const theirs = gain[other] ?? 0;
        if (theirs > own || (theirs === own && other < number)) break;
        sorted[at] = other;
      }
      sorted[at] = number;
    }
  }
  return sorted;
}
