/**
 * The rollout of model sets: which moves there are, and the laws that hold whatever is moved in whatever order. The
 * laws run over seeded random moves beside an auditor that knows only what was answered: lines of history and grants.
 */
import { describe, expect, test } from "vitest";
import { stream, type RandomStream } from "../../src/kernel/random.ts";
import { putBackExposure, takeExposure } from "../../src/models/rollout/exposure.ts";
import { applyMove, type HistoryLine, type Lack, type Move, type MoveKind } from "../../src/models/rollout/move.ts";
import { servingOrder } from "../../src/models/rollout/order.ts";
import {
  EMPTY_ROLLOUT,
  ROLLOUT_LIMITS,
  rolloutSchema,
  setOf,
  STANDINGS,
  type Exposure,
  type ExposureAmount,
  type Rollout,
  type Standing,
} from "../../src/models/rollout/rollout.ts";

const seed = process.env["MIDROLL_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/models_rollout.test.ts`;

const WORDS = { by: "kim", why: "it is better", atMs: 1_000 };
const CAP: ExposureAmount = { impressions: 100, spendMicros: 5_000_000 };
const A = "a".repeat(64);
const B = "b".repeat(64);
const C = "c".repeat(64);

const canary = (digest: string, sharePpm = 50_000, cap = CAP): Move => ({ kind: "canary", digest, sharePpm, cap });
const shadow = (digest: string, sharePpm = 100_000): Move => ({ kind: "shadow", digest, sharePpm });
const live = (digest: string): Move => ({ kind: "live", digest });
const register = (digest: string): Move => ({ kind: "register", digest });
const retire = (digest: string): Move => ({ kind: "retire", digest });
const back = (digest: string): Move => ({ kind: "rollback", digest });

/** The rollout after these moves, each of which must be accepted. */
function after(...moves: readonly Move[]): Rollout {
  return moves.reduce((rollout, move) => accepted(rollout, move), EMPTY_ROLLOUT);
}

function accepted(rollout: Rollout, move: Move): Rollout {
  const answer = applyMove(rollout, move, WORDS, []);
  if (!answer.ok) throw new Error(`${move.kind} is refused: ${answer.reason}`);
  return answer.value.rollout;
}

/** Why a move is refused; null: it is not. */
function refusalOf(rollout: Rollout, move: Move, lacks: readonly Lack[] = [], words = WORDS): string | null {
  const answer = applyMove(rollout, move, words, lacks);
  return answer.ok ? null : answer.reason;
}

const standings = ({ sets }: Rollout) => Object.fromEntries(sets.map(({ digest, standing }) => [digest[0], standing]));

describe("a rollout", () => {
  test("goes from candidate over shadow and canary to live, and what was live is retired and kept warm", () => {
    const before = after(register(A), live(A), register(B), shadow(B));
    expect(servingOrder(before)).toMatchObject({ live: A, shadow: { digest: B, sharePpm: 100_000 }, canary: null });
    const tried = accepted(before, canary(B));
    expect(servingOrder(tried)).toMatchObject({ live: A, shadow: null, canary: { digest: B, sharePpm: 50_000 } });
    const won = accepted(tried, live(B));
    expect(servingOrder(won)).toEqual({
      revision: 6,
      live: B,
      canary: null,
      shadow: null,
      warm: [A],
      stopped: false,
    });
    expect(standings(won)).toEqual({ a: "retired", b: "live" });
  });

  test("goes back in one move, and further back with the next", () => {
    const third = after(register(A), register(B), register(C), live(A), live(B), live(C));
    const second = accepted(third, back(B));
    expect(servingOrder(second)).toMatchObject({ live: B, warm: [A] });
    const first = accepted(second, back(A));
    expect(servingOrder(first)).toMatchObject({ live: A, warm: [] });
    expect(refusalOf(first, back(B))).toBe("nothing_to_roll_back_to");
    expect(standings(first)).toEqual({ a: "live", b: "retired", c: "retired" });
  });

  test("leaves a canary where it is while another set goes live", () => {
    const moved = after(register(A), live(A), register(B), register(C), canary(B), live(C));
    expect(servingOrder(moved)).toMatchObject({ live: C, canary: { digest: B } });
  });

  test("stops and goes on without anything moving", () => {
    const running = after(register(A), live(A));
    const stopped = accepted(running, { kind: "stop" });
    expect(servingOrder(stopped)).toEqual({ ...servingOrder(running), revision: 3, stopped: true });
    expect(accepted(stopped, { kind: "stop" })).toBe(stopped);
    expect(servingOrder(accepted(stopped, { kind: "resume" }))).toEqual({ ...servingOrder(running), revision: 4 });
  });

  test("changes nothing when a set is published that it knows", () => {
    const running = after(register(A), live(A));
    expect(accepted(running, register(A))).toBe(running);
  });

  test("forgets the oldest set that nothing depends on when another comes beyond the most it keeps", () => {
    const digests = Array.from({ length: ROLLOUT_LIMITS.setsMax + 1 }, (_, n) => n.toString(16).padStart(64, "0"));
    const [first = "", second = ""] = digests;
    const full = after(register(first), live(first), ...digests.slice(1, -1).map(register));
    expect(full.sets).toHaveLength(ROLLOUT_LIMITS.setsMax);
    const next = accepted(full, register(digests.at(-1) ?? ""));
    expect(next.sets).toHaveLength(ROLLOUT_LIMITS.setsMax);
    expect(setOf(next, first)?.standing).toBe("live");
    expect(setOf(next, second)).toBeNull();
  });

  const standing: Readonly<Record<Standing, Rollout>> = {
    candidate: after(register(A)),
    shadow: after(register(A), shadow(A)),
    canary: after(register(A), canary(A)),
    live: after(register(A), live(A)),
    retired: after(register(A), retire(A)),
  };
  const ways: Readonly<Record<Standing, readonly MoveKind[]>> = {
    candidate: ["shadow", "canary", "live", "retire"],
    shadow: ["shadow", "canary", "live", "retire"],
    canary: ["shadow", "canary", "live", "retire"],
    live: [],
    retired: ["shadow", "canary", "live"],
  };
  test.each(STANDINGS)("lets a set that is %s go only where it may", (from) => {
    for (const move of [shadow(A), canary(A), live(A), retire(A)]) {
      expect([move.kind, refusalOf(standing[from], move)]).toEqual([
        move.kind,
        ways[from].includes(move.kind) ? null : "move_not_allowed",
      ]);
    }
  });

  const running = after(register(A), live(A), register(B), register(C), canary(B));
  const refusals: readonly (readonly [string, Move, readonly Lack[], string])[] = [
    ["a set it does not know", live("d".repeat(64)), [], "set_unknown"],
    ["a canary below one per cent", canary(C, 9_999), [], "share_out_of_range"],
    ["a canary above fifty per cent", canary(C, 500_001), [], "share_out_of_range"],
    ["half a millionth", canary(C, 50_000.5), [], "share_out_of_range"],
    ["a shadow of nothing", shadow(C, 0), [], "share_out_of_range"],
    ["a cap of no impressions", canary(C, 50_000, { ...CAP, impressions: 0 }), [], "cap_malformed"],
    ["a cap of half a micro", canary(C, 50_000, { ...CAP, spendMicros: 0.5 }), [], "cap_malformed"],
    ["a second canary", canary(C), [], "place_taken"],
    ["a set whose models are not stored", live(C), ["models"], "set_not_ready"],
    ["a set that nobody trusted has signed", canary(B), ["signature"], "set_not_ready"],
    ["a set that lacks both", shadow(C), ["models", "signature"], "set_not_ready"],
    ["a way back when there is none", back(A), [], "nothing_to_roll_back_to"],
  ];
  test.each(refusals)("refuses %s", (_, move, lacks, reason) => {
    expect(refusalOf(running, move, lacks)).toBe(reason);
  });

  test("refuses a way back to a set that is no longer whole", () => {
    const second = after(register(A), register(B), live(A), live(B));
    expect(refusalOf(second, back(A), ["models"])).toBe("set_not_ready");
  });

  test("refuses a way back to another set than the last: somebody has moved since", () => {
    const third = after(register(A), register(B), register(C), live(A), live(B), live(C));
    expect(refusalOf(third, back(A))).toBe("nothing_to_roll_back_to");
  });

  test.each(["", "  ", "two\nlines", "x".repeat(201)])("refuses a reason that is none: %j", (why) => {
    expect(refusalOf(running, live(C), [], { ...WORDS, why })).toBe("words_malformed");
    expect(refusalOf(running, live(C), [], { ...WORDS, by: why })).toBe("words_malformed");
  });
});

describe("the exposure of a canary", () => {
  const tried = after(register(A), live(A), register(B), canary(B));
  const ask = { impressions: 60, spendMicros: 1_000_000 };

  test("is granted until one part of the cap is gone, then no more", () => {
    const first = takeExposure(tried, B, ask);
    expect(first?.granted).toEqual(ask);
    const second = takeExposure(first?.rollout ?? tried, B, ask);
    expect(second?.granted).toEqual({ impressions: 40, spendMicros: 1_000_000 });
    expect(takeExposure(second?.rollout ?? tried, B, ask)).toBeNull();
  });

  test("comes back when it is handed back, and not more than was granted", () => {
    const taken = takeExposure(tried, B, ask)?.rollout ?? tried;
    const back = putBackExposure(taken, B, ask, { impressions: 1_000, spendMicros: 1 });
    expect(setOf(back, B)?.exposure?.taken).toEqual({ impressions: 0, spendMicros: 999_999 });
  });

  test("stays whole whatever an isolate says: what is no amount is nothing", () => {
    const taken = takeExposure(tried, B, ask)?.rollout ?? tried;
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, 0.5, -1]) {
      expect([odd, takeExposure(tried, B, { ...ask, spendMicros: odd })]).toEqual([odd, null]);
      const back = putBackExposure(taken, B, ask, { impressions: odd, spendMicros: odd });
      expect([odd, setOf(back, B)?.exposure?.taken]).toEqual([odd, ask]);
    }
  });

  test("is granted to nobody once the set is no canary, or serving is stopped", () => {
    expect(takeExposure(accepted(tried, retire(B)), B, ask)).toBeNull();
    expect(takeExposure(accepted(tried, live(B)), B, ask)).toBeNull();
    expect(takeExposure(accepted(tried, { kind: "stop" }), B, ask)).toBeNull();
    expect(takeExposure(tried, A, ask)).toBeNull();
  });

  test("stays used when the same set is tried again: a cap that is no larger is refused", () => {
    const used = takeExposure(tried, B, { ...ask, impressions: 100 })?.rollout ?? tried;
    const ended = accepted(used, retire(B));
    expect(refusalOf(ended, canary(B))).toBe("exposure_used_up");
    const again = accepted(ended, canary(B, 50_000, { ...CAP, impressions: 130 }));
    expect(takeExposure(again, B, ask)?.granted.impressions).toBe(30);
  });
});

