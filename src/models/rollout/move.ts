/**
 * The moves of a rollout: register, shadow, canary, live, retire, roll back, stop, resume. A move is refused for the
 * first reason that applies, in the order of `MoveRefusal`, and then nothing changes; else it raises the revision by
 * one and leaves one line of history. People make moves; a rule that reads the figures of a trial may make them as
 * well.
 */
import { ok, refused, type Result } from "../../kernel/result.ts";
import { isUsedUp } from "./exposure.ts";
import {
  ROLLOUT_LIMITS,
  setIn,
  setOf,
  type Exposure,
  type ExposureAmount,
  type Rollout,
  type RolloutSet,
  type Standing,
} from "./rollout.ts";

/** What a set must have before a label may move to it. */
export type Lack = "models" | "signature" | "isolates";

/** Units: millionths of viewers (canary) or of decisions (shadow); a cap in impressions and micros. */
export type Move =
  | { readonly kind: "register"; readonly digest: string }
  | { readonly kind: "shadow"; readonly digest: string; readonly sharePpm: number }
  | { readonly kind: "canary"; readonly digest: string; readonly sharePpm: number; readonly cap: ExposureAmount }
  | { readonly kind: "live"; readonly digest: string }
  | { readonly kind: "retire"; readonly digest: string }
  /** `digest`: the set it goes back to. Another than the last that was live: somebody else has moved since. */
  | { readonly kind: "rollback"; readonly digest: string }
  | { readonly kind: "stop" }
  | { readonly kind: "resume" };
export type MoveKind = Move["kind"];

/** Who moves, why, and when. Units: epoch milliseconds. */
export interface MoveWords {
  readonly by: string;
  readonly why: string;
  readonly atMs: number;
}

/** Why a move is refused, in the order checked. */
export type MoveRefusal =
  | "words_malformed"
  | "set_unknown"
  | "share_out_of_range"
  | "cap_malformed"
  | "move_not_allowed"
  | "place_taken"
  | "nothing_to_roll_back_to"
  | "set_not_ready"
  | "exposure_used_up";

/** One line of history. Nothing of a rollout changes without one. */
export interface HistoryLine extends MoveWords {
  readonly revision: number;
  readonly kind: MoveKind;
  /** The set that moved; null: none did. */
  readonly digest: string | null;
  readonly from: Standing | null;
  readonly to: Standing | null;
  readonly sharePpm: number | null;
  readonly cap: ExposureAmount | null;
  /** The set that stepped down from live for it. */
  readonly replaced: string | null;
}

/** A rollout after a move. No line: the move found everything as it asks. */
export interface Moved {
  readonly rollout: Rollout;
  readonly line: HistoryLine | null;
}

/** Where a set may go from where it stands. Live is left by another set's going live, or by rolling back. */
const WAYS: Readonly<Record<Standing, readonly MoveKind[]>> = {
  candidate: ["shadow", "canary", "live", "retire"],
  shadow: ["shadow", "canary", "live", "retire"],
  canary: ["shadow", "canary", "live", "retire"],
  live: [],
  retired: ["shadow", "canary", "live"],
};

/** Makes a move. `lacks`: what its set lacks; a set goes live, on trial or back only when that is nothing. */
export function applyMove(
  rollout: Rollout,
  move: Move,
  words: MoveWords,
  lacks: readonly Lack[],
): Result<Moved, MoveRefusal> {
  if (!isSaid(words.by) || !isSaid(words.why)) return refused("words_malformed");
  switch (move.kind) {
    case "register":
      return ok(register(rollout, move.digest, words));
    case "shadow":
    case "canary":
    case "live":
    case "retire":
      return moveSet(rollout, move, words, lacks);
    case "rollback":
      return rollBack(rollout, move.digest, words, lacks);
    case "stop":
    case "resume":
      return ok(setStopped(rollout, move.kind, words));
  }
}

function isSaid(words: string): boolean {
  return /^[^\p{C}]+$/u.test(words) && words.trim() !== "" && words.length <= ROLLOUT_LIMITS.wordsMax;
}

/** Known sets stay where they are. */
function register(rollout: Rollout, digest: string, words: MoveWords): Moved {
  if (setOf(rollout, digest) !== null) return { rollout, line: null };
  const fresh: RolloutSet = { digest, standing: "candidate", sharePpm: 0, exposure: null };
  const sets = [...withRoom(rollout), fresh];
  return moved({ ...rollout, sets }, words, { kind: "register", digest, to: "candidate" });
}

/** The sets that stay when another one comes: nothing depends on the one that is forgotten. */
function withRoom({ sets, former }: Rollout): readonly RolloutSet[] {
  if (sets.length < ROLLOUT_LIMITS.setsMax) return sets;
  const idle = (set: RolloutSet, standing: Standing) => set.standing === standing && !former.includes(set.digest);
  const forgotten = sets.find((set) => idle(set, "retired")) ?? sets.find((set) => idle(set, "candidate"));
  return sets.filter((set) => set !== forgotten);
}

