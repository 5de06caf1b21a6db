/**
 * What a wallet's storage may do to it in workerd: a long journal, large checkpoints, death between a transaction and
 * its answer, a disk that refuses, a disk that is gone. Nothing billed is lost, and nothing is billed twice.
 */
import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { micros } from "../../src/kernel/money.ts";
import { MINUTE_MS } from "../../src/kernel/time.ts";
import { COMMITS_MAX, IDLE_RETURN_MS } from "../../src/money/limits.ts";
import type { BillingClaim } from "../../src/money/protocol.ts";
import { applyChanges, billedMark, NO_CHANGES, type WalletChanges } from "../../src/money/wallet_state.ts";
import type { CampaignLedger } from "../../workers/origin/money/campaign_ledger.ts";
import type { RegionWallet } from "../../workers/origin/money/region_wallet.ts";
import { JOURNAL_SLOTS, WalletJournal } from "../../workers/origin/money/wallet_journal.ts";
import { ask, claim, NOON_MS, terms, WALLET as NAME } from "../money_fixture.ts";

// The bindings come from origin's wrangler file; the generic env type does not know them.
const { LEDGER, WALLET } = env as unknown as {
  readonly LEDGER: DurableObjectNamespace<CampaignLedger>;
  readonly WALLET: DurableObjectNamespace<RegionWallet>;
};
/** Longer than any group waits: the next command is written at once. */
const GROUP_MS = 1_000;

const wallet = () => WALLET.getByName(NAME);
const ledger = () => LEDGER.getByName("coffee");

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Draws twice with the wallet's round between: the first draw of a cold wallet only sets things going. */
async function drawn(purseId: string, want = 100_000): Promise<void> {
  await wallet().draw(ask(purseId, 0, want));
  await runDurableObjectAlarm(wallet());
  await wallet().draw(ask(purseId, 0, want));
  pass(GROUP_MS);
}

async function round(): Promise<void> {
  pass(GROUP_MS);
  await runInDurableObject(wallet(), (object: RegionWallet) => object.alarm());
}

/** What the wallet holds of the campaign; its view of the ledger aside, which a restart learns again. */
async function held() {
  const { campaigns, openPurses, incarnation } = await wallet().status();
  return { campaigns: campaigns.map((row) => ({ ...row, multiplierPpm: 0 })), openPurses, incarnation };
}

/** What the ledger has heard of its holders, and when. */
const heard = async () => (await ledger().status())?.wallets;

const bill = async (claims: readonly BillingClaim[]) => (await wallet().bill(claims)).verdicts;

/** Rows of a statement that runs behind the wallet's back. */
const onDisk = (sql: string) =>
  runInDurableObject(wallet(), (_object: RegionWallet, { storage }) => storage.sql.exec(sql).toArray());

const rowsOf = async (table: "journal" | "checkpoint") => (await onDisk(`SELECT 1 FROM ${table}`)).length;

/** The object dies as it is; the next call meets a new one. */
async function kill(meanwhile: (object: RegionWallet, state: DurableObjectState) => unknown = () => null) {
  const dying = runInDurableObject(wallet(), async (object: RegionWallet, state) => {
    await meanwhile(object, state);
    state.abort("killed by the test");
  });
  await expect(dying).rejects.toThrow("killed by the test");
}

/** From now on the disk takes no journal entry, until it relents. */
const refuse = () =>
  onDisk("CREATE TRIGGER refuse BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'the disk refuses'); END");
const relent = () => onDisk("DROP TRIGGER refuse");

beforeEach(async () => {
  // Only the date: a frozen setTimeout would freeze the objects' own waiting.
  vi.useFakeTimers({ toFake: ["Date"], now: NOON_MS });
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await ledger().configure(terms());
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await reset();
});

