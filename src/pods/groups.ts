/**
 * Splits plays into groups of which at most one play is shown: the dominant exclusion classes, largest first, each with
 * the plays that no larger one has. What is in no such class is a group of its own.
 */
import { type Board, upTo } from "./board.ts";
import { byGain } from "./sorting.ts";

/** A partition of plays. Group g: `play[start[g]]` up to `play[start[g + 1] - 1]`. */
export interface Groups {
  readonly count: number;
  readonly start: Int32Array;
  readonly play: Int32Array;
}

/** Groups of these plays. Cost: plays + classes × groups. */
export function groupsOf(board: Board, plays: ArrayLike<number>): Groups {
  const { classStart, classOf, capacity } = board;
  const classes = capacity.length;
  const size = new Int32Array(classes);
  for (let i = 0; i < plays.length; i++) {
    const p = plays[i] ?? 0;
    const end = classStart[p + 1] ?? 0;
    for (let at = classStart[p] ?? 0; at < end; at++) {
      const number = classOf[at] ?? 0;
      if (capacity[number] === 1) size[number] = (size[number] ?? 0) + 1;
    }
  }
  // Members of class c: `member[memberEnd[c - 1]]` up to `member[memberEnd[c] - 1]`, once they are filled in.
  const memberEnd = new Int32Array(classes);
  for (let number = 1; number < classes; number++) {
    memberEnd[number] = (memberEnd[number - 1] ?? 0) + (size[number - 1] ?? 0);
  }
  const member = new Int32Array(classOf.length);
  for (let i = 0; i < plays.length; i++) {
    const p = plays[i] ?? 0;
    const end = classStart[p + 1] ?? 0;
    for (let at = classStart[p] ?? 0; at < end; at++) {
      const number = classOf[at] ?? 0;
      if (capacity[number] !== 1) continue;
      member[memberEnd[number] ?? 0] = p;
      memberEnd[number] = (memberEnd[number] ?? 0) + 1;
    }
  }
  const grouped = new Uint8Array(board.count);
  const start = new Int32Array(plays.length + 1);
  const play = new Int32Array(plays.length);
  let count = 0;
  let filled = 0;
  for (;;) {
    let largest = -1;
    let most = 1;
    for (let number = 0; number < classes; number++) {
      if ((size[number] ?? 0) > most) [largest, most] = [number, size[number] ?? 0];
    }
    if (largest < 0) break;
    for (let i = largest === 0 ? 0 : (memberEnd[largest - 1] ?? 0); i < (memberEnd[largest] ?? 0); i++) {
      const p = member[i] ?? 0;
      if (grouped[p] === 1) continue;
      grouped[p] = 1;
      play[filled++] = p;
      for (let at = classStart[p] ?? 0; at < (classStart[p + 1] ?? 0); at++) {
        const number = classOf[at] ?? 0;
        if (capacity[number] === 1) size[number] = (size[number] ?? 0) - 1;
      }
    }
    start[++count] = filled;
  }
  for (let i = 0; i < plays.length; i++) {
    const p = plays[i] ?? 0;
    if (grouped[p] === 1) continue;
    play[filled++] = p;
    start[++count] = filled;
  }
  return { count, start, play };
}

/**
 * The same groups, first those that decide most: whose plays gain much and are in many classes. A search that begins
 * with them has the prices of more classes settled early. Cost: one sort of the groups.
 */
export function weightiestFirst({ classStart, gain }: Board, { count, start, play }: Groups): Groups {
  const weight = new Float64Array(count);
  for (let g = 0; g < count; g++) {
    const end = start[g + 1] ?? 0;
    const first = start[g] ?? 0;
    let sum = 0;
    for (let at = first; at < end; at++) {
      const p = play[at] ?? 0;
      sum += (gain[p] ?? 0) * (1 + (classStart[p + 1] ?? 0) - (classStart[p] ?? 0));
    }
    weight[g] = sum / (end - first);
  }
  const ordered = { count, start: new Int32Array(count + 1), play: new Int32Array(play.length) };
  let filled = 0;
  byGain(upTo(count), weight).forEach((g, index) => {
    for (let at = start[g] ?? 0; at < (start[g + 1] ?? 0); at++) ordered.play[filled++] = play[at] ?? 0;
    ordered.start[index + 1] = filled;
  });
  return ordered;
}