function moveSet(
  rollout: Rollout,
  move: Extract<Move, { readonly kind: "shadow" | "canary" | "live" | "retire" }>,
  words: MoveWords,
  lacks: readonly Lack[],
): Result<Moved, MoveRefusal> {
  const { kind, digest } = move;
  const set = setOf(rollout, digest);
  if (set === null) return refused("set_unknown");
  const terms = termsOf(move, set.exposure);
  if (!terms.ok) return terms;
  if (!WAYS[set.standing].includes(kind)) return refused("move_not_allowed");
  const to: Standing = kind === "retire" ? "retired" : kind;
  const holder = to === "shadow" || to === "canary" ? setIn(rollout, to) : null;
  if (holder !== null && holder.digest !== digest) return refused("place_taken");
  if (kind !== "retire" && lacks.length > 0) return refused("set_not_ready");
  const { sharePpm, exposure } = terms.value;
  if (kind === "canary" && exposure !== null && isUsedUp(exposure)) return refused("exposure_used_up");
  const replaced = to === "live" ? (setIn(rollout, "live")?.digest ?? null) : null;
  const placed = place(rollout, { ...set, standing: to, sharePpm, exposure }, replaced);
  const former = replaced === null ? rollout.former : [replaced, ...rollout.former].slice(0, ROLLOUT_LIMITS.formerMax);
  const cap = move.kind === "canary" ? move.cap : null;
  const change = {
    kind,
    digest,
    from: set.standing,
    to,
    replaced,
    cap,
    sharePpm: "sharePpm" in move ? sharePpm : null,
  };
  return ok(moved({ ...placed, former }, words, change));
}

/** The share and the exposure of a set after a move, or why they may not be. What was taken of a cap stays taken. */
function termsOf(
  move: Move,
  exposure: Exposure | null,
): Result<{ readonly sharePpm: number; readonly exposure: Exposure | null }, MoveRefusal> {
  const { canaryPpmMin, canaryPpmMax, impressionsMax, spendMicrosMax } = ROLLOUT_LIMITS;
  if (move.kind === "shadow") {
    const { sharePpm } = move;
    return isWhole(sharePpm, 1, 1_000_000) ? ok({ sharePpm, exposure }) : refused("share_out_of_range");
  }
  if (move.kind !== "canary") return ok({ sharePpm: 0, exposure });
  const { sharePpm, cap } = move;
  if (!isWhole(sharePpm, canaryPpmMin, canaryPpmMax)) return refused("share_out_of_range");
  if (!isWhole(cap.impressions, 1, impressionsMax) || !isWhole(cap.spendMicros, 1, spendMicrosMax)) {
    return refused("cap_malformed");
  }
  return ok({ sharePpm, exposure: { cap, taken: exposure?.taken ?? { impressions: 0, spendMicros: 0 } } });
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function rollBack(
  rollout: Rollout,
  digest: string,
  words: MoveWords,
  lacks: readonly Lack[],
): Result<Moved, MoveRefusal> {
  const [last, ...former] = rollout.former;
  const set = setOf(rollout, digest);
  if (set === null || digest !== last) return refused("nothing_to_roll_back_to");
  if (lacks.length > 0) return refused("set_not_ready");
  const replaced = setIn(rollout, "live")?.digest ?? null;
  const placed = place(rollout, { ...set, standing: "live", sharePpm: 0 }, replaced);
  const change = { kind: "rollback", digest, from: set.standing, to: "live", replaced } as const;
  return ok(moved({ ...placed, former }, words, change));
}

/** Asking for what is so already changes nothing. */
function setStopped(rollout: Rollout, kind: "stop" | "resume", words: MoveWords): Moved {
  const stopped = kind === "stop";
  return rollout.stopped === stopped ? { rollout, line: null } : moved({ ...rollout, stopped }, words, { kind });
}

/** The set in its new place, and the one it replaces retired. */
function place(rollout: Rollout, placed: RolloutSet, replaced: string | null): Rollout {
  const sets = rollout.sets.map((set) => {
    if (set.digest === placed.digest) return placed;
    return set.digest === replaced ? { ...set, standing: "retired" as const, sharePpm: 0 } : set;
  });
  return { ...rollout, sets };
}

function moved(rollout: Rollout, words: MoveWords, change: Pick<HistoryLine, "kind"> & Partial<HistoryLine>): Moved {
  const revision = rollout.revision + 1;
  const unsaid = { digest: null, from: null, to: null, sharePpm: null, cap: null, replaced: null };
  return { rollout: { ...rollout, revision }, line: { ...unsaid, ...change, ...words, revision } };
}