describe("a wallet that is evicted in the middle of a flight", () => {
  it("reads its journal back", async () => {
    await drawn("p1");
    for (let seq = 0; seq < 20; seq++, pass(GROUP_MS)) await bill([claim(seq), claim(seq + 100)]);
    const before = await held();
    expect([await rowsOf("checkpoint"), (await rowsOf("journal")) > 20]).toEqual([0, true]);
    await evictDurableObject(wallet());
    expect(await held()).toEqual(before);
    expect(await bill([claim(0), claim(119), claim(20)])).toEqual(["duplicate", "duplicate", "billed"]);
  });

  it("reads a checkpoint of several chunks and the journal since, round after round of the ring", async () => {
    const purses = Array.from({ length: 9 }, (_, index) => `p${index}`);
    for (const purseId of purses) await drawn(purseId, 20_000);
    // Free impressions with the highest numbers: each purse's bitmap alone is 350,000 letters.
    const last = { priceMicros: micros(0) };
    const free = purses.map((purseId) => claim(COMMITS_MAX - 1, { purseId, ...last }));
    expect(new Set(await bill(free))).toEqual(new Set(["billed"]));
    const groups = 2 * JOURNAL_SLOTS + 40;
    const tokens = { expiresMs: NOON_MS + 60 * MINUTE_MS };
    await runInDurableObject(wallet(), async (object: RegionWallet) => {
      for (let seq = 0; seq < groups; seq++, pass(50)) {
        const { verdicts } = await object.bill([claim(seq, { priceMicros: micros(1), ...tokens })]);
        expect(verdicts).toEqual(["billed"]);
      }
    });
    const before = await held();
    expect([await rowsOf("checkpoint"), await rowsOf("journal")]).toEqual([4, JOURNAL_SLOTS - 1]);
    await evictDurableObject(wallet());
    expect(await held()).toEqual(before);
    expect(new Set(await bill([...free, claim(0, tokens), claim(groups - 1, tokens)]))).toEqual(new Set(["duplicate"]));
  });

  it("writes no row for rounds in which nothing changed but its view of the ledgers", async () => {
    await drawn("p1");
    await round();
    const rows = await rowsOf("journal");
    for (let turn = 0; turn < 5; turn++) await round();
    expect(await rowsOf("journal")).toBe(rows);
    expect((await heard())?.[0]?.heardMs, "it did report").toBeGreaterThan(NOON_MS + GROUP_MS);
  });

  it("makes a checkpoint of a group that is too large for a row", async () => {
    await runInDurableObject(wallet(), (_object: RegionWallet, { storage }) => {
      const journal = new WalletJournal(storage.sql);
      const state = journal.load(NAME, "unused", NOON_MS);
      const large = manyBilled("p1", 200_000);
      applyChanges(state, large);
      storage.transactionSync(() => journal.append(large, state));
      const small = manyBilled("p2", 3);
      applyChanges(state, small);
      storage.transactionSync(() => journal.append(small, state));
      const { marks } = new WalletJournal(storage.sql).load(NAME, "unused", NOON_MS);
      expect([...marks].map(([purseId, own]) => [purseId, own.size])).toEqual([
        ["p1", 200_000],
        ["p2", 3],
      ]);
    });
    expect([await rowsOf("checkpoint"), await rowsOf("journal")]).toEqual([1, 1]);
  });
});

describe("a batch that is sent again because the object died", () => {
  const batch = [0, 1, 2].map((seq) => claim(seq));

  it("is all duplicates when it was written and not answered", async () => {
    await drawn("p1");
    await kill(async (object, state) => {
      void object.bill(batch).catch(() => null);
      await state.storage.sync();
    });
    expect(await bill(batch)).toEqual(["duplicate", "duplicate", "duplicate"]);
    expect((await held()).campaigns).toMatchObject([{ billedMicros: 30, impressionsBilled: 3, duplicates: 3 }]);
  });

  it("is billed when it was not written", async () => {
    await drawn("p1");
    await bill([claim(9)]);
    // The group before was just written, so this one waits for its turn.
    await kill((object) => void object.bill(batch).catch(() => null));
    expect(await bill([...batch, claim(9)])).toEqual(["billed", "billed", "billed", "duplicate"]);
    expect((await held()).campaigns).toMatchObject([{ billedMicros: 40, impressionsBilled: 4, duplicates: 1 }]);
  });
});

