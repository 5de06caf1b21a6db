/**
 * Group commit by itself: few writes however many commands, none answered before its write, and a write that fails is
 * the failure of its own group only.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GroupCommit } from "../../workers/origin/money/group_commit.ts";

const GAP_MS = 5;
let written: (readonly number[])[] = [];
let broken = false;

function write(entries: readonly number[]): void {
  if (broken) throw new Error("the disk refuses");
  written.push(entries);
}

const newGroup = (): GroupCommit<number> => new GroupCommit({ gapMs: GAP_MS, write });

const answer = (promise: Promise<void>): Promise<string> => promise.then(() => "written", String);

beforeEach(() => {
  // Only the date: the gap is waited for.
  vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
  written = [];
  broken = false;
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a group", () => {
  it("is written at once when the last one is long past", async () => {
    const group = newGroup();
    for (const entry of [1, 2]) {
      const promise = group.add(entry);
      expect(written).toHaveLength(entry);
      await promise;
      vi.setSystemTime(Date.now() + GAP_MS);
    }
  });

  it("takes all that comes within the gap, in order, and answers none of it before", async () => {
    const group = newGroup();
    await group.add(1);
    let answered = 0;
    const waiting = [2, 3, 4].map(async (entry) => {
      await group.add(entry);
      answered += 1;
    });
    await Promise.resolve();
    expect([written, answered]).toEqual([[[1]], 0]);
    await Promise.all(waiting);
    expect([written, answered]).toEqual([[[1], [2, 3, 4]], 3]);
  });

  it("is written early when asked to, and not a second time by its timer", async () => {
    const group = newGroup();
    await group.add(1);
    const second = group.add(2);
    group.flush();
    group.flush();
    await second;
    await group.add(3);
    expect(written).toEqual([[1], [2], [3]]);
  });

  it("that cannot be written fails whole, and the next one is written", async () => {
    const group = newGroup();
    await group.add(1);
    broken = true;
    const failed = await Promise.all([group.add(2), group.add(3)].map(answer));
    expect(failed).toEqual(["Error: the disk refuses", "Error: the disk refuses"]);
    broken = false;
    expect(await answer(group.add(4))).toBe("written");
    expect(written).toEqual([[1], [4]]);
  });

  it("waits no longer than the gap although the clock was set back", async () => {
    const group = newGroup();
    await group.add(1);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(await answer(group.add(2))).toBe("written");
  });
});