/** Knows of a rollout only what was answered. */
class Auditor {
  readonly lines: HistoryLine[] = [];
  /** What was answered and may not be. */
  readonly faults: string[] = [];
  /** By digest: granted and not handed back, and of that shown by isolates. */
  readonly out = new Map<string, ExposureAmount>();
  readonly shown = new Map<string, ExposureAmount>();

  add(to: Map<string, ExposureAmount>, digest: string, amount: ExposureAmount, sign = 1): void {
    const held = to.get(digest) ?? { impressions: 0, spendMicros: 0 };
    to.set(digest, {
      impressions: held.impressions + sign * amount.impressions,
      spendMicros: held.spendMicros + sign * amount.spendMicros,
    });
  }

  /** Where every set stands, told by the history alone. */
  standings(): ReadonlyMap<string, Standing> {
    const told = new Map<string, Standing>();
    for (const { digest, from, to, replaced } of this.lines) {
      if (digest !== null && to !== null) {
        if ((told.get(digest) ?? null) !== from) this.faults.push(`${digest} was said to come from ${from}`);
        told.set(digest, to);
      }
      if (replaced !== null) told.set(replaced, "retired");
    }
    return told;
  }
}

interface OpenGrant {
  readonly digest: string;
  readonly granted: ExposureAmount;
  readonly shown: ExposureAmount;
}