describe("a group that the disk refuses", () => {
  it("fails all its commands and leaves nothing, in memory or on disk", async () => {
    await drawn("p1");
    await bill([claim(0)]);
    const before = await held();
    await refuse();
    // The first is refused at once; the others wait and are refused together.
    const failures = await runInDurableObject(wallet(), (object: RegionWallet) =>
      Promise.all(
        [
          object.bill([claim(1), claim(2)]),
          object.draw(ask("p1", 20, 300_000)),
          object.draw(ask("p2", 0, 300_000)),
          object.bill([claim(3), claim(0)]),
        ].map((command) => command.then(() => "answered", String)),
      ),
    );
    expect(failures).toHaveLength(4);
    for (const failure of failures) expect(failure).toContain("the disk refuses");
    expect(await held()).toEqual(before);

    await relent();
    expect(await bill([claim(0), claim(1), claim(2), claim(3)])).toEqual(["duplicate", "billed", "billed", "billed"]);
    await evictDurableObject(wallet());
    expect((await held()).campaigns).toMatchObject([{ billedMicros: 40, impressionsBilled: 4, duplicates: 1 }]);
  });

  it("keeps back the report of a round that was not written, and a later round tells the ledger all", async () => {
    await drawn("p1");
    await bill([claim(0)]);
    // What lies idle is due to go back, so the round has something to write.
    pass(IDLE_RETURN_MS);
    const before = await heard();
    await refuse();
    await round();
    expect(await heard()).toEqual(before);
    await relent();
    await round();
    expect(await heard()).toMatchObject([{ billedMicros: 10, returnedMicros: 0 }]);
    // It began anew from its disk, and so did the time that money lies idle.
    pass(IDLE_RETURN_MS);
    await round();
    expect(await heard()).toMatchObject([{ billedMicros: 10, returnedMicros: 900_000 }]);
  });
});

describe("a wallet whose storage is deleted in the middle of a flight", () => {
  const budget = 1_500_000;
  const PRICE = micros(20_000);
  /** Impressions of a purse that spends all it has, and then as much again. */
  const spree = (purseId: string) =>
    Array.from({ length: 100 }, (_, seq) =>
      claim(seq, { purseId, priceMicros: PRICE, expiresMs: Date.now() + MINUTE_MS }),
    );

  /** The storage goes with the object, or under a living one, which can then neither write nor read back. */
  const deletions = {
    "with the object": () => kill((_object, { storage }) => storage.deleteAll()),
    "under the living object": async () => {
      await runInDurableObject(wallet(), (_object: RegionWallet, { storage }) => storage.deleteAll());
      // It gives up its memory rather than answer from it.
      const answer = await wallet()
        .bill(spree("p1"))
        .then(() => "answered", String);
      expect(answer).toContain("storage cannot be read");
    },
  };

  it.each(Object.entries(deletions))(
    "is a new holder, and stays in budget with the old one: %s",
    async (_how, lose) => {
      await ledger().configure(terms({ budgetMicros: micros(budget) }));
      await drawn("p1", 900_000);
      const first = await wallet().status();
      let billed = (await bill(spree("p1"))).filter((verdict) => verdict === "billed").length;
      expect(billed).toBeGreaterThan(0);

      await lose();
      const second = await wallet().status();
      expect(second.incarnation).not.toBe(first.incarnation);
      expect(second.campaigns).toEqual([]);
      expect(new Set(await bill(spree("p1")))).toEqual(new Set(["invalid"]));

      for (let turn = 0; turn < 10; turn++) {
        await wallet().draw(ask("p2", 0, 400_000 + turn * 100_000));
        await round();
      }
      billed += (await bill([...spree("p2"), ...spree("p1")])).filter((verdict) => verdict === "billed").length;
      await round();
      await round();
      const status = await ledger().status();
      expect(billed * PRICE).toBeLessThanOrEqual(budget);
      expect(status?.wallets.map(({ incarnation }) => incarnation).sort()).toEqual(
        [first.incarnation, second.incarnation].sort(),
      );
      const granted = status?.wallets.map(({ grantedMicros, returnedMicros }) => grantedMicros - returnedMicros) ?? [];
      expect(granted.reduce((sum, out) => sum + out, 0)).toBeLessThanOrEqual(budget);
    },
  );
});

/** A purse with so many impressions billed, as one group. */
function manyBilled(purseId: string, count: number): WalletChanges {
  return {
    ...NO_CHANGES,
    purses: [{ purseId, expiryMs: NOON_MS, phase: "open" }],
    marks: Array.from({ length: count }, (_, seq) => ({ purseId, mark: billedMark(seq) })),
  };
}
