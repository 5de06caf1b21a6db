/**
 * What a wallet and a ledger write down is what they are: a checkpoint and the changes since, in order, one by one or
 * merged into groups, come back as the state they were written from.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MARKS_MAX } from "../../src/money/limits.ts";
import { decodeLedger, encodeLedger } from "../../src/money/ledger_codec.ts";
import { NEW_LEDGER } from "../../src/money/ledger_state.ts";
import { MarkSet } from "../../src/money/mark_set.ts";
import { NO_TOTALS } from "../../src/money/totals.ts";
import {
  decodeChanges,
  encodeChanges,
  encodeWallet,
  mergeChanges,
  restoreWallet,
} from "../../src/money/wallet_codec.ts";
import {
  applyChanges,
  newWallet,
  NO_CHANGES,
  type WalletChanges,
  type WalletState,
} from "../../src/money/wallet_state.ts";
import { INCARNATION, NOON_MS, WALLET } from "../money_fixture.ts";
import { moneyScript, PureMoney } from "../money_script.ts";
import { MONEY_SEED } from "./money_seed.ts";

const empty = (): WalletState => newWallet(WALLET, INCARNATION, NOON_MS);

const sorted = <T>(rows: Iterable<readonly [string, T]>) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

/** What of a wallet outlives its memory, in one order. Purses that hold no lines and none at all are the same. */
function durable({ accounts, purses, lines, marks }: WalletState) {
  return {
    accounts: sorted(accounts),
    purses: sorted(purses),
    lines: sorted([...lines].filter(([, rows]) => rows.size > 0).map(([id, rows]) => [id, sorted(rows)] as const)),
    marks: sorted([...marks].map(([id, own]) => [id, own.toText()] as const)),
  };
}

const through = (changes: WalletChanges): WalletChanges => decodeChanges(encodeChanges(changes));

function restored(checkpoint: string, journal: readonly WalletChanges[]): WalletState {
  const state = empty();
  restoreWallet(state, checkpoint);
  for (const changes of journal) applyChanges(state, through(changes));
  return state;
}

/** Cuts a list into groups of one to five. */
function groups<T>(list: readonly T[], sizes: readonly number[]): T[][] {
  const cut: T[][] = [];
  for (let at = 0; at < list.length;) {
    const size = 1 + ((sizes[cut.length % sizes.length] ?? 0) % 5);
    cut.push(list.slice(at, at + size));
    at += size;
  }
  return cut;
}

const seeds = fc.nat().map(String);
const sizes = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 10 });

describe(`a wallet on disk (MONEY_SEED=${MONEY_SEED})`, () => {
  it("is a checkpoint and the changes since, whenever the checkpoint was made and however changes were grouped", () => {
    fc.assert(
      fc.property(seeds, fc.nat({ max: 150 }), sizes, (seed, at, cuts) => {
        const money = new PureMoney();
        let checkpoint = encodeWallet(empty());
        let covered = 0;
        for (const [index, step] of moneyScript(seed, 150).entries()) {
          money.play(step);
          if (index !== at) continue;
          checkpoint = encodeWallet(money.wallet);
          covered = money.changes.length;
        }
        const since = money.changes.slice(covered);
        const live = durable(money.wallet);
        expect(durable(restored(checkpoint, since))).toEqual(live);
        expect(durable(restored(checkpoint, groups(since, cuts).map(mergeChanges)))).toEqual(live);
        expect(durable(restored(encodeWallet(money.wallet), []))).toEqual(live);
        // Twice is once: a journal that is read from an older entry on does no harm.
        expect(durable(restored(encodeWallet(money.wallet), since.slice(-1)))).toEqual(live);
      }),
      { seed: MONEY_SEED, numRuns: 40 },
    );
  });

  it("keeps what came back under the name of a purse that was forgotten in the same group", () => {
    const opened: WalletChanges = {
      ...NO_CHANGES,
      purses: [{ purseId: "p1", expiryMs: 5, phase: "open" }],
      marks: [{ purseId: "p1", mark: 3 }],
    };
    const closed: WalletChanges = {
      ...NO_CHANGES,
      purses: [{ purseId: "p1", expiryMs: 5, phase: "closed" }],
      closedPurses: ["p1"],
    };
    const forgotten: WalletChanges = { ...NO_CHANGES, forgottenPurses: ["p1"] };
    const reopened: WalletChanges = { ...opened, marks: [{ purseId: "p1", mark: 4 }] };
    for (const list of [
      [opened, closed, forgotten],
      [opened, closed, forgotten, reopened],
      [opened, closed, forgotten, reopened, closed],
      [closed, forgotten, reopened],
    ]) {
      const oneByOne = empty();
      for (const changes of list) applyChanges(oneByOne, changes);
      const atOnce = empty();
      applyChanges(atOnce, through(mergeChanges(list)));
      expect(durable(atOnce)).toEqual(durable(oneByOne));
    }
  });

  it("is refused when another version wrote it, or a cell is not what it should be", () => {
    const text = encodeWallet(empty());
    expect(() => restoreWallet(empty(), text.replace('"version":1', '"version":2'))).toThrow("version");
    for (const row of [
      ["p1", 1, 7],
      ["p1", 1.5, 0],
      [5, 1, 0],
      ["p1", "1", 0],
    ]) {
      const broken = text.replace('"purses":[]', `"purses":[${JSON.stringify(row)}]`);
      expect(() => restoreWallet(empty(), broken), JSON.stringify(row)).toThrow("wallet codec");
    }
  });

  it("reads an account that was written before its newest total as zero there", () => {
    const account = ["coffee", 100, 40, 60];
    const state = empty();
    restoreWallet(state, encodeWallet(empty()).replace('"accounts":[]', `"accounts":[${JSON.stringify(account)}]`));
    const read = { ...NO_TOTALS, campaignId: "coffee", grantedMicros: 100, freeMicros: 40, billedMicros: 60 };
    expect(state.accounts.get("coffee")).toEqual(read);
  });
});