function randomAmount(random: RandomStream, most: ExposureAmount): ExposureAmount {
  return { impressions: random.below(most.impressions + 1), spendMicros: random.below(most.spendMicros + 1) };
}

function randomMove(random: RandomStream, { former }: Rollout): Move {
  const digest = "abcdef".charAt(random.below(6)).repeat(64);
  const cap = { impressions: random.below(200), spendMicros: random.below(10_000_000) };
  const moves: readonly Move[] = [
    register(digest),
    register(digest),
    shadow(digest, random.below(1_100_000)),
    canary(digest, 10_000 + random.below(500_000), cap),
    canary(digest, 10_000 + random.below(500_000), cap),
    live(digest),
    retire(digest),
    back(former[0] ?? digest),
    { kind: random.below(4) === 0 ? "stop" : "resume" },
  ];
  return moves[random.below(moves.length)] ?? register(digest);
}

function expectLawful(rollout: Rollout, auditor: Auditor): void {
  for (const place of ["live", "canary", "shadow"]) {
    expect(rollout.sets.filter(({ standing }) => standing === place).length).toBeLessThanOrEqual(1);
  }
  const order = servingOrder(rollout);
  expect(order.warm).not.toContain(order.live);
  expect(rolloutSchema.parse(JSON.parse(JSON.stringify(rollout)))).toEqual(rollout);
  expect(new Map(rollout.sets.map(({ digest, standing }) => [digest, standing]))).toEqual(auditor.standings());
  expect(auditor.faults).toEqual([]);
  expect(auditor.lines.map(({ revision }) => revision)).toEqual(auditor.lines.map((_, index) => index + 1));
  expect(rollout.revision).toBe(auditor.lines.length);
  for (const { digest, exposure } of rollout.sets) {
    const out = auditor.out.get(digest) ?? { impressions: 0, spendMicros: 0 };
    const shown = auditor.shown.get(digest) ?? { impressions: 0, spendMicros: 0 };
    expect(exposure?.taken ?? { impressions: 0, spendMicros: 0 }).toEqual(out);
    expect(shown.impressions).toBeLessThanOrEqual(out.impressions);
    expect(shown.spendMicros).toBeLessThanOrEqual(out.spendMicros);
  }
}