describe("a ledger on disk", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const money = new PureMoney();
        for (const step of moneyScript(seed, 120)) money.play(step);
        for (const state of [NEW_LEDGER, ...money.ledgers.values()]) {
          expect(decodeLedger(encodeLedger(state))).toEqual(state);
        }
      }),
      { seed: MONEY_SEED, numRuns: 20 },
    );
  });

  it("is refused when another version wrote it, or an amount is not whole", () => {
    const text = encodeLedger(NEW_LEDGER);
    expect(() => decodeLedger(text.replace('"version":1', '"version":9'))).toThrow("version");
    const share = { wallet: WALLET, incarnation: INCARNATION, returnedMicros: 0.5 };
    expect(() => decodeLedger(text.replace('"shares":[]', `"shares":[${JSON.stringify(share)}]`))).toThrow("micros");
  });

  it("reads what was written before a field came as that of a new ledger", () => {
    const share = { wallet: WALLET, incarnation: INCARNATION, grantedMicros: 7 };
    const { shares, ...rest } = decodeLedger(JSON.stringify({ version: 1, shares: [share] }));
    expect(rest).toEqual({ ...NEW_LEDGER, shares: undefined });
    expect([...shares.values()]).toEqual([{ ...NO_TOTALS, ...share, heardMs: 0, writeOff: null }]);
  });
});

describe(`a set of commit numbers (MONEY_SEED=${MONEY_SEED})`, () => {
  const near = fc.nat({ max: 300 });
  const members = fc.array(fc.oneof({ weight: 9, arbitrary: near }, fc.nat({ max: MARKS_MAX - 1 })), {
    maxLength: 60,
  });

  it("holds what was added, counts it once, and comes back from its text", () => {
    fc.assert(
      fc.property(members, members, (added, asked) => {
        const set = new MarkSet();
        const oracle = new Set<number>();
        for (const seq of added) {
          set.add(seq);
          oracle.add(seq);
          expect(set.size).toBe(oracle.size);
        }
        const back = MarkSet.fromText(set.toText());
        for (const seq of [...added, ...asked])
          expect([set.has(seq), back.has(seq)]).toEqual([oracle.has(seq), oracle.has(seq)]);
        expect([back.size, back.toText()]).toEqual([oracle.size, set.toText()]);
      }),
      { seed: MONEY_SEED },
    );
  });

  it("has one spelling, whatever the order of adding", () => {
    fc.assert(
      fc.property(members, (added) => {
        const forth = new MarkSet();
        const back = new MarkSet();
        for (const seq of added) forth.add(seq);
        for (const seq of added.toReversed()) back.add(seq);
        expect(back.toText()).toBe(forth.toText());
      }),
      { seed: MONEY_SEED },
    );
  });

  it("takes no number that no purse could have given, and no text that is not its own", () => {
    for (const seq of [-1, 0.5, MARKS_MAX, Number.NaN]) expect(() => new MarkSet().add(seq)).toThrow("bound");
    for (const text of ["*", "A", "A".repeat(MARKS_MAX / 6 + 10)])
      expect(() => MarkSet.fromText(text)).toThrow("mark set");
    expect(MarkSet.fromText("").size).toBe(0);
  });
});