const isOver = ({ cap, taken }: Exposure): boolean =>
  taken.impressions > cap.impressions || taken.spendMicros > cap.spendMicros;

/** One step of the exposure's life: an isolate asks, or ends with a grant it used in part. What is lost stays open. */
function exposureStep(rollout: Rollout, random: RandomStream, auditor: Auditor, open: OpenGrant[]): Rollout {
  if (random.below(3) > 0) {
    const canaryNow = servingOrder(rollout).canary?.digest ?? A;
    const taken = takeExposure(rollout, canaryNow, randomAmount(random, { impressions: 60, spendMicros: 2_000_000 }));
    if (taken === null) return rollout;
    const { granted } = taken;
    const exposure = setOf(taken.rollout, canaryNow)?.exposure ?? null;
    if (rollout.stopped) auditor.faults.push("granted while stopped");
    if (exposure === null || isOver(exposure)) auditor.faults.push("granted beyond the cap");
    const shown = randomAmount(random, granted);
    auditor.add(auditor.out, canaryNow, granted);
    auditor.add(auditor.shown, canaryNow, shown);
    open.push({ digest: canaryNow, granted, shown });
    return taken.rollout;
  }
  const ended = open.splice(random.below(Math.max(1, open.length)), 1)[0];
  if (ended === undefined) return rollout;
  const { digest, granted, shown } = ended;
  const unused = {
    impressions: granted.impressions - shown.impressions,
    spendMicros: granted.spendMicros - shown.spendMicros,
  };
  auditor.add(auditor.out, digest, unused, -1);
  return putBackExposure(rollout, digest, granted, unused);
}

describe(`laws of a rollout (${repeat})`, () => {
  test("one live at most, revisions that rise by one, a whole history, exposure within its cap", () => {
    let movesMade = 0;
    let grants = 0;
    for (let run = 0; run < 200; run++) {
      const random = stream(`${seed}/${run}`, "rollout");
      const auditor = new Auditor();
      const open: OpenGrant[] = [];
      let rollout = EMPTY_ROLLOUT;
      for (let step = 0; step < 60; step++) {
        const before = rollout;
        if (random.below(2) === 0) {
          rollout = exposureStep(rollout, random, auditor, open);
          grants = Math.max(grants, open.length);
        } else {
          const lacks: readonly Lack[] = random.below(8) === 0 ? ["models"] : [];
          const answer = applyMove(rollout, randomMove(random, rollout), { ...WORDS, atMs: step }, lacks);
          if (!answer.ok) continue;
          rollout = answer.value.rollout;
          if (answer.value.line !== null) auditor.lines.push(answer.value.line);
          else if (rollout !== before) auditor.faults.push("changed without a line");
        }
        expectLawful(rollout, auditor);
      }
      movesMade += auditor.lines.length;
    }
    // The runs did something: else the laws would hold of nothing.
    expect(movesMade).toBeGreaterThan(1_000);
    expect(grants).toBeGreaterThan(3);
  });

  test("going live and rolling back leaves the live set and the way back as they were", () => {
    let undone = 0;
    for (let run = 0; run < 300; run++) {
      const random = stream(`${seed}/${run}`, "rollback");
      let rollout = EMPTY_ROLLOUT;
      for (let step = 0; step < 40; step++) {
        const answer = applyMove(rollout, randomMove(random, rollout), WORDS, []);
        if (answer.ok) rollout = answer.value.rollout;
        const before = servingOrder(rollout);
        const promoted = applyMove(rollout, live("abcdef".charAt(random.below(6)).repeat(64)), WORDS, []);
        if (!promoted.ok || promoted.value.line?.replaced === null) continue;
        const undoing = back(promoted.value.line?.replaced ?? "");
        const restored = accepted(promoted.value.rollout, undoing);
        expect(servingOrder(restored)).toMatchObject({ live: before.live, warm: before.warm });
        expect(restored.former).toEqual(rollout.former.slice(0, ROLLOUT_LIMITS.formerMax - 1));
        expect(restored.former.filter((digest) => setOf(restored, digest) === null)).toEqual([]);
        undone += 1;
      }
    }
    expect(undone).toBeGreaterThan(500);
  });
});
